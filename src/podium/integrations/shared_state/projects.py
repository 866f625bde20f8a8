"""One project's four files, from its committed rows: by index and from counters, never by counting rows."""

import json
from collections.abc import Mapping
from typing import Any, Final

from podium.domain.pipeline import Pipeline, workflow_of
from podium.integrations.shared_state.documents import (
    ENTRIES_MAX,
    ArtifactEntry,
    ContentStatus,
    DevProgress,
    GenesisOutput,
    JobEntry,
    Page,
    Plan,
    ProjectStatus,
    WorkflowSummary,
    page,
)
from podium.integrations.shared_state.rows import Rows

DATA_CHARS_MAX: Final = 1 << 20
"""An artifact's data that is longer is not looked into."""

Files = tuple[ProjectStatus, GenesisOutput, DevProgress, ContentStatus]


def project_documents(rows: Rows, pipelines: Mapping[str, Pipeline], project: str) -> Files | None:
    """The project's documents in the order of `PROJECT_FILES`, or None when there is no such project."""
    row = rows.one("project_head", (project,))
    if row is None:
        return None
    told = dict(zip(_HEAD, row, strict=True))
    url = told["repository_url"]
    workflows = _workflows(rows, pipelines[told.pop("pipeline")], project)
    status = ProjectStatus(id=project, workflows=workflows, **told)

    def shared(name: str) -> dict[str, Any]:
        runs = {run: summary for run, summary in workflows.items() if workflow_of(run) == name}
        newest = max(runs, key=lambda run: runs[run].started_at or 0.0, default=name)
        return {**dict(runs.get(newest, _NOT_ENQUEUED)), "project": project, "jobs": _jobs(rows, project, newest)}

    plan, issues = _plan(rows, project), _artifacts(rows, project, "issue", data_chars_max=0)
    return (
        status,
        GenesisOutput(**shared("genesis"), repository_url=url, plan=plan, issues=issues),
        DevProgress(**shared("development"), deployments=_artifacts(rows, project, "application")),
        ContentStatus(**shared("content"), publications=_artifacts(rows, project, "publication")),
    )


_HEAD: Final = (
    "pipeline", "title", "type", "complexity", "state", "paused", "priority", "boost", "business_value", "agent",
    "source", "repository_url", "created_at", "ended_at",
)  # fmt: skip
"""The columns of `project_head`."""
_NOT_ENQUEUED: Final = WorkflowSummary(
    state=None, chains={}, jobs_open=0, jobs_held=0, started_at=None, completed_at=None
)


def _workflows(rows: Rows, pipeline: Pipeline, project: str) -> dict[str, WorkflowSummary]:
    return {
        name: WorkflowSummary(
            state=state,
            chains={s: n for s, n in zip(pipeline.workflow(name).states, json.loads(counts), strict=True) if n},
            jobs_open=jobs_open,
            jobs_held=jobs_held,
            started_at=started_at,
            completed_at=completed_at,
        )
        for name, state, counts, jobs_open, jobs_held, started_at, completed_at in rows.all(
            "workflow_progress", (project,)
        )
    }


def _jobs(rows: Rows, project: str, workflow: str) -> Page[JobEntry]:
    found = rows.all("jobs_of_workflow_first", (project, workflow, ENTRIES_MAX + 1))
    made = page(Page[JobEntry], found, _job)
    made.entries.sort(key=lambda job: job.job)
    return made


def _job(row: Any) -> JobEntry:
    *head, instance, ready_at = row
    return JobEntry.of((*head, instance or None, ready_at if head[3] == "delayed" else None))


def _artifacts(rows: Rows, project: str, kind: str, data_chars_max: int = DATA_CHARS_MAX) -> Page[ArtifactEntry]:
    found = rows.all("artifacts_of_kind_first", (data_chars_max, project, kind, ENTRIES_MAX + 1))
    return page(Page[ArtifactEntry], found, _artifact)


def _artifact(row: Any) -> ArtifactEntry:
    key, title, path, data = row
    told = _told(data)
    return ArtifactEntry(key=key, title=title, path=path, kind=_word(told, "kind"), url=_word(told, "url"))


def _plan(rows: Rows, project: str) -> Plan | None:
    row = rows.one("artifacts_of_kind_first", (DATA_CHARS_MAX, project, "plan", 1))
    return Plan(title=row[1], summary=_word(_told(row[3]), "summary")) if row else None


def _told(data: str | None) -> Mapping[str, Any]:
    """An artifact's data: an agent wrote it, so it may be anything."""
    try:
        found = json.loads(data or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType] - JSON


def _word(told: Mapping[str, Any], name: str) -> str | None:
    found = told.get(name)
    return found if isinstance(found, str) else None
