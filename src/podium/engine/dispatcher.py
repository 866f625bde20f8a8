"""Brings free instances and ready jobs together at once: one command after every event that could make a match."""

import asyncio
from collections.abc import Callable, Container, Iterable, Mapping
from functools import partial
from typing import Final

from podium.domain.command import Dispatch
from podium.domain.instance import Slot
from podium.domain.job import Lease
from podium.ports import Store

RETIRED: Final = "retired"
"""The queue of an instance that gets no work any more; it finishes what it was given."""


class Dispatcher:
    """Keeps in memory only the free slots; everything it decides is decided and written by the store's transaction."""

    def __init__(self, store: Store, strategies: Mapping[str, str], on_lease: Callable[[Lease, Slot], None]) -> None:
        self._store = store
        self._known: dict[str, Slot] = {}
        self._free: dict[str, Slot] = {}
        self._strategies = strategies
        self._on_lease = on_lease
        self._again = False
        self._paused = False
        self._kicking = False
        self._offered: dict[str, Slot] = {}
        self._taken: set[str] = set()

    @property
    def free(self) -> Mapping[str, Slot]:
        """The instances that have nothing to do."""
        return self._free | self._offered

    def is_offered(self, name: str) -> bool:
        """Whether an offer of this instance has not been answered yet: a lease of it may be on its way."""
        return name in self._offered

    @property
    def is_offering(self) -> bool:
        """Whether any offer has not been answered yet."""
        return bool(self._offered)

    def form(self, slots: Iterable[Slot], busy: Container[str]) -> None:
        """From now on work is offered to these alone; whoever is among `busy` is free when it is released.

        Whoever of these is nowhere is free: it was released while it was to get no work.
        """
        before, self._known = self._known, {slot.name: slot for slot in slots}
        self._known |= {name: slot for name, slot in before.items() if name in self._known}
        self._free = {name: slot for name, slot in self._free.items() if name in self._known}
        elsewhere = self._taken | self.free.keys()
        fresh = [name for name in self._known if name not in busy and name not in elsewhere]
        self._free |= {name: self._known[name] for name in fresh}
        if fresh:
            self.kick()

    def take(self, name: str) -> Slot:
        """Keep an instance that turned out to be busy out of every offer until it is released."""
        self._taken.add(name)
        self._free.pop(name, None)
        return self._known.get(name) or Slot(name, RETIRED, "")

    def release(self, slot: Slot) -> None:
        """An instance has nothing to do any more; look for work for it."""
        self._taken.discard(slot.name)
        if (known := self._known.get(slot.name)) is not None:
            self._known[slot.name] = self._free[slot.name] = known if slot.queue == RETIRED else slot
        if not self._kicking:
            self._kicking = True
            asyncio.get_running_loop().call_soon(self._kick_once)

    def _kick_once(self) -> None:
        """One offer for all instances that were released in the same turn of the loop."""
        self._kicking = False
        self.kick()

    def pause(self) -> None:
        """Give out no more work."""
        self._paused = True

    def resume(self) -> None:
        """Give out work again."""
        self._paused = False
        self.kick()

    def kick(self) -> None:
        """A job may be ready: offer all free instances, in the batch that the caller's own command is in."""
        if not self._free or self._paused:
            self._again = True
            return
        slots = tuple(self._free.values())
        self._free.clear()
        self._offered |= {slot.name: slot for slot in slots}
        answer = self._store.submit(Dispatch(slots, self._strategies))
        answer.add_done_callback(partial(self._settle, slots))

    def _settle(self, slots: tuple[Slot, ...], answer: asyncio.Future[tuple[Lease, ...]]) -> None:
        """Take back what was not given out; an instance that was offered anew meanwhile belongs to that offer."""
        mine = {slot.name: slot for slot in slots if self._offered.get(slot.name) is slot}
        for name in mine:
            del self._offered[name]
        # A refused offer wrote nothing; the sweeper makes the next.
        leases = () if answer.cancelled() or answer.exception() is not None else answer.result()
        for lease in leases:
            slot = mine.pop(lease.job.instance, None)
            if slot is not None and slot.name not in self._taken:
                self._on_lease(lease, slot)  # a lease that nobody takes here is adopted by the sweeper
        self._free |= {name: s for name, s in mine.items() if name not in self._taken and name in self._known}
        if self._again and self._free and not self._paused:
            self._again = False
            self.kick()
