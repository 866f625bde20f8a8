"""Further runs of a workflow: a merge or a release adds to what a project tells the world, once a version (PIP-4).

The first run of a workflow has its name and no version; the others are rows of `run`.
"""

from podium.domain import lifecycle
from podium.domain.command import Start
from podium.domain.pipeline import run_name, workflow_of
from podium.store.batch import Batch


def find(batch: Batch, project: str, workflow: str, version: str) -> str | None:
    """The name of the run for a version, if it has begun."""
    if not version:
        return workflow if batch.flow(project, workflow) is not None else None
    here = (row[3] for row in batch.writes["run_insert"] if row[:3] == (project, workflow, version))
    if (run := next(here, None)) is None and (row := batch.rows.one("run_by_version", (project, workflow, version))):
        run = row[0]
    return run


def add(batch: Batch, asked: Start) -> str:
    """A run that is about to begin; its name."""
    project, workflow, version, by, reason = asked
    if not version:
        return workflow
    here = sum(row[:2] == (project, workflow) for row in batch.writes["run_insert"])
    run = run_name(workflow, batch.rows.one("run_count", (project, workflow))[0] + here + 2)
    batch.writes["run_insert"].append((project, workflow, version, run, by, reason))
    batch.emit("workflow.requested", project, run, version=version, by=by, reason=reason)
    return run


def version_of(batch: Batch, project: str, run: str) -> str:
    """The version that a run is for; empty for a first run."""
    if run == workflow_of(run):
        return ""
    here = (row[2] for row in batch.writes["run_insert"] if (row[0], row[3]) == (project, run))
    return next(here, None) or batch.rows.one("run_by_name", (project, run))[0]


def unfinished_before(batch: Batch, project: str, run: str) -> list[int]:
    """The last jobs of the run before, where they are not done: a run begins when they are, on what they made."""
    workflow, _, number = run.partition("@")
    if not number:
        return []
    before = run_name(workflow, int(number) - 1)
    steps = batch.owner(project).pipeline.workflow(run).steps
    followed = {name for step in steps for name in step.after}
    found = (batch.find_job(project, before, step.id, "") for step in steps if step.id not in followed)
    return [job for job in found if job is not None and batch.need(job).state not in lifecycle.JOB_DONE]
