"""Brings free instances and ready jobs together at once: one command after every event that could make a match."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from podium.domain.command import Dispatch
from podium.domain.errors import PodiumError
from podium.domain.instance import Slot
from podium.domain.job import Lease
from podium.ports import Clock, Store


class Dispatcher:
    """Keeps in memory only the free slots; everything it decides is decided and written by the store's transaction."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        slots: Iterable[Slot],
        strategies: Mapping[str, str],
        on_lease: Callable[[Lease, Slot], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._free = {slot.name: slot for slot in slots}
        self._strategies = strategies
        self._on_lease = on_lease
        self._again = False
        self._paused = False
        self._offered: set[str] = set()
        self._taken: set[str] = set()

    @property
    def free(self) -> frozenset[str]:
        """Names of the instances that have nothing to do."""
        return frozenset(self._free) | self._offered

    def take(self, name: str) -> Slot | None:
        """Keep an instance that turned out to be busy out of every offer until it is released."""
        self._taken.add(name)
        return self._free.pop(name, None)

    def release(self, slot: Slot) -> None:
        """An instance has nothing to do any more; look for work for it."""
        self._taken.discard(slot.name)
        self._free[slot.name] = slot
        self.kick()

    def pause(self) -> None:
        """Give out no more work."""
        self._paused = True

    def kick(self) -> None:
        """A job may be ready: offer all free instances, in the batch that the caller's own command is in."""
        if not self._free or self._paused:
            self._again = True
            return
        slots = tuple(self._free.values())
        self._free.clear()
        self._offered |= {slot.name for slot in slots}
        answer = self._store.submit(Dispatch(slots, self._strategies))
        self._clock.spawn(self._settle(slots, answer), "dispatch")

    async def _settle(self, slots: tuple[Slot, ...], answer: Awaitable[tuple[Lease, ...]]) -> None:
        offered = {slot.name: slot for slot in slots}
        try:
            leases = await answer
        except PodiumError:
            leases = ()  # nothing was written; the sweeper kicks again
        self._offered -= set(offered)
        for lease in leases:
            self._on_lease(lease, offered.pop(lease.job.instance))
        self._free |= {name: slot for name, slot in offered.items() if name not in self._taken}
        if self._again and self._free and not self._paused:
            self._again = False
            self.kick()
