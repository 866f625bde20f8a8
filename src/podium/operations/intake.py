"""What comes in: a requirement document becomes a project."""

import hashlib

from podium.domain import document
from podium.domain.command import Submit, Submitted
from podium.domain.errors import UsageError
from podium.domain.project import Project, checked_id, slug
from podium.operations.context import Context
from podium.operations.operation import Input, Output, argument, operation, option
from podium.operations.waiting import InputRow, waits
from podium.workspace import adoption, source


class SubmitInput(Input):
    """A requirement document and what is known about it."""

    document: str = argument(
        "The requirement document's text in Markdown (the command line takes a file's name, - for standard input)."
    )
    name: str = option("document.md", "The name the document came under, for messages and the id.")
    id: str | None = option(None, "The project's id; made from the title by default.")
    title: str | None = option(None, "The project's title; the document's first heading by default.", max_length=200)
    type: str | None = option(
        None, "What is built (web, cli, library, api, data, …); found by analysis by default.", max_length=40
    )
    complexity: str | None = option(None, "small, medium or large; found by analysis by default.", max_length=40)
    business_value: int = option(50, "What it is worth, 0 to 100.", ge=0, le=100)
    priority: int = option(50, "How urgent it is, 0 to 100.", ge=0, le=100)
    weight: int = option(1, "Its share of the capacity beside other projects, 1 to 10.", ge=1, le=10)
    repository: str | None = option(
        None, "Work on this existing repository, a folder or a URL, instead of a new one; it is only read."
    )
    agent: str | None = option(None, "Who works on it; the home's agent by default.")
    idempotency_key: str | None = option(None, "The same key again is the same project.", max_length=200)
    plan_first: bool = option(False, "Stop after the plan, until a person approves it.")
    resume: bool = option(False, "With a key: go on with its project if that is still open, else begin a new one.")


class SubmitOutput(Output):
    """The project that came of it."""

    project: str
    title: str
    created: bool
    notes: tuple[str, ...] = ()
    """What the submitter should know about it."""


@operation("submit", safety="write", server="queue", example="podium submit examples/hello-world.md")
async def submit(context: Context, asked: SubmitInput) -> SubmitOutput:
    """Submit a requirement document as a new project.

    Without an idempotency key every submission is a project of its own.
    """
    text = document.decode(asked.document.encode("utf-8", "surrogateescape"), asked.name)
    stem = asked.name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    title = (asked.title or document.title_of(text, stem)).strip()
    agent = asked.agent or context.agent
    if agent not in context.agents:
        raise UsageError(f"There is no agent {agent!r}. Known: {', '.join(sorted(context.agents))}.")
    repository = source.checked(asked.repository) if asked.repository is not None else None
    found = await adoption.inspect(repository) if repository else None
    fallback = slug(stem, "project-" + hashlib.sha256(text.encode()).hexdigest()[:8])
    project = Project(
        id=checked_id(asked.id) if asked.id else slug(title, fallback),
        title=title,
        brief="",
        type=asked.type,
        complexity=asked.complexity,
        business_value=asked.business_value,
        priority=asked.priority,
        repository_url=repository,
        source=f"document:{asked.name}"[:200],
        created_at=context.clock.now(),
        pipeline=context.pipeline.digest,
        agent=agent,
        weight=asked.weight,
    )
    done: Submitted = await context.submit(
        Submit(project, text, context.pipeline_text, asked.idempotency_key or "", asked.resume, asked.plan_first)
    )
    place = await context.store.read(lambda rows: waits(rows, context, done.project))
    notes = (*_notes(repository, found), *((_waiting(place),) if place else ()))
    return SubmitOutput(project=done.project, title=title, created=done.created, notes=notes)


def _waiting(place: InputRow) -> str:
    """That it has not begun, and why."""
    where = "paused" if place.place is None else f"number {place.place}"
    return f"It waits in the input queue ({where}): {place.reason}; {place.next}"


def _notes(repository: str | None, found: adoption.Found | None) -> tuple[str, ...]:
    """What is not taken over from an existing repository."""
    if found is None or found.uncommitted == 0:
        return ()
    if found.uncommitted is None:
        return (f"Changes in {repository} that are not committed, if there are any, are not included.",)
    files = "1 file is" if found.uncommitted == 1 else f"{found.uncommitted} files are"
    return (f"{files} new or changed in {repository} without a commit: that stays there, and is not included.",)
