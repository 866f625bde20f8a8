"""Laws of projects and workflows: a submission makes a project, a state enqueues a workflow, the last job ends it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from podium.domain import issues, lifecycle
from podium.domain.command import Start, Started, Steered, Submit, Submitted
from podium.domain.errors import Conflict, Unavailable
from podium.domain.job import Job, new_job
from podium.domain.pipeline import EVENT, Item, PlannedJob, Workflow
from podium.domain.project import checked_version
from podium.policy import ordering
from podium.refusals import refusal
from podium.store import input_queue, runs
from podium.store.admission import enter, refill, settle
from podium.store.batch import Batch
from podium.store.hot import Flow, Owner
from podium.store.rules import act
from podium.store.sketch import wait_bucket
from podium.store.writing import INPUT, REVIEW


def submit(batch: Batch, command: Submit) -> Submitted | Unavailable:
    """Make the project with its first workflow, or answer with the one this input made before (INT-2).

    It waits in the input queue when its first workflow's queue is full. With too many there it is refused: as a
    value, so that the others of its batch need not be carried out one by one.
    """
    if (earlier := _earlier(batch, command)) is not None:
        return Submitted(earlier, False)
    asked = command.project
    pipeline = batch.pipelines[asked.pipeline]
    priority = ordering.priority(asked.priority, asked.business_value)
    decision = input_queue.decide(batch, pipeline.start, priority)
    if decision.answer == "later":
        return Unavailable(decision.reason)
    project_id = _free_id(batch, asked.id)
    if command.exact and project_id != asked.id:
        raise Conflict(f"There is a project {asked.id} already. Choose another id, or leave it out to have one made.")
    batch.writes["pipeline_insert"].append((pipeline.digest, command.pipeline_text))
    batch.writes["project_insert"].append(
        (
            project_id, asked.title, asked.brief, asked.type, asked.complexity, asked.business_value, asked.priority,
            asked.repository_url, asked.source, batch.now, asked.pipeline, asked.agent, asked.weight,
            int(command.plan_first), asked.budget_usd,
        )
    )  # fmt: skip
    if command.document:
        batch.writes["document_insert"].append((project_id, command.document))
    if command.idempotency_key:
        batch.writes["intake_insert"].append((command.idempotency_key, project_id))
    owner = Owner(project_id, pipeline, priority, batch.now, asked.repository_url, "open", weight=asked.weight)
    owner.plan_first, owner.agent, owner.budget_usd = command.plan_first, asked.agent, asked.budget_usd
    if command.hold:
        owner.paused = owner.changed = True
        batch.writes["project_pause"].append((batch.now, command.hold, project_id))
    batch.add_owner(owner)
    batch.tally["projects", "open"] += 1
    delay = command.not_before - batch.now
    later = {"begins_at": round(batch.wall + delay, 3)} if delay > 0 else {}
    batch.emit("project.created", project_id, title=asked.title, source=asked.source, agent=asked.agent, **later)
    if decision.answer == "wait" and delay <= 0:
        input_queue.enter(batch, owner, decision.reason)
    else:  # what is delayed waits in its queue already, and fills it only when its time has come
        start_workflow(batch, Start(project_id, pipeline.start), command.not_before)
    return Submitted(project_id, True)


def let_in(batch: Batch) -> bool:
    """Begin with projects that wait, the most important first, as far as their queues have room; whether any did."""
    begun = False
    for queue in tuple(batch.hot.waiting):
        while queue in batch.hot.waiting and input_queue.has_room(batch, queue):
            begin(batch, batch.owner(input_queue.first(batch, queue)), "its queue has room")
            begun = True
    return begun


def begin(batch: Batch, owner: Owner, reason: str) -> None:
    """A project that waited in the input queue begins."""
    waited = batch.now - input_queue.leave(batch, owner).since
    batch.waits[INPUT, wait_bucket(waited)] += 1
    batch.measure(f"queue.{INPUT}.started", waited)
    batch.emit("project.admitted", owner.id, waited=round(waited, 3), reason=reason)
    start_workflow(batch, Start(owner.id, owner.pipeline.start))


def _earlier(batch: Batch, command: Submit) -> str | None:
    """The project that this input became before, if that still counts."""
    if not command.idempotency_key:
        return None
    found = batch.rows.one("intake_by_key", (command.idempotency_key,))
    earlier = dict(batch.writes["intake_insert"]).get(command.idempotency_key, found[0] if found else None)
    if earlier is None or (command.resume and batch.owner(earlier).state != "open"):
        return None
    return earlier


def _free_id(batch: Batch, wanted: str) -> str:
    """`wanted`, or with the first free number behind it when another project has that id."""
    number = 1
    name = wanted
    while name in batch.used_owners or (name not in batch.free and batch.rows.one("pipeline_of_project", (name,))):
        number += 1
        name = f"{wanted[:54].rstrip('-')}-{number}"
    return name


def start(batch: Batch, command: Start) -> Started:
    """One more run of a workflow, once for each version; a project that was complete is open again until its end."""
    project, name, version = command.project, command.workflow, checked_version(command.version)
    owner = batch.owner(project)
    if (run := runs.find(batch, project, name, version)) is not None:
        return Started(run, False)
    _refuse_run(batch, owner, name)
    if owner.state == "complete":
        _turn(batch, owner, "open")
        batch.emit("project.reopened", project, version=version)
    return Started(start_workflow(batch, command), True)


def _turn(batch: Batch, owner: Owner, state: str) -> None:
    """The project is in another state, and counted there."""
    batch.tally["projects", owner.state] -= 1
    batch.tally["projects", state] += 1
    owner.state, owner.changed = state, True


def _refuse_run(batch: Batch, owner: Owner, name: str) -> None:
    """Only what adds to a living project may run again."""
    repeatable = owner.pipeline.repeatable()
    if name not in repeatable:
        raise Conflict(refusal("runs once", name=name, others=", ".join(repeatable) or "nothing"))
    if owner.state not in ("open", "complete"):
        raise Conflict(f"Project {owner.id} is {owner.state}; nothing of it runs again. Submit a new project.")
    if batch.rows.one("pruned_at", (owner.id,))[0] is not None:
        raise Conflict(refusal("nothing kept", project=owner.id))
    if batch.flow(owner.id, name) is None:
        raise Conflict(f"{name} of {owner.id} has not begun; its first run begins by itself and tells of all there is.")


def start_workflow(batch: Batch, asked: Start, not_before: float = 0.0) -> str:
    """Enqueue a workflow once for a project and version: all its jobs; those that lack nothing are ready, or delayed.

    The answer is the run's name.
    """
    project = asked.project
    if (earlier := runs.find(batch, project, asked.workflow, asked.version)) is not None:
        return earlier
    name = runs.add(batch, asked)
    owner = batch.owner(project)
    workflow = owner.pipeline.workflows[asked.workflow]
    planned = workflow.plan(_items(batch, project, workflow))
    states = workflow.states
    flow = owner.begin(name, states[0], [0] * len(states), len(planned), 0, 0, batch.now)
    batch.flows[flow] = None
    batch.tally[f"workflow.{workflow.name}", "queued"] += 1
    batch.emit("workflow.state", project, name, **{"from": "", "to": states[0]})
    _add_jobs(batch, flow, asked.version, planned, not_before)
    batch.touched[flow] = None
    return name


def _add_jobs(batch: Batch, flow: Flow, version: str, planned: Sequence[PlannedJob], not_before: float) -> None:
    """Make the planned jobs and their dependencies; those that wait for nothing enter their queue, or are delayed."""
    owner, first = flow.owner, batch.numbers.job
    batch.numbers.job += len(planned)
    before = runs.unfinished_before(batch, owner.id, flow.name)
    made: list[tuple[Job, list[int]]] = []
    for job_id, plan in enumerate(planned, first):
        waits_for = [first + place for place in plan.after]
        blockers = len(waits_for)
        if not waits_for or plan.elsewhere:
            earlier = [] if waits_for else before
            there = ((runs.find(batch, owner.id, workflow, version) or workflow, s) for workflow, s in plan.elsewhere)
            found = (batch.find_job(owner.id, workflow, step, "") for workflow, step in there)
            earlier = [*earlier, *(other for other in found if other is not None)]
            blockers += sum(batch.need(other).state not in lifecycle.JOB_DONE for other in earlier)
            waits_for += earlier
        priority = ordering.with_ahead(owner.priority, plan.ahead)
        job = new_job(job_id, owner.id, flow.name, plan, blockers, priority, batch.now)
        if owner.assigned and not plan.step.independent:
            job = _assigned(batch, owner, job)
        batch.add_job(job)
        made.append((job, waits_for))
    for job, waits_for in made:  # a chain may wait for one that was made after it
        for blocker in waits_for:
            batch.depend(job.id, blocker)
        if job.blockers == 0:
            enter(batch, job, flow, not_before)


def _assigned(batch: Batch, owner: Owner, job: Job) -> Job:
    """A job of a workflow that somebody assigned to an instance, if that is still there."""
    instance = batch.hot.fleet.instances.get(owner.assigned.get(job.queue, ""))
    return job if instance is None or instance.retired else job._replace(lane=f"@{instance.name}")


def _items(batch: Batch, project: str, workflow: Workflow) -> dict[str, list[Item]]:
    """The artifacts that the workflow fans out over, in the order they were made, with what they say of each other."""
    found: dict[str, list[Item]] = {}
    for kind in workflow.kinds:
        made = batch.artifacts(project, kind)
        ordered = sorted(made, key=lambda key: (made[key][0], key))
        found[kind] = issues.items([(key, json.loads(made[key][1])) for key in ordered])
    return found


def advance(batch: Batch, flow: Flow) -> None:
    """After a job changed: admit held ones, derive the state, run the rules of each state reached, end what is over."""
    if flow.held:
        refill(batch, flow)
    before = flow.state
    walked = settle(batch, flow)
    told = len(batch.events) - len(walked)
    for number, state in enumerate(walked):
        for rule in flow.owner.pipeline.on.get(f"{flow.workflow.name}.{state}", ()):
            if rule.enqueue:
                version = runs.version_of(batch, flow.project, flow.name)
                start_workflow(batch, Start(flow.project, rule.enqueue, version, "podium", "a rule"))
            else:  # once for a run, however often rework leads through this state
                act(batch, rule, batch.events[told + number], f"{flow.project}/{flow.name}.{state}#{rule.number}")
    if flow.state != before:
        _count_flow(batch, flow, before)


def react(batch: Batch) -> bool:
    """Carry out the rules on events told since this was asked last; False when there was none to look at."""
    first, batch.reacted = batch.reacted, len(batch.events)
    for event in batch.events[first:]:
        seq, _, type_, project, *_ = event
        if type_ in batch.hot.watched and project:
            owner = batch.owner(project)
            for rule in owner.pipeline.on.get(f"{EVENT}{type_}", ()):
                if not rule.enqueue:
                    act(batch, rule, event, f"{seq}#{rule.number}")
                elif owner.state == "open":
                    start_workflow(batch, Start(project, rule.enqueue))
    return batch.reacted > first


def _count_flow(batch: Batch, flow: Flow, before: str) -> None:
    subject = f"workflow.{flow.workflow.name}"
    batch.tally[subject, _place(flow, before)] -= 1
    batch.tally[subject, _place(flow, flow.state)] += 1
    if flow.open == 0:
        flow.completed_at = batch.now
        batch.measure(f"{subject}.completed", batch.now - flow.started_at)
        _announce(batch, flow)
        if batch.hot.watched:  # before the end of the last workflow is the end of the project
            react(batch)
        end_workflow(batch, flow)


def _place(flow: Flow, state: str) -> str:
    names = flow.workflow.states
    return "queued" if state == names[0] else "completed" if state == names[-1] else "active"


def _announce(batch: Batch, flow: Flow) -> None:
    """The documented payloads (EVT-3), flat and verbatim."""
    data: dict[str, object]
    if flow.name == "genesis":
        name, issues_made = "genesis_complete", len(batch.artifacts(flow.project, "issue"))
        data = {"repository_url": flow.owner.repository_url, "issues_created": issues_made}
    elif flow.name == "development":
        name = "development_milestone"
        applications = [json.loads(data) for _, data in batch.artifacts(flow.project, "application").values()]
        data = {"milestone": "deployed", "deployment_url": applications[-1].get("url") if applications else None}
    else:
        return
    stamp = _stamp(int(batch.wall))
    batch.emit(name, flow.project, flow.name, event=name, project_id=flow.project, **data, timestamp=stamp)


@lru_cache(maxsize=1)
def _stamp(wall: int) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="seconds")


def end_workflow(batch: Batch, flow: Flow) -> None:
    """With the last run the project is complete. Only its first time is a measure of it."""
    owner = flow.owner
    if owner.state == "open" and all(run.completed_at is not None for run in owner.flows.values()):
        _turn(batch, owner, "complete")
        if REVIEW in owner.made:
            close_reviews(batch, "reviews_of_project", flow.project, "the project is complete")
        is_first = flow.name == flow.workflow.name
        seconds = batch.now - (owner.created_at if is_first else flow.started_at)
        if is_first:
            batch.measure("project.completed", seconds)
        batch.emit("project.completed", flow.project, seconds=round(seconds, 3))


def _give_up_runs(batch: Batch, project: str, reason: str) -> bool:
    """End what is open of a project's workflows; True when only further runs were: what was delivered stays so."""
    flows = [*batch.owner(project).flows.values()]
    batch.flows.update(dict.fromkeys(flows))
    stays = bool(flows) and all(flow.completed_at is not None for flow in flows if flow.name == flow.workflow.name)
    for flow in flows:
        if flow.completed_at is None:
            batch.tally[f"workflow.{flow.workflow.name}", _place(flow, flow.state)] -= 1
            if stays:
                flow.completed_at = batch.now
                batch.emit("workflow.cancelled", project, flow.name, reason=reason)
    return stays


def close_reviews(batch: Batch, statement: str, about: str | int, reason: str) -> None:
    """Nobody is asked any more about a project, or a job, that was decided otherwise; by reviews of this batch neither.

    `statement` finds those that are stored.
    """
    stored = [review for (review,) in batch.rows.all(statement, (about,))]
    here = [review for review, *places, _, _, _ in batch.writes["review_insert"] if about in places]
    for review in (*stored, *here):
        if review not in batch.decided:
            batch.decided[review] = "cancelled"
            batch.writes["review_update"].append(("cancelled", batch.now, "podium", reason[:2000], review))


def end_project(batch: Batch, project: str, state: str, reason: str) -> Steered:
    """Cancel all that is open: a step the project cannot do without was rejected, or somebody said so.

    A project that was complete before is complete again, without the further run.
    """
    owner = batch.owner(project)
    if owner.state != "open":
        raise Conflict(f"Project {project} is {owner.state} already.")
    if input_queue.is_waiting(batch, owner):
        input_queue.leave(batch, owner)
    revoked: list[str] = []
    touched = 0
    for job in batch.open_jobs(project):
        touched += 1
        revoked += [f"{project}/{job.id}.a{job.attempt}"] if job.state == "running" else []
        batch.tell("job.cancelled", batch.move(job, "cancel"), reason=reason)
    close_reviews(batch, "reviews_of_project", project, reason)
    stays = _give_up_runs(batch, project, reason)
    _turn(batch, owner, "complete" if stays else state)
    batch.writes["notice_settle_project"].append((batch.wall, "podium", project))
    if stays:
        batch.emit("project.completed", project, reason=reason)
    else:
        batch.measure(f"project.{state}")
        batch.emit(f"project.{state}", project, reason=reason)
    return Steered(project, touched, tuple(revoked))
