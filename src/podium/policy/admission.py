"""Does a new project begin at once, wait in the input queue, or come back later? So queues stay shallow (INT-4)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from podium.refusals import refusal


@dataclass(frozen=True, slots=True)
class Limits:
    """How deep queues may become, and where people are told of what happens."""

    queue_soft: int = 20
    """Ready jobs of a queue with which new projects begin to wait; 0 lets every project in."""
    queue_hard: int = 1000
    """Projects that may wait for a queue; with so many, a new one is told to come back later."""
    urgent_priority: int = 100
    """A project of this priority (its own, half its business value, and boosts) does not wait for room."""
    reviews_max: int = 50
    """Reviews that wait for a decision with which new projects begin to wait (REV-2)."""
    channels: Callable[[str], Sequence[tuple[str, str]]] = lambda _: ()
    """Those that take a kind of piece, or `needs_you`: each a name, and the state in which a delivery to it begins."""


UNLIMITED = Limits(queue_soft=0)
"""Every project begins at once: for measurements of the engine alone."""


class Snapshot(NamedTuple):
    """What a decision looks at; all from counters."""

    queue: str
    ready: int
    """Jobs of the queue that lack nothing but an instance."""
    waiting: int
    """Projects that wait for room in it."""
    paused: int
    """Those that would wait, were they not paused."""
    reviews: int = 0
    """What waits for a reviewer, of all projects."""


class Decision(NamedTuple):
    """What becomes of a new project, and why, in words for whoever sent it."""

    answer: Literal["enter", "wait", "later"]
    reason: str


def has_room(seen: Snapshot, limits: Limits) -> bool:
    """Whether one more project may begin."""
    return limits.queue_soft == 0 or (seen.ready < limits.queue_soft and seen.reviews < limits.reviews_max)


def is_urgent(seen: Snapshot, priority: int, limits: Limits) -> bool:
    """Whether a project is worth more than a shallow queue; even then the queue has an end."""
    return priority >= limits.urgent_priority and seen.ready < limits.queue_hard


def decide(seen: Snapshot, priority: int, limits: Limits) -> Decision:
    """The place of a new project. Nobody overtakes those who wait, but urgent work."""
    full = f"{_jobs(seen.ready)} ready in {seen.queue}, of {limits.queue_soft} that may be (queue_soft)"
    if seen.reviews >= limits.reviews_max:
        full = f"{seen.reviews:,} reviews wait for a decision, of {limits.reviews_max} that may (reviews_max)"
    if is_urgent(seen, priority, limits):
        return Decision("enter", f"priority {priority} is urgent (from {limits.urgent_priority} on)")
    if not seen.waiting and has_room(seen, limits):
        return Decision("enter", full)
    if seen.waiting + seen.paused >= limits.queue_hard:
        total = f"{_projects(seen.waiting + seen.paused)} already in it for {seen.queue}"
        return Decision("later", refusal("full input queue", total=total, full=full, urgent=limits.urgent_priority))
    return Decision("wait", f"{full}; {_projects(seen.waiting)} came before; priority {priority}")


def _jobs(number: int) -> str:
    return f"{number:,} job{' is' if number == 1 else 's are'}"


def _projects(number: int) -> str:
    return f"{number:,} project{'' if number == 1 else 's'}"
