"""A run in which an operator conducts the fleet while the storm blows: resizes, drains, restarts, routes anew."""

import json
import random
from typing import Any, Final

from podium.domain.command import Command
from podium.domain.errors import PodiumError
from podium.domain.fleet import Change, Drain, Resize, Restart, Route
from podium.policy import routing
from podium.store.fleet import read_fleet
from podium.store.rows import Rows
from podium.store.store import Store
from tests.simulation.run import Run, slots_of

EVENTS_MAX: Final = 1_000_000
CALM_SECONDS: Final = 3_600.0
"""From then on the operator puts everything back as it was, so that the end can be checked."""


class Conducted(Run):
    """A run with an operator at the fleet, who comes by as often as a reviewer."""

    def __init__(self, seed: int, *words: Any, **more: Any) -> None:
        super().__init__(seed, *words, **more)
        self.first = slots_of(self.pipeline)
        self.hand = random.Random(seed)

    async def _tend(self, store: Store) -> None:
        await super()._tend(store)
        for command in self._orders():
            try:
                await store.submit(command)
            except PodiumError:
                continue

    def _orders(self) -> list[Command]:
        rows, names = self.world.database.rows, tuple(slot.name for slot in self.first)
        fleet = read_fleet(rows)
        pools = sorted({(slot.queue, slot.role) for slot in self.first if slot.queue in self.pipeline.workflows})
        every = tuple(fleet.queues())
        if not every:  # the database was away when the first pools were to be put on record
            return []

        def resize(queue: str, role: str, size: int, *, now: bool = False) -> Command:
            return Resize((Change(queue, role, len(fleet.present(queue, role)), size, "a whim"),), now)

        if self.loop.time() > CALM_SECONDS:
            if self._is_as_before(rows):
                return []
            first = {(slot.queue, slot.role): slot.name for slot in self.first}
            wrong = [pool for pool in pools if [one.name for one in fleet.present(*pool)] != [first[pool]]]
            more = [resize(*pool, 0 if fleet.present(*pool) else 1) for pool in wrong]
            return [*more, Drain(False, every, names)]
        some = tuple(self.hand.sample(every, 1))
        name = self.hand.choice(names)
        (busy,) = [[row for row in rows.all("instances_busy") if row[0] == name]]
        attempt = f"{busy[0][1]}/{busy[0][5]}.a{busy[0][6]}" if busy else ""
        orders: list[Command] = [
            resize(*self.hand.choice(pools), self.hand.randint(0, 4), now=self.hand.random() < 0.5),
            resize(*self.hand.choice(pools), self.hand.randint(0, 4)),
            Drain(True, self.hand.choice([every, some, ()]), (name,)),
            Drain(False, self.hand.choice([every, some, ()]), (name,)),
            Restart(name, attempt),
            *(Route(queue, self.hand.choice(sorted(routing.STRATEGIES))) for queue in some),
        ]
        return self.hand.sample(orders, 2)

    def _is_as_before(self, rows: Rows) -> bool:
        slots = read_fleet(rows).at_work()
        return {slot.name for slot in slots} == {slot.name for slot in self.first}

    def _is_over(self, rows: Rows) -> bool:
        return super()._is_over(rows) and self.loop.time() > CALM_SECONDS and self._is_as_before(rows)

    def _misremembered(self) -> list[str]:
        """The end of a history is also the time to read how the fleet was obeyed."""
        queues = {slot.name: slot.queue for slot in self.first}
        events = self.world.database.rows.all("events_after", (0, EVENTS_MAX))
        return super()._misremembered() + leases_to_closed(events, queues)


def leases_to_closed(events: list[Any], queues: dict[str, str]) -> list[str]:
    """Leases that the log tells of although it had told before that this instance gets nothing."""
    drained, gone, shut, found = set[str](), set[str](), set[str](), list[str]()
    for seq, _, type_, _, _, _, _, who, text in events:
        data = json.loads(text)
        if type_ == "pool.resized":
            gone |= set(data["retired"])
            gone -= set(data["started"])
            drained -= set(data["started"])
            queues |= dict.fromkeys(data["started"], data["queue"])
        elif type_ in ("queue.drained", "queue.undrained"):
            (shut.add if type_ == "queue.drained" else shut.discard)(data["queue"])
        elif type_ in ("instance.drained", "instance.undrained"):
            (drained.add if type_ == "instance.drained" else drained.discard)(data["instance"])
        elif type_ == "job.leased" and (who in gone | drained or queues[who] in shut):
            found.append(f"{seq}: {who} was given work, but is closed")
    return found
