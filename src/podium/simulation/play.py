"""Plays a scenario with the real engine, store and policies; only those who would do the work are stand-ins."""

import asyncio
import json
import math
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

from podium.config import Config
from podium.domain import pipeline_file
from podium.domain.attempt import Artifact, Ending, GateOutcome, GateResult, Report, Spend
from podium.domain.command import Command, Decide, Steer, Submit
from podium.domain.errors import PodiumError
from podium.domain.fleet import Drain
from podium.domain.instance import Slot
from podium.domain.job import Lease
from podium.domain.pipeline import Pipeline, Step
from podium.domain.project import Project
from podium.engine.engine import Engine, EngineSettings
from podium.engine.sweeper import SweeperSettings
from podium.hosts.inprocess import InProcessHost
from podium.ports import Brief
from podium.simulation.loop import EPOCH, VirtualClock, VirtualLoop
from podium.simulation.scenario import Scenario, SimulatedRun, arrivals
from podium.store.sqlite import SqliteStore
from podium.store.store import Store

SWEEP_SECONDS: Final = 60.0
"""The sweeper repairs what lost wake-ups leave behind; none is lost here, so it need not look every few seconds."""
VISIT_SECONDS: Final = 1800.0
"""How often a person comes by, approves what waits for a review, and gives what died or rests another go."""
GRACE_SECONDS: Final = 24 * 3600.0
"""So long, or as long as they came in, work goes on after the last project has come."""
OWN_SECONDS: Final = 5.0
"""What Podium's own steps (merge, deploy, publish) take where the home knows too little of them."""
SLICES: Final = 48
"""Into so many parts of equal length a run is drawn."""
ROWS_MAX: Final = 1_000_000
WORDS: Final = {"rework": "rework", "escalate": "blocked", "retry": "unavailable", "bury": "unavailable"}
"""What an agent said after which its attempt came to such a verdict."""
NAME: Final = "simulation"


def play(scenario: Scenario) -> SimulatedRun:
    """What comes of it."""
    with asyncio.Runner(loop_factory=partial(VirtualLoop, scenario.seed)) as runner:
        return runner.run(_live(scenario))


class _Crew:
    """Stands in for agents and for Podium's own hands; tells of each attempt what its like came to."""

    def __init__(self, scenario: Scenario, pipeline: Pipeline, clock: VirtualClock) -> None:
        self._scenario, self._clock = scenario, clock
        self.projects = {f"p{number}": one for number, one in enumerate(arrivals(scenario, pipeline))}
        self._first = pipeline.workflows[pipeline.start].planned[0]
        self._tried = Counter[tuple[str, str]]()

    async def work(self, lease: Lease, brief: Brief) -> Report:  # noqa: ARG002 - nobody reads it
        """One attempt, as recorded or drawn: by its own seed, so that only pools and policies make a difference."""
        job = lease.job
        place = f"{job.workflow}/{job.step}/{job.item}"
        number = self._tried[job.project, place]
        self._tried[job.project, place] += 1
        done = self.projects[job.project].done.get(place, [])[number : number + 1]
        seconds, ending, verdict = done[0] if done else self._drawn(lease.step, f"{job.project} {place} {number}")
        await self._clock.sleep(seconds)
        cost = self._scenario.times[lease.step.workflow][job.step].cost_usd
        return replace(self._report(lease, ending, verdict), spend=None if cost is None else Spend(cost_usd=cost))

    def _drawn(self, step: Step, name: str) -> tuple[float, str, str]:
        usual, chance = self._scenario.times[step.workflow][step.id], random.Random(f"{self._scenario.seed} {name}")
        middle = usual.seconds or (OWN_SECONDS if step.action else self._scenario.minutes * 60)
        supposed = 0.0 if step.action else self._scenario.failures
        in_vain = chance.random() < (supposed if usual.in_vain is None else usual.in_vain)
        verdict = ("rework" if step.rework else "retry") if in_vain else "pass"
        return middle * math.exp(chance.gauss(0.0, usual.spread)), Ending.CRASHED, verdict

    def _report(self, lease: Lease, ending: str, verdict: str) -> Report:
        gates = tuple(GateResult(gate.name, GateOutcome.PASSED) for gate in lease.step.gates if gate.kind != "approval")
        if verdict in ("retry", "bury") and ending != Ending.FINISHED:
            return Report(Ending.CRASHED, NAME)
        if verdict in WORDS and not (verdict == "escalate" and len(gates) < len(lease.step.gates)):
            return Report(Ending.FINISHED, NAME, WORDS[verdict])
        # The first step delivers all that workflows fan out over: who does so at home makes no difference to anybody.
        items = self.projects[lease.job.project].items.items() if lease.step == self._first else ()
        made = tuple(Artifact(kind, key, key, data) for kind, some in items for key, data in some)
        return Report(Ending.FINISHED, NAME, "passed", artifacts=made, gates=gates, commit=lease.name)


def _pool(scenario: Scenario, queue: str, roles: Sequence[str]) -> list[Slot]:
    """The workflow's instances: those of the home, or another number, evenly of each role, as scaling spreads them."""
    here, size = [slot for slot in scenario.slots if slot.queue == queue], scenario.pools[queue]
    even = [Slot(f"{queue}-{n}", queue, roles[n % len(roles)] if roles else "") for n in range(size)]
    return here if len(here) == size else even


async def _live(scenario: Scenario) -> SimulatedRun:
    """From the first project to the end of the last, or of the time that there is."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    clock, database = VirtualClock(loop), SqliteStore(":memory:", limits=Config(limits=scenario.limits).store_limits())

    async def execute(commands: Sequence[Command]) -> list[Any]:
        return database.run(commands, clock.now(), clock.wall())

    async def read(question: Any) -> Any:
        return question(database.rows)

    pipeline = pipeline_file.parse(scenario.pipeline, NAME)
    slots = [slot for slot in scenario.slots if slot.queue not in pipeline.workflows]
    slots += [slot for flow in pipeline.workflows.values() for slot in _pool(scenario, flow.name, flow.roles)]
    store, crew = Store(execute, read, database.pipelines), _Crew(scenario, pipeline, clock)
    settings = EngineSettings(scenario.strategies, SweeperSettings(SWEEP_SECONDS), scenario.scaling.value())
    chance, hosts = random.Random(scenario.seed), {"": InProcessHost(crew.work)}
    engine = Engine(store, clock, hosts, slots, chance, settings)
    await engine.start()
    clock.spawn(_arrive(engine, clock, crew, scenario.pipeline, pipeline.digest), "arrivals")
    last = [*crew.projects.values()][-1].at
    while loop.time() <= last or (database.rows.all("projects_open") and loop.time() < last + max(last, GRACE_SECONDS)):
        await clock.sleep(VISIT_SECONDS)
        await _visit(engine, database)
    engine.stop()
    for error in clock.failures:
        raise error
    return _told(scenario, database, clock.now())


async def _arrive(engine: Engine, clock: VirtualClock, crew: _Crew, pipeline: str, digest: str) -> None:
    """Submit the projects, each at its time; one that the input queue has no room for is lost."""
    for name, arrival in crew.projects.items():
        await clock.sleep(EPOCH + arrival.at - clock.now())
        project = Project(name, name, "", None, None, 50, arrival.priority, None, NAME, 0.0, digest, NAME)
        with suppress(PodiumError):
            await engine.submit(Submit(project, "", pipeline))


async def _visit(engine: Engine, database: SqliteStore) -> None:
    """A person approves what waits for a review, and gives what died or rests another go."""
    orders: list[Command] = [Decide(review, "approve", NAME) for review, _ in database.rows.all("reviews_open")]
    orders += [Steer("replay", job=row[0], by=NAME) for row in database.rows.all("dead_jobs", ("", ROWS_MAX))]
    resting = tuple(one.name for one in engine.muster.fleet.present() if one.quarantined)
    for order in [*orders, *([Drain(False, instances=resting)] if resting else [])]:
        with suppress(PodiumError):  # another of them settled it
            await engine.submit(order)


def _told(scenario: Scenario, database: SqliteStore, now: float) -> SimulatedRun:
    """What came of it, asked of the simulated home's own records."""
    asked = (EPOCH, now, SLICES, json.dumps(scenario.pools), scenario.setting)
    return SimulatedRun.model_validate_json(database.rows.one("simulated_run", asked)[0])
