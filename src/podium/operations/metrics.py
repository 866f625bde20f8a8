"""What came of the work: pace, waiting, use of the pools, retries and spend over a window, and how they went in it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from podium.operations.context import Context
from podium.operations.operation import Input, Output, question
from podium.operations.queues import quantile
from podium.operations.roster import fleet_of
from podium.store.batch import HOUR_SECONDS, SPAN_SECONDS, SPANS_KEPT
from podium.store.rows import Rows

WINDOWS: Final = {"1h": (SPAN_SECONDS, SPANS_KEPT), "24h": (HOUR_SECONDS, 24), "7d": (HOUR_SECONDS, 168)}
"""How long a span is, and how many full ones there are before the one that runs."""
RETRIED: Final = (".retry", ".rework", ".bury")
"""Verdicts after which a step's work was done in vain."""


class MetricsInput(Input):
    """How far back."""

    window: Literal["1h", "24h", "7d"] = "24h"
    """How far back: so many full hours, and the one that runs; of one hour, by five minutes."""


class WorkflowMetrics(Output):
    """One workflow; a figure that nobody knows is null."""

    projects_completed: int
    """Runs of this workflow that reached its end."""
    average_seconds: float | None
    """What such a run took, from its beginning to its end."""
    started: int
    """Attempts that were given to an instance."""
    wait_p50_seconds: float | None
    wait_p95_seconds: float | None
    """How long a job had waited for its instance; right to within 19 %."""
    busy_seconds: float
    """What the attempts that ended took together."""
    utilization: float | None
    """That, as a share of the time that the pool's present instances had; null without instances."""
    instances: int
    """How many the pool has now."""
    verdicts: dict[str, int]
    """How attempts ended: pass, retry, rework, escalate, bury (a dead letter) or release (uncharged)."""


class MetricsSpan(Output):
    """One span of the window; but for the first, spans in which nothing was counted are left out."""

    at: float
    """Its beginning, in seconds since the epoch."""
    projects_completed: int
    completed: dict[str, int]
    """Runs of each workflow that reached its end."""
    started: dict[str, int]
    busy_seconds: dict[str, float]
    depth: dict[str, int]
    """Ready jobs at its end; in the span that runs, now."""
    wait_p50_seconds: dict[str, float | None]
    wait_p95_seconds: dict[str, float | None]
    retries: int
    cost_usd: float | None


class MetricsOutput(Output):
    """What was counted since the window's first span began."""

    window: str
    since: float
    """In seconds since the epoch."""
    until: float
    """Now, in the same seconds."""
    projects_completed: int
    projects_failed: int
    success_rate: float | None
    projects_per_hour: float
    average_pipeline_seconds: float | None
    """From a project's submission to its end."""
    retries: int
    """Attempts whose work was in vain: tried again, sent back, or dead."""
    cost_usd: float | None
    """Of the attempts whose agent told what it cost; null when none did."""
    workflows: dict[str, WorkflowMetrics]
    span_seconds: int
    """How long a span is: five minutes in a window of one hour, else an hour."""
    spans: list[MetricsSpan]


class _Cell(Counter[int]):
    """How many observations of a metric, of waits by the sketch's buckets, and what they come to."""

    sum: float = 0.0


_Counted = defaultdict[str, _Cell]


@question("metrics")
def metrics(rows: Rows, context: Context, asked: MetricsInput) -> MetricsOutput:
    """Show pace, waiting times, use of the pools, retries and spend, in sum and span by span."""
    wall = context.clock.wall()
    width, full = WINDOWS[asked.window]
    first = int(wall // width) - full
    since, statement = first * width, "counted_by_hour" if width == HOUR_SECONDS else "counted_by_span"
    spans: dict[int, _Counted] = {since: defaultdict(_Cell)}
    whole: _Counted = defaultdict(_Cell)
    for span, metric, bucket, n, total in rows.all(statement, (first,)):
        for cell in (spans.setdefault(span * width, defaultdict(_Cell))[metric], whole[metric]):
            cell[bucket] += n
            cell.sum += total
    names = list(context.pipeline.workflows)
    done, failed = whole["project.completed"], whole["project.failed"].total()
    ready = {subject: n for subject, state, n in rows.all("tally_all") if state == "ready"}
    return MetricsOutput(
        window=asked.window, since=since, until=wall, projects_completed=done.total(), projects_failed=failed,
        success_rate=round(done.total() / (done.total() + failed), 4) if done.total() + failed else None,
        projects_per_hour=round(done.total() / (wall - since) * HOUR_SECONDS, 3),
        average_pipeline_seconds=_average(done), retries=_retries(whole), cost_usd=_cost(whole),
        workflows={name: _workflow(rows, context, name, whole, wall - since) for name in names},
        span_seconds=width, spans=_spans(names, spans, ready),
    )  # fmt: skip


def _spans(names: Sequence[str], spans: Mapping[int, _Counted], depth: dict[str, int]) -> list[MetricsSpan]:
    """Span by span; what a queue held is known by what it gained and lost since, counted back from now."""
    made: list[MetricsSpan] = []
    for at, counted in reversed(list(spans.items())):
        row = MetricsSpan(
            at=at,
            projects_completed=counted["project.completed"].total(),
            completed={name: counted[f"workflow.{name}.completed"].total() for name in names},
            started={name: counted[f"queue.{name}.started"].total() for name in names},
            busy_seconds={name: round(counted[f"queue.{name}.busy"].sum, 3) for name in names},
            depth={name: depth.get(name, 0) for name in names},
            wait_p50_seconds={name: quantile(counted[f"wait.{name}"], 0.5) for name in names},
            wait_p95_seconds={name: quantile(counted[f"wait.{name}"], 0.95) for name in names},
            retries=_retries(counted),
            cost_usd=_cost(counted),
        )
        made.append(row)
        depth = {name: depth.get(name, 0) - counted[f"queue.{name}.depth"].total() for name in names}
    return made[::-1]


def _workflow(rows: Rows, context: Context, name: str, counted: _Counted, seconds: float) -> WorkflowMetrics:
    waits = counted[f"wait.{name}"]
    completed, busy = counted[f"workflow.{name}.completed"], counted[f"queue.{name}.busy"].sum
    pool = len(fleet_of(rows, context).present(name))
    ended = f"verdict.{name}."
    return WorkflowMetrics(
        projects_completed=completed.total(), average_seconds=_average(completed),
        started=counted[f"queue.{name}.started"].total(), busy_seconds=round(busy, 3), instances=pool,
        wait_p50_seconds=quantile(waits, 0.5), wait_p95_seconds=quantile(waits, 0.95),
        utilization=round(min(1.0, busy / (pool * seconds)), 4) if pool else None,
        verdicts={key.removeprefix(ended): cell.total() for key, cell in counted.items() if key.startswith(ended)},
    )  # fmt: skip


def _average(cell: _Cell) -> float | None:
    return round(cell.sum / cell.total(), 3) if cell.total() else None


def _retries(counted: _Counted) -> int:
    return sum(n.total() for key, n in counted.items() if key.startswith("verdict.") and key.endswith(RETRIED))


def _cost(counted: _Counted) -> float | None:
    known = [cell for key, cell in counted.items() if key.startswith("spend.")]
    return round(sum(cell.sum for cell in known), 6) if known else None
