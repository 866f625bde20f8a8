"""The documents of the shared-state tree, from committed rows: by index and from counters, never by counting rows.

What each field means is told in `schemas/`, which the tests hold every document to. A *subject* is what one question is
about: a workflow by its name, or a project as `projects/{id}`. Each question is answered from one commit.
"""

import json
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any, Final, NamedTuple

from podium.domain.instance import Slot
from podium.domain.pipeline import Pipeline, workflow_of
from podium.ports import Rows
from podium.tables import beside

SCHEMA_VERSION: Final = 1
ENTRIES_MAX: Final = 1000
"""Entries of a list that are mirrored; `truncated` tells whether there are more."""
TEXT_CHARS_MAX: Final = 2_000
"""Characters of a text that are mirrored."""
DATA_CHARS_MAX: Final = 1 << 20
"""An artifact's data that is longer is not looked into."""
EVENTS_MAX: Final = 20_000
"""Events that one question looks through."""

_TABLE: Final[dict[str, Any]] = beside(__file__)
WORKFLOWS: Final[dict[str, list[str]]] = _TABLE["workflows"]
"""Where a workflow's queue and pool are mirrored."""
PROJECT_FILES: Final[list[str]] = _TABLE["project_files"]

Json = dict[str, Any]


class Snapshot(NamedTuple):
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


def read_news(rows: Rows, after: int | None) -> tuple[int, bool, bool, tuple[str, ...]]:
    """What the log says after a place: up to where, whether there is more, whether to begin anew, and which projects.

    Anew, with all projects that have not ended, where that place is not in the log any more, or there was none.
    """
    with _one_commit(rows) as (first, last):
        restart = after is None or after > last or first > after + 1
        upto = last if after is None or restart else min(last, after + EVENTS_MAX)
        found = rows.all("projects_open") if restart else rows.all("events_touched", (after, upto))
    return upto, upto < last, restart, subjects(found)


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
                    pool = (queue(rows, subject), instances(rows, subject, slots))
                    files[subject] = dict(zip(WORKFLOWS[subject], pool, strict=True))
                else:
                    found = project_documents(rows, pipelines, subject.removeprefix("projects/"))
                    made = found or [None] * len(PROJECT_FILES)
                    files[subject] = {f"{subject}/{name}": each for name, each in zip(PROJECT_FILES, made, strict=True)}
            except (LookupError, ValueError) as error:
                unreadable[subject] = error
    return Snapshot(seq, files, unreadable)


def fitting(words: Any) -> Any:
    """Words of a person or an agent, cut to the limit; anything else as it is."""
    long = isinstance(words, str) and len(words) > TEXT_CHARS_MAX
    return words[: TEXT_CHARS_MAX - 1] + "…" if long else words


def project_documents(rows: Rows, pipelines: Mapping[str, Pipeline], project: str) -> list[Json] | None:
    """The project's documents in the order of `PROJECT_FILES`, or None when there is no such project."""
    row = rows.one("project_head", (project,))
    if row is None:
        return None
    head = _part("head", row)
    pipeline = pipelines[head.pop("pipeline")]
    head["paused"] = bool(head["paused"])
    workflows = {row[0]: _workflow(pipeline, row) for row in rows.all("workflow_progress", (project,))}

    def about(workflow: str, kind: str, **more: Any) -> Json:
        runs = {run: told for run, told in workflows.items() if workflow_of(run) == workflow}
        newest = max(runs, key=lambda run: runs[run]["started_at"] or 0.0, default=workflow)
        told = runs.get(newest) or _part("workflow", (None, {}, 0, 0, None, None))
        return _document(kind, **told, project=project, jobs=_jobs(rows, project, newest), **more)

    plan, issues = _plan(rows, project), _artifacts(rows, project, "issue", data_chars_max=0)
    return [
        _document("project-status", id=project, workflows=workflows, **head),
        about("genesis", "genesis-output", repository_url=head["repository_url"], plan=plan, issues=issues),
        about("development", "dev-progress", deployments=_artifacts(rows, project, "application")),
        about("content", "content-status", publications=_artifacts(rows, project, "publication")),
    ]


def queue(rows: Rows, workflow: str) -> Json:
    """What waits for an instance of the workflow's pool."""
    names = [lane for (lane,) in rows.all("lanes_ready", (workflow,))]
    lanes = [rows.all("ready_first", (workflow, lane, ENTRIES_MAX + 1)) for lane in names]
    ready = _page(list(islice(merge(*lanes), ENTRIES_MAX + 1)), lambda row: _part("waiting", row[1:]))
    counts = {(subject, state): n for subject, state, n in rows.all("tally_all")}
    return _document(
        "queue", workflow=workflow,
        jobs={state: counts.get((workflow, state), 0) for state in _TABLE["states"]["jobs"]},
        projects={state: counts.get((f"workflow.{workflow}", state), 0) for state in _TABLE["states"]["projects"]},
        oldest_ready_at=min((entry["ready_at"] for entry in ready["entries"]), default=None), ready=ready,
    )  # fmt: skip


def instances(rows: Rows, workflow: str, slots: Sequence[Slot]) -> Json:
    """The workflow's pool, then those that have left it and still work; a pool is small, whatever the queue is."""
    busy = {row[0]: row for row in rows.all("running_in_queue", (workflow,))}
    roles = {slot.name: slot.role for slot in slots if slot.queue == workflow}
    names = [*roles, *(name for name in busy if name not in roles)]

    def entry(name: str) -> Json:
        _, project, job, *rest = busy.get(name, (None,) * 8)
        state = "busy" if name in busy else "idle"
        return _part("instance", (name, roles.get(name, ""), state, job, project, *rest))

    told = {"total": len(names), "busy": len(busy), "idle": len(names) - len(busy)}
    return _document("instances", workflow=workflow, **told, instances=_page(names, entry))


def _document(kind: str, **rest: Any) -> Json:
    """A document with its head; the writer puts in `seq` and `updated_at` when the rest has changed."""
    return {"schema_version": SCHEMA_VERSION, "seq": 0, "updated_at": 0.0, "kind": kind, **rest}


def _part(name: str, row: Sequence[Any]) -> Json:
    return dict(zip(_TABLE["fields"][name], map(fitting, row), strict=True))


def _page(found: Sequence[Any], entry: Callable[[Any], Json]) -> Json:
    """The first of what was found, as entries; `found` has one too many when there are more."""
    return {"entries": [entry(row) for row in found[:ENTRIES_MAX]], "truncated": len(found) > ENTRIES_MAX}


def _workflow(pipeline: Pipeline, row: Any) -> Json:
    name, state, counts, *rest = row
    chains = zip(pipeline.workflow(name).states, json.loads(counts), strict=True)
    return _part("workflow", (state, {state: n for state, n in chains if n}, *rest))


def _jobs(rows: Rows, project: str, workflow: str) -> Json:
    def entry(row: Any) -> Json:
        *head, instance, ready_at = row
        return _part("job", (*head, instance or None, ready_at if head[3] == "delayed" else None))

    made = _page(rows.all("jobs_of_workflow_first", (project, workflow, ENTRIES_MAX + 1)), entry)
    made["entries"].sort(key=itemgetter("job"))
    return made


def _artifacts(rows: Rows, project: str, kind: str, data_chars_max: int = DATA_CHARS_MAX) -> Json:
    def entry(row: Any) -> Json:
        *head, data = row
        return _part("artifact", (*head, _word(data, "kind"), _word(data, "url")))

    return _page(rows.all("artifacts_of_kind_first", (data_chars_max, project, kind, ENTRIES_MAX + 1)), entry)


def _plan(rows: Rows, project: str) -> Json | None:
    row = rows.one("artifacts_of_kind_first", (DATA_CHARS_MAX, project, "plan", 1))
    return _part("plan", (row[1], _word(row[3], "summary"))) if row else None


def _word(data: str | None, name: str) -> str | None:
    """A text in an artifact's data: an agent wrote it, so it may be anything."""
    try:
        found: Any = json.loads(data or "{}")
    except (ValueError, RecursionError):
        return None
    word: Any = found.get(name) if isinstance(found, dict) else None  # pyright: ignore[reportUnknownVariableType] - JSON
    return word if isinstance(word, str) else None
