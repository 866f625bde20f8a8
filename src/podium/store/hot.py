"""The rows that the laws work on, and those that the writer keeps in memory between transactions."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import orjson

from podium.domain import lifecycle
from podium.domain.fleet import Fleet
from podium.domain.job import Job
from podium.domain.pipeline import Pipeline, Workflow
from podium.policy.admission import Limits

HOT_ROWS_MAX: Final = 16_384
"""Rows of each kind that the writer keeps in memory between transactions."""


@dataclass(slots=True)
class Flow:
    """One run of a workflow of one project while a transaction works on it."""

    project: str
    name: str
    """The run's: the workflow's own name, or `content@2` for a later run."""
    workflow: Workflow
    """As the project's pipeline declares it."""
    jobs_max: int
    """Chains that may be open at once: the workflow's limit, as often as the project's weight says."""
    state: str
    counts: list[int]
    open: int
    admitted: int
    held: int
    started_at: float
    completed_at: float | None = None
    written: tuple[object, ...] = ()
    """What changes, as the database has it."""

    def changes(self) -> bool:
        """Whether it is not as it was written; from now on it counts as written."""
        now = (self.state, *self.counts, self.open, self.admitted, self.held, self.completed_at)
        before, self.written = self.written, now
        return now != before


class Waiting(NamedTuple):
    """A row of `input`: a project that has no jobs yet. Paused ones keep their place, but are not let in."""

    project: str
    queue: str
    rank: float
    since: float
    paused: int
    reason: str


@dataclass(slots=True)
class Numbers:
    """The next free ids; copied for a batch and kept only when it commits."""

    job: int
    seq: int
    review: int


@dataclass(slots=True)
class Owner:
    """What the laws need of a project in every transaction."""

    id: str
    pipeline: Pipeline
    priority: int
    created_at: float
    repository_url: str | None
    state: str
    open_workflows: int
    """Workflows of it that have begun and are not complete."""
    boost: int = 0
    paused: bool = False
    plan_first: bool = False
    changed: bool = False
    weight: int = 1
    agent: str = ""
    budget_usd: float | None = None
    spent_usd: float = 0.0
    """What its attempts have told of their cost; counted only where there is a budget."""
    assigned: dict[str, str] = field(default_factory=dict[str, str])
    """Workflows whose work one instance has, as somebody assigned it."""

    def row(self, now: float) -> tuple[object, ...]:
        """As `project_end` writes it."""
        settings = (self.boost, int(self.paused), int(self.plan_first), orjson.dumps(self.assigned).decode())
        return (self.state, None if self.state == "open" else now, *settings, self.budget_usd, self.id)


@dataclass(slots=True)
class Mail:
    """What was written to whom about one project: enough to know, of nearly every attempt, that it read nothing new."""

    to: set[str] = field(default_factory=set[str])
    newest_at: float = 0.0
    readers: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Instances, with their roles, that have read all there is for them."""


@dataclass(slots=True)
class Hot:
    """Committed rows that the next transactions will most likely ask for; with one writer they cannot be stale.

    `limits` say how deep queues may become.
    """

    limits: Limits
    jobs: dict[int, Job] = field(default_factory=dict[int, Job])
    flows: dict[tuple[str, str], Flow] = field(default_factory=dict[tuple[str, str], Flow])
    owners: dict[str, Owner] = field(default_factory=dict[str, Owner])
    busy: dict[str, int] = field(default_factory=dict[str, int])
    """Instances that hold a lease, with their job; always complete."""
    waiting: dict[str, int] = field(default_factory=dict[str, int])
    """How many projects wait for room in each queue, where any does; always complete."""
    followers: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    mail: dict[str, Mail] = field(default_factory=dict[str, Mail])
    """Inboxes that may hold something unread, by project (empty for messages about none); always complete."""
    watched: set[str] = field(default_factory=set[str])
    """The types of event that rules of any pipeline are on."""
    deaths: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    """Instances whose latest attempts died, and at which jobs."""
    held_agents: dict[str, float] = field(default_factory=dict[str, float])
    """Until when the providers of agents will not answer (steady seconds)."""
    fleet: Fleet = field(default_factory=Fleet)
    """Instances and queues; always complete."""

    def post(self, project: str, to: str, at: float) -> None:
        """Note that there is a message."""
        mail = self.mail.setdefault(project, Mail())
        mail.to.add(to)
        mail.newest_at = max(mail.newest_at, at)
        mail.readers.clear()

    def keep(self, jobs: Iterable[Job], flows: Iterable[tuple[str, str]], owners: Iterable[Owner]) -> None:
        """Remember what a committed batch knew, within the limits; what has ended is asked for by nobody."""
        for job in jobs:
            before = self.jobs.get(job.id)
            if before is not None and before.instance != job.instance and self.busy.get(before.instance) == job.id:
                del self.busy[before.instance]  # it was left and leased again in the same batch
            if job.state == "running":
                self.busy[job.instance] = job.id
            elif self.busy.get(job.instance) == job.id:
                del self.busy[job.instance]
            if job.state in lifecycle.JOB_DONE:
                self.jobs.pop(job.id, None)
                self.followers.pop(job.id, None)
            else:
                self.jobs[job.id] = job
        self._forget_ended(flows, owners)
        for rows in (self.jobs, self.flows, self.owners, self.followers):
            if len(rows) > HOT_ROWS_MAX:
                rows.clear()

    def _forget_ended(self, flows: Iterable[tuple[str, str]], owners: Iterable[Owner]) -> None:
        for key in flows:
            flow = self.flows.get(key)
            if flow is None or flow.completed_at is not None:
                self.flows.pop(key, None)
        for owner in owners:
            owner.changed = False
            if owner.state != "open":
                self.owners.pop(owner.id, None)
                if owner.state != "complete":  # a complete one may be released anew
                    self.mail.pop(owner.id, None)
