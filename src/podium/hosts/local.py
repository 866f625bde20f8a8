"""Runs attempts as detached programs on this machine, each in its own clone; a new orchestrator takes them over."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from podium.agents.command import Program
from podium.domain.attempt import Assignment, Ending, GateOutcome, GateResult, Report
from podium.domain.errors import PodiumError
from podium.domain.job import Lease
from podium.hosts import briefing, cleaning, reports, runner_process, strays
from podium.hosts.hosting import Hosting
from podium.hosts.inprocess import Ended
from podium.hosts.own_steps import advice
from podium.policy.health import Signs
from podium.ports import Brief, Clock, Running
from podium.runner import claim, files, pulse, shortage, tools
from podium.runner.journal import LOG
from podium.workspace.layout import make_private
from podium.workspace.merging import MergeConflict

INTRODUCTION_SECONDS: Final = 5.0
"""How long a runner that holds its lock may take to say which process it is."""
_LOOK_AGAIN_SECONDS: Final = 0.01
ROOM_LOOK_SECONDS: Final = 1.0
"""Between two tries to fetch a commit onto a full disk."""
SWEEP_AT_ONCE_MAX: Final = 8
"""How many attempts that belong to no job are ended side by side."""
SWEEP_SECONDS_MAX: Final = 600.0
"""How long a sweep waits for the end of one of them; the next tries again."""

_log = logging.getLogger(__name__)


class Runner(Protocol):
    """An attempt's runner as its host sees it."""

    async def exited(self) -> None:
        """Return once it has ended, and all that it left is in the attempt's directory."""
        ...

    def lives(self) -> bool:
        """Whether it is known to live."""
        ...

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it still lives."""
        ...


class Attempt(NamedTuple):
    """One attempt's name, directory, and where its commits go in the project's repository."""

    name: str
    directory: Path
    tag: str
    """PODIUM_ATTEMPT of its processes."""

    @property
    def project(self) -> str:
        return self.directory.parent.name

    @property
    def branch(self) -> str:
        return f"refs/heads/podium/{self.directory.name.partition('.')[0]}"

    def ref(self, kind: str) -> str:
        return f"refs/podium/{kind}/{self.directory.name}"


class _Watched:
    """A file, and when it was last seen to have changed."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = str(path)
        self._clock = clock
        self._seen: tuple[int, int] | None = None
        self._at: float | None = None

    def changed_at(self) -> float | None:
        """In steady seconds; None as long as it was never there."""
        try:
            found = os.stat(self.path)  # noqa: PTH116 - asked of every attempt every few seconds
        except OSError:
            return self._at
        seen = found.st_size, found.st_mtime_ns
        if seen != self._seen:
            # The first look at an adopted attempt may come long after; the others are near, and need no wall clock.
            age = max(0.0, self._clock.wall() - found.st_mtime) if self._seen is None else 0.0
            self._seen, self._at = seen, self._clock.now() - age
        return self._at


class LocalRunning:
    """`ports.Running` over a runner's process; None stands for one that is gone already."""

    def __init__(self, host: "LocalHost", attempt: Attempt, runner: Runner | None) -> None:
        self._host, self._attempt, self._runner = host, attempt, runner
        self._reason = ""
        self._report: Report | None = None
        self._last_word: asyncio.TimerHandle | None = None
        self._log, self._pulse = (_Watched(attempt.directory / name, host.clock) for name in (LOG, pulse.FILE))
        self._began = host.clock.now()

    def signs(self) -> Signs:
        """Its runner's process and word, the growth of its log (agent, gates, runner write into it), and work.

        For a while a tool that is at work counts as work: it may wait for a network, not for the CPU.
        """
        now = self._host.clock.now()
        alive = now if self._runner is not None and self._runner.lives() else None
        beat, idle = self._pulse.changed_at(), pulse.idle_seconds(self._pulse.path)
        worked = beat - idle if beat is not None and idle is not None else None
        tool = tools.at_work(self._attempt.directory)
        if tool is not None:
            tool = tool._replace(since=now - max(0.0, self._host.clock.wall() - tool.since))
            worked = max(worked or 0.0, min(now, tool.since + tools.SECONDS_MAX))
        return Signs(alive, beat, self._log.changed_at() or self._began, worked, tool)

    async def ended(self) -> Report:
        if self._report is None:
            if self._runner is not None:
                await self._runner.exited()
                self._runner = None
            if self._last_word is not None:
                self._last_word.cancel()
            self._report = await self._host.conclude(self._attempt, self._reason)
        return self._report

    def cancel(self, reason: str) -> None:
        if self._runner is None or self._reason:
            return
        self._reason = reason or "cancelled"
        self._runner.signal(signal.SIGTERM)
        seconds = self._host.settings.cancel_grace_seconds
        self._last_word = asyncio.get_running_loop().call_later(seconds, self._runner.signal, signal.SIGKILL)


class LocalHost:
    """`ports.Host` for agents that are programs.

    One that has its runners elsewhere overrides `_begin`, `_take_over` and `_clean`, and `sweep` where it has to.
    """

    def __init__(self, hosting: Hosting) -> None:
        self._home = hosting.home
        self._repositories = hosting.repositories
        self.clock = hosting.clock
        self._programs = hosting.programs
        self._access = hosting.access
        self.settings = hosting.settings
        self._path = os.environ.get("PATH", os.defpath)
        self._warned_of: set[str] = set()

    async def start(self, lease: Lease, brief: Brief) -> Running:
        attempt = self._attempt(lease.name)
        try:
            assignment = await brief()
            program = self._programs.find(assignment.agent, assignment.instance)
            if program is None:
                detail = f"No agent is called {assignment.agent!r}; see podium.toml."
                return Ended(Report(Ending.COULD_NOT_START, detail))
            await self._repositories.create(attempt.project, assignment.project.get("repository"))
            base = await self._repositories.integrate(attempt.project, assignment.bases)
            if isinstance(base, MergeConflict):
                return Ended(Report(Ending.FINISHED, verdict="rework", feedback=advice(base)))

            told = replace(program, env={**self._access(lease.name), **program.env})
            return LocalRunning(self, attempt, await self._begin(assignment, told, base))
        except (PodiumError, OSError) as error:
            return Ended(reports.could_not_start(error))

    async def adopt(self, lease: Lease) -> Running | None:
        attempt = self._attempt(lease.name)
        try:
            return await self._take_over(attempt)
        except OSError as error:
            await asyncio.to_thread(strays.end, attempt.tag.__eq__, attempt.directory)
            detail = f"what is left of it cannot be read: {error}"
            return Ended(Report(Ending.LOST, detail, is_environment=shortage.is_shortage(error)))

    async def forget(self, lease: Lease) -> None:
        await self._clean(self._attempt(lease.name))
        with suppress(OSError):  # an agent that keeps nothing between attempts has left it empty
            self._home.session(lease.name).rmdir()

    async def sweep(self, is_open: Callable[[str], bool]) -> int:
        littered = await asyncio.to_thread(self._home.attempt_names, cleaning.UNFINISHED)
        at_once = asyncio.Semaphore(SWEEP_AT_ONCE_MAX)

        async def end(attempt: Attempt) -> bool:
            async with at_once:
                return not is_open(attempt.name) and await self._end_and_clean(attempt)

        count = sum(await asyncio.gather(*(end(self._attempt(name)) for name in littered)))
        prefix = f"{self._home.id}:"
        tags = await asyncio.to_thread(strays.tags)
        names = {tag.removeprefix(prefix) for tag in tags.values() if tag.startswith(prefix)}
        closed = {prefix + name for name in names if not is_open(name)}
        if closed:
            count += await asyncio.to_thread(strays.end, closed.__contains__)
        return count

    async def conclude(self, attempt: Attempt, reason: str) -> Report:
        """The report of an attempt whose runner has ended, its work fetched; `reason` says why it was cancelled."""
        content = files.read_json(attempt.directory / claim.EXIT)
        if content is None:
            return await self._conclude_lost(attempt, reason)
        try:
            report = reports.report(content)
        except (ValueError, TypeError) as error:
            return Report(Ending.CRASHED, f"The runner's exit.json cannot be used: {error}")
        if report.ending is Ending.CANCELLED and reason:
            report = replace(report, ending=reports.cancelled(reason).ending, detail=reason)
        salvage = content.get("salvage")
        if isinstance(salvage, str):
            await self._collect_salvage(attempt, salvage)
        if report.commit is None:
            return report
        try:
            await self._collect(attempt, "attempts", report.commit)
        except (PodiumError, OSError) as error:
            refused = GateResult("delivery", GateOutcome.COULD_NOT_RUN, str(error))
            is_short = self._lacks_room(error)
            return replace(report, commit=None, gates=(*report.gates, refused), is_environment=is_short)
        return report

    async def _begin(self, assignment: Assignment, program: Program, base: str) -> Runner:
        """Start the attempt's runner. Raises PodiumError, OSError."""

        def begin() -> runner_process.RunnerProcess:
            limits, chosen = self.settings.limits, self.settings.sandbox
            directory, tag = briefing.write(self._home, assignment, program, base, self._path, limits, chosen)
            return runner_process.spawn(directory, self._path, tag)

        return await asyncio.to_thread(begin)

    async def _conclude_lost(self, attempt: Attempt, reason: str) -> Report:
        """The runner died without a report: end what it left running, save what it left unfinished."""

        def save() -> str | None:
            _revoke(attempt.directory)
            strays.end(attempt.tag.__eq__, attempt.directory)
            return runner_process.salvage(attempt.directory, self._path, attempt.tag, self.settings.salvage_seconds)

        try:
            commit = await asyncio.to_thread(save)
        except OSError as error:
            _log.warning("unfinished work of %s could not be saved: %s", attempt.name, error)
            commit = None
        if commit is not None:
            await self._collect_salvage(attempt, commit)
        if reason:
            return reports.cancelled(reason)
        detail = "its runner ended without a report; see runner.log in the attempt's directory"
        return Report(Ending.LOST, detail, is_environment=shortage.is_full(self._home.path))

    async def _take_over(self, attempt: Attempt) -> Running | None:
        """A living or ended attempt as something to wait for; None when there is none and never can be."""
        await asyncio.to_thread(cleaning.reclaim, attempt.directory)
        await asyncio.to_thread(make_private, attempt.directory)
        give_up, is_ended = self.clock.now() + INTRODUCTION_SECONDS, False
        while (runner := await asyncio.to_thread(_revoke_or_find, attempt.directory)) is None:
            if self.clock.now() > give_up:
                if is_ended:
                    return Ended(Report(Ending.LOST, "a process that cannot be found holds its lock"))
                _log.warning("the runner of %s holds its lock, but does not say which process it is", attempt.name)
                await asyncio.to_thread(strays.end, attempt.tag.__eq__, attempt.directory)
                give_up, is_ended = self.clock.now() + INTRODUCTION_SECONDS, True
            await self.clock.sleep(_LOOK_AGAIN_SECONDS)
        if isinstance(runner, runner_process.RunnerProcess):
            return LocalRunning(self, attempt, runner)
        if (attempt.directory / claim.EXIT).exists() or (attempt.directory / claim.RUNNER).exists():
            return LocalRunning(self, attempt, None)
        return None

    async def _end_and_clean(self, attempt: Attempt) -> bool:
        """Whether nothing of it is left; trouble with one attempt is logged and holds up no other."""
        try:
            async with asyncio.timeout(SWEEP_SECONDS_MAX):
                running = await self._take_over(attempt)
                if running is not None:
                    running.cancel("it belongs to no job any more")
                    await running.ended()
                return not isinstance(running, Ended) and await self._clean(attempt)
        except TimeoutError:
            self._warn_once(attempt, f"it has not ended within {SWEEP_SECONDS_MAX:g} s")
            return False
        except OSError as error:
            await asyncio.to_thread(strays.end, attempt.tag.__eq__, attempt.directory)
            self._warn_once(attempt, str(error))
            return await self._clean(attempt)
        except Exception as error:  # noqa: BLE001 - the next sweep tries again
            self._warn_once(attempt, f"{type(error).__name__}: {error}")
            return False

    async def _clean(self, attempt: Attempt) -> bool:
        """Whether all of it went; what did not is told once."""
        problems = await asyncio.to_thread(cleaning.clean, attempt.directory)
        if problems:
            self._warn_once(attempt, f"{len(problems)} things cannot be removed: {'; '.join(problems)}")
        else:
            self._warned_of.discard(attempt.name)
        return not problems

    def _warn_once(self, attempt: Attempt, text: str) -> None:
        if attempt.name not in self._warned_of:
            self._warned_of.add(attempt.name)
            _log.warning("what is left of %s is in the way: %s", attempt.name, text)

    async def _collect(self, attempt: Attempt, kind: str, commit: str) -> None:
        """Fetch a commit; on a full disk again and again, since it may have cost much to make."""
        bundle = attempt.directory / "delivery.bundle"
        give_up = self.clock.now() + self.settings.limits.room_seconds_max
        while True:
            try:
                await self._repositories.collect(attempt.project, bundle, attempt.branch, attempt.ref(kind), commit)
                break
            except (PodiumError, OSError) as error:
                if not self._lacks_room(error) or self.clock.now() > give_up:
                    raise
            await self.clock.sleep(ROOM_LOOK_SECONDS)

    def _lacks_room(self, error: Exception) -> bool:
        """Whether the machine is at fault. Git does not always say why it could not write."""
        return shortage.is_shortage(error) or shortage.is_said(str(error)) or shortage.is_full(self._home.path)

    async def _collect_salvage(self, attempt: Attempt, commit: str) -> None:
        try:
            await self._collect(attempt, "salvage", commit)
        except (PodiumError, OSError) as error:
            _log.warning("unfinished work of %s could not be fetched: %s", attempt.name, error)

    def _attempt(self, name: str) -> Attempt:
        return Attempt(name, self._home.attempt(name), f"{self._home.id}:{name}")


def _revoke_or_find(directory: Path) -> runner_process.RunnerProcess | bool | None:
    """The living runner; True when none lives and, from now on, none can start; None when one lives but is unknown."""
    return _revoke(directory) or runner_process.find(directory)


def _revoke(directory: Path) -> bool:
    """Under the attempt's lock, forbid that it ever starts; False when a runner holds the lock."""
    fd = files.try_lock(directory / claim.LOCK)
    if fd is None:
        return False
    try:
        (directory / claim.REVOKED).touch(mode=files.PRIVATE_FILE)
    finally:
        os.close(fd)
    return True
