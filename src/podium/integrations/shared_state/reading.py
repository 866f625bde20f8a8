"""Asks the store what has changed and what the files are to say, each question answered from one commit."""

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from podium.domain.instance import Slot
from podium.domain.pipeline import Pipeline
from podium.integrations.shared_state import documents
from podium.integrations.shared_state.documents import Json, Rows, Tally

EVENTS_MAX: Final = 20_000
"""Events that one question looks through."""


class Place(NamedTuple):
    """Where a workflow's queue and pool are mirrored."""

    queue: str
    instances: str


WORKFLOWS: Final[Mapping[str, Place]] = {
    "genesis": Place("queues/genesis-queue.json", "instances/genesis-instances.json"),
    "development": Place("queues/development-queue.json", "instances/dev-instances.json"),
    "content": Place("queues/content-queue.json", "instances/content-instances.json"),
}
PROJECT_FILES: Final = ("status.json", "genesis-output.json", "dev-progress.json", "content-status.json")


@dataclass(frozen=True, slots=True)
class News:
    """What has happened since a place in the log."""

    upto: int
    """The log is read up to here."""
    more: bool
    restart: bool
    """That place is not in the log any more, or there was none: `projects` are all that have not ended."""
    projects: tuple[str, ...]
    workflows: frozenset[str]
    tally: Tally


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Documents by their path in the tree, all of one commit."""

    seq: int
    files: Mapping[str, Json]
    gone: tuple[str, ...] = ()
    """Projects that there are no more."""
    due: Mapping[str, float] = field(default_factory=dict[str, float])
    """When the first delayed job of a project is due, which then becomes ready without an event."""
    unreadable: Mapping[str, Exception] = field(default_factory=dict[str, Exception])
    """Projects, by their folder, whose rows make no sense to this version."""


@contextmanager
def _one_commit(rows: Rows) -> Generator[tuple[int, int]]:
    """All that is asked inside is answered from one commit; gives the first and the last event of its log."""
    rows.one("snapshot_begin")
    try:
        yield rows.one("event_bounds")
    finally:
        rows.one("snapshot_end")


def read_news(rows: Rows, after: int | None) -> News:
    """What the log says after a place."""
    with _one_commit(rows) as (first, last):
        tally = documents.tally(rows)
        if after is None or after > last or first > after + 1:
            unfinished = tuple(project for (project,) in rows.all("projects_open"))
            return News(last, False, True, unfinished, frozenset(WORKFLOWS), tally)
        upto = min(last, after + EVENTS_MAX)
        touched = rows.all("events_touched", (after, upto))
    projects = tuple(dict.fromkeys(project for project, _ in touched if project))
    return News(upto, upto < last, False, projects, frozenset(workflow for _, workflow in touched), tally)


def read_page(rows: Rows, after: str, limit: int) -> list[str]:
    """The next projects in the order of their ids, ended or not."""
    return [project for (project,) in rows.all("projects_after", (after, limit))]


def read_projects(rows: Rows, pipelines: Mapping[str, Pipeline], projects: Iterable[str]) -> Snapshot:
    """The files of some projects."""
    files: dict[str, Json] = {}
    gone: list[str] = []
    due: dict[str, float] = {}
    unreadable: dict[str, Exception] = {}
    with _one_commit(rows) as (_, seq):
        for project in projects:
            folder = f"projects/{project}"
            try:
                found = documents.project_documents(rows, pipelines, project)
            except (LookupError, ValueError) as error:  # one strange project must not keep the others from their turn
                unreadable[folder] = error
                continue
            if found is None:
                gone.append(project)
                continue
            files |= {f"{folder}/{name}": made for name, made in zip(PROJECT_FILES, found, strict=True)}
            times = [due_at for made in found[1:] for job in made["jobs"]["entries"] if (due_at := job["due_at"])]
            if times:
                due[project] = min(times)
    return Snapshot(seq, files, tuple(gone), due, unreadable)


def read_workflows(rows: Rows, workflows: Collection[str], slots: Sequence[Slot]) -> Snapshot:
    """The files of some workflows' queues and documents."""
    files: dict[str, Json] = {}
    with _one_commit(rows) as (_, seq):
        counts = documents.tally(rows)
        for workflow in workflows:
            files[WORKFLOWS[workflow].queue] = documents.queue(rows, workflow, counts)
            files[WORKFLOWS[workflow].instances] = documents.instances(rows, workflow, slots)
    return Snapshot(seq, files)
