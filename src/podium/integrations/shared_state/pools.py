"""One workflow's queue and pool, from committed rows: counters, and the first entries by index."""

from collections.abc import Iterable, Mapping, Sequence
from heapq import merge
from itertools import islice
from typing import Any

from podium.domain.instance import Slot
from podium.integrations.shared_state.documents import (
    ENTRIES_MAX,
    InstanceEntry,
    Instances,
    Page,
    ProjectCounts,
    Queue,
    QueueCounts,
    QueueEntry,
    page,
)
from podium.integrations.shared_state.rows import Rows

Tally = Mapping[str, Mapping[str, int]]
"""Subject -> state -> how many."""


def tally(rows: Rows) -> Tally:
    """Every count that the store keeps."""
    counts: dict[str, dict[str, int]] = {}
    for subject, state, n in rows.all("tally_all"):
        counts.setdefault(subject, {})[state] = n
    return counts


def queue(rows: Rows, workflow: str, counts: Tally) -> Queue:
    """What waits for an instance of the workflow's pool."""
    lanes = [
        rows.all("ready_first", (workflow, lane, ENTRIES_MAX + 1)) for (lane,) in rows.all("lanes_ready", (workflow,))
    ]
    ready = page(Page[QueueEntry], list(islice(merge(*lanes), ENTRIES_MAX + 1)), _waiting)
    return Queue(
        workflow=workflow,
        jobs=QueueCounts(**_only(counts, workflow, QueueCounts.model_fields)),
        projects=ProjectCounts(**_only(counts, f"workflow.{workflow}", ProjectCounts.model_fields)),
        oldest_ready_at=min((entry.ready_at for entry in ready.entries), default=None),
        ready=ready,
    )


def _only(counts: Tally, subject: str, states: Iterable[str]) -> dict[str, int]:
    found = counts.get(subject, {})
    return {state: found[state] for state in states if state in found}


def _waiting(row: Any) -> QueueEntry:
    return QueueEntry.of(row[1:])


def instances(rows: Rows, workflow: str, slots: Sequence[Slot]) -> Instances:
    """The workflow's pool, then those that have left it and still work; a pool is small, whatever the queue is."""
    busy = {row[0]: row for row in rows.all("running_in_queue", (workflow,))}
    roles = {slot.name: slot.role for slot in slots if slot.queue == workflow}
    names = [*roles, *(name for name in busy if name not in roles)]
    return Instances(
        workflow=workflow,
        total=len(names),
        busy=len(busy),
        idle=len(names) - len(busy),
        instances=page(Page[InstanceEntry], names, lambda name: _instance(name, roles.get(name, ""), busy.get(name))),
    )


def _instance(name: str, role: str, row: Any) -> InstanceEntry:
    if row is None:
        return InstanceEntry(name=name, role=role, state="idle")
    _, project, job, *rest = row
    return InstanceEntry.of((name, role, "busy", job, project, *rest))
