"""A home with one project, a host over it, and agents written as shell scripts."""

import asyncio
import json
import os
import select
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from podium.agents.command import Program, Programs
from podium.clock import SteadyClock
from podium.domain.attempt import Assignment, Report
from podium.domain.job import Job, Lease
from podium.domain.pipeline import Step
from podium.hosts.hosting import Hosting, HostSettings
from podium.hosts.local import LocalHost
from podium.ports import Running
from podium.runner.spec import Limits
from podium.workspace.layout import Home
from podium.workspace.repository import Repositories

PROJECT = "hello"
WAIT_SECONDS = 20
PASSED = """echo '{"type": "result", "verdict": "passed", "summary": "Did it"}'\n"""


def make_lease(job: int = 12, attempt: int = 1, queue: str = "development") -> Lease:
    """A lease as the store answers a dispatch."""
    row = Job(
        id=job,
        project=PROJECT,
        workflow="development",
        step="implement",
        item="001-greet",
        queue=queue,
        lane="features",
        state="running",
        blockers=0,
        attempt=attempt,
        failures=0,
        reworks=0,
        priority=50,
        rank=0.0,
        ready_at=0.0,
        leased_at=0.0,
        instance="dev-02",
        avoid="",
        routed="",
    )
    return Lease(row, Step("implement", "development", "CODING", "", "features", ()), "because")


def make_assignment(lease: Lease, **changes: Any) -> Assignment:
    """What the store says about a leased job."""
    assignment = Assignment(
        attempt=lease.name,
        job=lease.job.id,
        number=lease.job.attempt,
        project={"id": PROJECT, "title": "Hello", "brief": "", "type": None, "complexity": None, "repository": None},
        workflow=lease.job.workflow,
        step=lease.job.step,
        role="features",
        instance=lease.job.instance,
        agent="shell",
        item={"key": "001-greet", "title": "Greet", "data": {}},
        prompt="Do it.",
        document="# Hellö\n",
        artifacts=(),
        feedback=("Try harder.",),
        bases=(),
        gates=(),
        timeout_seconds=WAIT_SECONDS,
    )
    return replace(assignment, **changes)


def brief_of(assignment: Assignment) -> Callable[[], Awaitable[Assignment]]:
    """The brief that fetches this assignment."""

    async def brief() -> Assignment:
        return assignment

    return brief


async def nobody(_: object) -> None:
    """Who takes what is recorded, where a test does not look at it."""


class World:
    """One home. Hosts come and go over it, as orchestrators do."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = Home(root / "home")
        self.repositories = Repositories(self.home)
        self.clock = SteadyClock()
        self.programs: dict[str, Program] = {}
        self.settings = HostSettings(cancel_grace_seconds=10.0, limits=Limits(grace_seconds=0.1))

    def hosting(self) -> Hosting:
        """What a fresh orchestrator gives a host."""
        return Hosting(self.home, Repositories(self.home), self.clock, Programs(self.programs), self.settings)

    def host(self) -> LocalHost:
        """A host as a fresh orchestrator makes it."""
        return LocalHost(self.hosting())

    async def start(
        self, script: str, lease: Lease | None = None, host: LocalHost | None = None, **changes: Any
    ) -> Running:
        """Start an attempt whose agent is this shell script."""
        lease = lease or make_lease()
        self.programs["shell"] = Program(("/bin/sh", "-c", script))
        return await (host or self.host()).start(lease, brief_of(make_assignment(lease, **changes)))

    async def run(self, script: str, lease: Lease | None = None, **changes: Any) -> Report:
        """Run an attempt to its end."""
        return await end_of(await self.start(script, lease, **changes))

    def directory(self, lease: Lease | None = None) -> Path:
        return self.home.attempt((lease or make_lease()).name)

    def runner(self, lease: Lease | None = None) -> int:
        """The pid of a runner that has introduced itself."""
        return int(json.loads((self.directory(lease) / "runner.json").read_text())["pid"])

    def fifo(self, name: str = "fifo") -> Path:
        """A pipe between an agent and the test."""
        path = self.root / name
        if not path.exists():
            os.mkfifo(path)
        return path

    async def hear(self, name: str = "fifo") -> str:
        """Wait for a message on the pipe."""
        return await asyncio.to_thread(self._hear, self.fifo(name))

    def _hear(self, path: Path) -> str:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            assert select.select([fd], [], [], WAIT_SECONDS)[0], "the agent said nothing"
            return os.read(fd, 4096).decode().strip()
        finally:
            os.close(fd)

    def tell(self, name: str = "go") -> None:
        """Let an agent that reads the pipe go on."""
        fd = os.open(self.fifo(name), os.O_RDWR | os.O_NONBLOCK)
        os.write(fd, b"go\n")
        self._kept = fd  # what is written stays readable only while somebody holds the pipe


async def end_of(running: Running) -> Report:
    """The report, within the wait."""
    return await asyncio.wait_for(running.ended(), WAIT_SECONDS)
