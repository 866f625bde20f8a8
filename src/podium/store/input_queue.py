"""The input queue: accepted projects that have no jobs yet, since their first workflow's queue is full (INT-4)."""

from podium.policy import admission
from podium.policy.admission import Decision, Snapshot
from podium.policy.ordering import rank
from podium.store.batch import Batch
from podium.store.hot import Owner, Waiting
from podium.store.writing import INPUT


def look(batch: Batch, queue: str) -> Snapshot:
    """How full a queue is, from counters, with what this batch has changed so far."""
    ready, waiting, paused, reviews = batch.rows.one("input_counts", (queue,))
    subject = f"input.{queue}"
    return Snapshot(
        queue,
        ready + batch.count(queue, "ready"),
        waiting + batch.count(subject, "waiting"),
        paused + batch.count(subject, "paused"),
        reviews + len(batch.writes["review_insert"]) - len(batch.writes["review_update"]),
    )


def decide(batch: Batch, queue: str, priority: int) -> Decision:
    """Whether a new project begins, waits or is refused."""
    if batch.hot.limits.queue_soft == 0:
        return Decision("enter", "the queue has no limit")
    return admission.decide(look(batch, queue), priority, batch.hot.limits)


def is_waiting(batch: Batch, owner: Owner) -> bool:
    """Whether the project has a row here; one that a rule has begun may still have."""
    if owner.id in batch.input:
        return batch.input[owner.id] is not None
    return batch.rows.one("input_by_project", (owner.id,)) is not None


def enter(batch: Batch, owner: Owner, reason: str) -> None:
    """A new project waits."""
    row = _row(owner, batch.now, reason)
    _put(batch, row)
    batch.hourly[f"queue.{INPUT}.depth"][0] += 1
    batch.emit("project.waiting", owner.id, queue=row.queue, reason=reason)


def leave(batch: Batch, owner: Owner) -> Waiting:
    """A project waits no more: it begins, or has ended."""
    row = _find(batch, owner.id)
    _count(batch, row, -1)
    batch.input[owner.id] = None
    batch.hourly[f"queue.{INPUT}.depth"][0] -= 1
    return row


def put_again(batch: Batch, owner: Owner) -> None:
    """The project's priority has changed, or whether it is paused."""
    row = _find(batch, owner.id)
    _count(batch, row, -1)
    _put(batch, _row(owner, row.since, row.reason))


def first(batch: Batch, queue: str) -> str:
    """The project that is next, where one waits that is not paused."""
    stored = batch.rows.all("input_first", (queue, len(batch.input) + 1))
    rows = [row for row in map(Waiting._make, stored) if row.project not in batch.input]
    rows += [row for row in batch.input.values() if row is not None and row.queue == queue and not row.paused]
    return min(rows, key=lambda row: (row.rank, row.project)).project


def has_room(batch: Batch, queue: str) -> bool:
    """Whether one that waits may begin."""
    return admission.has_room(look(batch, queue), batch.hot.limits)


def _row(owner: Owner, since: float, reason: str) -> Waiting:
    return Waiting(owner.id, owner.pipeline.start, rank(since, owner.priority), since, int(owner.paused), reason)


def _put(batch: Batch, row: Waiting) -> None:
    batch.input[row.project] = row
    _count(batch, row, 1)


def _find(batch: Batch, project: str) -> Waiting:
    return Waiting._make(batch.input.get(project) or batch.rows.one("input_by_project", (project,)))


def _count(batch: Batch, row: Waiting, number: int) -> None:
    """In the tally, and in the writer's memory of where somebody could be let in."""
    batch.tally[f"input.{row.queue}", "paused" if row.paused else "waiting"] += number
    if not row.paused:
        batch.hot.waiting[row.queue] = batch.hot.waiting.get(row.queue, 0) + number
        if batch.hot.waiting[row.queue] == 0:
            del batch.hot.waiting[row.queue]
