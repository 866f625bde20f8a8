"""The simulated outside: agents that outlive the orchestrator, attempt directories, and the faults of a seed."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import apsw

from podium.domain.attempt import Artifact, Ending, GateOutcome, GateResult, Report
from podium.domain.command import Complete
from podium.domain.job import PODIUM_QUEUE, Lease
from podium.policy.admission import Limits
from podium.policy.health import Signs
from podium.ports import OVERDUE, Brief
from podium.simulation.loop import EPOCH, VirtualClock, VirtualLoop
from podium.store.sqlite import SqliteStore
from podium.store.writer import Writer

SPENT_MAX: Final = 50
"""Committed results that may come again."""
OUTAGE_STEPS: Final = (0.5, 10.0)
"""How many steps' mean time a provider is down, or memory short."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances of each fault, per batch, attempt, command or wake-up; all between 0 and 1."""

    crash_before_commit: float = 0.0
    crash_after_commit: float = 0.0
    abort_batch: float = 0.0
    lost_wakeup: float = 0.0
    agent_crash: float = 0.0
    agent_rework: float = 0.0
    gate_undecided: float = 0.0
    agent_hangs: float = 0.0
    runner_lost: float = 0.0
    poison: float = 0.0
    """A job whose every agent dies, until a person has seen to it."""
    late_wakeup: float = 0.0
    """A dispatch's answer reaches the dispatcher seconds after its commit."""
    duplicate_result: float = 0.0
    """A result is submitted twice at once."""
    stale_result: float = 0.0
    """A result that was committed long ago is submitted again, if possible while its job runs anew."""
    clock_step: float = 0.0
    """The wall clock jumps by hours, either way."""
    disk_full: float = 0.0
    """From this batch on every batch is refused, for some time."""
    slow_commit: float = 0.0
    silent_work: float = 0.0
    """An agent says nothing all the time, and works."""
    provider_down: float = 0.0
    """From this attempt on the agents' provider refuses all of them, for some time, and does not say how long."""
    provider_limit: float = 0.0
    """Likewise, and it says when it will answer again."""
    memory_short: float = 0.0
    """From this attempt on the machine has no memory for any agent, for some time."""
    suspended: float = 0.0
    """The machine sleeps for hours: its steady clock stands, its wall clock and the next orchestrator's go on."""


@dataclass(slots=True)
class Workload:
    """How simulated agents and reviewers behave. `step_seconds` is the mean of an exponential distribution."""

    step_seconds: float = 60.0
    features: int = 4
    chains_max: int = 16
    """`project_jobs_max` of development: how many features are worked on at once."""
    at_once: int = 1
    """Projects that are submitted together."""
    releases: int = 0
    """Versions that each project is released in, whose Content runs again."""
    limits: Limits = field(default_factory=Limits)
    """How deep queues may become before projects wait."""
    review_seconds: float = 300.0
    """A reviewer comes by at least this often."""
    reviews: tuple[str, ...] = ("approve", "send_back", "reject")
    """What a reviewer chooses from."""
    letters: tuple[str, ...] = ("replay", "replay", "drop")
    """What a person chooses from who looks after dead letters; nobody does when it is empty."""
    script: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict[tuple[str, str], tuple[str, ...]])
    """What the first agents of a (step, item) report instead: `crashed`, `rework` or `blocked`, one after another."""


@dataclass(slots=True)
class SimulatedAttempt:
    """An agent at work in the simulated world; `done` is its exit report, as a runner would leave it on disk."""

    lease: Lease
    done: asyncio.Future[Report]
    began: float
    """On the loop's clock: seconds in which the machine was awake."""
    ends: asyncio.TimerHandle | None = None
    silent: bool = False
    """It works and says nothing, such as a long build."""


@dataclass(slots=True)
class Ground:
    """What really happened, kept apart from the engine's own books for the checkers."""

    live: dict[str, SimulatedAttempt] = field(default_factory=dict[str, SimulatedAttempt])
    """Attempts whose processes exist now, by name."""
    started: Counter[tuple[int, int]] = field(default_factory=Counter[tuple[int, int]])
    hung: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    """Attempts (job, number) whose agent hangs for ever."""
    reported: Counter[int] = field(default_factory=Counter[int])
    """Agents of each job that came to their end."""
    endings: dict[tuple[int, int], Ending] = field(default_factory=dict[tuple[int, int], Ending])
    """How each attempt (job, number) really ended."""
    injected: Counter[str] = field(default_factory=Counter[str])
    violations: list[str] = field(default_factory=list[str])


class World:
    """Outlives every simulated orchestrator: agents, the database, the book of what happened."""

    def __init__(
        self, loop: VirtualLoop, seed: int, faults: Faults, workload: Workload, database: Writer | None = None
    ) -> None:
        self.loop = loop
        self.rng = random.Random(seed)
        self.weather = random.Random(-seed - 1)
        """Chance for what must change nothing: a run without it is the same run."""
        self.outside = random.Random(seed * 3 + 7)
        """Chance for what befalls provider and machine: without such trouble, a seed's history is as if it were not."""
        self.faults = faults
        self.workload = workload
        self.ground = Ground()
        self.database = database or SqliteStore(":memory:", self._reach, limits=workload.limits)
        self.full_until = 0.0
        """The disk is full until then, in virtual seconds."""
        self.aborts = False
        """The next transaction is rolled back at its commit."""
        self.poison: dict[int, bool] = {}
        """Of each job that an agent has tried: whether it is poison."""
        self.spent: deque[Complete] = deque(maxlen=SPENT_MAX)
        """Results that were committed, for `stale_result`."""
        self.suspended = 0.0
        """Seconds that the machine has slept."""
        self.wall: Callable[[], float] = lambda: EPOCH
        """The machine's wall clock."""
        self._outages: dict[str, float] = {}
        """Until when on the loop's clock, by fault."""
        self.directories: dict[str, SimulatedAttempt] = {}
        """Attempt directories by name: what a new orchestrator finds."""

    def chance(self, name: str, rng: random.Random | None = None) -> bool:
        """Whether the fault of that name strikes now."""
        struck = (rng or self.rng).random() < getattr(self.faults, name)
        self.ground.injected[name] += struck
        return struck

    def _outage(self, name: str) -> float:
        """How much longer that trouble is on, in seconds; it strikes by chance."""
        now = self.loop.time()
        if self.chance(name, self.outside) and self._outages.get(name, 0.0) <= now:
            self._outages[name] = now + self.workload.step_seconds * self.outside.uniform(*OUTAGE_STEPS)
        return max(0.0, self._outages.get(name, 0.0) - now)

    def gate(self) -> str:
        """Why no instance may be added now."""
        return "no memory is left" if self._outages.get("memory_short", 0.0) > self.loop.time() else ""

    def _reach(self, place: str) -> None:
        """The database is at a failpoint."""
        if place == "before-commit" and self.aborts:
            self.aborts = False
            raise apsw.FullError("database or disk is full")

    def begin(self, lease: Lease) -> SimulatedAttempt:
        """Start the agent of an attempt; a second start of the same attempt is a violation."""
        key = (lease.job.id, lease.job.attempt)
        self.ground.started[key] += 1
        if self.ground.started[key] > 1:
            self.ground.violations.append(f"{lease.name} was started twice")
        twin = next((a for a in self.ground.live.values() if a.lease.job.id == lease.job.id), None)
        if twin is not None:
            self.ground.violations.append(f"{lease.name} started while {twin.lease.name} still runs")
        attempt = SimulatedAttempt(lease, self.loop.create_future(), self.loop.time())
        self.ground.live[lease.name] = attempt
        attempt.silent = lease.job.queue != PODIUM_QUEUE and self.chance("silent_work", self.weather)
        if not (lease.job.queue != PODIUM_QUEUE and self.chance("agent_hangs")):
            seconds = self.rng.expovariate(1.0 / self.workload.step_seconds)
            attempt.ends = self.loop.call_later(seconds, self._end, lease.name)
        else:
            self.ground.hung.add(key)
        return attempt

    def end(self, name: str, report: Report) -> None:
        """The attempt's processes are gone and its report is on disk."""
        attempt = self.ground.live.pop(name, None)
        if attempt is not None and not attempt.done.done():
            if attempt.ends is not None:
                attempt.ends.cancel()
            self.ground.endings[attempt.lease.job.id, attempt.lease.job.attempt] = report.ending
            attempt.done.set_result(report)

    def _end(self, name: str) -> None:
        attempt = self.ground.live.get(name)
        if attempt is not None:
            self.end(name, self._report(attempt.lease))

    def _trouble(self) -> Report | None:
        """What every agent that ends now says, whatever its work."""
        if self._outage("memory_short"):
            return Report(Ending.CRASHED, "no memory is left", is_environment=True)
        if self._outage("provider_down"):
            return Report(Ending.FINISHED, verdict="unavailable", summary="the provider answers 529")
        if left := self._outage("provider_limit"):
            data = {"resets_at": self.wall() + left}
            return Report(Ending.FINISHED, verdict="unavailable", summary="the provider answers 429", data=data)
        return None

    def _is_poison(self, job: int) -> bool:
        if job not in self.poison:
            self.poison[job] = self.chance("poison")
        return self.poison[job]

    def _report(self, lease: Lease) -> Report:
        job = lease.job
        said = self.workload.script.get((job.step, job.item), ())[self.ground.reported[job.id] :][:1]
        self.ground.reported[job.id] += 1
        if said == ("crashed",):
            return Report(Ending.CRASHED, "killed by SIGKILL")
        if said:
            return Report(Ending.FINISHED, verdict=said[0], feedback="as the script says")
        if job.queue != PODIUM_QUEUE and (trouble := self._trouble()):
            return trouble
        if job.queue != PODIUM_QUEUE and self._is_poison(job.id):
            return Report(self.rng.choice([Ending.CRASHED, Ending.LOST]), "poison")
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

    def __init__(self, world: World, clock: VirtualClock, attempt: SimulatedAttempt) -> None:
        self._world = world
        self._clock = clock
        self._attempt = attempt

    async def ended(self) -> Report:
        """Wait for the agent's end."""
        return await asyncio.shield(self._attempt.done)

    def cancel(self, reason: str) -> None:
        """End the agent soon."""
        lease, at_work = self._attempt.lease, self._world.loop.time() - self._attempt.began
        hung, overdue = self._attempt.ends is None, reason.startswith(OVERDUE)
        if overdue and not hung and at_work < lease.step.timeout_seconds:
            self._world.ground.violations.append(f"{lease.name} was ended as overdue after {at_work:.0f} s of work")
        report = Report(Ending.TIMED_OUT if overdue else Ending.CANCELLED, reason)
        self._world.loop.call_later(0.5, self._world.end, lease.name, report)

    def signs(self) -> Signs:
        """Its runner answers. The agent speaks, or works in silence; a hung one has done neither since it began."""
        now = self._clock.now()
        began = now - (self._world.loop.time() - self._attempt.began)
        hung = self._attempt.ends is None and not self._attempt.done.done()
        return Signs(now, now, began if hung or self._attempt.silent else now, began if hung else now)


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
        return SimulatedRunning(self._world, self._clock, attempt)

    async def adopt(self, lease: Lease) -> SimulatedRunning | None:
        """The attempt as an earlier orchestrator left it; finding it takes a while, and work goes on meanwhile."""
        await self._clock.sleep(self._world.rng.uniform(0.0, 0.5))
        attempt = self._kept.get(lease.name)
        return SimulatedRunning(self._world, self._clock, attempt) if attempt is not None else None

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
