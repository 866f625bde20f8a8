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


Pick = Callable[[Job, Sequence[Slot]], tuple[Slot, str]]


def round_robin(job: Job, slots: Sequence[Slot]) -> tuple[Slot, str]:
    """The instance given fewest attempts so far, by name on a tie: each has its turn."""
    slot = min(slots, key=lambda s: (s.attempts, s.name))
    return slot, f"round robin: its turn after {slot.attempts} attempts"


def least_loaded(job: Job, slots: Sequence[Slot]) -> tuple[Slot, str]:
    """The instance that has been busy for the shortest time."""
    slot = min(slots, key=lambda s: (s.busy_seconds, s.name))
    return slot, f"least loaded: busy {slot.busy_seconds:.1f} s so far"


def specialized(job: Job, slots: Sequence[Slot]) -> tuple[Slot, str]:
    """The instance of the job's role, among those the one that knows the project; else one that helps out."""
    slot = min(slots, key=lambda s: (s.role != job.lane, s.last_project != job.project, s.attempts, s.name))
    if slot.role == job.lane:
        knows = ", knows the project" if slot.last_project == job.project else ""
        return slot, f"specialized: {slot.role} is its role{knows}"
    return slot, f"specialized: helps {job.lane} out, nothing waits for {slot.role}"


def priority(job: Job, slots: Sequence[Slot]) -> tuple[Slot, str]:
    """The urgent job takes the instance that has been free longest, whatever its role."""
    slot = min(slots, key=lambda s: (s.freed_at, s.name))
    return slot, f"priority: {job.priority} is the highest that waits"


STRATEGIES: Final[Mapping[str, Pick]] = {
    "round-robin": round_robin,
    "least-loaded": least_loaded,
    "specialized": specialized,
    "priority": priority,
}
DEFAULT: Final = "specialized"


def place(jobs: Iterable[Job], slots: Sequence[Slot], strategy: str = DEFAULT) -> list[Placement]:
    """Placements of jobs on the free slots of one queue.

    `jobs` come in rank order; the `priority` strategy looks at priority first. A pinned job goes to its instance
    alone; a job never goes to the instance it must avoid (the author's, for a review). Under `specialized` an
    instance helps another role only when no job of its own waits.
    """
    pick = STRATEGIES[strategy]
    ordered = sorted(jobs, key=lambda job: -job.priority) if strategy == "priority" else list(jobs)
    free = {slot.name: slot for slot in slots}
    placements: list[Placement] = []
    deferred: list[Job] = []
    if strategy == "specialized":
        ordered, deferred = _own_roles_first(ordered, slots)
    for job in (*ordered, *deferred):
        if not free:
            break
        eligible = _eligible(job, free)
        if eligible:
            slot, reason = pick(job, eligible)
            if job.lane.startswith("@"):
                reason = "pinned to this instance"
            placements.append(Placement(job, slot, reason))
            del free[slot.name]
    return placements


def _eligible(job: Job, free: Mapping[str, Slot]) -> list[Slot]:
    if job.lane.startswith("@"):
        pinned = free.get(job.lane[1:])
        return [pinned] if pinned else []
    return [slot for slot in free.values() if slot.name != job.avoid]


def _own_roles_first(jobs: list[Job], slots: Sequence[Slot]) -> tuple[list[Job], list[Job]]:
    """Split into jobs that a free instance of their own role (or pin) can take, and those that need a helper."""
    places: dict[str, list[str]] = {}
    for slot in slots:
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
    return own, others
