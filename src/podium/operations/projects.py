"""Projects and what they made."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from podium.domain.errors import NotFound
from podium.operations.attempts import own_project
from podium.operations.context import Context
from podium.operations.operation import Input, Output, argument, option, question
from podium.operations.waiting import InputRow, waits
from podium.policy.ordering import priority
from podium.refusals import refusal
from podium.store.assignments import artifact_of
from podium.store.rows import Rows

OUTPUT_KINDS = ("application", "documentation", "marketing")
OPENABLE = ("application", "publication")
"""Kinds of artifacts that Podium itself put where they can be opened."""


class ProjectsInput(Input):
    """A page of projects."""

    limit: int = option(50, ge=1, le=1000)
    """How many to show."""
    before: float | None = None
    """Only projects made before this time (seconds since the epoch)."""


class ProjectHead(Output):
    """A project."""

    id: str
    title: str
    type: str | None
    complexity: str | None
    state: str


class ProjectRow(ProjectHead):
    """One project in a list; of one that is pruned nothing more is known."""

    priority: int
    agent: str
    created_at: float
    ended_at: float | None
    pruned_at: float | None = None
    workflows: dict[str, str]
    waiting: bool
    """It has not begun: it is in the input queue."""
    paused: str | None = None
    """Who paused it, and why; null for one that is not paused."""


class ProjectsOutput(Output):
    """Projects, the newest first."""

    projects: list[ProjectRow]


@question("projects")
def projects(rows: Rows, context: Context, asked: ProjectsInput) -> ProjectsOutput:
    """List projects, the newest first."""
    page = rows.all("projects_page", (asked.before or 1e18, asked.limit))
    return ProjectsOutput(projects=[_row(rows, row) for row in page])


def _row(rows: Rows, row: Any) -> ProjectRow:
    states = {name: state for name, state, *_ in rows.all("workflows_by_project", (row[0],))}
    waits = row[4] == "open" and not states
    paused = pause_of(row[4], row[10], row[11])
    return ProjectRow.of(row[:10], workflows=states, waiting=waits, paused=paused)


def pause_of(state: str, is_paused: int, because: str | None) -> str | None:
    """Why nothing of an open project is given out; None where it is."""
    return (because or "its plan, which waits for an approval") if is_paused and state == "open" else None


class ProjectInput(Input):
    """Which project."""

    project: str = argument()
    """The project's id."""


class WorkflowView(Output):
    """Where one workflow of a project stands, with the open chains in each state beside it (PIP-6)."""

    state: str
    chains: dict[str, int]
    started_at: float
    completed_at: float | None
    version: str | None = None
    """For a further run (`content@2`): what it is for."""
    reason: str | None = None


class OutputRow(Output):
    """Something the project made that can be opened (PIP-9)."""

    kind: str
    title: str
    path: str
    url: str | None = None


class Spend(Output):
    """What attempts have told of what they used up."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    """Null when no attempt has told any."""


class SpendView(Spend):
    """What a project has used up, and the limit."""

    budget_usd: float | None
    """Null for no limit of its own."""


class ProjectOutput(ProjectHead):
    """One project in full."""

    source: str
    agent: str
    created_at: float
    begins_at: float | None = None
    """While it waits for its time to begin: that time, in seconds since the epoch."""
    ended_at: float | None
    pruned_at: float | None = None
    """Since when its jobs, attempts and reviews are gone; what it made is still there."""
    repository: str
    adopted_from: str | None = None
    """The existing repository that it works on a copy of."""
    workflows: dict[str, WorkflowView]
    outputs: list[OutputRow]
    jobs: dict[str, int]
    attempts: dict[str, int]
    reviews: list[int]
    """Its open reviews, the oldest first."""
    priority: int
    """Its own, half its business value, and boosts."""
    weight: int
    """Its share of the capacity beside other projects, 1 to 10."""
    spend: SpendView
    paused: str | None = None
    """Who paused it, and why; null for one that is not paused."""
    waiting: InputRow | None = None
    """Its place in the input queue, where it has not begun."""


@question("project")
def project(rows: Rows, context: Context, asked: ProjectInput) -> ProjectOutput:
    """Show one project: its workflows, jobs and outputs."""
    own_project(context, asked.project)
    row = need_project(rows, asked.project)
    pipeline = context.pipelines[row[12]]
    further = {name: told for name, *told in rows.all("runs_of_project", (asked.project,))}
    workflows: dict[str, WorkflowView] = {}
    for name, state, counts, *span in rows.all("workflows_by_project", (asked.project,)):
        chains = {s: n for s, n in zip(pipeline.workflow(name).states, json.loads(counts), strict=True) if n}
        version, _, reason = further.get(name, (None, None, None))
        workflows[name] = WorkflowView.of((state, chains, *span, version, reason))
    return ProjectOutput(
        id=row[0], title=row[1], type=row[2], complexity=row[3], state=row[4], source=row[9], agent=row[6],
        created_at=row[7], begins_at=wall_time(context, rows.one("begins_of_project", (asked.project,))[0]),
        ended_at=row[8], pruned_at=row[15], repository=str(repository_of(context, asked.project)), adopted_from=row[10],
        workflows=workflows, outputs=outputs_of(context, rows, asked.project),
        jobs=dict(rows.all("job_counts", (asked.project,))),
        attempts=dict(rows.all("attempt_counts", (asked.project,))),
        reviews=[review for (review,) in rows.all("reviews_of_project", (asked.project,))],
        priority=priority(row[5], row[11], row[13]), weight=row[14],
        spend=SpendView.of(rows.one("spend_of_project", (asked.project,))), paused=pause_of(row[4], row[16], row[17]),
        waiting=waits(rows, context, asked.project),
    )  # fmt: skip


def need_project(rows: Rows, project_id: str) -> Any:
    """The project's row; raises `NotFound`."""
    row = rows.one("project_by_id", (project_id,))
    if row is None:
        raise NotFound(f"There is no project {project_id!r}. `podium projects` lists them.")
    return row


def open_projects(rows: Rows) -> int:
    """How many there are, as the tally keeps it."""
    return sum(n for subject, state, n in rows.all("tally_all") if (subject, state) == ("projects", "open"))


def wall_time(context: Context, steady: float | None) -> float | None:
    """A moment on the steady clock as people's clocks will show it."""
    return None if steady is None else round(context.clock.wall() + steady - context.clock.now(), 3)


def need_jobs(rows: Rows, project_id: str) -> Any:
    """The row of a project that still has its jobs; raises `NotFound`, also when they were pruned."""
    row = need_project(rows, project_id)
    if row[15] is not None:
        day = datetime.fromtimestamp(row[15], UTC).date().isoformat()
        raise NotFound(refusal("pruned project", project=project_id, state=row[4], day=day))
    return row


def repository_of(context: Context, project_id: str) -> Path:
    """Where the project's repository is."""
    return context.home / "projects" / project_id / "repository"


class OutputsOutput(Output):
    """What the project made: applications, documentation, marketing."""

    project: str
    outputs: list[OutputRow]


@question("outputs")
def outputs(rows: Rows, context: Context, asked: ProjectInput) -> OutputsOutput:
    """List what a project made, with where to open it."""
    need_project(rows, asked.project)
    return OutputsOutput(project=asked.project, outputs=outputs_of(context, rows, asked.project))


def outputs_of(context: Context, rows: Rows, project_id: str) -> list[OutputRow]:
    """What can be opened: the deployed application, then what was published."""
    found: list[OutputRow] = []
    for row in rows.all("artifacts_of_kinds", (project_id, json.dumps(OPENABLE))):
        artifact = artifact_of(row)
        kind = artifact.data.get("kind", "") if artifact.kind == "publication" else artifact.kind
        kind = "marketing" if kind == "social" else kind
        if artifact.path:
            place = str(context.home / artifact.path)
            found.append(OutputRow(kind=kind, title=artifact.title, path=place, url=artifact.data.get("url")))
    return sorted((o for o in found if o.kind in OUTPUT_KINDS), key=lambda output: OUTPUT_KINDS.index(output.kind))
