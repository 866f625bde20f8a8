"""What Podium has on a node of a Ray cluster: one actor that answers for the node, and one for each attempt there.

An attempt is the same there as on `local`: a directory, a clone, a `podium.runner`. Its actor begins it, and hands out
what it leaves; none of it is kept once its orchestrator has taken it.
"""

import asyncio
import json
import os
import platform
import signal
import tempfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from podium import __version__
from podium.agents.command import Program
from podium.clock import SteadyClock
from podium.config import SandboxConfig
from podium.domain.attempt import Assignment
from podium.domain.errors import Unavailable
from podium.hosts import briefing, cleaning, runner_process, strays
from podium.hosts.runner_process import RunnerProcess
from podium.runner import claim, files, pulse, tools
from podium.runner.journal import LOG, RAW
from podium.runner.spec import Limits, fill
from podium.workspace import git
from podium.workspace.layout import Home, make_private

VARIABLE: Final = "PODIUM_NODE_HOME"
"""Of a node's environment: the folder for attempts there, `~/.podium-node` by default."""
CLUSTER: Final = "ray.json"
"""In the home: the cluster that was begun for it on this machine."""
GROWING: Final = ("delivery.bundle", LOG, RAW, runner_process.LOG)
"""Files that are read from where they were left; the bundle is one when nobody changes it any more."""
WHOLE: Final = (pulse.FILE, tools.FILE)
PIECE_BYTES: Final = 4 << 20
"""Of a file, in one answer."""
WAIT_SECONDS: Final = 0.5
"""How long an attempt's end is waited for before it is told what else is new."""
KNOWN_MAX: Final = 200
"""Commits that a node says it has; who sends what is missing needs the newest only."""
SALVAGE_SECONDS_MAX: Final = 120.0
Piece = tuple[int, int, bytes]
"""Of a file: when it was changed (in ns), a position, and what is there."""
INSTALLED: Final = f"Podium {__version__} and Python {'.'.join(platform.python_version_tuple()[:2])}"
"""What has to be the same on all nodes."""
NEVER_BEGUN: Final = b'{"ending": "cancelled", "detail": "its orchestrator ended before it began"}'


def _home(space: str) -> Home:
    return Home(make_private(Path(os.environ.get(VARIABLE) or Path.home() / ".podium-node") / space))


class NodeActor:
    """Answers for a node: that it lives, what is installed there, and which attempts have left something there."""

    async def installed(self) -> str:
        return INSTALLED

    async def names(self, space: str) -> list[str]:
        return await asyncio.to_thread(_home(space).attempt_names)

    async def remove(self, space: str, names: Collection[str]) -> None:
        """End and remove what is left of these attempts."""
        home = _home(space)
        for name in names:
            await asyncio.to_thread(strays.end, f"{home.id}:{name}".__eq__, home.attempt(name))
            await asyncio.to_thread(cleaning.remove, home.attempt(name))
            with suppress(OSError):  # an agent that keeps nothing between attempts has left it empty
                home.session(name).rmdir()


class AttemptActor:
    """One attempt on this node, from its commits' arrival to their return."""

    def __init__(self, space: str, name: str) -> None:
        self._home = _home(space)
        self._name = name
        self._directory = self._home.attempt(name)
        self._repository = self._home.repository(self._directory.parent.name)
        self._pack = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the actor lives
        self._runner: RunnerProcess | None = None
        self._has_begun = self._is_stopped = False
        self._report = b""
        """Its `exit.json`, once all is over."""
        self._is_over = asyncio.Event()

    async def known(self, object_format: str, shallow: bytes) -> list[str]:
        """The newest commits that are here with all their history, cut off where `shallow` says."""
        make_private(self._repository)
        await git.get(self._repository, "init", "--quiet", "--template=", f"--object-format={object_format}")
        if shallow:
            files.write_whole(self._repository / ".git" / "shallow", shallow)
        which = ("--sort=-creatordate", f"--count={KNOWN_MAX}", "--format=%(objectname)", "refs/podium")
        return (await git.get(self._repository, "for-each-ref", *which)).split()

    async def take(self, piece: bytes) -> None:
        """A piece of the pack with the commits that are missing."""
        self._pack.write(piece)

    async def begin(
        self, assignment: Assignment, program: Program, base: str, refs: Mapping[str, str],
        limits: Limits, box: SandboxConfig,
    ) -> None:  # fmt: skip
        """Start the runner, with the commits here that `refs` are to keep. Raises PodiumError, OSError."""
        if self._report:
            raise Unavailable("it was given up before it began")
        self._has_begun = True
        self._pack.seek(0)
        await git.get(self._repository, "index-pack", "--stdin", "--fix-thin", stdin=self._pack.fileno())
        for ref, commit in refs.items():
            await git.get(self._repository, "update-ref", ref, commit)
        path, program = os.environ.get("PATH", os.defpath), replace(program, argv=tuple(fill(program.argv)))
        directory, tag = briefing.write(self._home, assignment, program, base, path, limits, box)
        self._runner = runner_process.spawn(directory, path, tag)
        SteadyClock().spawn(self._see_through(self._runner, path, tag), self._name)

    async def _see_through(self, runner: RunnerProcess, path: str, tag: str) -> None:
        """Wait for the runner's end; one that leaves no report has its unfinished work saved."""
        await runner.exited()
        if not (report := files.read(self._directory / claim.EXIT)):
            await asyncio.to_thread(strays.end, tag.__eq__, self._directory)
            ending, commit = "cancelled" if self._is_stopped else "lost", None
            with suppress(OSError):
                asked = (self._directory, path, tag, SALVAGE_SECONDS_MAX)
                commit = await asyncio.to_thread(runner_process.salvage, *asked)
            report = json.dumps({"ending": ending, "detail": "its runner left no report", "salvage": commit}).encode()
        self._report = report
        self._is_over.set()

    async def read(self, cursors: Mapping[str, int], number: int) -> tuple[dict[str, Piece], bytes]:
        """What is new in each file from these positions on, and its report once all is over, which is waited for a bit.

        A `number` that is not 0 is a signal for the runner.
        """
        if not self._has_begun:  # who was to tell it is gone
            self._report = NEVER_BEGUN
            self._is_over.set()
        if number and self._runner is not None:
            self._is_stopped = True
            self._runner.signal(signal.Signals(number))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_over.wait(), WAIT_SECONDS)
        news: dict[str, Piece] = {}
        report = self._report
        for name in (*GROWING, *WHOLE) if report else (*GROWING[1:], *WHOLE):
            with suppress(OSError), (self._directory / name).open("rb") as file:
                position = file.seek(cursors.get(name, 0))
                news[name] = (os.fstat(file.fileno()).st_mtime_ns, position, file.read(PIECE_BYTES))
        return news, report
