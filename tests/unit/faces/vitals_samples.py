"""Answers of `health` and `metrics`, as faces get them."""

from podium.operations.doctor import Check
from podium.operations.health import HealthOutput
from podium.operations.metrics import MetricsOutput, MetricsSpan, WorkflowMetrics
from podium.operations.nodes import NodeRow, NodesOutput
from podium.operations.targets import Target, TargetsOutput
from tests.unit.faces.samples import NOW, Answer, plain

HOUR = 3600.0


def health(*, well: bool = True) -> Answer:
    silent = Check(name="Instances", state="warning", detail="3 of 13 at work; silent: dev-02", to_do="`podium stuck`.")
    checks = [Check(name="Orchestrator", state="ok", detail="running, 3 open projects")]
    return plain(HealthOutput(state="ok" if well else "warning", checks=checks if well else [*checks, silent]))


def metrics(*, empty: bool = False) -> Answer:
    quiet = WorkflowMetrics(
        projects_completed=0, average_seconds=None, started=0, wait_p50_seconds=None, wait_p95_seconds=None,
        busy_seconds=0.0, utilization=0.0, instances=0, verdicts={},
    )  # fmt: skip
    busy = WorkflowMetrics(
        projects_completed=12, average_seconds=754.2, started=212, wait_p50_seconds=0.004, wait_p95_seconds=95.2,
        busy_seconds=40_210.0, utilization=0.62, instances=5, verdicts={"pass": 190, "rework": 15, "retry": 7},
    )  # fmt: skip
    first = NOW // HOUR * HOUR - 24 * HOUR
    hours = [
        MetricsSpan(
            at=first + n * HOUR, projects_completed=n % 2, started={"development": n * n % 17}, busy_seconds={},
            completed={}, depth={}, wait_p50_seconds={}, wait_p95_seconds={}, retries=0, cost_usd=0.5,
        )
        for n in range(0, 24, 2)
    ]  # fmt: skip
    return plain(
        MetricsOutput(
            window="24h",
            since=first,
            until=NOW,
            projects_completed=0 if empty else 12,
            projects_failed=0 if empty else 1,
            success_rate=None if empty else 0.923,
            projects_per_hour=0.0 if empty else 0.5,
            average_pipeline_seconds=None if empty else 1_800.0,
            retries=0 if empty else 22,
            cost_usd=None if empty else 14.2,
            workflows={"genesis": quiet, "development": quiet if empty else busy},
            span_seconds=3600,
            spans=[] if empty else hours,
        )
    )


def targets() -> Answer:
    """One met, one missed, one that nobody can tell."""
    rows = [
        Target(
            name="genesis", unit="projects an hour at full use", low=5.0, high=10.0, actual=6.2, met=True,
            rests_on="from 4 projects",
        ),
        Target(name="development", unit="features an hour and instance", low=2.0, high=5.0, actual=1.3, met=False),
        Target(name="pipeline", unit="hours from submission to end", low=4.0, high=8.0, actual=None, met=None),
    ]  # fmt: skip
    return plain(TargetsOutput(window_hours=24, targets=rows))


def nodes() -> list[tuple[str, Answer]]:
    """A leader with one that follows, and a home with a database of its own."""
    rows = [
        NodeRow(name="ash", url="http://10.0.0.4:8420", version="0.1.0", silent_seconds=0.4, leads_in_epoch=7),
        NodeRow(name="birch", url="http://10.0.0.5:8420", version="0.1.0", silent_seconds=95.0, leads_in_epoch=0),
    ]
    return [("nodes", plain(NodesOutput(nodes=found))) for found in (rows, [])]
