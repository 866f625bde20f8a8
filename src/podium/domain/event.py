"""What happened: the append-only log's record and the closed list of its types."""

from typing import Any, Final, NamedTuple


class Event(NamedTuple):
    """One line of the log. `seq` is gapless and in commit order; `at` is wall-clock seconds since the epoch."""

    seq: int
    at: float
    type: str
    project: str
    workflow: str
    job: int
    attempt: int
    instance: str
    data: dict[str, Any]


TYPES: Final = frozenset(
    {
        "project.created",
        "project.waiting",
        "project.admitted",
        "project.completed",
        "project.reopened",
        "project.failed",
        "project.cancelled",
        "workflow.requested",
        "project.pruned",
        "workflow.state",
        "workflow.cancelled",
        "job.leased",
        "job.adopted",
        "job.passed",
        "job.retried",
        "job.reworked",
        "job.released",
        "job.escalated",
        "job.cancelled",
        "job.buried",
        "job.replayed",
        "job.woken",
        "recovery.detected",
        "recovery.checked",
        "recovery.restarted",
        "recovery.reassigned",
        "recovery.updated",
        "operator.assign",
        "operator.boost",
        "operator.cancel",
        "operator.drop",
        "operator.pause",
        "operator.pin",
        "operator.replay",
        "operator.resume",
        "operator.retry",
        "operator.unpin",
        "operation.called",
        "instance.drained",
        "instance.restarted",
        "instance.undrained",
        "pool.resized",
        "queue.drained",
        "queue.routed",
        "queue.undrained",
        "attempt.noted",
        "message.sent",
        "message.delivered",
        "review.opened",
        "review.decided",
        "token.created",
        "token.revoked",
        "genesis_complete",
        "development_milestone",
    }
)
"""Every event type; the store refuses another (a misspelt event is one that no subscriber hears)."""
