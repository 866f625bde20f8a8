"""A Ray cluster of several nodes on this machine, each with a folder of its own; any of them can die or freeze."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from podium.agents.command import Program, Programs
from podium.clock import SteadyClock
from podium.domain.attempt import Ending
from podium.domain.job import Lease
from podium.hosts.hosting import Hosting, HostSettings
from podium.ports import Running
from podium.runner import processes
from podium.runner.spec import Limits
from podium.workspace.layout import Home
from podium.workspace.repository import Repositories
from podium_ray.host import LOOPBACK, RayHost
from podium_ray.node import VARIABLE
from tests.crash.ray_node import READY
from tests.faces.command_line import ROOT
from tests.unit.hosts.world import PASSED, brief_of, make_assignment, make_lease
from tests.unit.workspace.work import files_of, git

START_SECONDS = 240.0
"""Starting a node takes seconds of CPU; on a busy machine that may take minutes."""
LOOK_SECONDS = 0.02
FIRST, SECOND = make_lease(12, 1), make_lease(12, 2)


class Machines:
    """Nodes by name; `head` holds the cluster together, and takes no attempt unless it is told to."""

    def __init__(self, root: Path, ip: str = "127.0.0.1", port: int = 0) -> None:
        """The head is at `ip`, and at a free port if `port` is 0."""
        root.mkdir()
        self.root, self.ip = root, ip
        # Ray itself finds no node dead: what is noticed is noticed by Podium.
        self.env = {**LOOPBACK, "RAY_AUTH_TOKEN": "0" * 64, "RAY_health_check_failure_threshold": "1000"}
        if ip != "127.0.0.1":
            del self.env["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"]  # with it, Ray stays on loopback
        self.address = f"{ip}:{port or _free_port(ip)}"
        self._started: dict[str, subprocess.Popen[Any]] = {}

    def start(self, name: str, cpus: int = 2, *, ip: str = "", within: Sequence[str] = ()) -> None:
        """Start a node, and return once it has joined: two at once would take the same sockets.

        `within` is a command that runs another where it has that `ip`.
        """
        if (before := self._started.get(name)) is not None:
            before.wait()  # it is dead: its machine was
        head = ("head",) if name == "head" else ()
        node = (sys.executable, "-m", "tests.crash.ray_node", self.address, str(cpus), ip or self.ip, *head)
        env = {**os.environ, **self.env, VARIABLE: str(self.root / name)}
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
        log = self.root / f"{name}.log"
        with log.open("wb") as output:
            started = subprocess.Popen(
                (*within, *node), cwd=ROOT, env=env, stdout=output, start_new_session=True, **streams
            )
        self._started[name] = started
        deadline = time.monotonic() + START_SECONDS
        while READY not in (said := log.read_text()):
            assert time.monotonic() < deadline
            assert started.poll() is None, said
            time.sleep(LOOK_SECONDS)

    def node_of(self, lease: Lease) -> str:
        """The node that has the attempt."""
        found = {path.relative_to(self.root).parts[0] for path in self.root.glob(f"*/*/attempts/{lease.name}")}
        (name,) = found
        return name

    def begun(self) -> dict[str, list[str]]:
        """The attempts whose runner has begun and is not swept yet, by node."""
        found: dict[str, list[str]] = {}
        for path in self.root.glob("*/*/attempts/*/*/runner.json"):
            found.setdefault(path.relative_to(self.root).parts[0], []).append(path.parent.name)
        return found

    def signal(self, name: str, number: signal.Signals, *, spares: str = "") -> list[int]:
        """Send all processes of a node a signal, but those whose name is spared and theirs; which got it."""
        top = self._started[name].pid
        spared = [pid for pid in processes.descendants(top) if spares and _is_runner(pid)]
        spared += [child for pid in spared for child in processes.descendants(pid)]
        found = [pid for pid in (top, *processes.descendants(top)) if pid not in spared]
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return found

    def kill(self, name: str) -> None:
        """A machine dies, with all that runs on it."""
        for _ in range(3):  # what is born meanwhile
            self.signal(name, signal.SIGKILL)
        self._started.pop(name).wait()

    def close(self) -> None:
        for name in list(self._started):
            self.signal(name, signal.SIGCONT)
            self.kill(name)


def _free_port(ip: str) -> int:
    with socket.create_server((ip, 0)) as probe:
        return int(probe.getsockname()[1])


def _is_runner(pid: int) -> bool:
    with suppress(OSError):
        return b"podium/runner/__main__.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


@contextmanager
def machines(root: Path, *names: str, ip: str = "127.0.0.1") -> Generator[Machines]:
    """A cluster of a head without work and these nodes; this process's environment leads there."""
    cluster = Machines(root, ip)
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {**cluster.env, "RAY_ADDRESS": cluster.address}.items():
            patched.setenv(name, value)
        try:
            cluster.start("head", 0)
            for name in names:
                cluster.start(name)
            yield cluster
        finally:
            cluster.close()


def working(root: Path) -> str:
    """An agent that tells in which attempt it is at work, and works until the file `go` is there."""
    told = f"echo $PODIUM_ATTEMPT >>{root}/begun; echo x >x.txt\n"
    return f"{told}until [ -e {root}/go ]; do sleep 0.05; done\n{PASSED}"


def begun(root: Path) -> list[str]:
    """The attempts that such agents were at work in."""
    path = root / "begun"
    return [line.partition(":")[2] for line in path.read_text().split()] if path.exists() else []


def refs(home: Home) -> str:
    """Where the project's attempts have left their work."""
    return git(home.repository("hello"), "for-each-ref", "--format=%(refname)", "refs/podium/attempts")


class Fleet:
    """A home whose attempts run on the machines."""

    def __init__(self, root: Path, script: str) -> None:
        self.home = Home(root / "home")
        self.home.path.mkdir(parents=True)
        self.script = script

    def host(self) -> RayHost:
        """A host as a fresh orchestrator makes it."""
        settings = HostSettings(limits=Limits(grace_seconds=0.1))
        programs = {"shell": Program(("/bin/sh", "-c", self.script))}
        return RayHost(Hosting(self.home, Repositories(self.home), SteadyClock(), Programs(programs), settings))

    async def overtake(
        self, cluster: Machines, host: RayHost, machine: str, go: Callable[[], None], heal: Callable[[], object]
    ) -> float:
        """Do elsewhere what that machine was given, then heal it: its late result is not taken, and is swept.

        `go` lets both attempts end. The answer is after how long the machine is known again.
        """
        again = await self.start(host, SECOND)
        go()  # the first ends, too, on a machine that nobody reaches
        second = await again.ended()
        assert second.ending is Ending.FINISHED
        left = next(cluster.root.glob(f"{machine}/*/attempts/{FIRST.name}"))
        await until((left / "exit.json").exists)
        heal()
        known_after = await until(lambda: len(host.nodes) == 2)
        late = await self.host().adopt(FIRST)
        assert late is not None
        assert (await late.ended()).ending is Ending.LOST
        assert await host.sweep(lambda name: name == SECOND.name) > 0
        assert not left.exists()
        assert refs(self.home).split() == ["refs/podium/attempts/12.a2"]
        assert files_of(self.home, str(second.commit)) == {"x.txt"}
        return known_after

    async def start(self, host: RayHost, lease: Lease) -> Running:
        return await host.start(lease, brief_of(make_assignment(lease, timeout_seconds=600.0)))


async def at_work(fleet: Fleet, host: RayHost, root: Path, nodes: int = 2) -> Running:
    """The first attempt, begun, on a cluster whose nodes all answer."""
    host._begin_watch()
    await until(lambda: len(host.nodes) == nodes)
    running = await fleet.start(host, FIRST)
    following = asyncio.ensure_future(running.ended())
    await until(lambda: FIRST.name in begun(root) or following.done())
    assert not following.done(), following.result()
    following.cancel()
    return running


async def until(is_so: Callable[[], bool], seconds: float = START_SECONDS) -> float:
    """Wait until it is so; how long that took."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(LOOK_SECONDS)
    return time.monotonic() - began
