"""What is counted is told from the first answer on, and never less than before (MET-1)."""

from types import SimpleNamespace
from typing import Any

import pytest

from podium.faces.rest.prometheus import Exposition, Sums, _counters


def exposition() -> Exposition:
    context: Any = SimpleNamespace(clock=SimpleNamespace(wall=lambda: 360_000.0))
    return Exposition(lambda: context)


@pytest.mark.requirement("MET-1")
def test_a_counter_begins_with_the_first_answer_and_what_is_new_from_nothing() -> None:
    told = exposition()
    assert told._since_first({"project.completed": (5, 50.0)}) == {"project.completed": (0.0, 0.0)}
    later: Sums = {"project.completed": (7, 75.5), "verdict.genesis.pass": (3, 0.0)}
    assert told._since_first(later) == {"project.completed": (2, 25.5), "verdict.genesis.pass": (3, 0.0)}
    assert told._since_first({"project.completed": (4, 40.0)}) == {"project.completed": (0.0, 0.0)}, "never negative"


@pytest.mark.requirement("MET-1")
def test_every_kept_sum_is_told_once_by_what_it_counts() -> None:
    sums: Sums = {
        "project.completed": (2, 60.0),
        "project.failed": (1, 0.0),
        "workflow.content@2.completed": (4, 9.0),
        "queue.development.started": (8, 3.0),
        "queue.development.busy": (7, 70.0),
        "queue..review.started": (5, 0.0),
        "queue.development.depth": (-1, 0.0),
        "verdict.development.rework": (3, 0.0),
        "spend.content": (2, 1.25),
    }
    told = {f"{one.name}{[*one.labels.values()]}": one.value for family in _counters(sums) for one in family.samples}
    assert told == {
        "podium_projects_ended_total['completed']": 2,
        "podium_projects_ended_total['failed']": 1,
        "podium_pipeline_seconds_total[]": 60.0,
        "podium_workflow_runs_total['content@2']": 4,
        "podium_jobs_started_total['development']": 8,
        "podium_busy_seconds_total['development']": 70.0,
        "podium_attempts_ended_total['development', 'rework']": 3,
        "podium_spend_usd_total['content']": 1.25,
    }
