"""The engine: wires the loops together, adopts what an earlier orchestrator left, and keeps going until stopped."""

import random
from asyncio import Future, Task, gather
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from podium.domain.command import Command, Steer, Steered, Submit
from podium.domain.fleet import FleetCommand
from podium.domain.instance import Slot
from podium.engine.autoscaler import Autoscaler
from podium.engine.dispatcher import Dispatcher
from podium.engine.muster import Muster
from podium.engine.service import Service
from podium.engine.supervisor import Supervisor
from podium.engine.sweeper import Sweeper, SweeperSettings
from podium.policy.autoscaling import AutoscalerSettings
from podium.ports import Clock, Host, Store


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What the configuration may choose."""

    strategies: Mapping[str, str] = field(default_factory=dict[str, str])
    """Routing strategy per workflow; `policy.routing.DEFAULT` where none is named."""
    sweeper: SweeperSettings = field(default_factory=SweeperSettings)
    autoscaler: AutoscalerSettings | None = None
    """None leaves the pools to operators."""


class Engine:
    """One running engine over its ports. `hosts` maps a queue to a host, `""` is for all other queues.

    `gate` says why no instance may be added now, or nothing.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        hosts: Mapping[str, Host],
        slots: Iterable[Slot],
        rng: random.Random,
        settings: EngineSettings | None = None,
        gate: Callable[[], str] = str,
    ) -> None:
        settings, slots = settings or EngineSettings(), tuple(slots)
        self._store = store
        self._clock = clock
        self.supervisor = Supervisor(store, clock, hosts, rng)
        self.dispatcher = Dispatcher(store, settings.strategies, self.supervisor.attend)
        self.supervisor.dispatcher = self.dispatcher
        self.muster = Muster(store, self.dispatcher, self.supervisor, slots)
        self.sweeper = Sweeper(clock, store, self.muster, self.supervisor, tuple(hosts.values()), settings.sweeper)
        self.supervisor.on_delay = self.sweeper.nudge
        self.services: list[Service] = [self.sweeper]
        if settings.autoscaler is not None:
            first = Counter(slot.queue for slot in slots)
            self.services.append(Autoscaler(clock, store, self.submit, first, settings.autoscaler, gate))
        self._loops: list[Task[Any]] = []

    async def start(self) -> int:
        """Adopt or give back every lease on record, then begin to dispatch; how many leases there were."""
        self.dispatcher.pause()
        await self.muster.run_once()
        leases = await self._store.running()
        slots = [self.dispatcher.take(lease.job.instance) for lease in leases]  # all of them, before any is released
        # Side by side: a runner that does not say which process it is costs its host some seconds.
        await gather(*(self.supervisor.adopt(lease, slot) for lease, slot in zip(leases, slots, strict=True)))
        self.dispatcher.resume()
        self._loops = [self._clock.spawn(service.run(), type(service).__name__) for service in self.services]
        return len(leases)

    def submit(self, command: Command) -> Awaitable[Any]:
        """Submit a command and look for work in the same transaction: a new job starts without a second commit."""
        answer = self._store.submit(command)
        self.dispatcher.kick()
        if isinstance(command, Steer):
            answer.add_done_callback(self._end_revoked)
        elif isinstance(command, FleetCommand):
            answer.add_done_callback(self._muster)
        elif isinstance(command, Submit) and command.not_before:
            answer.add_done_callback(lambda _: self.sweeper.nudge())
        return answer

    def _muster(self, answer: Future[Any]) -> None:
        """What was changed is in effect at once."""
        if not answer.cancelled() and answer.exception() is None:
            self._clock.spawn(self.muster.run_once(), "muster")

    def _end_revoked(self, answer: Future[Steered]) -> None:
        """Agents whose lease an operator took away stop at once, not when the sweeper sees it."""
        if not answer.cancelled() and answer.exception() is None:
            for name in answer.result().revoked:
                self.supervisor.cancel(name, "cancelled by the operator")

    def stop(self) -> None:
        """Stop dispatching; attempts in progress go on under their runners, and are adopted by the next start."""
        self.dispatcher.pause()
        for loop in self._loops:
            loop.cancel()
