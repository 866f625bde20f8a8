"""What Podium has to tell the world: notices for people, and deliveries to webhooks with their second chances."""

import json
from typing import Literal

from podium.domain.command import Dismiss, Replay
from podium.operations.context import Context
from podium.operations.operation import Change, Listing, Output, Signed, argument, operation, question
from podium.store.rows import Rows


class NoticesInput(Listing):
    """Which notices."""

    all: bool = False
    """Also those that somebody has taken note of."""


class NoticeRow(Output):
    """One notice. `key` is what it is told once for."""

    id: int
    key: str
    project: str
    job: int
    needs_you: bool
    text: str
    at: float
    settled_at: float | None
    settled_by: str | None


class NoticesOutput(Output):
    """Notices: those that need somebody first, then the newest."""

    notices: list[NoticeRow]


@question("notices")
def notices(rows: Rows, context: Context, asked: NoticesInput) -> NoticesOutput:
    """List what rules and Podium itself have to tell people, and what to do about it."""
    return NoticesOutput(notices=list(map(NoticeRow.of, rows.all("notices_page", (int(asked.all), asked.limit)))))


class DismissInput(Signed):
    """Which notice."""

    notice: int = argument(ge=1)
    """The notice's number."""
    older: bool = False
    """And all before it."""


class DismissOutput(Output):
    """What is left."""

    notice: int
    left: int


@operation("notices dismiss")
async def notices_dismiss(context: Context, asked: DismissInput) -> DismissOutput:
    """Take note of a notice, so that it is shown no more."""
    await context.submit(Dismiss(asked.notice, asked.older, context.named(asked.by)))
    left = await context.store.read(lambda rows: rows.one("notices_open")[0])
    return DismissOutput(notice=asked.notice, left=left)


class DeliveriesInput(Listing):
    """Which deliveries."""

    webhook: str = ""
    """Only to this webhook, or to channel:NAME."""
    state: Literal["", "draft", "pending", "done", "dead"] = ""
    """Only these: draft, pending, done or dead."""


class DeliveryRow(Output):
    """One event on its way to a webhook, or at its end."""

    id: int
    webhook: str
    event: str
    project: str
    state: str
    attempts: int
    due_at: float
    """When it is tried next, while it is pending."""
    made_at: float
    ended_at: float | None
    detail: str
    """What came of the last try."""


class DisabledWebhook(Output):
    """A webhook whose receiver has said that it is gone."""

    webhook: str
    at: float
    reason: str


class DeliveriesOutput(Output):
    """Deliveries, the newest first, and the webhooks that nothing is sent to."""

    deliveries: list[DeliveryRow]
    disabled: list[DisabledWebhook]


@question("deliveries")
def deliveries(rows: Rows, context: Context, asked: DeliveriesInput) -> DeliveriesOutput:
    """List what was sent to webhooks, what waits, and what was given up."""
    found: list[DeliveryRow] = []
    for id_, webhook, event, *rest in rows.all("deliveries_page", (asked.webhook, asked.state, asked.limit)):
        told = json.loads(event)
        found.append(DeliveryRow.of((id_, webhook, told["type"], told["project"], *rest)))
    gone = list(map(DisabledWebhook.of, rows.all("webhooks_disabled")))
    return DeliveriesOutput(deliveries=found, disabled=gone)


class ReplayInput(Change):
    """Which delivery."""

    delivery: int = argument(ge=1)
    """The delivery's number."""


class ReplayOutput(Output):
    """Where it goes again."""

    delivery: int
    webhook: str


@operation("deliveries replay")
async def deliveries_replay(context: Context, asked: ReplayInput) -> ReplayOutput:
    """Deliver once more what has ended, under the same id, and enable its webhook if that was disabled."""
    return ReplayOutput(delivery=asked.delivery, webhook=await context.submit(Replay(asked.delivery)))


@operation("deliveries approve")
async def deliveries_approve(context: Context, asked: ReplayInput) -> ReplayOutput:
    """Let a piece of content that waits as a draft go out to its channel."""
    return ReplayOutput(delivery=asked.delivery, webhook=await context.submit(Replay(asked.delivery, draft=True)))
