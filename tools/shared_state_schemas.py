"""Draws the JSON Schemas of the shared-state tree from its documents as types, to which tests hold every file."""

import json
from pathlib import Path
from typing import Annotated, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from podium.integrations.shared_state.documents import ENTRIES_MAX, SCHEMA_VERSION, TEXT_CHARS_MAX

FOLDER = Path(__file__).resolve().parents[1] / "src" / "podium" / "integrations" / "shared_state" / "schemas"

T = TypeVar("T")


Text = Annotated[str, Field(max_length=TEXT_CHARS_MAX)]
"""Words of a person or an agent, cut to the limit."""


class Part(BaseModel):
    """A piece of a document. Times are seconds since the epoch on Podium's steady clock unless said otherwise."""

    model_config = ConfigDict(
        extra="forbid", use_attribute_docstrings=True, json_schema_serialization_defaults_required=True
    )


class Document(Part):
    """The head of every document. The writer puts in `seq` and `updated_at` when the rest has changed."""

    schema_version: Literal[1] = SCHEMA_VERSION
    """Rises when a field changes its meaning or goes; a new field leaves it as it is."""
    seq: int = Field(default=0, ge=0)
    """The last event of the log when this content was read; the content is true from there until the file changes."""
    updated_at: float = 0.0
    """When the file was written, by the wall clock, in seconds since the epoch."""


class Page(Part, Generic[T]):
    """The first entries of a list that may be longer."""

    entries: list[T] = Field(max_length=ENTRIES_MAX)
    truncated: bool
    """Whether there are more than are listed."""


class WorkflowSummary(Part):
    """Where one workflow of a project stands."""

    state: str | None
    """Its state in the lifecycle; null before it is enqueued."""
    chains: dict[str, int]
    """Open chains of steps in each state; a state without any is left out."""
    jobs_open: int
    """Jobs that are not done."""
    jobs_held: int
    """Open jobs that wait for their project's turn."""
    started_at: float | None
    completed_at: float | None


class ProjectStatus(Document):
    """`projects/{id}/status.json`: one project at a glance."""

    kind: Literal["project-status"] = "project-status"
    id: str
    title: Text
    type: str | None
    complexity: str | None
    state: str
    """`open`, `complete`, `failed` or `cancelled`."""
    paused: bool
    priority: int
    boost: int
    """Points that operators have added to the priority."""
    business_value: int
    agent: str
    source: str
    repository_url: str | None
    created_at: float
    ended_at: float | None
    workflows: dict[str, WorkflowSummary]
    """The workflows that have been enqueued, by name; a pipeline of one's own may have others than the three."""


class JobEntry(Part):
    """One job of a workflow."""

    job: int
    step: str
    item: Text
    """The key of the issue it is about; empty for a step that runs once."""
    state: str
    attempt: int
    """The number of its latest attempt; 0 before the first."""
    failures: int
    reworks: int
    instance: str | None
    """Who has it, or had it last."""
    due_at: float | None
    """When it is tried again, while it is `delayed`."""


class ArtifactEntry(Part):
    """Something that was made."""

    key: Text
    title: Text
    path: Text | None
    """Deployments and publications: relative to the home. Issues: relative to the project's repository."""
    kind: Text | None = None
    """What sort of publication it is, such as `documentation`."""
    url: Text | None = None


class Plan(Part):
    """What the analysis made of the requirement document."""

    title: Text
    summary: Text | None


class WorkflowDocument(WorkflowSummary, Document):
    """What the files about one workflow of a project have in common."""

    project: str
    jobs: Page[JobEntry]
    """In the order they were made. When truncated: the first by the names of step and item."""


class GenesisOutput(WorkflowDocument):
    """`projects/{id}/genesis-output.json`: what Genesis made of the requirement document."""

    kind: Literal["genesis-output"] = "genesis-output"
    repository_url: str | None
    plan: Plan | None
    issues: Page[ArtifactEntry]


class DevProgress(WorkflowDocument):
    """`projects/{id}/dev-progress.json`: how far Development is, and what is deployed."""

    kind: Literal["dev-progress"] = "dev-progress"
    deployments: Page[ArtifactEntry]


class ContentStatus(WorkflowDocument):
    """`projects/{id}/content-status.json`: how far Content is, and what is published."""

    kind: Literal["content-status"] = "content-status"
    publications: Page[ArtifactEntry]


class QueueCounts(Part):
    """Jobs of a queue by state, counted in the transaction that changes them."""

    ready: int = 0
    """Jobs that lack nothing but an instance: the queue's depth."""
    running: int = 0
    delayed: int = 0
    held: int = 0
    paused: int = 0
    in_review: int = 0
    dead: int = 0
    """Dead letters: they wait for a person."""
    passed: int = 0
    cancelled: int = 0


class ProjectCounts(Part):
    """Projects by where they stand in the workflow."""

    queued: int = 0
    active: int = 0
    completed: int = 0


class QueueEntry(Part):
    """A job that waits for an instance."""

    job: int
    project: str
    workflow: str
    step: str
    item: Text
    lane: str
    """The role it prefers, or `@instance` when pinned to one."""
    priority: int
    attempt: int
    ready_at: float


class Queue(Document):
    """`queues/*-queue.json`: what waits for an instance of a workflow's pool, the next one first."""

    kind: Literal["queue"] = "queue"
    workflow: str
    jobs: QueueCounts
    projects: ProjectCounts
    oldest_ready_at: float | None
    """Since when the one that waits longest has been ready, among those listed."""
    ready: Page[QueueEntry]


class InstanceEntry(Part):
    """One instance; what it works on is null while it is idle."""

    name: str
    role: str
    """Empty for an instance that has left its pool and ends its last job."""
    state: Literal["idle", "busy"]
    job: int | None = None
    project: str | None = None
    workflow: str | None = None
    step: str | None = None
    item: Text | None = None
    attempt: int | None = None
    since: float | None = None


class Instances(Document):
    """`instances/*-instances.json`: a workflow's pool, and what each instance works on."""

    kind: Literal["instances"] = "instances"
    workflow: str
    total: int
    busy: int
    idle: int
    instances: Page[InstanceEntry]


PUBLISHED: Final[tuple[type[Document], ...]] = (
    ProjectStatus, GenesisOutput, DevProgress, ContentStatus, Queue, Instances
)  # fmt: skip
"""Every kind of document; the schema of each is `schemas/{kind}.json`."""


def files() -> dict[Path, str]:
    """Every schema file and its text."""
    drawn: dict[Path, str] = {}
    for document in PUBLISHED:
        schema = document.model_json_schema(mode="serialization")
        for part in (schema, *schema["$defs"].values()):
            del part["additionalProperties"]  # a reader's copy of the schema must stand a later version's new field
        whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        kind = document.model_fields["kind"].default
        drawn[FOLDER / f"{kind}.json"] = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    return drawn
