"""The fleet: which instances there are, in pools, what is closed to new work, and what an operator asks of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from podium.domain.instance import Slot

NUMBERED: Final = re.compile(r"(?P<prefix>.*?)(?P<number>[0-9]+)")


class Instance(NamedTuple):
    """An instance on record. Its pool is its queue and role; one that has left keeps its row, so its name, for good."""

    name: str
    queue: str
    role: str
    drained: bool = False
    """It gets no new work until it is undrained."""
    retired: bool = False
    """It has left its pool, or leaves it when its attempt ends."""
    ending: str = ""
    """The attempt (`Lease.name`) of it that an operator wants ended."""
    quarantined: bool = False
    """It is drained since its attempts kept dying; to undrain it ends that, too."""

    @property
    def slot(self) -> Slot:
        """As the dispatcher takes it, new."""
        return Slot(self.name, self.queue, self.role)


@dataclass(slots=True)
class Fleet:
    """All that is on record about instances and queues. Mutable: the writer's own copy is changed with each commit."""

    instances: dict[str, Instance] = field(default_factory=dict[str, Instance])
    drained: set[str] = field(default_factory=set[str])
    """Queues that give out nothing."""
    strategies: dict[str, str] = field(default_factory=dict[str, str])
    """Routing strategies that an operator chose, by queue."""
    closed: set[str] = field(default_factory=set[str])
    """Names of instances that are drained or retired: kept beside the rest, since every lease asks."""

    def put(self, instance: Instance) -> None:
        """Add or change an instance."""
        self.instances[instance.name] = instance
        (self.closed.add if instance.drained or instance.retired else self.closed.discard)(instance.name)

    def present(self, queue: str = "", role: str = "") -> list[Instance]:
        """The instances of a queue's pools (or of one pool, or of all) that have not left."""
        found = (one for one in self.instances.values() if not one.retired)
        return [one for one in found if queue in ("", one.queue) and role in ("", one.role)]

    def may_lease(self, slot: Slot) -> bool:
        """Whether it may be given work; an instance that is not on record may."""
        return slot.name not in self.closed and slot.queue not in self.drained

    def at_work(self) -> list[Slot]:
        """Everybody who may be given work."""
        return [slot for one in self.instances.values() if self.may_lease(slot := one.slot)]

    def queues(self) -> list[str]:
        """Every queue that has or had instances, in the order in which they were made."""
        return list(dict.fromkeys(one.queue for one in self.instances.values()))

    def unfounded(self, first: Iterable[Slot]) -> list[Instance]:
        """Of the instances that the configuration begins with, those of pools that are not on record."""
        known = {(one.queue, one.role) for one in self.instances.values()}
        return [Instance(slot.name, slot.queue, slot.role) for slot in first if (slot.queue, slot.role) not in known]

    def next_name(self, queue: str) -> str:
        """A name that nobody ever had, numbered on in the manner of the queue's other instances: `dev-06`."""
        numbered = (NUMBERED.fullmatch(one.name) for one in self.instances.values() if one.queue == queue)
        like = next((found for found in numbered if found), None)
        prefix, digits = (like["prefix"], len(like["number"])) if like else (f"{queue}-", 2)
        every = (NUMBERED.fullmatch(name) for name in self.instances)
        last = max((int(found["number"]) for found in every if found and found["prefix"] == prefix), default=0)
        return f"{prefix}{last + 1:0{digits}d}"


def by_number(instance: Instance) -> tuple[int, str]:
    """Sorts names of one kind as people count: `dev-9` before `dev-10`."""
    return len(instance.name), instance.name


class Change(NamedTuple):
    """One pool's new size, and why this pool."""

    queue: str
    role: str
    before: int
    after: int
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who wants something, and why."""

    by: str = "operator"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Pools begin with these instances; a pool on record keeps what operators made of it. Answer: None."""

    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Resize(Order):
    """Other sizes for pools. Answer: `Resized`; Conflict when one has not the size any more that was looked at."""

    changes: tuple[Change, ...]
    now: bool = False
    """End the attempts of those that leave, uncharged, instead of letting them finish."""
    decision: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What scaling decided, on which figures, for the record (SCL-2); without changes it is a refusal."""


class Resized(NamedTuple):
    """The names of those that came, of those that left, of these the ones at work, and attempts that are ended."""

    started: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    working: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drain(Order):
    """Close queues and instances to new work, or open them again. Answer: the names for which that was news."""

    drained: bool
    queues: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route(Order):
    """From the next lease on a queue's work is routed so (QUE-3). Answer: the operator's choice before, or empty."""

    queue: str
    strategy: str


@dataclass(frozen=True, slots=True)
class Restart(Order):
    """End what an instance does, its job given back uncharged, or swap what it starts. Answer: None."""

    instance: str
    attempt: str
    """The attempt that is ended; empty when it does nothing, or may finish."""
    swapped: tuple[str, ...] = ()
    """Agents whose program is another from the instance's next attempt on (INS-6)."""


FleetCommand = Found | Resize | Drain | Route | Restart
