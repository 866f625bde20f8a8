"""What comes in: a requirement document, a note or a typed request becomes a project."""

import hashlib
from typing import Literal, Self

from pydantic import model_validator

from podium.domain.command import Submit, Submitted
from podium.domain.errors import UsageError
from podium.domain.project import Project, checked_id, slug
from podium.operations import document
from podium.operations.context import Context
from podium.operations.moments import seconds_until
from podium.operations.operation import Change, Output, argument, operation, option
from podium.operations.request import ProjectRequest, document_of
from podium.operations.waiting import InputRow, waits
from podium.refusals import refusal
from podium.store.rows import Rows
from podium.workspace import adoption, source


class SubmitInput(ProjectRequest, Change):
    """Either a requirement document with what is known about it, or a typed request that becomes one."""

    document: str | None = argument(
        default=None,
        description="The requirement document's text in Markdown. The command line takes a file's name: Markdown, a "
        "typed request (.json, .toml), or - for a note on standard input.",
    )
    name: str = option("", max_length=200)
    """The name the input came under, for messages and the id."""
    source: Literal["document", "scratch"] = "document"
    """What the text is: a document, or a note from a scratch pad."""
    resume: bool = False
    """With a key: go on with its project if that is still open, else begin a new one."""

    @model_validator(mode="after")
    def _one_input(self) -> Self:
        """A document or a typed request, not both."""
        if self.document is not None and self.features:
            raise ValueError("give either a document or features, not both: write the features into the document")
        if self.document is None and not (self.title and (self.features or self.brief.strip())):
            raise ValueError(refusal("nothing to build"))
        return self


class SubmitOutput(Output):
    """The project that came of it."""

    project: str
    title: str
    created: bool
    begins_at: float | None = None
    """When its first work may begin, in seconds since the epoch; null when that is at once."""
    notes: tuple[str, ...] = ()
    """What the submitter should know about it."""


@operation("submit")
async def submit(context: Context, asked: SubmitInput) -> SubmitOutput:
    """Submit a requirement document, a note or a typed request as a new project.

    Without an idempotency key every submission is a project of its own.
    """
    text, origin = _read(asked)
    stem = asked.name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    title = document.one_line(asked.title or "") or document.title_of(text, stem)
    agent = asked.agent or context.config.agent
    agents = context.programs.of_all if context.programs else context.config.all_agents()
    if agent not in agents:
        raise UsageError(f"There is no agent {agent!r}. Known: {', '.join(sorted(agents))}.")
    repository = source.checked(asked.repository) if asked.repository is not None else None
    wait = max(0.0, seconds_until(asked.not_before, context.clock.wall())) if asked.not_before else 0.0
    found = await adoption.inspect(repository) if repository else None
    fallback = slug(stem, "project-" + hashlib.sha256(text.encode()).hexdigest()[:8])
    project = Project(
        id=checked_id(asked.id) if asked.id else slug(title, fallback), title=title, brief=asked.brief.strip(),
        type=asked.type, complexity=asked.complexity, business_value=asked.business_value, priority=asked.priority,
        repository_url=repository, source=f"{origin}:{asked.name}"[:200], created_at=context.clock.now(),
        pipeline=context.pipeline.digest, agent=agent, weight=asked.weight, budget_usd=asked.budget_usd,
    )  # fmt: skip
    command = Submit(
        project, text, context.pipeline_text, asked.idempotency_key or "", asked.resume, asked.plan_first,
        exact=asked.id is not None, not_before=context.clock.now() + wait if wait else 0.0,
    )  # fmt: skip
    done: Submitted = await context.submit(command)
    if not done.created:
        return await context.store.read(lambda rows: _earlier(rows, done.project, text))
    begins = context.clock.wall() + wait if wait else None
    place = await context.store.read(lambda rows: waits(rows, context, done.project))
    notes = (*_notes(repository, found), *((_waiting(place),) if place else ()))
    if not context.running:
        notes = (*notes, "No orchestrator runs on this home, so nothing begins yet: `podium up` starts one.")
    if asked.not_before and not wait:
        notes = (f"{asked.not_before} is past: it begins at once.", *notes)
    return SubmitOutput(project=done.project, title=title, created=True, begins_at=begins, notes=notes)


def _read(asked: SubmitInput) -> tuple[str, str]:
    """The requirement document, and which kind of input it came from."""
    text = document_of(asked) if asked.document is None else asked.document
    name = asked.name or ("the note" if asked.source == "scratch" else "the document")
    checked = document.decode(text.encode("utf-8", "surrogatepass"), name)
    return checked, "request" if asked.document is None else asked.source


def _earlier(rows: Rows, project: str, text: str) -> SubmitOutput:
    """The project that the same key made before; whoever sent something else under it is told."""
    before = rows.one("document_of_project", (project,))
    title = rows.one("project_by_id", (project,))[1]
    is_other = before is not None and before[0] != text
    notes = (refusal("used key", project=project),) if is_other else ()
    return SubmitOutput(project=project, title=title, created=False, notes=notes)


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
