"""`podium simulate`: what other pools and policies would do, and that what was recorded comes out again."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from podium.app import RealWorld
from podium.domain.access import OPERATOR
from podium.domain.errors import NotFound, UsageError
from podium.operations import simulate
from podium.operations.catalogue import answered
from podium.operations.context import Context
from podium.operations.simulate import SimulatedRun, SimulateInput, SimulateOutput
from podium.simulation.play import play
from podium.simulation.scenario import Scenario, SimulatedQueue
from podium.store.sqlite import SqliteStore
from podium.store.store import DATABASE
from tests.simulation.run import Run
from tests.simulation.world import Faults, Workload

REPLAY_OFF_MAX = 0.1
"""Share by which the pace of a replay under the home's own policy may differ from the recorded one."""
CALM: dict[str, Any] = {"settings": "scaling.enabled=false"}
BUSY: dict[str, Any] = {"hours": 2, "per_hour": 4, "features": 4}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "podium.toml").write_text("", "utf-8")
    return tmp_path


def recorded(home: Path) -> None:
    """Fill the home with what another stand-in world does: its agents' times are exponential, some are sent back."""
    faults, work = Faults(agent_rework=0.1), Workload(step_seconds=60.0, features=3)
    assert Run(3, faults, 8, work, lambda: SqliteStore(home / DATABASE)).play().violations == ()


def of(home: Path, ask: Callable[[Context], Any]) -> Any:
    """What comes of a question that is asked of the home."""

    async def opened() -> Any:
        async with RealWorld().reading(home) as context:
            return await ask(context)

    return asyncio.run(opened())


def scenario(home: Path, settings: str = "", **asked: Any) -> Scenario:
    """What a simulation of this home begins with."""
    question = SimulateInput(**asked)

    async def prepare(context: Context) -> Scenario:
        made, _ = await context.store.read(lambda rows: simulate._home(rows, context, question))
        return simulate._with(made, dict(part.split("=") for part in settings.split()))

    return of(home, prepare)


def told(home: Path, **asked: Any) -> SimulateOutput:
    """The operation's answer."""
    return of(home, lambda context: answered("simulate", context, asked, OPERATOR))


@pytest.mark.requirement("SIM-1")
def test_more_instances_shorten_waits_up_to_the_knee(home: Path) -> None:
    sizes = (4, 8, 16, 32)
    runs = [play(scenario(home, f"scaling.enabled=false pools.development={n}", **BUSY)) for n in sizes]
    waits = [run.queues["development"].wait_p95_seconds or 0.0 for run in runs]
    took = [run.project_p95_seconds for run in runs]
    assert waits[0] > 2 * waits[1] > 4 * waits[2] >= waits[3]
    assert took[0] > 1.3 * took[1]
    assert took[2] < 1.1 * took[3], "behind the knee more instances bring little"
    busy = [run.queues["development"].utilization for run in runs]
    assert busy == sorted(busy, reverse=True)
    assert [round(run.queues["development"].instances) for run in runs] == list(sizes)
    assert {run.unfinished for run in runs} == {0}


@pytest.mark.requirement("SIM-1")
def test_pools_grow_and_shrink_in_it_by_the_rules_that_are_compared(home: Path) -> None:
    rule = "scaling.workflows.development.max=12 pools.development=2"
    few = play(scenario(home, f"{rule} scaling.enabled=false", **BUSY))
    scaled = play(scenario(home, rule, **BUSY))
    slow = play(scenario(home, f"{rule} scaling.workflows.development.cooldown_up_seconds=7200", **BUSY))
    waits = [run.queues["development"].wait_p95_seconds or 0.0 for run in (scaled, slow, few)]
    assert waits == sorted(waits)
    assert 2 * waits[0] < waits[2]
    assert 2.5 < scaled.queues["development"].instances < 12
    assert scaled.queues["development"].instances > slow.queues["development"].instances > 2


@pytest.mark.requirement("SIM-1")
def test_the_same_question_has_the_same_answer_byte_for_byte(home: Path) -> None:
    asked = [scenario(home, "", hours=0.5, features=1, failures=0.3, seed=seed) for seed in (1, 1, 2)]
    run = partial(subprocess.run, simulate.COMMAND, input=TypeAdapter(list[Scenario]).dump_json(asked))
    first, again = (run(env={"PYTHONHASHSEED": chance}, capture_output=True, check=True) for chance in "03")
    assert first.stdout == again.stdout, "it depends on nothing but the scenario"
    one, two, other = json.loads(first.stdout)
    assert one == two != other
    assert SimulatedRun.model_validate(one) == play(asked[0])


@pytest.mark.requirement("SIM-1")
def test_the_answer_is_the_least_that_is_enough(home: Path) -> None:
    compared = {"compare": "pools.development=1,6 strategies=specialized,least-loaded", **CALM}
    compared |= {"hours": 1, "features": 2}
    found = told(home, goal_hours=5, **compared)
    assert [run.setting for run in found.runs] == [
        f"pools.development={n} strategies={name}" for n in (1, 6) for name in ("specialized", "least-loaded")
    ]
    assert "enough for 95 % of projects within 5 h: pools.development=6 " in found.verdict
    assert all(time.recorded == 0 for steps in found.times.values() for time in steps.values())
    nothing = told(home, goal_hours=0.1, goal_per_hour=50, **compared).verdict
    assert nothing.startswith("Nothing here is enough for 95 % of projects within 0.1 h and 50 an hour.")
    assert "try --compare pools." in nothing


@pytest.mark.requirement("SIM-2")
def test_a_replay_under_the_own_policy_has_the_recorded_pace(home: Path) -> None:
    recorded(home)
    found = told(home, replay=True, hours=168, compare="pools.development=5,1", **CALM)
    as_it_was, fewer = found.runs
    assert found.recorded_per_hour
    assert as_it_was.projects == 8
    assert as_it_was.projects_per_hour == pytest.approx(found.recorded_per_hour, rel=REPLAY_OFF_MAX)
    assert fewer.projects_per_hour < 0.8 * as_it_was.projects_per_hour, "one instance for five would have been slower"
    measured = found.times["development"]["implement"]
    assert measured.recorded > 8 * 3, "some were sent back"
    assert 20 < (measured.seconds or 0.0) < 90, "the median of an exponential distribution with a mean of 60 s"
    assert 0 < (measured.in_vain or 0.0) < 0.3


@pytest.mark.requirement("SIM-2")
def test_what_is_measured_here_decides_how_long_new_work_takes(home: Path) -> None:
    usual = told(home, hours=1, **CALM).runs[0]
    recorded(home)
    measured = told(home, hours=1, **CALM).runs[0]
    assert measured.project_p50_seconds * 3 < usual.project_p50_seconds


def test_nothing_on_record_cannot_be_replayed(home: Path) -> None:
    with pytest.raises(NotFound, match="no --replay"):
        told(home, replay=True)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"settings": "pool.development=3"}, "'pool.development' is nothing that a simulation can set"),
        ({"settings": "pools.dev=3"}, "'pools.dev' is nothing"),
        ({"settings": "hours.x=3"}, "'hours.x' is nothing"),
        ({"settings": "pools.development=many"}, "pools.development: Input should be a valid integer"),
        ({"settings": "pools=101"}, "less than or equal to 100"),
        ({"settings": "strategies.content=fastest"}, "strategies.content: Input should be"),
        ({"settings": "scaling.workflows.content.depth_up=2"}, "the lower threshold must be below"),
        ({"settings": "pools.development 3"}, "settings: String should match pattern"),
        ({"compare": "seed=1,2,3,4 per_hour=1,2,3,4"}, "16 alternatives; 12 are the most"),
    ],
)
def test_what_cannot_be_simulated_is_told(home: Path, asked: dict[str, str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        told(home, **asked)


def test_a_simulation_that_takes_too_long_is_ended(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "SECONDS_MAX", 0.2)
    with pytest.raises(UsageError, match="Ask for fewer"):
        told(home)


def test_a_simulation_that_fails_says_why(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "COMMAND", (*simulate.COMMAND[:1], "-c", "raise MemoryError('too large')"))
    with pytest.raises(UsageError, match="too large"):
        told(home)


def test_people_wake_what_died_and_approve_what_waits(home: Path) -> None:
    asked = scenario(home, "", hours=0.5, per_hour=2, features=2, failures=0.4)
    assert play(asked).unfinished == 0


def test_a_queue_knows_its_own_shape(home: Path) -> None:
    queue = play(scenario(home, "pools.content=0 scaling.enabled=false", hours=1, features=1)).queues["content"]
    assert queue == SimulatedQueue(
        instances=0.0, wait_p50_seconds=None, wait_p95_seconds=None, utilization=0.0, depth=[0.0] * 48, busy=[0.0] * 48
    )
