"""Each fault of the simulation strikes, alone and in the storm, and is survived."""

from dataclasses import fields, replace
from typing import Any

import pytest

from tests.simulation.run import Run
from tests.simulation.seeds import STORMY
from tests.simulation.world import Faults, Workload

CALM = Workload(step_seconds=60.0, features=3, chains_max=2)
ALONE = {"disk_full": 0.02, "slow_commit": 0.2, "crash_before_commit": 0.02, "crash_after_commit": 0.02}
"""Chances of faults that strike a batch; the others strike half of the time."""


def history(seed: int, faults: Faults) -> tuple[Run, list[tuple[Any, ...]]]:
    """One run and its log, without the wall clock's words in it."""
    run = Run(seed, replace(faults), 1, CALM)
    log: list[tuple[Any, ...]] = []
    close = run.world.database.close

    def read_and_close() -> None:
        log.extend(tuple(e[:-1]) for e in run.world.database.rows.all("all_events"))
        close()

    run.world.database.close = read_and_close
    assert run.play().violations == ()
    return run, log


@pytest.mark.requirement("REC-8", "REC-9", "QUE-4")
@pytest.mark.parametrize("name", [f.name for f in fields(Faults)])
def test_each_fault_alone_is_survived(name: str) -> None:
    struck = 0
    for seed in range(2):
        chance = ALONE.get(name, 0.5 if name.startswith(("late", "lost", "dup", "stale", "clock")) else 0.15)
        run, _ = history(seed, replace(Faults(), **{name: chance}))
        struck += run.world.ground.injected[name]
    assert struck, "a test bed that injects nothing proves nothing"


def test_the_storm_has_every_fault() -> None:
    assert all(getattr(STORMY, f.name) > 0 for f in fields(Faults))


@pytest.mark.requirement("REC-8")
@pytest.mark.parametrize("seed", range(5))
def test_a_wall_clock_that_jumps_changes_nothing(seed: int) -> None:
    storm = replace(STORMY, provider_limit=0.0)  # a provider's word is a time on the wall
    steady, log = history(seed, storm)
    jumping, same = history(seed, replace(storm, clock_step=0.5))
    assert jumping.world.ground.injected["clock_step"] > steady.world.ground.injected["clock_step"]
    assert log == same


@pytest.mark.requirement("REC-6", "REC-9")
def test_a_provider_that_is_down_opens_its_breaker_and_uses_up_no_try() -> None:
    run, log = history(1, replace(Faults(), provider_down=0.2))
    told = [event[1] for event in log]
    assert run.world.ground.injected["provider_down"] > 0
    first, *_, last = [type_ for type_ in told if type_.startswith("breaker.")]
    assert (first, last) == ("breaker.opened", "breaker.closed")
    assert "job.escalated" not in told


@pytest.mark.requirement("REC-9")
def test_a_full_disk_heals_and_every_result_is_kept() -> None:
    run, log = history(3, replace(Faults(), disk_full=0.05))
    assert run.world.ground.injected["disk_full"] > 1
    assert run.orchestrators == 1
    passed = sum(1 for e in log if e[1] == "job.passed")
    assert passed == sum(run.world.ground.reported.values()), "no agent may work twice because a commit was refused"
