"""One batch of commands as one transaction: laws first, states derived, then leases; the same on every database."""

from collections.abc import Mapping, Sequence
from typing import Any

from podium.domain.command import Command, Complete, Decide, Dispatch, Record, Submit, Wake
from podium.domain.pipeline import Pipeline
from podium.store.batch import Batch, Numbers
from podium.store.jobs import complete, dispatch, record, settle_touched, wake
from podium.store.projects import submit
from podium.store.reviews import decide
from podium.store.rows import Rows

LAWS = {Submit: submit, Complete: complete, Wake: wake, Decide: decide, Record: record}


def run(
    rows: Rows,
    commands: Sequence[Command],
    *,
    pipelines: Mapping[str, Pipeline],
    numbers: Numbers,
    lanes: set[tuple[str, str]],
    now: float,
    wall: float,
) -> list[Any]:
    """Carry out `commands` inside the caller's transaction; the answers are in their order.

    Leases come last, so that what this batch freed or made ready is given out by this batch. `numbers` and `lanes`
    are changed in place: the caller keeps them only if the commit holds.
    """
    batch = Batch(rows, pipelines, numbers, now, wall)
    answers: list[Any] = [None] * len(commands)
    dispatches: list[int] = []
    for i, command in enumerate(commands):
        if isinstance(command, Dispatch):
            dispatches.append(i)
        else:
            answers[i] = LAWS[type(command)](batch, command)
    settle_touched(batch)
    lanes |= batch.lanes_entered
    leased = dispatch(batch, [d for i in dispatches if isinstance(d := commands[i], Dispatch)], lanes)
    for i, leases in zip(dispatches, leased, strict=True):
        answers[i] = leases
    settle_touched(batch)
    lanes |= batch.lanes_entered
    batch.flush()
    return answers

