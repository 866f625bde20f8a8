"""One batch of commands as one transaction: laws first, states derived, then leases; the same on every database."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from podium.domain import command as asked
from podium.domain.command import Arrive, Command, Complete, Dispatch, Submit
from podium.domain.errors import Unavailable
from podium.domain.job import Lease
from podium.store import fleet
from podium.store.batch import Batch
from podium.store.breakers import heed
from podium.store.cold import gather
from podium.store.jobs import dispatch, note_adopted, settle_touched, wake
from podium.store.messages import acknowledge, note
from podium.store.outbox import dismiss, replay, settle_delivery
from podium.store.projects import let_in, react, start, submit
from podium.store.retention import prune
from podium.store.reviews import decide
from podium.store.rules import notice
from podium.store.spending import complete
from podium.store.steering import steer
from podium.store.tokens import audit, issue, revoke
from podium.store.waking import send

ARRIVALS_SECONDS: Final = 60 * 86_400.0
"""How long it is known which deliveries have been received; senders give up within days."""


def run(batch: Batch, commands: Sequence[Command], lanes: set[tuple[str, str]]) -> list[Any]:
    """Carry out `commands` inside the caller's transaction; the answers are in their order.

    Leases come last, so that what this batch freed or made ready is given out by this batch. `lanes` and what the batch
    was made of are changed in place: the caller keeps them only if the commit holds.
    """
    batch.expect([command.project.id for command in commands if isinstance(command, Submit)])
    gather(batch, [command.job for command in commands if isinstance(command, Complete)])
    asks = {i: command for i, command in enumerate(commands) if isinstance(command, Dispatch)}
    answers = [None if i in asks else _LAWS[type(command)](batch, command) for i, command in enumerate(commands)]
    _settle(batch, lanes)
    offers = fleet.admitted(batch, [*asks.values()])
    leased = dispatch(batch, offers, lanes)
    while batch.hot.waiting and let_in(batch):  # the leases have made room
        _settle(batch, lanes)
        leased = _offer_again(batch, offers, leased, lanes)
    for i, leases in zip(asks, leased, strict=True):
        answers[i] = leases
    _settle(batch, lanes)
    batch.flush()
    return answers


def _arrive(batch: Batch, command: Arrive) -> Any:
    """Keep what came in under its key, once, with its effects; what must come later again is not kept at all."""
    here = any(row[0] == command.key for row in batch.writes["outside_put"])
    if not command.again and (here or batch.rows.one("outside_by_key", (command.key,))):
        return None
    answers = [_LAWS[type(effect)](batch, effect) for effect in command.effects]
    if answers and isinstance(answers[0], Unavailable):
        return answers[0]
    project = command.project or next((getattr(answer, "project", "") for answer in answers), "")
    if command.notice:
        text = command.notice.replace("{project}", project)
        notice(batch, f"outside/{command.key}", text, project=project, needs_you=True)
    row = (command.key, command.kind, project, orjson.dumps(command.about).decode(), batch.wall)
    batch.writes["outside_put"].append(row)
    batch.writes["outside_trim"] = [(batch.wall - ARRIVALS_SECONDS,)]
    return answers


_LAWS: Final[Mapping[type[Any], Callable[[Batch, Any], Any]]] = {
    asked.Acknowledge: acknowledge, asked.Answered: heed, Arrive: _arrive, asked.Audit: audit, Complete: complete,
    asked.Decide: decide,
    asked.Dismiss: dismiss, asked.IssueToken: issue, asked.Note: note, asked.Prune: prune, asked.Adopted: note_adopted,
    asked.Replay: replay, asked.RevokeToken: revoke, asked.Send: send, asked.Settle: settle_delivery,
    asked.Start: start, asked.Steer: steer, asked.Submit: submit, asked.Wake: wake, **fleet.LAWS,
}  # fmt: skip
"""Who carries out a command; `Dispatch` is not among them, since leases are made last, all together."""


def _offer_again(
    batch: Batch, offers: Sequence[Dispatch], leased: list[tuple[Lease, ...]], lanes: set[tuple[str, str]]
) -> list[tuple[Lease, ...]]:
    """Lease also to the instances that are left."""
    taken = {lease.job.instance for leases in leased for lease in leases}
    rest = [o._replace(slots=tuple(slot for slot in o.slots if slot.name not in taken)) for o in offers]
    return [before + more for before, more in zip(leased, dispatch(batch, rest, lanes), strict=True)]


def _settle(batch: Batch, lanes: set[tuple[str, str]]) -> None:
    """Derive states and let rules act on what was told, until neither has anything to add; note what became ready."""
    settle_touched(batch)
    while batch.hot.watched and react(batch):
        settle_touched(batch)
    lanes |= batch.lanes_entered
