"""Which free instance gets which ready job? Four strategies, each a pure function that says why (QUE-3)."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from podium.domain.instance import Slot
from podium.domain.job import Job
from podium.domain.record import made


class Placement(NamedTuple):
    """One job on one instance, and the reason a person can read."""

    job: Job
    slot: Slot
    reason: str


Order = Callable[[Slot], tuple[object, ...]]
"""In which order a strategy looks at free instances, whatever the job."""


STRATEGIES: Final[Mapping[str, Order]] = {
    "round-robin": attrgetter("attempts", "name"),  # given fewest attempts so far: each has its turn
    "least-loaded": attrgetter("busy_seconds", "name"),  # busy for the shortest time
    "specialized": attrgetter("attempts", "name"),
    "priority": attrgetter("freed_at", "name"),  # free for the longest time
}
"""Which free instance comes first."""
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
    free = _Free(sorted(slots, key=STRATEGIES[strategy]), {job.project for job in ordered})
    placements: list[Placement] = []
    for job in ordered:
        if not free.all:
            break
        found = _choose(job, free, strategy)
        if found is not None:
            free.take(found[0])
            placements.append(made(Placement, (job, found[0], found[1])))
    return placements


class _Free:
    """The instances not yet given out, in the strategy's order; by role, and by role and known project."""

    def __init__(self, slots: Iterable[Slot], projects: Container[str]) -> None:
        self.all: dict[str, Slot] = {}
        self.of_role: defaultdict[str, dict[str, Slot]] = defaultdict(dict)
        self.knowing: defaultdict[tuple[str, str], dict[str, Slot]] = defaultdict(dict)
        for slot in slots:
            self.all[slot.name] = self.of_role[slot.role][slot.name] = slot
            if slot.last_project in projects:
                self.knowing[slot.role, slot.last_project][slot.name] = slot

    def take(self, slot: Slot) -> None:
        """Give one out."""
        del self.all[slot.name], self.of_role[slot.role][slot.name]
        self.knowing[slot.role, slot.last_project].pop(slot.name, None)


def _first(slots: dict[str, Slot] | None, avoid: str) -> Slot | None:
    for slot in slots.values() if slots else ():
        if slot.name != avoid:
            return slot
    return None


def _choose(job: Job, free: _Free, strategy: str) -> tuple[Slot, str] | None:
    """The instance for this job and the reason; None when none may have it."""
    if job.lane.startswith("@"):
        pinned = free.all.get(job.lane[1:])
        return None if pinned is None else (pinned, "pinned to this instance")
    if strategy == "specialized":
        return _specialist(job, free)
    first = _first(free.all, job.avoid)
    return None if first is None else (first, _reason(job, first, strategy))


def _specialist(job: Job, free: _Free) -> tuple[Slot, str] | None:
    """An instance of the job's role, among those one that knows the project; else one that helps out."""
    if (slot := _first(free.knowing.get((job.lane, job.project)), job.avoid)) is not None:
        return slot, f"specialized: {slot.role} is its role, knows the project"
    if (slot := _first(free.of_role.get(job.lane), job.avoid)) is not None:
        return slot, f"specialized: {slot.role} is its role"
    if (slot := _first(free.all, job.avoid)) is not None:
        return slot, f"specialized: helps {job.lane} out, nothing waits for {slot.role}"
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
