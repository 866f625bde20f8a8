"""Asks the store what has changed and what the files are to say, each question answered from one commit.

A *subject* is what one question is about: a workflow by its name, or a project as `projects/{id}`.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from podium.domain.instance import Slot
from podium.domain.pipeline import Pipeline
from podium.integrations.shared_state import documents
from podium.integrations.shared_state.documents import Json, Rows

EVENTS_MAX: Final = 20_000
"""Events that one question looks through."""

WORKFLOWS: Final[Mapping[str, tuple[str, str]]] = {
    "genesis": ("queues/genesis-queue.json", "instances/genesis-instances.json"),
    "development": ("queues/development-queue.json", "instances/dev-instances.json"),
    "content": ("queues/content-queue.json", "instances/content-instances.json"),
}
"""Where a workflow's queue and pool are mirrored."""
PROJECT_FILES: Final = ("status.json", "genesis-output.json", "dev-progress.json", "content-status.json")


class News(NamedTuple):
    """What has happened since a place in the log."""

    upto: int
    """The log is read up to here."""
    more: bool
    restart: bool
    """That place is not in the log any more, or there was none: `projects` are all that have not ended."""
    projects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What all was at one commit."""

    seq: int
    files: Mapping[str, Mapping[str, Json | None]]
    """By subject the documents by their path in the tree; None for a file that there is no more."""
    unreadable: Mapping[str, Exception]
    """Subjects whose rows make no sense to this version."""

    def due(self) -> Iterable[tuple[str, float]]:
        """When the first delayed job of a project is due, which then becomes ready without an event."""
        for project, files in self.files.items():
            pages = [made["jobs"].get("entries", ()) for made in files.values() if made and "jobs" in made]
            times = [job["due_at"] for page in pages for job in page if job["due_at"]]
            yield from [(project, min(times))] if times else ()


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
        restart = after is None or after > last or first > after + 1
        upto = last if after is None or restart else min(last, after + EVENTS_MAX)
        found = rows.all("projects_open") if restart else rows.all("events_touched", (after, upto))
    return News(upto, upto < last, restart, subjects(found))


def read_page(rows: Rows, after: str, limit: int) -> tuple[str, ...]:
    """The next projects in the order of their ids, ended or not."""
    return subjects(rows.all("projects_after", (after.removeprefix("projects/"), limit)))


def subjects(found: Iterable[tuple[str]]) -> tuple[str, ...]:
    """Rows of projects as subjects."""
    return tuple(f"projects/{project}" for (project,) in found)


def read(rows: Rows, pipelines: Mapping[str, Pipeline], slots: Sequence[Slot], about: Iterable[str]) -> Snapshot:
    """The files of some subjects; one strange project does not keep the others from their turn."""
    files: dict[str, Mapping[str, Json | None]] = {}
    unreadable: dict[str, Exception] = {}
    with _one_commit(rows) as (_, seq):
        for subject in about:
            try:
                if subject in WORKFLOWS:
                    pool = (documents.queue(rows, subject), documents.instances(rows, subject, slots))
                    files[subject] = dict(zip(WORKFLOWS[subject], pool, strict=True))
                else:
                    found = documents.project_documents(rows, pipelines, subject.removeprefix("projects/"))
                    made = found or [None] * len(PROJECT_FILES)
                    files[subject] = {f"{subject}/{name}": each for name, each in zip(PROJECT_FILES, made, strict=True)}
            except (LookupError, ValueError) as error:
                unreadable[subject] = error
    return Snapshot(seq, files, unreadable)
