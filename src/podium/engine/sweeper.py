"""Level-triggered repair: whatever a lost wake-up would have missed is found here, every few seconds (QUE-4)."""

import logging
from dataclasses import dataclass, field

from podium.domain.command import Wake
from podium.domain.errors import PodiumError
from podium.engine.muster import Muster
from podium.engine.service import Service
from podium.engine.supervisor import Supervisor
from podium.policy.health import Signs, hung_seconds
from podium.ports import OVERDUE, Host, Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SweeperSettings:
    """How often the sweeper looks; all in seconds."""

    interval_seconds: float = 5.0
    hosts_interval_seconds: float = 60.0
    grace_seconds: float = 1200.0
    """How long past the limits of its step and gates an attempt may go on (clone, commit) before it is ended."""


@dataclass(eq=False)
class Sweeper(Service):
    """Wakes what is due, offers free instances, and squares the attempts in memory with the leases on record."""

    store: Store
    muster: Muster
    supervisor: Supervisor
    hosts: tuple[Host, ...]
    settings: SweeperSettings
    _suspects: set[str] = field(init=False, default_factory=set[str])
    _strangers: set[str] = field(init=False, default_factory=set[str])
    _hosts_swept_at: float = field(init=False, default=float("-inf"))

    def __post_init__(self) -> None:
        """Remember since when this orchestrator looks."""
        self._began_at = self.clock.now()

    async def run_once(self) -> float:
        """One look at everything; the seconds until the next."""
        try:
            next_due: float | None = await self.store.submit(Wake())
            await self.square_leases()
        except PodiumError:
            return self.settings.interval_seconds  # the database is away: everything waits where it is
        await self.muster.run_once()
        self.muster.dispatcher.kick()
        self._end_overdue()
        if self.clock.now() - self._hosts_swept_at >= self.settings.hosts_interval_seconds:
            await self.sweep_hosts()
        soon = self.settings.interval_seconds
        return min(soon, next_due - self.clock.now()) if next_due is not None else soon

    async def square_leases(self) -> None:
        """Adopt leases that nobody attends and cancel attempts whose lease is gone, each only when seen twice."""
        leases = {lease.name: lease for lease in await self.store.running()}
        attended = set(self.supervisor.running)
        on_its_way = {name for name, lease in leases.items() if self.muster.dispatcher.is_offered(lease.job.instance)}
        unattended, stale = set(leases) - attended - on_its_way, attended - set(leases)
        for name in unattended & self._suspects:
            await self.supervisor.adopt(leases[name], self.muster.dispatcher.take(leases[name].job.instance))
        for name in stale & self._strangers:
            self.supervisor.cancel(name, "its lease is gone")
        self._suspects, self._strangers = unattended, stale

    def _end_overdue(self) -> None:
        """End what is over its step's limit or, where the step says so, has neither said nor done anything for long.

        Asking everybody every few seconds is also what keeps the answers fresh. Nothing counts from before this
        orchestrator: the machine may have slept meanwhile, and only the runners' own clocks stood still (REC-8).
        """
        signs, now = self.supervisor.vitals().signs, self.clock.now()
        for name, (lease, _) in list(self.supervisor.running.items()):
            gates = sum(gate.timeout_seconds for gate in lease.step.gates if gate.kind == "command")
            limit = lease.step.timeout_seconds + gates + self.settings.grace_seconds
            if now - max(lease.job.leased_at, self._began_at) > limit:
                self.supervisor.cancel(name, f"{OVERDUE} {limit:.0f} s")
            stall = lease.step.stall_seconds
            if stall and hung_seconds(signs[name] or Signs(), now) > stall + gates:
                self.supervisor.cancel(name, f"{OVERDUE} {stall + gates:.0f} s without progress")

    async def sweep_hosts(self) -> int:
        """Have every host end what belongs to no lease; how many things were removed."""
        self._hosts_swept_at = self.clock.now()
        leased = {lease.name for lease in await self.store.running()}
        attended = self.supervisor.running
        count = 0
        for host in self.hosts:
            try:
                count += await host.sweep(lambda name: name in leased or name in attended)
            except (OSError, PodiumError):
                _log.exception("a host could not be swept; the others are")
        return count
