"""The simulated outside: agents that outlive the orchestrator, and a store whose commits can fail by seed."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from podium.domain.attempt import Artifact, Ending, GateOutcome, GateResult, Report
from podium.domain.command import Command, Complete, Dispatch
from podium.domain.errors import Unavailable
from podium.domain.job import Lease
from podium.ports import Brief
from podium.simulation.loop import VirtualClock, VirtualLoop
from podium.store.sqlite import SqliteStore


class Crash(BaseException):
    """The simulated orchestrator dies at this point."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances of each fault, per batch, attempt or wake-up; all between 0 and 1."""

    crash_before_commit: float = 0.0
    crash_after_commit: float = 0.0
    abort_batch: float = 0.0
    lost_wakeup: float = 0.0
    agent_crash: float = 0.0
    agent_rework: float = 0.0
    gate_undecided: float = 0.0
    agent_hangs: float = 0.0
    runner_lost: float = 0.0


@dataclass(slots=True)
class Workload:
    """How simulated agents behave: seconds a step takes (mean of an exponential), and features per project."""

    step_seconds: float = 60.0
    features: int = 4


@dataclass(slots=True)
class SimulatedAttempt:
    """An agent at work in the simulated world; `done` is its exit report, as a runner would leave it on disk."""

    lease: Lease
    done: asyncio.Future[Report]
    ends: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class Ground:
    """What really happened, kept apart from the engine's own books for the checkers."""

    live: dict[str, SimulatedAttempt] = field(default_factory=dict[str, SimulatedAttempt])
    """Attempts whose processes exist now, by name."""
    started: Counter[tuple[int, int]] = field(default_factory=Counter[tuple[int, int]])
    injected: Counter[str] = field(default_factory=Counter[str])
    violations: list[str] = field(default_factory=list[str])


class World:
    """Outlives every simulated orchestrator: agents, the database, the book of what happened."""

    def __init__(self, loop: VirtualLoop, seed: int, faults: Faults, workload: Workload) -> None:
        self.loop = loop
        self.rng = random.Random(seed)
        self.faults = faults
        self.workload = workload
        self.ground = Ground()
        self.database = SqliteStore(":memory:")
        self.directories: dict[str, SimulatedAttempt] = {}
        """Attempt directories by name: what a new orchestrator finds."""

    def chance(self, name: str) -> bool:
        """Whether the fault of that name strikes now."""
        struck = self.rng.random() < getattr(self.faults, name)
        self.ground.injected[name] += struck
        return struck

    def begin(self, lease: Lease) -> SimulatedAttempt:
        """Start the agent of an attempt; a second start of the same attempt is a violation."""
        key = (lease.job.id, lease.job.attempt)
        self.ground.started[key] += 1
        if self.ground.started[key] > 1:
            self.ground.violations.append(f"{lease.name} was started twice")
        twin = next((a for a in self.ground.live.values() if a.lease.job.id == lease.job.id), None)
        if twin is not None:
            self.ground.violations.append(f"{lease.name} started while {twin.lease.name} still runs")
        attempt = SimulatedAttempt(lease, self.loop.create_future())
        self.ground.live[lease.name] = attempt
        if not (lease.job.queue != "podium" and self.chance("agent_hangs")):
            seconds = self.rng.expovariate(1.0 / self.workload.step_seconds)
            attempt.ends = self.loop.call_later(seconds, self._end, lease.name)
        return attempt

    def end(self, name: str, report: Report) -> None:
        """The attempt's processes are gone and its report is on disk."""
        attempt = self.ground.live.pop(name, None)
        if attempt is not None and not attempt.done.done():
            if attempt.ends is not None:
                attempt.ends.cancel()
            attempt.done.set_result(report)

    def _end(self, name: str) -> None:
        attempt = self.ground.live.get(name)
        if attempt is not None:
            self.end(name, self._report(attempt.lease))

    def _report(self, lease: Lease) -> Report:
        if self.chance("runner_lost"):
            return Report(Ending.LOST, "its runner vanished")
        if self.chance("agent_crash"):
            return Report(Ending.CRASHED, "killed by SIGKILL")
        if self.chance("agent_rework"):
            return Report(Ending.FINISHED, verdict="rework", feedback="not yet")
        outcome = GateOutcome.COULD_NOT_RUN if self.chance("gate_undecided") else GateOutcome.PASSED
        gates = tuple(GateResult(gate.name, outcome) for gate in lease.step.gates if gate.kind != "approval")
        artifacts: tuple[Artifact, ...] = ()
        if lease.job.step == "issues":
            keys = [f"{n:03d}-feature" for n in range(1, self.workload.features + 1)]
            artifacts = tuple(Artifact("issue", key, key) for key in keys)
        return Report(Ending.FINISHED, verdict="passed", gates=gates, artifacts=artifacts, commit=lease.name)


class SimulatedRunning:
    """`ports.Running` over a simulated attempt, as one orchestrator sees it."""

    log_path = None

    def __init__(self, world: World, attempt: SimulatedAttempt) -> None:
        self._world = world
        self._attempt = attempt

    async def ended(self) -> Report:
        """Wait for the agent's end."""
        return await asyncio.shield(self._attempt.done)

    def cancel(self, reason: str) -> None:
        """End the agent soon."""
        lease = self._attempt.lease
        hung = self._attempt.ends is None
        report = Report(Ending.TIMED_OUT if hung else Ending.CANCELLED, reason)
        self._world.loop.call_later(0.5, self._world.end, lease.name, report)


class SimulatedHost:
    """`ports.Host` of one simulated orchestrator; what it started lives on in the world."""

    def __init__(self, world: World, clock: VirtualClock) -> None:
        self._world = world
        self._clock = clock
        self._kept = world.directories

    async def start(self, lease: Lease, brief: Brief) -> SimulatedRunning:
        """Begin the attempt after a short virtual delay."""
        await brief()
        await self._clock.sleep(0.05)
        attempt = self._world.begin(lease)
        self._kept[lease.name] = attempt
        return SimulatedRunning(self._world, attempt)

    async def adopt(self, lease: Lease) -> SimulatedRunning | None:
        """The attempt as an earlier orchestrator left it; finding it takes a while, and work goes on meanwhile."""
        await self._clock.sleep(self._world.rng.uniform(0.0, 0.5))
        attempt = self._kept.get(lease.name)
        return SimulatedRunning(self._world, attempt) if attempt is not None else None

    async def forget(self, lease: Lease) -> None:
        """The result is committed."""
        self._kept.pop(lease.name, None)

    async def sweep(self, is_open: Callable[[str], bool]) -> int:
        """End what no lease owns."""
        strangers = [name for name in self._kept if not is_open(name)]
        for name in strangers:
            self._world.end(name, Report(Ending.CANCELLED, "swept"))
            self._kept.pop(name, None)
        return len(strangers)


class FaultyExecutor:
    """Runs batches on the world's database for one simulated orchestrator, with the faults of its seed."""

    def __init__(self, world: World, clock: VirtualClock, crash: Callable[[], None]) -> None:
        self._world = world
        self._clock = clock
        self._crash = crash

    async def __call__(self, commands: Sequence[Command]) -> list[Any]:
        """One batch: a little virtual time, then durable, aborted, or cut short by a crash."""
        await self._clock.sleep(self._world.rng.uniform(0.0002, 0.003))
        if self._clock.stopped:
            raise Unavailable("a dead orchestrator writes nothing")
        if self._world.chance("crash_before_commit"):
            self._die()
        if self._world.chance("abort_batch"):
            raise Unavailable("disk full, for a moment")
        kept = [c for c in commands if not (isinstance(c, Dispatch) and self._world.chance("lost_wakeup"))]
        answers = self._world.database.run(kept, self._clock.now(), self._clock.wall())
        self._watch(kept, answers)
        if self._world.chance("crash_after_commit"):
            self._die()
        answered = dict(zip(map(id, kept), answers, strict=True))
        return [answered.get(id(command), ()) for command in commands]

    def _die(self) -> None:
        self._crash()
        raise asyncio.CancelledError

    def _watch(self, commands: Sequence[Command], answers: list[Any]) -> None:
        """Note what the checkers must know of a commit: no stale fence may have been accepted."""
        for command, answer in zip(commands, answers, strict=True):
            if isinstance(command, Complete) and answer is True:
                name = f"{command.job}.a{command.attempt}"
                if any(a.lease.name.endswith("/" + name) for a in self._world.ground.live.values()):
                    self._world.ground.violations.append(f"{name} was completed while its agent still runs")
