"""Which free instance gets which ready job? Four strategies, each a pure function that says why (QUE-3)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from podium.domain.instance import Slot
from podium.domain.job import Job


class Placement(NamedTuple):
    """One job on one instance, and the reason a person can read."""

    job: Job
    slot: Slot
    reason: str


Order = Callable[[Slot], tuple[object, ...]]
"""In which order a strategy looks at free instances, whatever the job."""


def round_robin(slot: Slot) -> tuple[object, ...]:
    """The instance given fewest attempts so far comes first: each has its turn."""
    return slot.attempts, slot.name


def least_loaded(slot: Slot) -> tuple[object, ...]:
    """The instance that has been busy for the shortest time comes first."""
    return slot.busy_seconds, slot.name


def longest_free(slot: Slot) -> tuple[object, ...]:
    """The instance that has been free for the longest time comes first."""
    return slot.freed_at, slot.name


STRATEGIES: Final[Mapping[str, Order]] = {
    "round-robin": round_robin,
    "least-loaded": least_loaded,
    "specialized": round_robin,
    "priority": longest_free,
}
DEFAULT: Final = "specialized"


def place(jobs: Iterable[Job], slots: Sequence[Slot], strategy: str = DEFAULT) -> list[Placement]:
    """Placements of jobs on the free slots of one queue.

    `jobs` come in rank order; the `priority` strategy looks at priority first. A pinned job goes to its instance
    alone; a job never goes to the instance it must avoid (the author's, for a review). Under `specialized` an
    instance helps another role only when no job of its own waits.
    """
    ordered = sorted(jobs, key=lambda job: -job.priority) if strategy == "priority" else list(jobs)
    if strategy == "specialized":
        ordered = _own_roles_first(ordered, slots)
    free = sorted(slots, key=STRATEGIES[strategy])
    placements: list[Placement] = []
    for job in ordered:
        if not free:
            break
        found = _choose(job, free, strategy)
        if found is not None:
            placements.append(Placement(job, free.pop(found[0]), found[1]))
    return placements


def _choose(job: Job, free: Sequence[Slot], strategy: str) -> tuple[int, str] | None:
    """The place in `free` of the instance for this job and the reason; None when none may have it."""
    if job.lane.startswith("@"):
        pinned = next((i for i, slot in enumerate(free) if slot.name == job.lane[1:]), None)
        return None if pinned is None else (pinned, "pinned to this instance")
    if strategy == "specialized":
        return _specialist(job, free)
    first = next((i for i, slot in enumerate(free) if slot.name != job.avoid), None)
    return None if first is None else (first, _reason(job, free[first], strategy))


def _specialist(job: Job, free: Sequence[Slot]) -> tuple[int, str] | None:
    """An instance of the job's role, among those one that knows the project; else one that helps out."""
    of_role = helper = None
    for i, slot in enumerate(free):
        if slot.name == job.avoid:
            continue
        if slot.role == job.lane:
            if slot.last_project == job.project:
                return i, f"specialized: {slot.role} is its role, knows the project"
            of_role = i if of_role is None else of_role
        elif helper is None:
            helper = i
    if of_role is not None:
        return of_role, f"specialized: {job.lane} is its role"
    if helper is not None:
        return helper, f"specialized: helps {job.lane} out, nothing waits for {free[helper].role}"
    return None


def _reason(job: Job, slot: Slot, strategy: str) -> str:
    if strategy == "round-robin":
        return f"round robin: its turn after {slot.attempts} attempts"
    if strategy == "least-loaded":
        return f"least loaded: busy {slot.busy_seconds:.1f} s so far"
    return f"priority: {job.priority} is the highest that waits"


def _own_roles_first(jobs: list[Job], slots: Sequence[Slot]) -> list[Job]:
    """Jobs that a free instance of their own role (or pin) can take, then those that need a helper."""
    pinned = {job.lane[1:] for job in jobs if job.lane.startswith("@")}
    places: dict[str, list[str]] = {}
    for slot in slots:
        if slot.name not in pinned:  # its pin comes first
            places.setdefault(slot.role, []).append(slot.name)
    own: list[Job] = []
    others: list[Job] = []
    for job in jobs:
        names = places.get(job.lane, [])
        if job.lane.startswith("@"):
            own.append(job)
        elif names and names != [job.avoid]:
            own.append(job)
            names.pop()
        else:
            others.append(job)
    return own + others
