"""The six queues side by side, each from counters, at a cost that does not depend on what waits (QUE-1)."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from podium.domain.errors import NotFound
from podium.domain.fleet import Route
from podium.domain.job import PODIUM_QUEUE
from podium.operations import waiting
from podium.operations.context import Context
from podium.operations.operation import Change, Nothing, Output, argument, operation, question
from podium.operations.roster import fleet_of
from podium.store.batch import HOUR_SECONDS
from podium.store.looks import lanes_of
from podium.store.rows import Rows
from podium.store.sketch import wait_seconds
from podium.store.writing import INPUT, REVIEW

Holds = Literal["projects", "jobs", "reviews"]


class QueueRow(Output):
    """One queue; a figure that nobody knows yet is null.

    Waiting times are those of the last full and the current hour; rates are of the last sixty minutes.
    """

    queue: str
    holds: Holds
    depth: int
    """How many wait: projects for room, jobs for an instance, reviews for a decision."""
    running: int
    """Jobs at work."""
    held: int
    """Jobs that enter when a chain of their project ends: their project has as many open as one may have."""
    oldest_seconds: float | None
    """How long the one that waits longest has waited."""
    wait_p50_seconds: float | None
    wait_p95_seconds: float | None
    in_per_hour: float
    out_per_hour: float
    instances: int | None = None
    """How many work for it; null for what no instance takes."""
    strategy: str | None = None
    """How its jobs are routed to instances."""
    drained: bool = False
    """Nothing is given out of it (`podium undrain`)."""


class QueuesOutput(Output):
    """Input, then the workflows in the pipeline's order, review, output.

    `input` holds projects that have not begun, since their first workflow's queue is full. A workflow's queue holds
    the jobs that lack nothing but an instance. `review` holds what waits for a reviewer. `output` holds finished work
    on its way out: what Podium has yet to merge, deploy or publish by its own hands.
    """

    queues: list[QueueRow]


OUTPUT: Final = "output"
Counted = tuple[str, Holds, str]
"""A queue: its name, what it holds, and as what that is counted."""


@question("queues")
def queues(rows: Rows, context: Context, asked: Nothing) -> QueuesOutput:
    """Show every queue: how much waits and for how long, what comes in and goes out."""
    ends: list[Counted] = [("review", "reviews", REVIEW), (OUTPUT, "jobs", PODIUM_QUEUE)]
    every: list[Counted] = [("input", "projects", INPUT), *of_workflows(context), *ends]
    return QueuesOutput(queues=rows_of(rows, context, every))


def of_workflows(context: Context) -> list[Counted]:
    """The queues of the home's workflows."""
    return [(name, "jobs", name) for name in context.pipeline.workflows]


def rows_of(rows: Rows, context: Context, queues: Sequence[Counted]) -> list[QueueRow]:
    """These queues with their figures."""
    tally = {(subject, state): n for subject, state, n in rows.all("tally_all")}
    ages = _ages(rows, context.clock.now())
    depths = {INPUT: waiting.depth(tally), REVIEW: tally.get((REVIEW, "open"), 0)}
    wall = context.clock.wall()
    fleet = fleet_of(rows, context)
    made: list[QueueRow] = []
    for name, holds, counted_as in queues:
        waits = dict(rows.all("wait_since", (counted_as, int(wall // HOUR_SECONDS) - 1)))
        out = last_hour(rows, f"queue.{counted_as}.started", wall)
        grown = last_hour(rows, f"queue.{counted_as}.depth", wall)
        row = QueueRow(
            queue=name, holds=holds,
            depth=depths[counted_as] if holds != "jobs" else tally.get((counted_as, "ready"), 0),
            running=tally.get((counted_as, "running"), 0), held=tally.get((counted_as, "held"), 0),
            oldest_seconds=ages.get(counted_as), wait_p50_seconds=quantile(waits, 0.5),
            wait_p95_seconds=quantile(waits, 0.95), in_per_hour=round(max(0.0, out + grown), 1),
            out_per_hour=round(out, 1), instances=len(fleet.present(counted_as)) if holds == "jobs" else None,
            strategy=fleet.strategies.get(counted_as, context.routing(counted_as)) if holds == "jobs" else None,
            drained=counted_as in fleet.drained,
        )  # fmt: skip
        made.append(row)
    return made


class StrategyInput(Change):
    """How a queue's work is routed, and why."""

    queue: str = argument()
    """The queue: a workflow."""
    strategy: Literal["specialized", "round-robin", "least-loaded", "priority"] = argument()
    """The strategy."""


class StrategyOutput(Output):
    """The strategy, and the one before."""

    queue: str
    strategy: str
    before: str


@operation("strategy")
async def strategy(context: Context, asked: StrategyInput) -> StrategyOutput:
    """Choose how a queue's jobs are routed to instances, from the next lease on."""
    known = await context.store.read(lambda rows: fleet_of(rows, context).queues())
    if asked.queue not in known:
        raise NotFound(f"There is no queue {asked.queue!r} with instances. Queues: {', '.join(known)}.")
    order = Route(asked.queue, asked.strategy, by=context.named(""), reason=asked.reason)
    before: str = await context.submit(order)
    return StrategyOutput(queue=asked.queue, strategy=asked.strategy, before=before or context.routing(asked.queue))


def _ages(rows: Rows, now: float) -> Mapping[str, float]:
    """How long the oldest of each queue has waited, where one does."""
    since = {INPUT: rows.one("input_oldest")[0], REVIEW: rows.one("review_oldest")[0]}
    for queue, _, _, at in ready_lanes(rows):
        since[queue] = min(at, since.get(queue, at))
    return {queue: round(max(0.0, now - at), 3) for queue, at in since.items() if at is not None}


def ready_lanes(rows: Rows) -> list[tuple[str, str, int, float]]:
    """(queue, lane, ready jobs, when the first in order became ready) of every lane where something waits."""
    return [(queue, lane, n, rows.one("ready_since", (queue, lane))[0]) for queue, lane, n in lanes_of(rows)]


def last_hour(rows: Rows, metric: str, wall: float) -> float:
    """What was counted in the last sixty minutes: this hour's, and the share of the last one that is still in."""
    hour = int(wall // HOUR_SECONDS)
    found = dict(rows.all("hourly_metric_since", (metric, hour - 1)))
    share = 1.0 - (wall % HOUR_SECONDS) / HOUR_SECONDS
    return found.get(hour, 0) + found.get(hour - 1, 0) * share


def quantile(buckets: dict[int, int], q: float) -> float | None:
    """The q-quantile in seconds of a waiting-time sketch; None when nothing was counted."""
    total = sum(buckets.values())
    if total == 0:
        return None
    seen = 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= q * total:
            return round(wait_seconds(bucket), 4)
    return None
