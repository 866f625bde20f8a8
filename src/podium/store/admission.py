"""How a job whose dependencies are met enters its queue: at once, or held while its project has enough open chains."""

from heapq import heappop
from itertools import compress
from typing import Any

from podium.domain.job import Job
from podium.policy.ordering import rank
from podium.store.batch import Batch
from podium.store.hot import Flow


def unblock(batch: Batch, job: Job, flow: Flow, author: str) -> None:
    """One dependency of a waiting job is done; the last one lets it enter. `author` may not have it."""
    if job.blockers > 1:
        batch.put(job._replace(blockers=job.blockers - 1, avoid=author))
    else:
        enter(batch, job, flow, 0.0, {"blockers": 0, "avoid": author})


def enter(batch: Batch, job: Job, flow: Flow, not_before: float, changes: dict[str, Any] | None = None) -> None:
    """Admit a waiting job of this run, at once, when its time has come, or behind its project's limit."""
    changes = changes or {}
    if not_before > batch.now:
        batch.move(job, "delay", changes | {"ready_at": not_before, "rank": rank(not_before, job.priority)})
    elif flow.admitted < flow.jobs_max or job.item == "":
        batch.move(job, "unblock", changes)
    else:
        batch.move(job, "hold", changes | {"ready_at": batch.now})


def refill(batch: Batch, flow: Flow) -> None:
    """Admit held jobs while the project has places; called after a job's followers have entered."""
    while flow.held and flow.admitted < flow.jobs_max:
        batch.move(_first_held(batch, flow), "admit")


def _first_held(batch: Batch, flow: Flow) -> Job:
    """The held job with the lowest id, in the database or made in this batch."""
    key = (flow.project, flow.name)
    here = batch.held[key]
    while here and batch.need(here[0]).state != "held":
        heappop(here)
    stored = batch.rows.all("jobs_held_first", (*key, batch.unheld[key] + 1))
    candidates = [job for (job_id,) in stored if (job := batch.need(job_id)).state == "held"][:1]
    if here:
        candidates.append(batch.need(here[0]))
    return min(candidates)


def settle(batch: Batch, flow: Flow) -> tuple[str, ...]:
    """Derive the workflow's state from its jobs (PIP-6) and walk there; returns the states reached, in order."""
    names = flow.workflow.states
    goal = next(compress(names, flow.counts), flow.state) if flow.open else names[-1]
    if goal == flow.state or (flow.open and goal == names[-1]):  # what reads messages leads nowhere
        return ()
    walked = flow.workflow.walk(flow.state, goal)
    for state in walked:
        batch.append("workflow.state", flow.project, flow.name, 0, 0, "", {"from": flow.state, "to": state})
        flow.state = state
    return walked
