"""Laws of what waits for a receiver or a person: deliveries that are due, done, dead or replayed, and notices."""

import json
from typing import Final

from podium.domain.command import Dismiss, Replay, Settle
from podium.domain.delivery import Delivery
from podium.domain.errors import Conflict
from podium.store.batch import Batch
from podium.store.breakers import note
from podium.store.rows import Rows
from podium.store.rules import notice

ENDED_MAX: Final = 10_000
"""Deliveries that have ended, and are kept to be looked at and replayed."""
DAY_SECONDS: Final = 86_400


def due(rows: Rows, now: float, limit: int) -> list[Delivery]:
    """The first deliveries of each webhook that are due, at most `limit` of each, in order."""
    found: list[Delivery] = []
    shut = {row[0] for row in rows.all("breakers") if row[3] > now}
    for webhook, disabled in rows.all("deliveries_waiting"):
        if f"webhook:{webhook}" in shut:
            continue
        for id_, key, name, event, attempts in rows.all("deliveries_due", (webhook, now, limit)):
            found.append(Delivery(id_, key, name, json.loads(event), attempts, bool(disabled)))
    return found


def settle_delivery(batch: Batch, command: Settle) -> bool:
    """Record what came of a try, unless the delivery has changed since; one that is given up is told to people."""
    row = batch.rows.one("delivery_by_id", (command.delivery,))
    if row is None or tuple(row[1:]) != ("pending", command.attempts):
        return False
    webhook, outcome = row[0], command.outcome
    if outcome.state != "dead":  # what is given up has failed before; what is refused was never sent
        note(batch, f"webhook:{webhook}", "" if outcome.state == "done" else outcome.detail or "it refuses")
    ended = batch.wall if outcome.state != "pending" else None
    due_at = batch.now + outcome.delay_seconds
    changed = (outcome.state, command.attempts + 1, due_at, ended, outcome.detail[:500], command.delivery)
    batch.writes["delivery_update"].append(changed)
    if ended is not None:
        batch.writes["delivery_trim"] = [(ENDED_MAX,)]
    if outcome.disable:
        batch.writes["webhook_disable"].append((webhook, batch.wall, outcome.detail[:500]))
    if outcome.state == "dead":  # one word a day: a receiver that is away may have thousands waiting
        text = f"Webhook {webhook} did not take delivery {command.delivery}: {outcome.detail}"
        notice(batch, f"webhook/{webhook}/{int(batch.wall // DAY_SECONDS)}", text, needs_you=True)
    return True


def replay(batch: Batch, command: Replay) -> str:
    """Give a delivery that has ended all its tries again. Answer: its webhook."""
    webhook, state, _ = batch.found("delivery_by_id", command.delivery, "delivery", "`podium deliveries` lists them.")
    if state == "pending" or (state == "draft") is not command.draft:
        stands = {"pending": "still being tried", "draft": "a draft that waits for an approval"}.get(state, "no draft")
        raise Conflict(f"Delivery {command.delivery} is {stands}; `podium deliveries` says when next.")
    batch.writes["delivery_update"].append(("pending", 0, batch.now, None, "", command.delivery))
    batch.writes["webhook_enable"].append((webhook,))
    batch.writes["notice_withdraw"].append((f"webhook/{webhook}/",))
    return webhook


def dismiss(batch: Batch, command: Dismiss) -> None:
    """A person has taken note."""
    batch.found("notice_by_id", command.notice, "notice", "`podium notices` lists them.")
    batch.writes["notice_settle"].append((batch.wall, command.by, command.notice, int(command.older)))
