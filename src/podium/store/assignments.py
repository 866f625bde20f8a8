"""Gathers what an agent is told about its job: project, item, artifacts, feedback and the commits it stands on."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from podium.domain.attempt import Artifact, Assignment
from podium.domain.job import Lease
from podium.domain.pipeline import Pipeline
from podium.store.messages import unread
from podium.store.rows import Rows


def assignment(rows: Rows, pipelines: Mapping[str, Pipeline], lease: Lease) -> Assignment:
    """The assignment of a leased attempt, read from committed rows.

    Artifacts that a pipeline fans out over are left out (a project may have thousands): a job gets its own item.
    """
    job = lease.job
    project_id, title, brief, type_, complexity, url, agent, digest, document = rows.one("assignment", (job.project,))
    pipeline = pipelines[digest]
    step = pipeline.step(job.workflow, job.step)
    fanned = {s.for_each for workflow in pipeline.workflows.values() for s in workflow.steps if s.for_each}
    made = [artifact_of(row) for row in rows.all("artifacts_of_project", (job.project,))]
    item = next((a for a in made if a.kind == step.for_each and a.key == job.item), None) if job.item else None
    return Assignment(
        attempt=lease.name,
        job=job.id,
        number=job.attempt,
        project={
            "id": project_id,
            "title": title,
            "brief": brief,
            "type": type_,
            "complexity": complexity,
            "repository": url,
        },
        workflow=job.workflow,
        step=job.step,
        role=step.role,
        instance=job.instance,
        agent=f"podium:{step.action}" if step.action else agent,
        item={"key": item.key, "title": item.title, "data": item.data} if item else None,
        prompt=step.prompt,
        document=document,
        artifacts=tuple(a for a in made if a.kind not in fanned),
        feedback=tuple(text for (text,) in rows.all("feedback_of_job", (job.id,))),
        bases=tuple(bases_of(rows, job.id)),
        messages=tuple(unread(rows, job, pipeline)),
        gates=tuple(asdict(gate) for gate in step.gates),
        timeout_seconds=step.timeout_seconds,
    )


def bases_of(rows: Rows, job_id: int) -> list[str]:
    """The commits a job stands on: what its dependencies delivered, or themselves stood on if they changed nothing."""
    found: dict[str, None] = {}
    for dependency, commit in rows.all("bases_of_job", (job_id,)):
        found |= dict.fromkeys([commit] if commit else bases_of(rows, dependency))
    return list(found)


def artifact_of(row: Any) -> Artifact:
    """An artifact from its row."""
    kind, key, title, data, path, step = row
    return Artifact(kind, key, title, json.loads(data), path, step)
