"""Laws of messages: into an inbox, out of it with a job, read when the attempt that got them has finished (COM-1)."""

from podium.domain import message
from podium.domain.command import Acknowledge, Note
from podium.domain.errors import Conflict
from podium.domain.job import PODIUM_QUEUE, Job
from podium.domain.message import Message
from podium.domain.pipeline import Pipeline, workflow_of
from podium.store.batch import Batch
from podium.store.rows import Rows

TOLD_CHARS_MAX = 500
"""Of a message's text in the log."""


def post(batch: Batch, to: str, text: str, sender: str, project: str, key: str = "") -> int:
    """Put a message into an inbox, once for its key; the oldest one makes room. Answer: its number."""
    if key:
        here = [row[0] for row in batch.writes["message_insert"] if row[1] == key]
        if here or (here := batch.rows.one("message_by_key", (key,))):
            return here[0]
    number = batch.numbers.seq
    text = text[: message.TEXT_CHARS_MAX]
    batch.emit("message.sent", project, message=number, to=to, by=sender, text=text[:TOLD_CHARS_MAX])
    row = (number, key or f"sent/{number}", to, project, sender, text, batch.now, batch.wall)
    batch.writes["message_insert"].append(row)
    batch.writes["message_trim"].append((to, project, message.INBOX_MESSAGES_MAX))
    batch.writes["message_expire"] = [(batch.now - message.KEPT_SECONDS,)]
    batch.hot.post(project, to, batch.now)
    return number


def unread(rows: Rows, job: Job, pipeline: Pipeline, until: float | None = None) -> list[Message]:
    """What the instance that was given this job is told with it: the same whenever it is asked, until it is read.

    `until` a later moment (steady seconds) also what it has been sent since it began.
    """
    if job.queue == PODIUM_QUEUE:
        return []
    span = job.leased_at - message.KEPT_SECONDS, job.leased_at if until is None else until
    found = rows.all("messages_unread", (job.instance, *addresses_of(rows, job, pipeline), job.project, *span))
    return [Message._make(row) for row in found]


def addresses_of(rows: Rows, job: Job, pipeline: Pipeline) -> tuple[str, ...]:
    """Every address under which the instance at this job gets messages."""
    return message.addresses(job.instance, _role(rows, job, pipeline), workflow_of(job.workflow))


def receive(batch: Batch, job: Job) -> None:
    """An attempt has finished: its instance has read what it was given when it was leased, and nothing newer."""
    if job.queue == PODIUM_QUEUE:
        return
    pipeline = batch.owner(job.project).pipeline
    reader = (job.instance, _role(batch.rows, job, pipeline))
    mail = [
        mail for project in (job.project, "") if (mail := batch.hot.mail.get(project)) and reader not in mail.readers
    ]
    addresses = message.addresses(*reader, workflow_of(job.workflow))
    if any(not mine.to.isdisjoint(addresses) for mine in mail):
        acknowledged = {row[:2] for row in batch.writes["receipt_insert"]}
        new = [m.id for m in unread(batch.rows, job, pipeline) if (m.id, job.instance) not in acknowledged]
        batch.writes["receipt_insert"] += [(number, job.instance, batch.wall) for number in new]
        if new:
            batch.tell("message.delivered", job, messages=new, to=job.instance, by="attempt")
    for mine in mail:
        if mine.newest_at <= job.leased_at:
            mine.readers.add(reader)


def _role(rows: Rows, job: Job, pipeline: Pipeline) -> str:
    """What the instance is good at; of one that nobody knows, what the step asks for."""
    workflow = pipeline.workflow(job.workflow)
    if (role := workflow.instances.get(job.instance)) is not None:
        return role
    known = rows.one("instance_role", (job.instance,))
    return known[0] if known else workflow.by_id[job.step].role


def acknowledge(batch: Batch, command: Acknowledge) -> bool:
    """An instance has read a message, or nobody is to get it any more. Answer: whether that was news."""
    kept = batch.found("message_by_id", command.message, "message", "`podium messages list` shows what is kept.")
    address, project, closed_at = kept
    kind, _, name = address.partition(":")
    instance = command.instance or (name if kind == "instance" else "")
    if kind == "instance" and instance != name:
        raise Conflict(f"Message {command.message} is for {name} alone, not for {instance}.")
    receipt = (command.message, instance)
    if closed_at is not None or (instance and batch.rows.one("receipt_by_key", receipt)):
        return False
    if instance:
        batch.writes["receipt_insert"].append((*receipt, batch.wall))
    else:
        batch.writes["message_close"].append((batch.now, command.message))
    batch.emit("message.delivered", project, messages=[command.message], to=instance or address, by=command.by)
    return True


def note(batch: Batch, command: Note) -> int:
    """An agent's own word about its work, in the project's log. Answer: the event's number."""
    job = batch.job(command.job)
    if job is None or job.state != "running" or job.attempt != command.attempt:
        raise Conflict(f"Attempt {command.attempt} of job {command.job} has ended; nothing more is noted of it.")
    number = batch.numbers.seq
    batch.tell("attempt.noted", job, text=command.text[: message.TEXT_CHARS_MAX])
    return number
