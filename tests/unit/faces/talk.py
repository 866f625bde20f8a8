"""Answers of the operations about messages, notices and deliveries, built from their own output models."""

from typing import Any

from podium.operations.arrivals import ArrivalRow, ArrivalsOutput
from podium.operations.messages import AckOutput, MessageListOutput, MessageRow, SendOutput
from podium.operations.outbox import (
    DeliveriesOutput,
    DeliveryRow,
    DisabledWebhook,
    DismissOutput,
    NoticeRow,
    NoticesOutput,
    ReplayOutput,
)
from tests.unit.faces.samples import NOW, Answer, plain


def sent(job: int = 0) -> Answer:
    """A message on its way."""
    return plain(SendOutput(message=61, to="role:features", job=job))


def message(**more: Any) -> MessageRow:
    """A message that nobody has read."""
    row: Answer = {
        "id": 61,
        "to": "role:features",
        "sender": "operator",
        "project": "",
        "text": "The style guide has changed.",
        "at": NOW - 60,
        "closed": False,
        "read_by": [],
    }
    return MessageRow.model_validate(row | more)


def messages(*rows: MessageRow) -> Answer:
    """A list of messages."""
    return plain(MessageListOutput(messages=list(rows)))


def acknowledged(*, new: bool = True) -> Answer:
    """A message that is not delivered any more."""
    return plain(AckOutput(message=61, new=new))


def notice(**more: Any) -> NoticeRow:
    """A notice that needs a person."""
    row: Answer = {
        "id": 7,
        "key": "120#4",
        "project": "hello-world",
        "job": 14,
        "needs_you": True,
        "text": "hello-world: job 14 waits for a reviewer",
        "at": NOW - 90,
        "settled_at": None,
        "settled_by": None,
    }
    return NoticeRow.model_validate(row | more)


def notices(*rows: NoticeRow) -> Answer:
    """A list of notices."""
    return plain(NoticesOutput(notices=list(rows)))


def dismissed(left: int = 0) -> Answer:
    """A notice that somebody has taken note of."""
    return plain(DismissOutput(notice=7, left=left))


def delivery(**more: Any) -> DeliveryRow:
    """A delivery that was tried and waits."""
    row: Answer = {
        "id": 5,
        "webhook": "ci",
        "event": "genesis_complete",
        "project": "hello-world",
        "state": "pending",
        "attempts": 2,
        "due_at": NOW + 20,
        "made_at": NOW - 30,
        "ended_at": None,
        "detail": "HTTP 500",
    }
    return DeliveryRow.model_validate(row | more)


def deliveries(*rows: DeliveryRow, disabled: bool = False) -> Answer:
    """A list of deliveries."""
    gone = DisabledWebhook(webhook="ci", at=NOW - 30, reason="its receiver is gone (410)")
    return plain(DeliveriesOutput(deliveries=list(rows), disabled=[gone] * disabled))


def replayed() -> Answer:
    """A delivery that is sent once more."""
    return plain(ReplayOutput(delivery=5, webhook="ci"))


def arrivals(*, empty: bool = False) -> Answer:
    """What came in from GitHub."""
    row = ArrivalRow(
        key="github:1", at=NOW, asks="intake", why="issues.opened", repository="ada/ideas", sender="ada", project="",
        outcome="becomes a project",
    )  # fmt: skip
    return plain(ArrivalsOutput(deliveries=[] if empty else [row]))
