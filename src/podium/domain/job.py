"""One unit of work for one instance. A tuple, since the engine makes several for every step, thousands a second."""

from typing import NamedTuple

from podium.domain.pipeline import Step

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


class Lease(NamedTuple):
    """The right to run one attempt: the answer of a dispatch."""

    job: Job
    step: Step
    reason: str

    @property
    def name(self) -> str:
        """`project/job.aN`: how people, processes and clones refer to this attempt."""
        return f"{self.job.project}/{self.job.id}.a{self.job.attempt}"
