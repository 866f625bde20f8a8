"""The six queues side by side, each from counters, at a cost that does not depend on what waits (QUE-1)."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from podium.domain.errors import NotFound
from podium.domain.fleet import Route
from podium.domain.job import PODIUM_QUEUE
from podium.operations import waiting
from podium.operations.context import Context
from podium.operations.operation import Change, Nothing, Output, argument, operation, question
from podium.operations.roster import fleet_of
from podium.operations.status import last_hour, quantile, ready_lanes
from podium.store.batch import HOUR_SECONDS
from podium.store.rows import Rows
from podium.store.writing import INPUT, REVIEW


class QueueRow(Output):
    """One queue; a figure that nobody knows yet is null.

    Waiting times are those of the last full and the current hour; rates are of the last sixty minutes.
    """

    queue: str
    holds: Literal["projects", "jobs", "reviews"]
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


class _Source(NamedTuple):
    """Where a queue's figures are kept."""

    name: str
    holds: Literal["projects", "jobs", "reviews"]
    counted_as: str


OUTPUT: Final = "output"


@question("queues", server="queue")
def queues(rows: Rows, context: Context, asked: Nothing) -> QueuesOutput:
    """Show every queue: how much waits and for how long, what comes in and goes out."""
    tally = {(subject, state): n for subject, state, n in rows.all("tally_all")}
    ages = _ages(rows, context.clock.now())
    sources = [
        _Source("input", "projects", INPUT),
        *(_Source(name, "jobs", name) for name in context.pipeline.workflows),
        _Source("review", "reviews", REVIEW),
        _Source(OUTPUT, "jobs", PODIUM_QUEUE),
    ]
    depths = {INPUT: waiting.depth(tally), REVIEW: tally.get((REVIEW, "open"), 0)}
    wall = context.clock.wall()
    fleet = fleet_of(rows, context)
    made: list[QueueRow] = []
    for name, holds, counted_as in sources:
        waits = dict(rows.all("wait_since", (counted_as, int(wall // HOUR_SECONDS) - 1)))
        out = last_hour(rows, f"queue.{counted_as}.started", wall)
        grown = last_hour(rows, f"queue.{counted_as}.depth", wall)
        row = QueueRow(
            queue=name, holds=holds, depth=depths.get(counted_as, tally.get((counted_as, "ready"), 0)),
            running=tally.get((counted_as, "running"), 0), held=tally.get((counted_as, "held"), 0),
            oldest_seconds=ages.get(counted_as), wait_p50_seconds=quantile(waits, 0.5),
            wait_p95_seconds=quantile(waits, 0.95), in_per_hour=round(max(0.0, out + grown), 1),
            out_per_hour=round(out, 1), instances=len(fleet.present(counted_as)) if holds == "jobs" else None,
            strategy=fleet.strategies.get(counted_as, context.routing(counted_as)) if holds == "jobs" else None,
            drained=counted_as in fleet.drained,
        )  # fmt: skip
        made.append(row)
    return QueuesOutput(queues=made)


class StrategyInput(Change):
    """How a queue's work is routed, and why."""

    queue: str = argument("The queue: a workflow.")
    strategy: Literal["specialized", "round-robin", "least-loaded", "priority"] = argument("The strategy.")


class StrategyOutput(Output):
    """The strategy, and the one before."""

    queue: str
    strategy: str
    before: str


@operation(
    "strategy", safety="write", idempotent=True, server="queue",
    example="podium strategy development least-loaded --reason 'even wear'",
)  # fmt: skip
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
