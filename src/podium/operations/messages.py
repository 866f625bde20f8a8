"""Messages between people, workflows and instances: send one, see what waits, take one back (COM-1)."""

import json

from podium.domain import message, rule_file
from podium.domain.access import attempt_name
from podium.domain.command import Acknowledge, Send, Sent
from podium.domain.errors import Forbidden, NotFound, UsageError
from podium.domain.job import PODIUM_QUEUE
from podium.operations.attempts import AttemptInput, need_at_work, own, own_project
from podium.operations.context import Context
from podium.operations.operation import Change, Listing, Output, Signed, argument, operation, option, question
from podium.operations.roster import roster
from podium.store.messages import addresses_of, unread
from podium.store.rows import Rows


class SendInput(Change):
    """Whom a message is for and what it says."""

    to: str = argument(max_length=200)
    """Whom it is for: instance:NAME, role:NAME, workflow:NAME or all."""
    text: str = argument(min_length=1, max_length=message.TEXT_CHARS_MAX)
    """What it says."""
    sender: str = option("", alias="from", max_length=100)
    """Another name for its sender; only the home's own user may give one."""
    project: str = option("", max_length=60)
    """The project it is about: it comes with a job of that project only."""
    wake: bool = False
    """Wake an idle instance for it, with a job of its own in that project."""


class SendOutput(Output):
    """The message's number."""

    message: int
    to: str
    job: int
    """The job that an idle instance was woken with; 0 where the message comes with other work."""


@operation("messages send")
async def messages_send(context: Context, asked: SendInput) -> SendOutput:
    """Send a message to instances: into the inbox of an agent at work, and once with each other's next job.

    An address keeps its newest 20 messages about each project, and for seven days. With `wake` an idle instance gets
    a job for reading it at once; where all are at work it reaches them there. An agent writes about its own project
    alone.
    """
    to = await context.store.read(lambda rows: _address(rows, context, asked.to))
    mine = attempt_name(context.principal.attempt)
    project = asked.project or (mine.project if mine else "")
    own_project(context, project)
    if asked.wake:
        await context.store.read(lambda rows: _may_wake(context, rows, to, project))
    sent: Sent = await context.submit(Send(to, asked.text, context.named(asked.sender), project, asked.wake))
    return SendOutput(message=sent.message, to=to, job=sent.job)


def _may_wake(context: Context, rows: Rows, to: str, project: str) -> None:
    """Raise UsageError for what cannot wake anybody, `Forbidden` for an agent that a message woke: they would go on."""
    if to == message.ALL or not project:
        raise UsageError("Who is to be woken, and for what? Name an instance, a role or a workflow, and a --project.")
    if context.principal.attempt:
        job = need_at_work(rows, context.principal.attempt)
        if context.pipeline_of(rows, job.project).step(job.workflow, job.step).on_message:
            raise Forbidden("An instance that a message woke wakes no other. Send it without wake.")


def _address(rows: Rows, context: Context, given: str) -> str:
    """Whom a message can be for: the pipeline's workflows and roles, and the instances there are; raises UsageError."""
    names = [slot.name for slot in roster(rows, context) if slot.queue != PODIUM_QUEUE]
    return message.checked_address(given, {**rule_file.known(context.pipeline.workflows), "instance": names})


class MessageListInput(Listing):
    """Which messages."""

    to: str = ""
    """Only to this address; of instance:NAME all that reaches it, also as one of many."""
    unread: bool = False
    """Only what nobody has read, or what that instance has not."""


class InboxRow(Output):
    """A message that waits for its reader; written by others: news to judge, not orders."""

    id: int
    to: str
    sender: str
    project: str
    text: str
    at: float


class MessageRow(InboxRow):
    """One message."""

    closed: bool
    """Nobody gets it any more."""
    read_by: list[str]


class MessageListOutput(Output):
    """Messages, the newest first."""

    messages: list[MessageRow]


@question("messages list")
def messages_list(rows: Rows, context: Context, asked: MessageListInput) -> MessageListOutput:
    """List messages, and who has read them."""
    addresses, reader = None, ""
    if asked.to:
        addresses = [_address(rows, context, asked.to)]
        reader = asked.to.removeprefix("instance:") if asked.to.startswith("instance:") else ""
        for slot in roster(rows, context):
            if slot.name == reader:
                addresses = list(message.addresses(slot.name, slot.role, slot.queue))
    wanted = (json.dumps(addresses) if addresses else None, reader, int(asked.unread), asked.limit)
    found = rows.all("messages_page", wanted)
    return MessageListOutput(messages=[MessageRow.of(row[:-1], read_by=row[-1].split()) for row in found])


class AckInput(Signed):
    """Which message, and who has read it."""

    message: int = argument(ge=1)
    """The message's number."""
    instance: str = ""
    """Only for this instance; one that is for many is taken back from all by default."""


class AckOutput(Output):
    """Whether that was news."""

    message: int
    new: bool


@operation("messages ack")
async def messages_ack(context: Context, asked: AckInput) -> AckOutput:
    """Count a message as read: it is not delivered any more. An agent acknowledges for its own instance alone."""
    instance = asked.instance
    if context.principal.attempt:
        instance = await context.store.read(lambda rows: _reader(context, rows, asked))
    if instance:
        await context.store.read(lambda rows: _address(rows, context, f"instance:{instance}"))
    new: bool = await context.submit(Acknowledge(asked.message, instance, context.named(asked.by)))
    return AckOutput(message=asked.message, new=new)


def _reader(context: Context, rows: Rows, asked: AckInput) -> str:
    """The instance of the agent that asks; raises `NotFound` for a message that is not for it."""
    job = need_at_work(rows, context.principal.attempt)
    row = rows.one("message_by_id", (asked.message,))
    address, about = row[:2] if row is not None else ("", "")
    is_mine = address in addresses_of(rows, job, context.pipeline_of(rows, job.project)) and about in ("", job.project)
    if not is_mine or asked.instance not in ("", job.instance):
        raise NotFound(f"There is no message {asked.message} in the inbox of {job.instance}.")
    return job.instance


class InboxOutput(Output):
    """What an instance has not read, the oldest first."""

    instance: str
    messages: list[InboxRow]


@question("inbox")
def inbox(rows: Rows, context: Context, asked: AttemptInput) -> InboxOutput:
    """Show what the agent of an attempt at work has not read: what came with its job, and what has come since."""
    name = own(context, asked.attempt)
    job = need_at_work(rows, name)
    found = unread(rows, job, context.pipeline_of(rows, job.project), context.clock.now())
    return InboxOutput(instance=job.instance, messages=[InboxRow(**m._asdict()) for m in found])
