"""What the store must do, said a second time and as plainly as possible: dicts, and counting rows.

It shares no code with the store. It knows one pipeline (`PIPELINE`), and settles nothing in advance: every number is
counted when it is asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

LIMIT: Final = 2
PIPELINE: Final = f"""
name = "naive"
start = "genesis"

[[rules]]
on = "genesis.GENESIS_COMPLETE"
enqueue = "development"

[workflows.genesis]
roles = ["any"]
[[workflows.genesis.steps]]
id = "plan"
state = "ANALYZING"
waiting = "QUEUED"
role = "any"
[[workflows.genesis.steps]]
id = "scaffold"
state = "SCAFFOLDING"
waiting = "PLANNED"
role = "any"
after = ["plan"]
[[workflows.genesis.steps]]
id = "issues"
state = "SCAFFOLDING"
waiting = "PLANNED"
role = "any"
after = ["plan"]

[workflows.development]
roles = ["any"]
project_jobs_max = {LIMIT}
[[workflows.development.steps]]
id = "implement"
state = "CODING"
waiting = "DEV_QUEUED"
role = "any"
for_each = "issue"
[[workflows.development.steps]]
id = "review"
state = "REVIEWING"
role = "any"
for_each = "issue"
after = ["implement"]
rework = "implement"
independent = true
[[workflows.development.steps]]
id = "ship"
state = "DEPLOYING"
waiting = "DEV_QUEUED"
role = "any"
after = ["review"]
"""
DONE: Final = ("passed", "cancelled")
ADMITTED: Final = ("ready", "delayed", "running", "in_review")

Key = tuple[str, str, str]
"""Workflow, step, item."""


@dataclass
class NaiveJob:
    """One job, with the jobs it waits for by name."""

    project: str
    key: Key
    after: list[Key]
    state: str = "waiting"
    attempt: int = 0
    instance: str = ""
    avoid: str = ""
    due: float = 0.0
    finished_in_row: bool = False
    """Whether one of its failed attempts since the last success, review or burial did not die."""

    @property
    def workflow(self) -> str:
        return self.key[0]

    @property
    def item(self) -> str:
        return self.key[2]


@dataclass
class NaiveProject:
    """One project: its jobs in the order of their ids, and the issues it was told of."""

    name: str
    state: str = "open"
    jobs: dict[Key, NaiveJob] = field(default_factory=dict[Key, NaiveJob])
    issues: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Each issue and those it depends on."""
    tally: dict[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        self.add("genesis", [("plan", "", []), ("scaffold", "", ["plan"]), ("issues", "", ["plan"])])

    def add(self, workflow: str, jobs: Sequence[tuple[str, str, list[str]]]) -> None:
        """Jobs of a workflow that begins, each with the steps of its item that come before."""
        made = [NaiveJob(self.name, (workflow, s, i), [(workflow, a, i) for a in after]) for s, i, after in jobs]
        self.jobs |= {job.key: job for job in made}

    def start_development(self) -> None:
        ordered = sorted(self.issues, key=lambda issue: -self.behind(issue))
        self.add("development", [("implement", i, []) for i in ordered])
        self.add("development", [("review", i, ["implement"]) for i in ordered])
        self.add("development", [("ship", "", [])])
        self.jobs["development", "ship", ""].after = [("development", "review", i) for i in self.issues]
        for issue, others in self.issues.items():
            self.jobs["development", "implement", issue].after = [("development", "review", o) for o in others]
        for job in self.of("development"):
            if self.is_free(job):
                self.enter(job)

    def behind(self, issue: str) -> int:
        """How long the longest way is that begins with this issue."""
        return 1 + max((self.behind(i) for i, others in self.issues.items() if issue in others), default=0)

    def of(self, workflow: str) -> list[NaiveJob]:
        return [job for job in self.jobs.values() if job.workflow == workflow]

    def is_free(self, job: NaiveJob) -> bool:
        return all(self.jobs[key].state in DONE for key in job.after)

    def undone(self, job: NaiveJob) -> int:
        return sum(self.jobs[key].state not in DONE for key in job.after)

    def has_place(self, workflow: str) -> bool:
        limit = LIMIT if workflow == "development" else 16
        return sum(job.state in ADMITTED for job in self.of(workflow)) < limit

    def enter(self, job: NaiveJob) -> None:
        job.state = "ready" if job.item == "" or self.has_place(job.workflow) else "held"

    def followers(self, job: NaiveJob) -> Iterator[NaiveJob]:
        return (other for other in self.jobs.values() if job.key in other.after)

    def finish(self, job: NaiveJob, state: str) -> None:
        job.state = state
        for follower in list(self.followers(job)):
            if follower.state == "waiting":
                if follower.key[1] == "review":
                    follower.avoid = job.instance
                if self.is_free(follower):
                    self.enter(follower)

    def reopen(self, job: NaiveJob) -> None:
        job.state = "ready"
        undone = [job]
        while undone:
            for follower in self.followers(undone.pop()):
                if follower.state == "passed":
                    undone.append(follower)
                if follower.state != "cancelled":
                    follower.state = "waiting"

    def send_back(self, job: NaiveJob, *, to_author: bool) -> None:
        """To the author's step, where the step has one; else to itself."""
        if to_author and job.key[1] == "review":
            self.reopen(self.jobs["development", "implement", job.item])
        else:
            job.state = "ready"

    def reject(self, job: NaiveJob) -> None:
        if not job.item:
            self.state = "failed"
            for other in self.jobs.values():
                if other.state not in DONE:
                    other.state = "cancelled"
            return
        mine = [other for other in self.jobs.values() if other.item == job.item and other.state == "waiting"]
        for other in reversed(mine):
            self.finish(other, "cancelled")
        self.finish(job, "cancelled")

    def settle(self) -> None:
        """What follows at the end of a transaction: held jobs enter, workflows begin and end."""
        if self.state != "open":
            return
        for job in self.jobs.values():
            if job.state == "held" and self.has_place(job.workflow):
                job.state = "ready"
        if all(job.state in DONE for job in self.jobs.values()):
            if self.of("development"):
                self.state = "complete"
            else:
                self.start_development()
