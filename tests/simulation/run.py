"""One seed, one run: orchestrators are born, crash and are reborn over one world until every project has ended."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from podium.domain import pipeline_file
from podium.domain.command import Decide, Start, Steer, Submit
from podium.domain.errors import PodiumError
from podium.domain.fleet import Drain
from podium.domain.instance import Slot
from podium.domain.pipeline import Pipeline
from podium.domain.project import Project
from podium.engine.engine import Engine, EngineSettings
from podium.policy import routing
from podium.policy.autoscaling import AutoscalerSettings
from podium.simulation.loop import VirtualClock, VirtualLoop
from podium.store.rows import Rows
from podium.store.store import Store
from podium.store.writer import Writer
from tests.simulation.checkers import check
from tests.simulation.storm import LATE_SECONDS, FaultyStore
from tests.simulation.world import Faults, SimulatedHost, Workload, World

FAULTY_SECONDS: Final = 3_600.0
"""Faults strike during the first virtual hour; afterwards everything must come to its end."""
CHECK_AGAIN: Final = 1.15
"""Checkers run each time a history is this much older than when they ran last."""
END_SECONDS: Final = 400_000.0
STALLED_SECONDS: Final = 100_000.0
"""Longer than any step's limit and any pause, though a clock may jump by half a day.

A history without an event for so long will never have another.
"""
MOVING: Final = frozenset({"ready", "held", "delayed", "running", "in_review", "paused"})
"""States of a job that somebody or something will move on."""
LETTERS_MAX: Final = 100
"""Dead letters that are looked after at one visit."""
MENDED_SHARE: Final = 0.5
"""How often somebody who replays a dead letter has really mended what killed it, while faults strike."""
FIRST_CHECK_SECONDS: Final = 300.0
"""The checkers also look during a life, then, and each time when it has become twice as late."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed showed."""

    seed: int
    violations: tuple[str, ...]
    virtual_seconds: float
    faults: Counter[str]
    orchestrators: int


@cache
def default_pipeline() -> tuple[Pipeline, str]:
    """The shipped pipeline and its text."""
    text = resources.files("podium.pipelines").joinpath("default.toml").read_text("utf-8")
    return pipeline_file.parse(text, "default.toml"), text


@cache
def pipeline_with(chains_max: int) -> tuple[Pipeline, str]:
    """The shipped pipeline with that many features of a project worked on at once, and its text."""
    text = default_pipeline()[1].replace(
        "[workflows.development]\n", f"[workflows.development]\nproject_jobs_max = {chains_max}\n"
    )
    return pipeline_file.parse(text, "default.toml"), text


def slots_of(pipeline: Pipeline, own: int = 2) -> list[Slot]:
    """The pools a pipeline starts with, and Podium's own hands for merge, deploy and publish."""
    pools = [
        Slot(name, flow.name, role) for flow in pipeline.workflows.values() for name, role in flow.instances.items()
    ]
    return [*pools, *(Slot(f"podium-{n:02d}", "podium", "podium") for n in range(1, own + 1))]


class Run:
    """One simulated history. Its world outlives the orchestrators that `live` brings up."""

    def __init__(
        self,
        seed: int,
        faults: Faults,
        projects: int,
        workload: Workload,
        database: Callable[[], Writer] | None = None,
        *,
        on_disk: bool = False,
        strategy: str = routing.DEFAULT,
        autoscaler: AutoscalerSettings | None = None,
    ) -> None:
        """`database` opens the store, in memory by default; with `on_disk` it does so again for every orchestrator."""
        self.seed = seed
        self.loop = VirtualLoop(seed)
        self.world = World(self.loop, seed, faults, workload, database() if database else None)
        self.pipeline, self._pipeline_text = pipeline_with(workload.chains_max)
        self.projects = projects
        self.orchestrators = 0
        self.violations: list[str] = []
        strategies = dict.fromkeys(self.pipeline.workflows, strategy)
        self.settings = EngineSettings(strategies, autoscaler=autoscaler)
        self._submitted: set[int] = set()
        self._released: Counter[str] = Counter()
        self._reopen = database if on_disk and database else None
        self._next_check = FIRST_CHECK_SECONDS
        self._last_event = (0, 0.0)

    def play(self) -> Outcome:
        """Run to the end and check."""
        try:
            asyncio.set_event_loop(self.loop)
            self.loop.run_until_complete(self._history())
            self.violations += self.world.ground.violations
            self.violations += check(self.world.database, finished=True, judged=True)
            self.violations += self._misremembered()
            self.violations += [f"{name} still runs" for name in self.world.ground.live]
            self.violations += [f"{name} was left behind" for name in self.world.directories]
        finally:
            left = asyncio.all_tasks(self.loop)
            for task in left:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self.loop.close()
            self.world.database.close()
        faults = self.world.ground.injected
        return Outcome(self.seed, tuple(self.violations), self.loop.time(), faults, self.orchestrators)

    async def _history(self) -> None:
        """Orchestrators one after another, until one sees everything ended."""
        while self.loop.time() < END_SECONDS:
            crashed: asyncio.Future[None] = self.loop.create_future()
            clock = VirtualClock(self.loop, self.world.suspended)
            self.orchestrators += 1
            life = self.loop.create_task(self._live(clock, _once(crashed)))
            await asyncio.wait([life, crashed], return_when=asyncio.FIRST_COMPLETED)
            ended = life.done() and not life.cancelled() and not crashed.done()
            clock.stop()
            life.cancel()
            (fate,) = await asyncio.gather(life, return_exceptions=True)
            troubles = [*clock.failures, fate] if isinstance(fate, Exception) else clock.failures
            self.violations += [f"unhandled {error!r}" for error in troubles]
            if self._reopen is not None:
                self.world.database = self._reopen()
            self.violations += check(self.world.database, finished=False, judged=True)
            if ended or self.violations or self.world.ground.violations:
                return
            await asyncio.sleep(self.world.rng.uniform(0.1, 30.0))
        self.violations.append(f"not ended after {END_SECONDS:.0f} virtual seconds")

    async def _live(self, clock: VirtualClock, crash: Callable[[], None]) -> None:
        """One orchestrator's life, until everything submitted has ended."""
        world = self.world
        world.wall = clock.wall
        store = FaultyStore(world, clock, crash)
        host = SimulatedHost(world, clock)
        slots = slots_of(self.pipeline)
        rng = random.Random(world.rng.random())
        engine = Engine(store, clock, {"": host}, slots, rng, self.settings, world.gate)
        await engine.start()
        while True:
            if self.loop.time() > FAULTY_SECONDS:
                world.faults = Faults()
            await asyncio.gather(*(self._submit(engine, number) for number in self._next()))
            await self._review(store)
            is_released = await self._release(engine, store)
            await self._tend(store)
            is_done = len(self._submitted) == self.projects and is_released
            at_work, resting = engine.supervisor.running, engine.supervisor.vitals().resting
            if is_done and await store.read(self._is_over) and not at_work and not resting:
                await engine.sweeper.sweep_hosts()
                engine.stop()
                await clock.sleep(2 * LATE_SECONDS[1])  # by then every offer has been answered
                await engine.muster.run_once()
                idle = {(slot.name, slot.queue) for slot in engine.dispatcher.free.values()}
                lost = {(slot.name, slot.queue) for slot in engine.muster.fleet.at_work()} ^ idle
                self.violations += [f"instance {name} of {queue} is not what it was" for name, queue in sorted(lost)]
                return
            self._look()
            if self.violations or world.ground.violations:
                return
            await clock.sleep(world.rng.uniform(1.0, world.workload.review_seconds))

    def _look(self) -> None:
        """Check now and then, so that a fault is found near where it began and a history that stands still ends."""
        now, database = self.loop.time(), self.world.database
        if now >= self._next_check:
            self._next_check = now * CHECK_AGAIN
            self.violations += check(database, finished=False, judged=True)
        seq = database.rows.one("event_last")[0]
        if seq != self._last_event[0]:
            self._last_event = (seq, now)
        elif now - self._last_event[1] > STALLED_SECONDS:
            self.violations.append(f"nothing has happened for {STALLED_SECONDS:.0f} s")

    def _next(self) -> list[int]:
        """The projects that come now; one that was refused comes again."""
        left = [number for number in range(self.projects) if number not in self._submitted]
        return left[: self.world.workload.at_once]

    async def _submit(self, engine: Engine, number: int) -> None:
        key, digest, priority = f"input-{number}", self.pipeline.digest, 50 + number % 3 * 20
        project = Project(
            f"project-{number}", key, "", None, None, 50, priority, None, "document", 0.0, digest, "python"
        )
        try:
            await engine.submit(Submit(project, "", self._pipeline_text, key))
        except PodiumError:
            return
        self._submitted.add(number)

    async def _release(self, engine: Engine, store: Store) -> bool:
        """Every project that lives has its next version, as soon as Content has begun; True when none is left."""
        left = 0
        for project, state in await store.read(lambda rows: rows.all("project_states")):
            version = self._released[project] + 1
            if version > self.world.workload.releases or state not in ("open", "complete"):
                continue
            try:
                await engine.submit(Start(project, "content", f"v{version}"))
                self._released[project] = version
            except PodiumError:
                left += 1
        return not left

    async def _review(self, store: Store) -> None:
        """A reviewer comes by and decides what is open."""
        for review_id, _ in await store.read(lambda rows: rows.all("reviews_open")):
            verdict: Any = self.world.rng.choice(self.world.workload.reviews)
            try:
                await store.submit(Decide(review_id, verdict, "simulated reviewer"))
            except PodiumError:
                continue

    async def _tend(self, store: Store) -> None:
        """Somebody comes by, mends what made a job poison (or, for a while, believes so), and replays or drops it.

        Whoever is in quarantine is looked at and let go on.
        """
        fleet = await store.fleet()
        if names := tuple(one.name for one in fleet.present() if one.quarantined):
            with suppress(PodiumError):
                await store.submit(Drain(False, instances=names))
        if not self.world.workload.letters:
            return
        for job, *_ in await store.read(lambda rows: rows.all("dead_jobs", ("", LETTERS_MAX))):
            action: Any = self.world.rng.choice(self.world.workload.letters)
            if self.loop.time() > FAULTY_SECONDS or self.world.rng.random() < MENDED_SHARE:
                self.world.poison[job] = False
            try:
                await store.submit(Steer(action, job=job, by="simulated operator"))
            except PodiumError:
                continue

    def _is_over(self, rows: Rows) -> bool:
        """Whether every project has ended, or can go no further without somebody who looks after dead letters."""
        if not rows.all("projects_open"):
            return True
        moves = any(n for subject, state, n in rows.all("tally_all") if n and state in MOVING and ":" not in subject)
        return not self.world.workload.letters and not moves

    def _misremembered(self) -> list[str]:
        """Attempts that ended otherwise than the books say: what an agent did was lost or repeated."""
        said = {(job, number): ending for job, number, _, ending in self.world.database.rows.all("all_attempts")}
        true = self.world.ground.endings
        wrong = [
            f"attempt {j}.a{n} is {said[j, n]}, it was {e}" for (j, n), e in true.items() if said.get((j, n), e) != e
        ]
        projects = len(self.world.database.rows.all("project_states"))
        inputs = len(self._submitted)
        return wrong + ([f"{projects} projects of {inputs} inputs"] if projects > inputs else [])


def _once(future: asyncio.Future[None]) -> Callable[[], None]:
    def crash() -> None:
        if not future.done():
            future.set_result(None)

    return crash
