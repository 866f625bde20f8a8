"""What scaling decided, with its figures, and what holds the work up most (SCL-2, SCL-5)."""

import json

from podium.operations.context import Context
from podium.operations.operation import Input, Nothing, Output, option, question
from podium.policy.bottleneck import FlowSeen, StepSeen, name as named
from podium.store.batch import HOUR_SECONDS
from podium.store.looks import Look, looks, seconds_of_jobs
from podium.store.rows import Rows
from podium.store.writing import REVIEW

STEPS_SECONDS = 24 * 3600.0
"""How far back steps are looked at."""


class DecisionsInput(Input):
    """Which decisions."""

    workflow: str = option("", max_length=100)
    """Only of this workflow."""
    before: int = option(1 << 53, ge=1)
    """Only those before this number."""
    limit: int = option(50, ge=1, le=1000)
    """How many, the newest first."""


class ScalingDecision(Output):
    """One change of a workflow's size, or a refusal, with the figures that it was made on."""

    seq: int
    """The number of its event."""
    at: float
    """In seconds since the epoch."""
    workflow: str
    action: str
    """`up`, `down` or `refused`."""
    because: str
    size: int
    """Instances before it."""
    depth: int
    """Ready jobs."""
    wait_seconds: float
    """The mean wait of what was started in the last 30 minutes and of what waits."""
    utilization: float
    """Busy time as a share of the instances' time in the last 5 minutes."""
    window_seconds: float
    """How far back it could be looked; less than the whole window after a start."""


class DecisionsOutput(Output):
    """Decisions, the newest first."""

    decisions: list[ScalingDecision]


@question("scaling decisions")
def scaling_decisions(rows: Rows, context: Context, asked: DecisionsInput) -> DecisionsOutput:
    """List what automatic scaling did and refused to do, with the figures behind it."""
    found = rows.all("scaling_decisions", (asked.before, asked.workflow, asked.limit))
    return DecisionsOutput(decisions=[ScalingDecision(seq=seq, at=at, **json.loads(data)) for seq, at, data in found])


class WorkflowLoad(Output):
    """One workflow, as it was looked at."""

    workflow: str
    instances: int
    running: int
    ready: int
    job_seconds: float
    """What a job takes on average, over the last day; 0 where nobody knows."""
    expected_wait_seconds: float | None
    """How long the last job in its queue waits at the present pace; null without instances."""


class StepLoad(Output):
    """What attempts at one step came to in the last day, of the latest thousand."""

    workflow: str
    step: str
    ended: int
    average_seconds: float
    in_vain: int
    """Tried again, sent back, or dead."""


class BottleneckOutput(Output):
    """The one thing that holds the work up most, what to do about it, and the figures."""

    kind: str
    """`instances`, `machine`, `blocked`, `review`, `rework`, or `none`."""
    where: str
    because: str
    todo: str
    seconds: float | None
    """How long work waits for it now; null where it waits without end."""
    workflows: list[WorkflowLoad]
    steps: list[StepLoad]
    reviews: int
    review_oldest_seconds: float
    machine: str
    """Why this machine has no room for another instance; empty when it has."""


@question("bottleneck")
def bottleneck(rows: Rows, context: Context, asked: Nothing) -> BottleneckOutput:
    """Name what holds the work up most at the moment, and what to do about it."""
    now, wall, machine = context.clock.now(), context.clock.wall(), context.gate()
    seconds = seconds_of_jobs(rows, int((wall - STEPS_SECONDS) // HOUR_SECONDS))
    flows = [_flow(look, seconds.get(look.queue, 0.0)) for look in looks(rows, now, wall)]
    steps = [StepSeen(*row[:5]) for row in rows.all("steps_lately", (now - STEPS_SECONDS,))]
    (oldest,) = rows.one("review_oldest")
    reviews = sum(n for subject, state, n in rows.all("tally_all") if (subject, state) == (REVIEW, "open"))
    age = now - oldest if oldest is not None else 0.0
    worst = named(flows, steps, reviews, age, machine)
    return BottleneckOutput.like(
        worst,
        seconds=_finite(worst.seconds),
        workflows=list(map(_load, flows)),
        steps=[StepLoad.like(one, average_seconds=round(one.seconds, 3), in_vain=one.vain) for one in steps],
        reviews=reviews,
        review_oldest_seconds=round(age, 1),
        machine=machine,
    )  # fmt: skip


def _load(flow: FlowSeen) -> WorkflowLoad:
    seconds, wait = round(flow.seconds, 3), _finite(flow.expected_wait_seconds)
    return WorkflowLoad.like(
        flow, instances=flow.size, ready=flow.depth, job_seconds=seconds, expected_wait_seconds=wait
    )


def _flow(look: Look, seconds: float) -> FlowSeen:
    return FlowSeen(look.queue, look.size, look.running, look.depth, seconds)


def _finite(seconds: float) -> float | None:
    return round(seconds, 1) if seconds < float("inf") else None
