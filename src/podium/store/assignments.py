"""Gathers what an agent is told about its job: project, item, artifacts, feedback and the commits it stands on."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from podium.domain.attempt import Artifact, Assignment
from podium.domain.job import Lease
from podium.domain.pipeline import Pipeline
from podium.store.messages import unread
from podium.store.rows import Rows

_PROJECT: Final = ("id", "title", "brief", "type", "complexity", "repository", "budget_left_usd")


def assignment(rows: Rows, pipelines: Mapping[str, Pipeline], lease: Lease) -> Assignment:
    """The assignment of a leased attempt, read from committed rows.

    Artifacts that a pipeline fans out over are left out (a project may have thousands): a job gets its own item.
    """
    job, step = lease.job, lease.step
    *known, agent, digest, document, left = rows.one("assignment", (job.project,))
    pipeline = pipelines[digest]
    fanned = {s.for_each for workflow in pipeline.workflows.values() for s in workflow.steps if s.for_each}
    made = rows.all("artifacts_but_kinds", (job.project, json.dumps(sorted(fanned))))
    own = rows.one("artifact_by_key", (job.project, step.for_each, job.item)) if job.item else None
    item = artifact_of(own) if own else None
    further = rows.one("run_by_name", (job.project, job.workflow))
    return Assignment(
        attempt=lease.name, job=job.id, number=job.attempt, project=dict(zip(_PROJECT, (*known, left), strict=True)),
        workflow=step.workflow, step=job.step, role=step.role, instance=job.instance,
        agent=f"podium:{step.action}" if step.action else agent,
        item={"key": item.key, "title": item.title, "data": item.data} if item else None, prompt=step.prompt,
        document=document, artifacts=tuple(map(artifact_of, made)),
        feedback=tuple(text for (text,) in rows.all("feedback_of_job", (job.id,))), bases=tuple(bases_of(rows, job.id)),
        messages=tuple(unread(rows, job, pipeline)), gates=tuple(asdict(gate) for gate in step.gates),
        timeout_seconds=step.timeout_seconds, run=job.workflow,
        increment={"version": further[0], "reason": further[1]} if further else None,
    )  # fmt: skip


def bases_of(rows: Rows, job_id: int) -> list[str]:
    """The commits a job stands on: what its dependencies delivered, or themselves stood on if they changed nothing."""
    found: dict[str, None] = {}
    seen: set[int] = set()
    undone = [iter(rows.all("bases_of_job", (job_id,)))]
    while undone:
        dependency, commit = next(undone[-1], (0, None))
        if not dependency:
            undone.pop()
        elif commit:
            found[commit] = None
        elif dependency not in seen:
            seen.add(dependency)
            undone.append(iter(rows.all("bases_of_job", (dependency,))))
    return list(found)


def artifact_of(row: Any) -> Artifact:
    """An artifact from its row."""
    kind, key, title, data, path, step, run = row
    return Artifact(kind, key, title, json.loads(data), path, step, run)
