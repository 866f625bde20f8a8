"""The rows that the laws work on, and those that the writer keeps in memory between transactions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from podium.domain import lifecycle
from podium.domain.fleet import Fleet
from podium.domain.job import Job
from podium.domain.pipeline import Pipeline, Workflow
from podium.policy.admission import Limits
from podium.policy.breaker import Breaker

HOT_ROWS_MAX: Final = 16_384
"""Rows of each kind that the writer keeps in memory between transactions."""


@dataclass(slots=True, eq=False)
class Flow:
    """One run of a workflow of one project while a transaction works on it."""

    owner: "Owner"
    name: str
    """The run's: the workflow's own name, or `content@2` for a later run."""
    workflow: Workflow
    """As the project's pipeline declares it."""
    jobs_max: int
    """Chains that may be open at once: the workflow's limit, as often as the project's weight says."""
    state: str
    counts: list[int]
    open: int
    """Jobs that are not done; of these, those that take one of its places, and those that are held back."""
    admitted: int
    held: int
    started_at: float
    completed_at: float | None = None
    written: tuple[object, ...] = ()
    """What changes, as the database has it."""

    @property
    def project(self) -> str:
        """The id of the project it is a run of."""
        return self.owner.id

    def changes(self) -> bool:
        """Whether it is not as it was written; from now on it counts as written."""
        now = (self.state, tuple(self.counts), self.open, self.admitted, self.held, self.completed_at)
        before, self.written = self.written, now
        return now != before

    def row(self) -> tuple[object, ...]:
        """As `workflow_insert` and `workflow_update` write it."""
        counts = orjson.dumps(self.counts).decode()
        return (
            self.owner.id, self.name, self.state, counts, self.open, self.admitted, self.held, self.started_at,
            self.completed_at,
        )  # fmt: skip


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


@dataclass(slots=True, eq=False)
class Owner:
    """What the laws need of a project in every transaction, and its runs of workflows as far as they were asked for."""

    id: str
    pipeline: Pipeline
    priority: int
    created_at: float
    repository_url: str | None
    state: str
    boost: int = 0
    paused: bool = False
    plan_first: bool = False
    weight: int = 1
    assigned: dict[str, str] = field(default_factory=dict[str, str])
    """Workflows whose work one instance has, as somebody assigned it."""
    agent: str = ""
    budget_usd: float | None = None
    spent_usd: float = 0.0
    """What its attempts have told of their cost; counted only where there is a budget."""
    made: set[str] = field(default_factory=set[str])
    """The kinds of artifacts that its jobs have made, and `.review` if one of its reviews may be open."""
    changed: bool = False
    flows: dict[str, Flow] = field(default_factory=dict[str, Flow], repr=False)

    def begin(self, name: str, *stands: Any) -> Flow:
        """A run of a workflow that has begun; `stands` are its fields from `state` on."""
        workflow = self.pipeline.workflow(name)
        flow = self.flows[name] = Flow(self, name, workflow, workflow.project_jobs_max * self.weight, *stands)
        return flow

    @property
    def breakers(self) -> tuple[str, str]:
        """The circuit breakers that hold its jobs up when they are open."""
        return f"provider:{self.agent}", f"project:{self.id}"

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
    owners: dict[str, Owner] = field(default_factory=dict[str, Owner])
    busy: dict[str, int] = field(default_factory=dict[str, int])
    """Instances that hold a lease, with their job; always complete."""
    waiting: dict[str, int] = field(default_factory=dict[str, int])
    """How many projects wait for room in each queue, where any does; always complete."""
    followers: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    floors: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    """Ranks below which a (queue, lane) holds no ready job: those that left cost a look while a snapshot is held."""
    mail: dict[str, Mail] = field(default_factory=dict[str, Mail])
    """Inboxes that may hold something unread, by project (empty for messages about none); always complete."""
    watched: set[str] = field(default_factory=set[str])
    """The types of event that rules of any pipeline are on."""
    deaths: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    """Instances whose latest attempts died, and at which jobs."""
    breakers: dict[str, Breaker] = field(default_factory=dict[str, Breaker])
    """Circuit breakers that are not whole; always complete."""
    fleet: Fleet = field(default_factory=Fleet)
    """Instances and queues; always complete."""
    span: int = 0
    """The five minutes at whose beginning the counters are marked."""

    def post(self, project: str, to: str, at: float) -> None:
        """Note that there is a message."""
        mail = self.mail.setdefault(project, Mail())
        mail.to.add(to)
        mail.newest_at = max(mail.newest_at, at)
        mail.readers.clear()

    def keep(self, jobs: Mapping[int, Job], changed: Iterable[int], owners: Iterable[Owner]) -> None:
        """Remember what a committed batch knew, within the limits; what has ended is asked for by nobody.

        `changed` are the ids of those of `jobs` that are not as they were.
        """
        done = self._note_busy([jobs[job_id] for job_id in changed])
        self.jobs.update(jobs)
        for job_id in done:
            del self.jobs[job_id]
            self.followers.pop(job_id, None)
        for owner in owners:
            owner.changed = False
            if owner.state != "open":
                self.owners.pop(owner.id, None)
                if owner.state != "complete":  # a complete one may be released anew
                    self.mail.pop(owner.id, None)
        for rows in (self.jobs, self.owners, self.followers):
            if len(rows) > HOT_ROWS_MAX:
                rows.clear()

    def _note_busy(self, changed: Iterable[Job]) -> list[int]:
        """Who holds a lease now; the answer is which jobs are done."""
        done: list[int] = []
        jobs, busy = self.jobs, self.busy
        for job in changed:
            held = (jobs.get(job.id) or job).instance
            if held and busy.get(held) == job.id:  # it may have been left and leased again
                del busy[held]
            if job.state == "running":
                busy[job.instance] = job.id
            elif job.state in lifecycle.JOB_DONE:
                done.append(job.id)
        return done
