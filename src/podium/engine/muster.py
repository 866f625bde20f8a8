"""Keeps the dispatcher's instances as the store has them: after every change, and again with every sweep."""

from collections.abc import Iterable
from typing import Final

from podium.domain.errors import PodiumError
from podium.domain.fleet import Fleet, Found
from podium.domain.instance import Slot
from podium.engine.dispatcher import Dispatcher
from podium.engine.supervisor import Supervisor
from podium.ports import Store

ENDED: Final = "ended by an operator: its instance is restarted, or leaves its pool"
"""Why an attempt ends that somebody had ended; its job is given back uncharged."""


class Muster:
    """`first` are the instances that the configuration begins with, for pools that are not on record yet."""

    def __init__(self, store: Store, dispatcher: Dispatcher, supervisor: Supervisor, first: Iterable[Slot]) -> None:
        self._store = store
        self.dispatcher: Final = dispatcher
        self._supervisor = supervisor
        self._first = tuple(first)
        self.fleet = Fleet()
        """As it was read last."""

    async def run_once(self) -> None:
        """One look at the record; when the store cannot say, all stays as it is until the next."""
        try:
            fleet = await self._store.fleet()
            if fleet.unfounded(self._first):
                await self._store.submit(Found(self._first))
                fleet = await self._store.fleet()
        except PodiumError:
            return
        self.fleet = fleet
        attempts = self._supervisor.running
        self.dispatcher.form(fleet.at_work(), {lease.job.instance for lease, _ in attempts.values()})
        for instance in fleet.instances.values():
            if instance.ending in attempts:
                self._supervisor.cancel(instance.ending, ENDED)
