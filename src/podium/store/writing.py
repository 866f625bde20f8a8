"""The end of a transaction: what is counted once for all its changes, and the order in which rows are written."""

from collections.abc import Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from podium.store.rows import Row, Rows
from podium.tables import beside

INPUT: Final = ".input"
REVIEW: Final = ".review"
"""What the queues of projects and of reviews are called among those of jobs: no workflow has such a name."""
LANE: Final = "lane:"
"""Subjects of `tally` that count one lane of a queue begin with this."""
_ORDER: Final = tuple(beside(__file__)["order"])


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
