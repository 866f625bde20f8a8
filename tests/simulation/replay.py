"""Replays the event log: which state each job must be in, told by the log alone."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from podium.domain.job import Job
from podium.domain.pipeline import Pipeline

_STATE_AFTER: Final = {
    "job.leased": "running",
    "job.passed": "passed",
    "job.cancelled": "cancelled",
    "job.escalated": "in_review",
    "job.buried": "dead",
}
_UNTOLD_AFTER: Final = frozenset({"job.retried", "job.released", "job.replayed"})
_REOPENING: Final = frozenset({"job.reworked", "job.woken", "review.decided", "operator.retry", "operator.fail"})


class Log(Protocol):
    """What the replay reads."""

    @property
    def jobs(self) -> list[Job]:
        """All jobs."""
        ...

    @property
    def events(self) -> list[Any]:
        """The log, in order."""
        ...

    @property
    def followers(self) -> Mapping[int, list[int]]:
        """Who waits for whom."""
        ...

    @property
    def pruned(self) -> frozenset[str]:
        """Projects that have lost their jobs."""
        ...

    @property
    def pipelines(self) -> Mapping[str, Pipeline]:
        """By project."""
        ...


@dataclass(slots=True)
class Told:
    """What the log says of the jobs."""

    states: dict[int, str] = field(default_factory=dict[int, str])
    """The last told state of a job; none where the log leaves open whether it is ready, delayed, held or waits."""
    attempts: Counter[int] = field(default_factory=Counter[int])
    violations: list[str] = field(default_factory=list[str])


def replay(books: Log) -> Told:
    """Read the log from its beginning."""
    by_id = {job.id: job for job in books.jobs}
    by_key = {(job.project, job.workflow, job.step, job.item): job.id for job in books.jobs}
    kinds: dict[int, str] = {}
    told = Told()
    for _, type_, project, _, job_id, attempt, data in books.events:
        if project in books.pruned:
            continue
        told.attempts[job_id] = max(told.attempts[job_id], attempt)
        if type_ in _STATE_AFTER:
            if told.states.get(job_id) in ("passed", "cancelled"):
                told.violations.append(f"{type_} of job {job_id}, which was {told.states[job_id]}")
            told.states[job_id] = _STATE_AFTER[type_]
        elif type_ in _UNTOLD_AFTER:
            told.states.pop(job_id, None)
        elif type_ == "review.opened":
            opened = json.loads(data)
            kinds[opened["review"]] = opened["kind"]
        elif type_ in _REOPENING and job_id:
            job = by_id[job_id]
            step = _target(books, job, type_, json.loads(data), kinds)
            if step:
                _forget(told, books.followers, [by_key[job.project, job.workflow, step, job.item]])
    return told


def _target(books: Log, job: Job, type_: str, data: dict[str, Any], kinds: Mapping[int, str]) -> str:
    """The step that works again after this event; empty for none."""
    if type_ == "job.reworked":
        return data["to"] or job.step
    if type_ in ("job.woken", "operator.retry", "operator.fail"):
        return job.step
    if data["verdict"] != "send_back":
        return ""
    quality = kinds[data["review"]] == "quality"
    return books.pipelines[job.project].step(job.workflow, job.step).rework if quality else job.step


def _forget(told: Told, followers: Mapping[int, list[int]], reopened: list[int]) -> None:
    """What is reopened, and whatever stood on it, is in no told state; what was dropped stays dropped."""
    seen = set(reopened)
    while reopened:
        job = reopened.pop()
        if told.states.get(job) != "cancelled":
            told.states.pop(job, None)
        fresh = [f for f in followers.get(job, ()) if f not in seen]
        seen.update(fresh)
        reopened += fresh
