"""A day of bursts on virtual time: pools follow the load, never swing, and cost less than the largest fixed pool."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from podium.domain.command import Submit
from podium.domain.instance import Slot
from podium.domain.job import PODIUM_QUEUE
from podium.domain.project import Project
from podium.engine.engine import Engine, EngineSettings
from podium.engine.sweeper import SweeperSettings
from podium.policy.admission import Limits
from podium.policy.autoscaling import AutoscalerSettings, Thresholds
from podium.simulation.loop import VirtualClock, VirtualLoop
from podium.store.store import Store
from tests.simulation.run import default_pipeline, slots_of
from tests.simulation.storm import FaultyStore
from tests.simulation.world import Faults, SimulatedHost, Workload, World

HOUR = 3600.0
BURSTS = {2.0: 8, 8.0: 12, 15.0: 10}
"""At which hours how many projects come together; between them one comes every hour."""
SIZES = {"genesis": (1, 6), "development": (2, 12), "content": (1, 6)}
pytestmark = pytest.mark.timeout(600)
ARRIVALS = 24
"""Moments at which projects come."""
SEEDS = range(1)
LOOK_SECONDS = 30.0
QUIET_HOURS = 3.0
COST_MAX = 0.75
"""Of what the largest fixed pools cost in the same time."""
WAIT_UP_SECONDS = 1800.0
"""The mean wait that the thresholds are to keep."""


@dataclass
class Day:
    """What a day came to."""

    seconds: float = 0.0
    """When the last project had ended."""
    instance_hours: float = 0.0
    waits: dict[str, float] = field(default_factory=dict[str, float])
    """The mean wait for an instance, by queue, in seconds."""
    decisions: list[tuple[float, dict[str, Any]]] = field(default_factory=list[tuple[float, dict[str, Any]]])
    """When, and what."""
    sizes: dict[str, int] = field(default_factory=dict[str, int])
    """At the end, when it had long been quiet."""


def _fixed() -> list[Slot]:
    """The largest pools, and Podium's own hands."""
    pipeline, _ = default_pipeline()
    slots = [slot for slot in slots_of(pipeline) if slot.queue == PODIUM_QUEUE]
    for queue, (_, most) in SIZES.items():
        roles = pipeline.workflows[queue].roles
        slots += [Slot(f"{queue}-{n}", queue, roles[n % len(roles)]) for n in range(most)]
    return slots


async def _meter(clock: VirtualClock, store: Store, day: Day) -> None:
    """Count what the pools cost, minute by minute."""
    while True:
        fleet = await store.fleet()
        day.sizes = {queue: len(fleet.present(queue)) for queue in SIZES}
        day.instance_hours += sum(day.sizes.values()) / 60
        await clock.sleep(60.0)


async def _live(world: World, day: Day, seed: int, *, scaled: bool) -> None:
    clock = VirtualClock(world.loop)
    store = FaultyStore(world, clock, lambda: None)
    pipeline, text = default_pipeline()
    thresholds = {queue: Thresholds(min=least, max=most) for queue, (least, most) in SIZES.items()}
    scaling = AutoscalerSettings(LOOK_SECONDS, thresholds) if scaled else None
    settings = EngineSettings(sweeper=SweeperSettings(LOOK_SECONDS), autoscaler=scaling)
    slots = slots_of(pipeline) if scaled else _fixed()
    engine = Engine(store, clock, {"": SimulatedHost(world, clock)}, slots, random.Random(seed), settings)
    await engine.start()
    clock.spawn(_meter(clock, store, day), "meter")
    arrivals = sorted([float(hour) for hour in range(24)] + [hour for hour, n in BURSTS.items() for _ in range(n)])
    for number, hour in enumerate(arrivals):
        await asyncio.sleep(max(0.0, hour * HOUR - world.loop.time()))
        project = Project(f"p{number}", "x", "", None, None, 50, 50, None, "d", 0.0, pipeline.digest, "python")
        await engine.submit(Submit(project, "", text))
    while await store.read(lambda rows: rows.all("projects_open")):
        await clock.sleep(60.0)
    day.seconds = world.loop.time()
    await clock.sleep(QUIET_HOURS * HOUR)
    engine.stop()
    clock.stop()


@cache
def lived(seed: int, *, scaled: bool) -> Day:
    """One day from its first project to some hours after its last."""
    loop, day = VirtualLoop(seed), Day()
    world = World(loop, seed, Faults(), Workload(step_seconds=300.0, features=5, limits=Limits(queue_soft=500)))
    try:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(_live(world, day, seed, scaled=scaled))
        rows = world.database.rows
        counted = {q: rows.all("hourly_of_metric", (f"queue.{q}.started", 0)) for q in SIZES}
        day.waits = {q: sum(total for _, _, total in c) / sum(n for _, n, _ in c) for q, c in counted.items()}
        found = rows.all("scaling_decisions", (1 << 60, "", 100_000))
        day.decisions = [(at, json.loads(data)) for _, at, data in reversed(found)]
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()
        world.database.close()
    return day


@pytest.mark.requirement("SCL-1", "REC-5")
@pytest.mark.parametrize("seed", SEEDS)
def test_pools_follow_a_day_of_bursts_and_never_swing(seed: int) -> None:
    day = lived(seed, scaled=True)
    for queue, (least, most) in SIZES.items():
        moves = [(at, d) for at, d in day.decisions if d["workflow"] == queue and d["action"] in ("up", "down")]
        assert all(least <= d["size"] + (1 if d["action"] == "up" else -1) <= most for _, d in moves)
        turns = [(b[1]["action"], b[0] - a[0]) for a, b in pairwise(moves) if a[1]["action"] != b[1]["action"]]
        assert len(turns) <= 2 * ARRIVALS, "what comes brings it up once, and its end down once"
        assert all(after >= Thresholds().cooldown_down_seconds for action, after in turns if action == "down")
        assert all(d["depth"] < 3 and d["utilization"] < 0.3 for _, d in moves if d["action"] == "down")
    assert day.sizes == {queue: least for queue, (least, _) in SIZES.items()}, "when all is quiet, the least is left"


@pytest.mark.requirement("SCL-1")
@pytest.mark.parametrize("seed", SEEDS)
def test_it_keeps_waits_near_those_of_the_largest_pool_at_less_cost(
    seed: int, record_property: Callable[[str, object], None]
) -> None:
    scaled, fixed = lived(seed, scaled=True), lived(seed, scaled=False)
    cost = scaled.instance_hours / fixed.instance_hours
    told = f"{cost:.0%} of the fixed pool's cost; mean waits {scaled.waits} s against {fixed.waits} s"
    record_property("scaling", told)
    assert cost < COST_MAX, told
    assert all(seconds < WAIT_UP_SECONDS for seconds in scaled.waits.values()), told


@pytest.mark.requirement("SCL-2")
def test_every_change_and_every_refusal_is_on_record_with_its_figures() -> None:
    day = lived(SEEDS[0], scaled=True)
    actions = {decision["action"] for _, decision in day.decisions}
    assert actions == {"up", "down", "refused"}
    for _, decision in day.decisions:
        keys = {"workflow", "action", "because", "size", "depth", "wait_seconds", "utilization", "window_seconds"}
        assert decision.keys() == keys
        assert decision["because"]
        assert ("but" in decision["because"]) is (decision["action"] == "refused")
