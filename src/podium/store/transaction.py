"""One batch of commands as one transaction: laws first, states derived, then leases; the same on every database."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from podium.domain.command import (
    Audit,
    Command,
    Complete,
    Decide,
    Dispatch,
    IssueToken,
    Record,
    RevokeToken,
    Steer,
    Submit,
    Wake,
)  # fmt: skip
from podium.domain.pipeline import Pipeline
from podium.store.batch import Batch
from podium.store.hot import Hot, Numbers
from podium.store.jobs import complete, dispatch, record, settle_touched, wake
from podium.store.projects import submit
from podium.store.reviews import decide
from podium.store.rows import Rows
from podium.store.steering import steer
from podium.store.tokens import audit, issue, revoke


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
            answers[i] = _LAWS[type(command)](batch, command)
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


_LAWS: Final[Mapping[type[Any], Callable[[Batch, Any], Any]]] = {
    Audit: audit,
    Complete: complete,
    Decide: decide,
    IssueToken: issue,
    Record: record,
    RevokeToken: revoke,
    Steer: steer,
    Submit: submit,
    Wake: wake,
}
"""Who carries out a command; `Dispatch` is not among them, since leases are made last, all together."""
