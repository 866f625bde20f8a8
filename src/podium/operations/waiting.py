"""Projects that are accepted and have not begun: why each waits, and who is let in before it (INT-4)."""

from typing import Final

from podium.operations.context import Context
from podium.operations.operation import Output
from podium.store.hot import Waiting
from podium.store.rows import Rows

AHEAD_MAX: Final = 1000
"""Further back a project's place is not counted."""
WAITING: Final = "input."
"""Subjects of the tally that count the projects that wait for a queue begin with this."""


class InputRow(Output):
    """A project in the input queue."""

    project: str
    queue: str
    """The queue of its first workflow, which is full."""
    place: int | None
    """1 is let in next; null while it is paused, or behind more than a thousand."""
    waited_seconds: float
    reason: str
    next: str
    """What happens next, or what to do."""


def waits(rows: Rows, context: Context, project: str) -> InputRow | None:
    """Where a project waits; None for one that has begun or ended."""
    found = rows.one("input_by_project", (project,))
    return None if found is None else _row(rows, context, Waiting._make(found))


def first(rows: Rows, context: Context, queue: str, limit: int) -> list[InputRow]:
    """Those that are let in next."""
    return [_row(rows, context, Waiting._make(row)) for row in rows.all("input_first", (queue, limit))]


def depth(tally: dict[tuple[str, str], int]) -> int:
    """How many projects wait, paused ones included."""
    return sum(n for (subject, _), n in tally.items() if subject.startswith(WAITING))


def _row(rows: Rows, context: Context, row: Waiting) -> InputRow:
    (ahead,) = rows.one("input_ahead", (row.queue, row.rank, row.project))
    idle = "" if context.running else " No orchestrator runs on this home: `podium up` starts one."
    place = None if row.paused or ahead >= AHEAD_MAX else ahead + 1
    waited = round(max(0.0, context.clock.now() - row.since), 3)
    begins = f"it begins when {row.queue} has room; `podium priority-boost {row.project}` brings it forward.{idle}"
    what = f"it is paused: `podium resume {row.project}`" if row.paused else begins
    return InputRow.like(row, place=place, waited_seconds=waited, next=what)
