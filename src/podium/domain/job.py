"""One unit of work for one instance. A tuple, since the engine makes several for every step, thousands a second."""

from typing import Any, Final, NamedTuple

from podium.domain.pipeline import PlannedJob, Step
from podium.domain.record import made

PODIUM_QUEUE = "podium"
"""The queue of Podium's own steps: merge, deploy, publish."""


class Job(NamedTuple):
    """The scheduling half of a job, one row of `job`; times are steady seconds (see `ports.Clock`)."""

    id: int
    project: str
    workflow: str
    step: str
    item: str
    """The fan-out item's key, empty for a step that runs once."""
    queue: str
    lane: str
    """The role it prefers, or `@instance` when pinned."""
    state: str
    blockers: int
    """Dependencies not yet done."""
    attempt: int
    """Number of the latest attempt: the fence. Every write about an attempt must name it."""
    failures: int
    """Attempts charged since the last success or review."""
    reworks: int
    """Times sent back since the last human decision."""
    priority: int
    rank: float
    """Place in the queue, smaller first: `ready_at - priority * ageing_seconds`, fixed while it waits."""
    ready_at: float
    """When it last became ready; while held, since when; while delayed, when it is due."""
    leased_at: float
    instance: str
    avoid: str
    """The author's instance, which may not review its own work; empty for none."""
    routed: str
    """Why the latest attempt was given to its instance (QUE-3)."""

    def but(self, changes: dict[str, Any]) -> "Job":
        """The same job with other values: `_replace` at half its price, since every step pays it several times."""
        fields = list(self)
        for name, value in changes.items():
            fields[_PLACES[name]] = value
        return made(Job, fields)


_PLACES: Final = {name: i for i, name in enumerate(Job._fields)}


def new_job(id_: int, project: str, workflow: str, plan: PlannedJob, blockers: int, priority: int, now: float) -> Job:
    """A planned job of a workflow's run that waits for its `blockers` dependencies."""
    step = plan.step
    queue = PODIUM_QUEUE if step.action else step.workflow
    return made(Job, [
        id_, project, workflow, step.id, plan.item, queue, step.role, "waiting", blockers, 0, 0, 0, priority, 0.0, now,
        0.0, "", "", "",
    ])  # fmt: skip


class Lease(NamedTuple):
    """The right to run one attempt: the answer of a dispatch."""

    job: Job
    step: Step
    reason: str

    @property
    def name(self) -> str:
        """`project/job.aN`: how people, processes and clones refer to this attempt."""
        return f"{self.job.project}/{self.job.id}.a{self.job.attempt}"
