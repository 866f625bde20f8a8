"""Laws of an operator's hand: pin, boost, pause, cancel, retry; each is recorded with who and why (QUE-5)."""

from podium.domain import lifecycle
from podium.domain.command import Steer, Steered
from podium.domain.errors import Conflict, NotFound
from podium.domain.job import Job
from podium.policy import admission
from podium.policy.ordering import priority_bounded
from podium.refusals import refusal
from podium.store import input_queue, letters
from podium.store.batch import Batch
from podium.store.hot import Owner
from podium.store.jobs import close_reviews, finish, reopen, send_back, send_back_at_once
from podium.store.projects import begin, end_project


def steer(batch: Batch, command: Steer) -> Steered:
    """Carry out one action on a project, or on one of its jobs."""
    job = batch.job(command.job) if command.job else None
    if command.job and job is None:
        raise NotFound(f"There is no job {command.job}. `podium jobs PROJECT` lists a project's.")
    project = job.project if job else command.project
    if job is not None and command.action in ("replay", "drop"):
        letters.require_dead(job, command.action)
    owner, action = batch.owner(project), command.action
    if owner.state != "open":
        raise Conflict(f"Project {project} is {owner.state}; nothing of it can be changed any more.")
    is_so = action == "assign" and owner.assigned.get(command.workflow, "") == command.instance
    if is_so or (action == "budget" and owner.budget_usd == command.budget_usd):
        return Steered(project, 0)
    told = {k: value for k, value in command._asdict().items() if value and k not in ("action", "project", "job")}
    if job is not None:
        batch.tell(f"operator.{action}", job, **told)
        return _on_job(batch, job, command)
    batch.emit(f"operator.{action}", project, **told)
    return _on_project(batch, project, command)


def _on_job(batch: Batch, job: Job, command: Steer) -> Steered:
    batch.touch(job)
    if command.action in ("retry", "fail"):
        return _retry(batch, job, command)
    if job.state in lifecycle.JOB_DONE:
        raise Conflict(f"Job {job.id} is {job.state}; nothing is left to {command.action}.")
    if command.action in ("cancel", "drop"):
        return _cancel(batch, job, command)
    if command.action == "replay":
        letters.replay(batch, job, command)
    elif command.action == "pin":
        batch.reorder(job, lane=f"@{command.instance}")
    elif command.action == "unpin":
        batch.reorder(job, lane=batch.step_of(job).role)
    elif command.action == "boost":
        batch.reorder(job, priority=priority_bounded(job.priority + command.points))
    else:
        raise Conflict(f"A single job cannot {command.action}; name the project {job.project} instead.")
    return Steered(job.project, 1)


def _on_project(batch: Batch, project: str, command: Steer) -> Steered:
    if command.action == "cancel":
        return end_project(batch, project, "cancelled", f"cancelled by {command.by}: {command.reason}".rstrip(": "))
    if command.action == "pause":
        return pause(batch, project, f"{command.by}: {command.reason}" if command.reason else command.by)
    if command.action == "resume":
        if (asked := batch.rows.one("review_of_plan", (project,))) is not None and asked[0] not in batch.decided:
            raise Conflict(refusal("plan waits", project=project, review=asked[0]))
        return resume(batch, project)
    if command.action == "replay":
        dead = [job for job in batch.open_jobs(project) if job.state == "dead"]
        for job in dead:
            letters.replay(batch, job, command)
        return Steered(project, len(dead))
    if command.action in _CHANGES:
        return _CHANGES[command.action](batch, project, command)
    if command.action == "boost":
        owner = batch.owner(project)
        owner.boost, owner.priority, owner.changed = owner.boost + command.points, owner.priority + command.points, True
        jobs = batch.open_jobs(project)
        for job in jobs:
            batch.reorder(job, priority=priority_bounded(job.priority + command.points))
        _reconsider(batch, owner)
        return Steered(project, len(jobs))
    raise Conflict(f"{command.action} takes a job, not a project: `podium jobs {project}` lists them.")


def _budget(batch: Batch, project: str, command: Steer) -> Steered:
    """Say what it may cost in all; a project that is paused stays so until it is resumed."""
    owner = batch.owner(project)
    owner.budget_usd, owner.changed = command.budget_usd, True
    owner.spent_usd = batch.rows.one("spend_of_project", (project,))[2] or 0.0
    return Steered(project, 0)


def _assign(batch: Batch, project: str, command: Steer) -> Steered:
    """Give a workflow's work to one instance, what there is and what will come; what runs goes on where it is."""
    owner, workflow, instance = batch.owner(project), command.workflow, command.instance
    if workflow not in owner.pipeline.workflows:
        known = ", ".join(owner.pipeline.workflows)
        raise Conflict(f"The pipeline of {project} has no workflow {workflow}. It has: {known}.")
    owner.assigned = {name: one for name, one in {**owner.assigned, workflow: instance}.items() if one}
    owner.changed = True
    steps = owner.pipeline.workflows[workflow].by_id
    jobs = [job for job in batch.open_jobs(project) if job.queue == workflow and not steps[job.step].independent]
    for job in jobs:
        batch.reorder(job, lane=f"@{instance}" if instance else steps[job.step].role)
    return Steered(project, len(jobs))


_CHANGES = {"assign": _assign, "budget": _budget}


def pause(batch: Batch, project: str, because: str) -> Steered:
    """Give out nothing more of a project; what runs goes on to its end. `because` says who paused it, and why."""
    owner = batch.owner(project)
    if owner.paused:
        raise Conflict(f"Project {project} is paused already.")
    ready = [job for job in batch.open_jobs(project) if job.state == "ready"]
    for job in ready:
        batch.move(job, "pause")
    owner.paused = owner.changed = True
    _reconsider(batch, owner)
    batch.writes["project_pause"].append((batch.now, because, project))
    return Steered(project, len(ready))


def resume(batch: Batch, project: str) -> Steered:
    """Give the project's work out again, each job at its old place."""
    owner = batch.owner(project)
    if not owner.paused:
        raise Conflict(f"Project {project} is not paused.")
    if owner.budget_usd is not None and owner.spent_usd >= owner.budget_usd:
        raise Conflict(f"The budget of {project} is used up; `podium budget {project} USD` raises it.")
    owner.paused, owner.changed = False, True
    batch.writes["project_pause"].append((None, None, project))
    paused = [job for job in batch.open_jobs(project) if job.state == "paused"]
    for job in paused:
        batch.move(job, "resume")
    _reconsider(batch, owner)
    return Steered(project, len(paused))


def _reconsider(batch: Batch, owner: Owner) -> None:
    """A project in the input queue has another place in it, or begins because it has become urgent."""
    if not input_queue.is_waiting(batch, owner):
        return
    input_queue.put_again(batch, owner)
    seen = input_queue.look(batch, owner.pipeline.start)
    if not owner.paused and admission.is_urgent(seen, owner.priority, batch.hot.limits):
        begin(batch, owner, f"priority {owner.priority} is urgent")


def _cancel(batch: Batch, job: Job, command: Steer) -> Steered:
    """Drop the item that this job is for; the project goes on without it."""
    if not job.item:
        raise Conflict(refusal("needed job", job=job))
    reason = f"{'dropped' if command.action == 'drop' else 'cancelled'} by {command.by}: {command.reason}".rstrip(": ")
    dropped = drop_item(batch, job, "cancel", reason)
    revoked = (f"{job.project}/{job.id}.a{job.attempt}",) if job.state == "running" else ()
    return Steered(job.project, dropped, revoked)


def drop_item(batch: Batch, job: Job, happening: str, reason: str) -> int:
    """End a chain at this job and go on without its item: how many jobs were dropped."""
    dropped = 1
    for follower in reversed(batch.open_jobs(job.project)):  # the last first, so that dropping them wakes none
        if (follower.workflow, follower.item, follower.state) == (job.workflow, job.item, "waiting"):
            finish(batch, follower, "cancel", "job.cancelled", reason=reason)
            dropped += 1
    current = batch.need(job.id)
    close_reviews(batch, current, reason)
    finish(batch, current, happening, "job.cancelled", reason=reason)
    return dropped


def _retry(batch: Batch, job: Job, command: Steer) -> Steered:
    """Do a step again, and all that stood on it."""
    flow = batch.flow(job.project, job.workflow)
    if flow is None or flow.completed_at is not None:
        raise Conflict(f"{job.workflow} of {job.project} is complete; submit a new project to do it again.")
    if command.action == "fail":
        _fail(batch, job, command)
    elif job.state == "in_review":
        close_reviews(batch, job, f"retried by {command.by}")
        send_back(batch, job._replace(reworks=0), job.step, "send_back", command.reason, command.by)
    elif job.state == "passed":
        reopen(batch, job, command.reason, command.by)
    else:
        hint = f" `podium dead-letters replay {job.id}` gives it fresh tries." if job.state == "dead" else ""
        raise Conflict(f"Job {job.id} is {job.state}; only a passed job, or one in review, can be done again.{hint}")
    return Steered(job.project, 1)


def _fail(batch: Batch, job: Job, command: Steer) -> None:
    """What passed here failed outside: reviewed at once, and sent back to who made it, a bounded number of times."""
    if job.state != "passed" or job.reworks >= batch.step_of(job).reworks_max:
        raise Conflict(refusal("sent back enough", job=job))
    send_back_at_once(batch, job, "build", command.reason, command.reason, command.by)
    author = batch.hot.fleet.instances.get(job.instance)
    lane = job.lane if author is None or author.retired else f"@{author.name}"
    batch.put(job._replace(reworks=job.reworks + 1, lane=lane))
    reopen(batch, batch.need(job.id), command.reason, "")
