"""Messages between people, workflows and instances: send one, see what waits, take one back (COM-1)."""

import json
from typing import Any

from podium.domain import message, rule_file
from podium.domain.command import Acknowledge, Send
from podium.domain.job import PODIUM_QUEUE
from podium.operations.context import Context
from podium.operations.operation import Input, Output, argument, operation, option
from podium.operations.roster import roster


class SendInput(Input):
    """Whom a message is for and what it says."""

    to: str = argument("Whom it is for: instance:NAME, role:NAME, workflow:NAME or all.", max_length=200)
    text: str = argument("What it says.", min_length=1, max_length=message.TEXT_CHARS_MAX)
    sender: str = option(
        "", "Another name for its sender; only the home's own user may give one.", alias="from", max_length=100
    )
    project: str = option("", "The project it is about: it comes with a job of that project only.", max_length=60)


class SendOutput(Output):
    """The message's number."""

    message: int
    to: str


@operation(
    "messages send",
    safety="write",
    server="communication",
    example="podium messages send role:features 'The style guide has changed: see CONTRIBUTING.md'",
)
async def messages_send(context: Context, asked: SendInput) -> SendOutput:
    """Send a message to instances; each gets it once, with its next job.

    An address keeps its newest 20 messages about each project, and for seven days.
    """
    to = message.checked_address(asked.to, await _known(context))
    number: int = await context.submit(Send(to, asked.text, context.named(asked.sender), asked.project))
    return SendOutput(message=number, to=to)


async def _known(context: Context) -> dict[str, list[str]]:
    """Whom a message can be for: the pipeline's workflows and roles, and the instances there are."""
    names = [slot.name for slot in await roster(context) if slot.queue != PODIUM_QUEUE]
    return {**rule_file.known(context.pipeline.workflows), "instance": names}


class MessageListInput(Input):
    """Which messages."""

    to: str = option("", "Only to this address; of instance:NAME all that reaches it, also as one of many.")
    unread: bool = option(False, "Only what nobody has read, or what that instance has not.")
    limit: int = option(100, "How many to show.", ge=1, le=1000)


class MessageRow(Output):
    """One message."""

    id: int
    to: str
    sender: str
    project: str
    text: str
    at: float
    closed: bool
    """Nobody gets it any more."""
    read_by: list[str]


class MessageListOutput(Output):
    """Messages, the newest first."""

    messages: list[MessageRow]


@operation("messages list", server="communication", example="podium messages list --to instance:dev-02 --unread")
async def messages_list(context: Context, asked: MessageListInput) -> MessageListOutput:
    """List messages, and who has read them."""
    addresses, reader = None, ""
    if asked.to:
        addresses = [message.checked_address(asked.to, await _known(context))]
        reader = asked.to.removeprefix("instance:") if asked.to.startswith("instance:") else ""
        for slot in await roster(context):
            if slot.name == reader:
                addresses = list(message.addresses(slot.name, slot.role, slot.queue))
    wanted = (json.dumps(addresses) if addresses else None, reader, int(asked.unread), asked.limit)
    names = list(MessageRow.model_fields)
    found = await context.store.read(lambda rows: rows.all("messages_page", wanted))
    rows: list[dict[str, Any]] = [dict(zip(names, (*row[:-1], row[-1].split()), strict=True)) for row in found]
    return MessageListOutput(messages=[MessageRow(**row) for row in rows])


class AckInput(Input):
    """Which message, and who has read it."""

    message: int = argument("The message's number.", ge=1)
    instance: str = option("", "Only for this instance; one that is for many is taken back from all by default.")
    by: str = option("", "Another name for the record; only the home's own user may give one.", max_length=100)


class AckOutput(Output):
    """Whether that was news."""

    message: int
    new: bool


@operation("messages ack", safety="write", idempotent=True, server="communication", example="podium messages ack 61")
async def messages_ack(context: Context, asked: AckInput) -> AckOutput:
    """Count a message as read: it is not delivered any more."""
    if asked.instance:
        message.checked_address(f"instance:{asked.instance}", await _known(context))
    new: bool = await context.submit(Acknowledge(asked.message, asked.instance, context.named(asked.by)))
    return AckOutput(message=asked.message, new=new)
