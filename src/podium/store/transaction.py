"""One batch of commands as one transaction: laws first, states derived, then leases; the same on every database."""

from collections.abc import Mapping, Sequence
from typing import Any

from podium.domain.command import Command, Complete, Decide, Dispatch, Prune, Record, Steer, Submit, Wake
from podium.domain.pipeline import Pipeline
from podium.store.batch import Batch
from podium.store.hot import Hot, Numbers
from podium.store.jobs import complete, dispatch, record, settle_touched, wake
from podium.store.projects import submit
from podium.store.retention import prune
from podium.store.reviews import decide
from podium.store.rows import Rows
from podium.store.steering import steer


def run(
    rows: Rows,
    commands: Sequence[Command],
    *,
    hot: Hot,
    pipelines: Mapping[str, Pipeline],
    numbers: Numbers,
    lanes: set[tuple[str, str]],
    now: float,
    wall: float,
) -> list[Any]:
    """Carry out `commands` inside the caller's transaction; the answers are in their order.

    Leases come last, so that what this batch freed or made ready is given out by this batch. `hot`, `numbers` and
    `lanes` are changed in place: the caller keeps them only if the commit holds.
    """
    batch = Batch(rows, hot, pipelines, numbers, now, wall)
    answers: list[Any] = [None] * len(commands)
    dispatches: list[int] = []
    for i, command in enumerate(commands):
        if isinstance(command, Dispatch):
            dispatches.append(i)
        else:
            answers[i] = _carry_out(batch, command)
    settle_touched(batch)
    lanes |= batch.lanes_entered
    leased = dispatch(batch, [d for i in dispatches if isinstance(d := commands[i], Dispatch)], lanes)
    for i, leases in zip(dispatches, leased, strict=True):
        answers[i] = leases
    settle_touched(batch)
    lanes |= batch.lanes_entered
    batch.flush()
    hot.keep(batch.jobs.values(), batch.used_flows, batch.used_owners.values())
    return answers


def _carry_out(batch: Batch, command: Submit | Complete | Wake | Decide | Steer | Record | Prune) -> Any:
    """The answer of one command's law."""
    match command:
        case Submit():
            return submit(batch, command)
        case Complete():
            return complete(batch, command)
        case Wake():
            return wake(batch)
        case Decide():
            return decide(batch, command)
        case Steer():
            return steer(batch, command)
        case Record():
            return record(batch, command)
        case Prune():
            return prune(batch, command)
