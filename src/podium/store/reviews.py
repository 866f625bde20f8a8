"""Laws of the review queue: a reviewer approves, rejects or sends back what waits for a decision."""

from podium.domain import lifecycle
from podium.domain.command import Decide
from podium.domain.errors import Conflict, NotFound
from podium.domain.job import Job
from podium.store.batch import Batch
from podium.store.jobs import PLAN, finish, reopen, send_back
from podium.store.projects import end_project
from podium.store.sketch import wait_bucket
from podium.store.steering import drop_item, resume
from podium.store.writing import REVIEW


def decide(batch: Batch, command: Decide) -> str:
    """Carry out a decision on an open review. Answer: the project's id; raises `NotFound` or `Conflict`."""
    row = batch.rows.one("review_by_id", (command.review,))
    if row is None:
        raise NotFound(f"There is no review {command.review}. `podium review list` shows the open ones.")
    project, job_id, kind, stored, opened_at = row
    state = str(batch.decided.get(command.review, stored))
    after = lifecycle.next_review_state(state, command.verdict)
    job = batch.need(job_id)
    if command.verdict == "approve" and kind != PLAN:
        _refuse_without_result(batch, job)
    batch.decided[command.review] = after
    batch.waits[REVIEW, wait_bucket(batch.now - opened_at)] += 1
    batch.effects["notice_settle_job"].append((batch.wall, command.by, job.id))
    batch.writes["review_update"].append((after, batch.now, command.by, command.notes[:8000], command.review))
    batch.tell(
        "review.decided", job, review=command.review, verdict=command.verdict, by=command.by, notes=command.notes[:2000]
    )
    if kind == PLAN:
        _decide_plan(batch, job, command)
    elif command.verdict == "approve":
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


def _refuse_without_result(batch: Batch, job: Job) -> None:
    """What later steps cannot do without must be there before anybody accepts the work."""
    required = [name for gate in batch.step_of(job).gates for name in gate.require]
    missing = [name for name in required if not batch.artifacts(job.project, name)]
    if missing:
        raise Conflict(
            f"Job {job.id} ({job.step}) delivered no {' and no '.join(missing)}, which later steps need. "
            "Send it back with notes, or reject it."
        )


def _decide_plan(batch: Batch, job: Job, command: Decide) -> None:
    """Approve: go on with the plan. Send back: make a new one, to be approved again. Reject: end the project."""
    if command.verdict == "reject":
        end_project(
            batch, job.project, "failed", f"the plan was rejected by {command.by}: {command.notes}".rstrip(": ")
        )
        return
    if command.verdict == "send_back":
        owner = batch.owner(job.project)
        owner.plan_first = True
        reopen(batch, job, command.notes, command.by)
    if batch.owner(job.project).paused:  # somebody may have resumed it by hand
        resume(batch, job.project)


def _reject(batch: Batch, job: Job, command: Decide) -> None:
    """Drop the feature and go on without it; a step the whole project needs ends the project."""
    reason = f"rejected by {command.by}: {command.notes}".rstrip(": ")
    if not job.item:
        end_project(batch, job.project, "failed", reason)
        return
    drop_item(batch, job, "reject", reason)
