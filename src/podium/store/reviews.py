"""Laws of the review queue: a reviewer approves, rejects or sends back what waits for a decision."""

from podium.domain import lifecycle
from podium.domain.command import Decide
from podium.domain.errors import NotFound
from podium.domain.job import Job
from podium.store.batch import Batch
from podium.store.jobs import finish, send_back
from podium.store.projects import fail_project


def decide(batch: Batch, command: Decide) -> str:
    """Carry out a decision on an open review. Answer: the project's id; raises `NotFound` or `Conflict`."""
    row = batch.rows.one("review_by_id", (command.review,))
    if row is None:
        raise NotFound(f"There is no review {command.review}. `podium review list` shows the open ones.")
    project, job_id, kind, state = row
    after = lifecycle.next_review_state(state, command.verdict)
    job = batch.need(job_id)
    batch.writes["review_update"].append((after, batch.now, command.by, command.notes[:8000], command.review))
    batch.tell(
        "review.decided",
        job,
        review=command.review,
        verdict=command.verdict,
        by=command.by,
        notes=command.notes[:2000],
    )
    if command.verdict == "approve":
        finish(batch, job, "approve", "job.passed", summary=f"approved by {command.by}")
    elif command.verdict == "reject":
        _reject(batch, job, command)
    else:
        step = batch.step_of(job)
        target = step.rework if kind == "quality" else job.step
        batch.put(job._replace(reworks=0, failures=0))
        send_back(batch, batch.need(job_id), target, "send_back", command.notes, command.by)
    batch.touch(job)
    return project


def _reject(batch: Batch, job: Job, command: Decide) -> None:
    """Drop the feature and go on without it; a step the whole project needs ends the project."""
    reason = f"rejected by {command.by}: {command.notes}".rstrip(": ")
    if not job.item:
        fail_project(batch, job.project, reason)
        return
    for (job_id,) in batch.rows.all("jobs_waiting_of_item", (job.project, job.workflow, job.item)):
        follower = batch.need(job_id)
        if follower.state == "waiting":
            _drop(batch, follower, reason)
    finish(batch, job, "reject", "job.cancelled", reason=reason)


def _drop(batch: Batch, job: Job, reason: str) -> None:
    """Cancel a job that waits behind a rejected one; it never had a place to give back."""
    flow = batch.flow(job.project, job.workflow)
    assert flow is not None
    flow.admitted += 1
    finish(batch, job, "cancel", "job.cancelled", reason=reason)
