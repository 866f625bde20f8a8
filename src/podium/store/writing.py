"""The end of a transaction: what is counted once for all its changes, and the order in which rows are written."""

from collections.abc import Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from podium.store.rows import Row, Rows

INPUT: Final = ".input"
REVIEW: Final = ".review"
"""What the queues of projects and of reviews are called among those of jobs: no workflow has such a name."""
LANE: Final = "lane:"
"""Subjects of `tally` that count one lane of a queue begin with this."""


def day_of(wall: float) -> str:
    """The day of a moment in UTC, as what was used up is summed up by it."""
    return str(datetime.fromtimestamp(wall, UTC).date())


def count_queues(
    tally: MutableMapping[tuple[str, str], int], hourly: MutableMapping[str, list[float]], put: Mapping[str, list[Any]]
) -> None:
    """What queues gained or lost by the hour, so that what came in is known by what went out (QUE-1)."""
    for (subject, state), n in tally.items():
        if state == "ready" and n and not subject.startswith(LANE):
            hourly[f"queue.{subject}.depth"][0] += n
    opened = {row[0] for row in put["review_insert"]}
    closed = {row[-1] for row in put["review_update"]}
    if opened or closed:  # one that is opened and answered in the same transaction never waited
        more = len(opened - closed) - len(closed - opened)
        tally[REVIEW, "open"] += more
        hourly[f"queue.{REVIEW}.depth"][0] += more
        hourly[f"queue.{REVIEW}.started"][0] += len(closed - opened)


def write(rows: Rows, put: Mapping[str, Sequence[Row]]) -> None:
    """Write all rows, each statement once for all of its rows."""
    for name in _ORDER:
        if found := put.get(name):
            rows.many(name, found)


_ORDER: Final = (
    "pipeline_insert", "project_insert", "document_insert", "intake_insert", "input_put", "input_delete",
    "run_insert",
    # first: a job made in this batch may already run on an instance that another one has just left
    "job_update", "job_insert", "dependency_insert", "ready_delete", "ready_insert", "workflow_put",
    "attempt_insert", "artifact_put", "feedback_insert", "review_insert", "review_update", "project_update",
    "project_end", "token_insert", "token_revoke", "project_pause", "event_insert", "tally_add", "hourly_add",
    "wait_add", "message_insert", "message_trim", "message_expire", "message_close", "receipt_insert",
    # first: what is asked in this batch is not answered by what happened before
    "notice_settle_job", "notice_settle_project", "notice_settle", "notice_withdraw", "notice_insert", "notice_trim",
    "delivery_insert", "delivery_update", "delivery_trim", "webhook_disable", "webhook_enable", "instance_put",
    "queue_setting_put", "breaker_put", "spent_add", "outside_put", "outside_trim",
)  # fmt: skip
"""The statements of a flush: parents before children, what leaves the transaction (messages, notices, …) last."""
