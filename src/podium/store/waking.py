"""Law of a message that somebody sends: into an inbox, and where it says so it wakes an idle instance (COM-1)."""

from podium.domain.command import Send, Sent
from podium.domain.errors import Conflict
from podium.domain.fleet import Instance
from podium.domain.job import Job, new_job
from podium.domain.pipeline import PlannedJob, Step
from podium.policy import ordering
from podium.refusals import refusal
from podium.store.admission import enter
from podium.store.batch import Batch
from podium.store.hot import Flow
from podium.store.jobs import reopen
from podium.store.messages import post


def send(batch: Batch, command: Send) -> Sent:
    """Somebody's message. Raises `NotFound` or `Conflict`."""
    if command.project and batch.owner(command.project).state != "open":
        raise Conflict(f"Project {command.project} has ended; nobody will work on it and read about it.")
    number = post(batch, command.to, command.text, command.sender, command.project)
    return Sent(number, _wake(batch, command, number) if command.wake else 0)


def _wake(batch: Batch, command: Send, number: int) -> int:
    """Give whoever is idle there a job of its own, for reading; its number, or 0 where all are at work.

    An address has one such job in a project, which is done again for the next message: what was sent meanwhile comes
    with it.
    """
    at_address = [one for one in batch.hot.fleet.present() if command.to in _names(one)]
    able = [one for one in at_address if batch.hot.fleet.may_lease(one.slot)]
    flows = {one.queue: flow for one in at_address if (flow := batch.flow(command.project, one.queue))}
    for one in able:
        flow = flows.get(one.queue)
        if flow is not None and flow.completed_at is None and not batch.is_busy(one.name):
            job = _job_for(batch, command, one, flow)
            if job is None:
                return 0
            batch.tell("job.woken", job, message=number, to=command.to, by=command.sender)
            batch.touch(job)
            return job.id
    if not any(flow.completed_at is None for flow in flows.values()):
        raise Conflict(refusal("nobody to wake", command=command))
    return 0


def _names(one: Instance) -> tuple[str, str, str]:
    return f"instance:{one.name}", f"role:{one.role}", f"workflow:{one.queue}"


def _job_for(batch: Batch, command: Send, one: Instance, flow: Flow) -> Job | None:
    """The address's job, to be done by that instance; None where it is at work, or waits for a person."""
    step = _step(flow)
    found = batch.find_job(command.project, flow.name, step.id, command.to)
    if found is None:
        return _new_job(batch, command, one, flow, step)
    job = batch.need(found)
    if job.state == "cancelled":
        raise Conflict(f"Job {job.id}, which reads what is sent to {command.to}, was cancelled. Send without --wake.")
    if job.state == "passed":
        reopen(batch, job, "", "")
        return batch.reorder(batch.need(found), lane=f"@{one.name}")
    return None if job.state in ("running", "in_review", "dead") else job


def _step(flow: Flow) -> Step:
    for step in flow.workflow.steps:
        if step.on_message:
            return step
    raise Conflict(refusal("no step for messages", flow=flow))


def _new_job(batch: Batch, command: Send, one: Instance, flow: Flow, step: Step) -> Job:
    job_id = batch.numbers.job
    batch.numbers.job += 1
    priority = ordering.with_ahead(batch.owner(command.project).priority, 0)
    job = new_job(job_id, command.project, flow.name, PlannedJob(step, command.to), 0, priority, batch.now)
    flow.open += 1
    batch.add_job(job._replace(lane=f"@{one.name}"))  # another one would not find the message
    enter(batch, batch.need(job_id), flow, 0.0)
    return batch.need(job_id)
