"""What an agent at work may ask and say about its own attempt; an operator may look, too (SEC-1)."""

from dataclasses import asdict
from typing import Any

from podium.domain import message
from podium.domain.access import AttemptName, attempt_name
from podium.domain.command import Note
from podium.domain.errors import Forbidden, NotFound, UsageError
from podium.domain.job import Job, Lease
from podium.operations.context import Context
from podium.operations.operation import Input, Nothing, Output, argument, operation, question
from podium.store import assignments
from podium.store.rows import Rows


def at_work(rows: Rows, attempt: str) -> Job | None:
    """The job whose lease this attempt holds now; None when it has ended, or is none."""
    told = attempt_name(attempt)
    row = rows.one("job_by_id", (told.job,)) if told is not None else None
    if told is None or row is None:
        return None
    job = Job._make(row)
    is_live = AttemptName(job.project, job.id, job.attempt) == told and job.state == "running"
    return job if is_live else None


def need_at_work(rows: Rows, attempt: str) -> Job:
    """As `at_work`; raises `NotFound`."""
    job = at_work(rows, attempt)
    if job is None:
        raise NotFound(f"No attempt {attempt[:80]!r} is at work. `podium instances` shows those that are.")
    return job


def own(context: Context, given: str) -> str:
    """Which attempt is meant: an agent's own, or the one that is named; raises `Forbidden` or `UsageError`."""
    mine = context.principal.attempt
    if mine and given not in ("", mine):
        raise Forbidden(f"The credential of {mine} opens that attempt alone, not {given[:80]!r}. Leave the name out.")
    if not (mine or given):
        raise UsageError("Which attempt? Give its name, such as hello-world/12.a1; `podium instances` shows them.")
    return mine or given


def own_project(context: Context, given: str) -> None:
    """Raise `Forbidden` for an agent that asks about another project than its own."""
    mine = attempt_name(context.principal.attempt)
    if mine is not None and given != mine.project:
        raise Forbidden(f"The credential of {context.principal.attempt} opens nothing of project {given[:80]!r}.")


class AttemptInput(Input):
    """Which attempt."""

    attempt: str = ""
    """An attempt at work, such as hello-world/12.a1; an agent's own by default."""


class AssignmentOutput(Output):
    """What an agent is told about its job; messages are in its inbox."""

    attempt: str
    project: dict[str, Any]
    workflow: str
    step: str
    role: str
    instance: str
    item: dict[str, Any] | None
    prompt: str
    artifacts: list[dict[str, Any]]
    feedback: list[str]
    increment: dict[str, Any] | None
    timeout_seconds: float


@question("assignment")
def assignment(rows: Rows, context: Context, asked: AttemptInput) -> AssignmentOutput:
    """Show what the agent of an attempt at work was told to do."""
    name = own(context, asked.attempt)
    job = need_at_work(rows, name)
    step = context.pipeline_of(rows, job.project).step(job.workflow, job.step)
    told = assignments.assignment(rows, context.pipelines, Lease(job, step, ""))
    shown = {name: value for name, value in asdict(told).items() if name in AssignmentOutput.model_fields}
    return AssignmentOutput.model_validate(shown)


class NoteInput(Input):
    """What to put on record."""

    text: str = argument(min_length=1, max_length=message.TEXT_CHARS_MAX)
    """What it says."""
    attempt: str = ""
    """Of which attempt at work; an agent's own by default."""


class NoteOutput(Output):
    """The event that keeps it."""

    attempt: str
    event: int


@operation("note")
async def note(context: Context, asked: NoteInput) -> NoteOutput:
    """Put a note about an attempt at work on record, in its project's events."""
    name = own(context, asked.attempt)
    job = await context.store.read(lambda rows: need_at_work(rows, name))
    event: int = await context.submit(Note(job.id, job.attempt, asked.text))
    return NoteOutput(attempt=name, event=event)


class WhoamiOutput(Output):
    """Whose credential this is, and what it opens."""

    name: str
    scope: str
    attempt: str
    """Of an agent at work; else empty."""


@operation("whoami")
async def whoami(context: Context, asked: Nothing) -> WhoamiOutput:
    """Tell as whom a call is made, and what its credential opens."""
    who = context.principal
    return WhoamiOutput(name=who.name, scope=who.scope, attempt=who.attempt)
