"""Laws of the review queue: a reviewer approves, rejects or sends back what waits for a decision."""

from podium.domain import lifecycle
from podium.domain.command import Decide
from podium.domain.errors import Conflict
from podium.domain.job import Job
from podium.refusals import refusal
from podium.store.batch import Batch
from podium.store.jobs import PLAN, finish, reopen, send_back
from podium.store.projects import end_project
from podium.store.sketch import wait_bucket
from podium.store.steering import drop_item, resume
from podium.store.writing import REVIEW


def decide(batch: Batch, command: Decide) -> str:
    """Carry out a decision on an open review. Answer: the project's id; raises `NotFound` or `Conflict`."""
    review, verdict, by, notes = command
    row = batch.found("review_by_id", review, "review", "`podium review list` shows the open ones.")
    project, job_id, kind, stored, opened_at = row
    after = lifecycle.next_review_state(str(batch.decided.get(review, stored)), verdict)
    job = batch.need(job_id)
    if verdict == "approve" and kind != PLAN:
        _refuse_without_result(batch, job)
    batch.decided[review] = after
    batch.waits[REVIEW, wait_bucket(batch.now - opened_at)] += 1
    batch.writes["notice_settle_job"].append((batch.wall, by, job.id))
    batch.writes["review_update"].append((after, batch.now, by, notes[:8000], review))
    batch.tell("review.decided", job, review=review, verdict=verdict, by=by, notes=notes[:2000])
    if verdict == "reject":
        _reject(batch, job, kind, command)
    elif kind == PLAN:
        _go_on(batch, job, command)
    elif verdict == "approve":
        finish(batch, job, "approve", "job.passed", summary=f"approved by {by}")
    else:
        target = batch.step_of(job).rework if kind == "quality" else job.step
        send_back(batch, job._replace(reworks=0), target, "send_back", notes, by)
    batch.touch(job)
    return project


def _refuse_without_result(batch: Batch, job: Job) -> None:
    """What later steps cannot do without must be there before anybody accepts the work."""
    required = [name for gate in batch.step_of(job).gates for name in gate.require]
    missing = [name for name in required if not batch.artifacts(job.project, name)]
    if missing:
        raise Conflict(refusal("lacks what is needed", job=job, what=" and no ".join(missing)))


def _go_on(batch: Batch, job: Job, command: Decide) -> None:
    """Approve: go on with the plan. Send back: make a new one, to be approved again."""
    owner = batch.owner(job.project)
    if command.verdict == "send_back":
        owner.plan_first = True
        reopen(batch, job, command.notes, command.by)
    if owner.paused:  # somebody may have resumed it by hand
        resume(batch, job.project)


def _reject(batch: Batch, job: Job, kind: str, command: Decide) -> None:
    """Drop the feature and go on without it; a plan, or a step the whole project needs, ends the project."""
    what = "the plan was rejected" if kind == PLAN else "rejected"
    reason = f"{what} by {command.by}: {command.notes}".rstrip(": ")
    if kind == PLAN or not job.item:
        end_project(batch, job.project, "failed", reason)
    else:
        drop_item(batch, job, "reject", reason)
