"""The one thing that holds the work up most is named, with its figures and what to do."""

import pytest

from podium.policy.bottleneck import FlowSeen, StepSeen, name

CALM = FlowSeen("content", size=3, running=1, depth=0, seconds=60.0)
BUSY = FlowSeen("development", size=4, running=4, depth=8, seconds=300.0)


@pytest.mark.requirement("SCL-5")
def test_too_few_instances_are_named_with_the_command_that_adds_one() -> None:
    found = name([CALM, BUSY], [], 0, 0.0, "")
    assert (found.kind, found.where, found.seconds) == ("instances", "development", 600.0)
    assert found.because == "8 jobs of development wait for 4 instances, all busy, with 300 s for each job"
    assert found.todo == "`podium scale-up development`"


@pytest.mark.requirement("SCL-5")
def test_a_machine_without_room_is_the_cause_not_the_pool() -> None:
    found = name([BUSY], [], 0, 0.0, "this machine has 100 MiB of memory free, under 512")
    assert (found.kind, "100 MiB" in found.because) == ("machine", True)


@pytest.mark.requirement("SCL-5")
def test_work_that_waits_beside_idle_instances_is_blocked_by_something_else() -> None:
    found = name([BUSY._replace(running=1)], [], 0, 0.0, "")
    assert (found.kind, found.todo) == ("blocked", "`podium stuck` says which job may go nowhere")
    assert "3 of its 4 instances do nothing" in found.because


@pytest.mark.requirement("SCL-5")
def test_what_costs_more_time_is_named_before_what_costs_less() -> None:
    assert name([BUSY], [], 2, 599.0, "").kind == "instances"
    assert name([BUSY], [], 2, 601.0, "").kind == "review"
    vain = StepSeen("development", "implement", ended=10, seconds=300.0, vain=9)
    assert name([BUSY], [vain], 0, 0.0, "").kind == "rework"
    assert name([BUSY], [vain._replace(vain=2)], 0, 0.0, "").kind == "instances"
    assert name([BUSY], [vain._replace(ended=4, vain=4)], 0, 0.0, "").kind == "instances"


@pytest.mark.requirement("SCL-5")
def test_when_all_is_well_it_says_so() -> None:
    found = name([CALM], [], 1, 30.0, "")
    assert (found.kind, found.because) == ("none", "nothing holds the work up")


def test_a_queue_without_instances_waits_without_end() -> None:
    assert name([BUSY._replace(size=0, running=0)], [], 9, 1e9, "").seconds == float("inf")
