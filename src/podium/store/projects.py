"""Laws of projects and workflows: a submission makes a project, a state enqueues a workflow, the last job ends it."""

import json
from datetime import UTC, datetime

from podium.domain import issues, lifecycle
from podium.domain.command import Steered, Submit, Submitted
from podium.domain.errors import Conflict
from podium.domain.job import PODIUM_QUEUE, Job
from podium.domain.pipeline import EVENT, Item, PlannedJob, Workflow, expand
from podium.policy import ordering
from podium.store.admission import enter, refill, settle
from podium.store.batch import Batch
from podium.store.hot import Flow, Owner
from podium.store.rules import act


def submit(batch: Batch, command: Submit) -> Submitted:
    """Make the project with its first workflow, or answer with the one this input made before (INT-2)."""
    if (earlier := _earlier(batch, command)) is not None:
        return Submitted(earlier, False)
    asked = command.project
    project_id = _free_id(batch, asked.id)
    pipeline = batch.pipelines[asked.pipeline]
    batch.writes["pipeline_insert"].append((pipeline.digest, command.pipeline_text))
    batch.writes["project_insert"].append(
        (
            project_id,
            asked.title,
            asked.brief,
            asked.type,
            asked.complexity,
            asked.business_value,
            asked.priority,
            asked.repository_url,
            asked.source,
            batch.now,
            asked.pipeline,
            asked.agent,
        )
    )
    if command.document:
        batch.writes["document_insert"].append((project_id, command.document))
    if command.idempotency_key:
        batch.writes["intake_insert"].append((command.idempotency_key, project_id))
    priority = ordering.priority(asked.priority, asked.business_value)
    owner = Owner(project_id, pipeline, priority, batch.now, asked.repository_url, "open", 0, changed=True)
    owner.plan_first = command.plan_first
    batch.add_owner(owner)
    batch.tally["projects", "open"] += 1
    batch.emit("project.created", project_id, title=asked.title, source=asked.source, agent=asked.agent)
    start_workflow(batch, project_id, pipeline.start)
    return Submitted(project_id, True)


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
    candidate = wanted
    while candidate in batch.used_owners or batch.rows.one("owner_by_id", (candidate,)):
        number += 1
        candidate = f"{wanted[:54].rstrip('-')}-{number}"
    return candidate


def start_workflow(batch: Batch, project: str, name: str) -> None:
    """Enqueue a workflow once for a project: all its jobs, those without dependencies ready at once."""
    if batch.flow(project, name) is not None:
        return
    owner = batch.owner(project)
    workflow = owner.pipeline.workflows[name]
    planned = expand(workflow, _items(batch, project, workflow))
    states = workflow.states
    flow = Flow(project, workflow, states[0], [0] * len(states), len(planned), 0, 0, batch.now)
    batch.add_flow(flow)
    batch.tally[f"workflow.{name}", "queued"] += 1
    owner.open_workflows += 1
    owner.changed = True
    batch.emit("workflow.state", project, name, **{"from": "", "to": states[0]})
    _add_jobs(batch, owner, name, planned)
    batch.touched[project, name] = None


def _add_jobs(batch: Batch, owner: Owner, workflow: str, planned: list[PlannedJob]) -> None:
    """Make the planned jobs and their dependencies; those that wait for nothing enter their queue."""
    first = batch.numbers.job
    batch.numbers.job += len(planned)
    ids = {(workflow, plan.step.id, plan.item): first + i for i, plan in enumerate(planned)}
    made: list[tuple[Job, list[int]]] = []
    for i, plan in enumerate(planned):
        earlier = [b for after in plan.after if (b := ids.get(after) or batch.find_job(owner.id, *after)) is not None]
        job = Job(
            id=first + i,
            project=owner.id,
            workflow=workflow,
            step=plan.step.id,
            item=plan.item,
            queue=PODIUM_QUEUE if plan.step.action else workflow,
            lane=plan.step.role,
            state="waiting",
            blockers=sum(b >= first or batch.need(b).state not in lifecycle.JOB_DONE for b in earlier),
            attempt=0,
            failures=0,
            reworks=0,
            priority=owner.priority,
            rank=0.0,
            ready_at=batch.now,
            leased_at=0.0,
            instance="",
            avoid="",
            routed="",
        )
        batch.add_job(job)
        made.append((job, earlier))
    for job, earlier in made:  # a chain may wait for one that was made after it
        for blocker in earlier:
            batch.depend(job.id, blocker)
        if job.blockers == 0:
            enter(batch, job)


def _items(batch: Batch, project: str, workflow: Workflow) -> dict[str, list[Item]]:
    """The artifacts that the workflow fans out over, in the order they were made, with what they say of each other."""
    kinds = {step.for_each for step in workflow.steps if step.for_each}
    found: dict[str, list[Item]] = {}
    for kind in kinds:
        made = batch.artifacts(project, kind)
        ordered = sorted(made, key=lambda key: (made[key][0], key))
        found[kind] = issues.items([(key, json.loads(made[key][1])) for key in ordered])
    return found


def advance(batch: Batch, flow: Flow) -> None:
    """After a job changed: admit held ones, derive the state, run the rules of each state reached, end what is over."""
    refill(batch, flow)
    before = flow.state
    walked = settle(batch, flow)
    told = len(batch.events) - len(walked)
    for number, state in enumerate(walked):
        for rule in batch.owner(flow.project).pipeline.on.get(f"{flow.name}.{state}", ()):
            if rule.enqueue:
                start_workflow(batch, flow.project, rule.enqueue)
            else:  # once for a project, however often rework leads through this state
                act(batch, rule, batch.events[told + number], f"{flow.project}/{rule.on}#{rule.number}")
    if flow.state != before:
        _count_flow(batch, flow, before)


def react(batch: Batch) -> bool:
    """Carry out the rules on events told since this was asked last; False when there was none to look at."""
    first, batch.reacted = batch.reacted, len(batch.events)
    for event in batch.events[first:]:
        seq, _, type_, project, *_ = event
        if type_ in batch.watched and project:
            owner = batch.owner(project)
            for rule in owner.pipeline.on.get(f"{EVENT}{type_}", ()):
                if not rule.enqueue:
                    act(batch, rule, event, f"{seq}#{rule.number}")
                elif owner.state == "open":
                    start_workflow(batch, project, rule.enqueue)
    return batch.reacted > first


def _count_flow(batch: Batch, flow: Flow, before: str) -> None:
    subject = f"workflow.{flow.name}"
    batch.tally[subject, _place(flow, before)] -= 1
    batch.tally[subject, _place(flow, flow.state)] += 1
    if flow.open == 0:
        flow.completed_at = batch.now
        batch.measure(f"{subject}.completed", batch.now - flow.started_at)
        _announce(batch, flow)
        if batch.watched:  # before the end of the last workflow is the end of the project
            react(batch)
        end_workflow(batch, flow)


def _place(flow: Flow, state: str) -> str:
    names = flow.workflow.states
    return "queued" if state == names[0] else "completed" if state == names[-1] else "active"


def _announce(batch: Batch, flow: Flow) -> None:
    """The documented payloads (EVT-3), flat and verbatim."""
    owner = batch.owner(flow.project)
    stamp = datetime.fromtimestamp(batch.wall, UTC).isoformat(timespec="seconds")
    if flow.name == "genesis":
        batch.emit(
            "genesis_complete",
            flow.project,
            flow.name,
            event="genesis_complete",
            project_id=flow.project,
            repository_url=owner.repository_url,
            issues_created=len(batch.artifacts(flow.project, "issue")),
            timestamp=stamp,
        )
    if flow.name == "development":
        applications = [json.loads(data) for _, data in batch.artifacts(flow.project, "application").values()]
        batch.emit(
            "development_milestone",
            flow.project,
            flow.name,
            event="development_milestone",
            project_id=flow.project,
            milestone="deployed",
            deployment_url=applications[-1].get("url") if applications else None,
            timestamp=stamp,
        )


def end_workflow(batch: Batch, flow: Flow) -> None:
    """One workflow fewer is open; with the last one the project is complete."""
    owner = batch.owner(flow.project)
    owner.open_workflows -= 1
    owner.changed = True
    if owner.open_workflows == 0 and owner.state == "open":
        owner.state = "complete"
        batch.tally["projects", "open"] -= 1
        batch.tally["projects", "complete"] += 1
        seconds = batch.now - owner.created_at
        batch.measure("project.completed", seconds)
        batch.emit("project.completed", flow.project, seconds=round(seconds, 3))


def end_project(batch: Batch, project: str, state: str, reason: str) -> Steered:
    """Cancel all that is open: a step the project cannot do without was rejected, or somebody said so."""
    owner = batch.owner(project)
    if owner.state != "open":
        raise Conflict(f"Project {project} is {owner.state} already.")
    revoked: list[str] = []
    touched = 0
    for job in batch.open_jobs(project):
        touched += 1
        revoked += [f"{project}/{job.id}.a{job.attempt}"] if job.state == "running" else []
        batch.tell("job.cancelled", batch.move(job, "cancel"), reason=reason)
    for (review_id,) in batch.rows.all("reviews_of_project", (project,)):
        if review_id not in batch.decided:
            batch.decided[review_id] = "cancelled"
            batch.writes["review_update"].append(("cancelled", batch.now, "podium", reason[:2000], review_id))
    for (name,) in batch.rows.all("workflows_of_project", (project,)):
        flow = batch.flow(project, name)
        if flow is not None and flow.completed_at is None:
            batch.tally[f"workflow.{name}", _place(flow, flow.state)] -= 1
    owner.state = state
    owner.changed = True
    batch.effects["notice_settle_project"].append((batch.wall, "podium", project))
    batch.tally["projects", "open"] -= 1
    batch.tally["projects", state] += 1
    batch.measure(f"project.{state}")
    batch.emit(f"project.{state}", project, reason=reason)
    return Steered(project, touched, tuple(revoked))
