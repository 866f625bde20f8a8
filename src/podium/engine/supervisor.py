"""Sees every attempt from its lease to its committed end: start or adopt, wait, judge, complete, free the instance."""

import logging
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from podium.domain.attempt import Ending, Report
from podium.domain.command import Adopted, Complete, Verdict
from podium.domain.errors import PodiumError, Unavailable
from podium.domain.instance import Slot
from podium.domain.job import Lease
from podium.domain.record import made
from podium.engine.dispatcher import Dispatcher
from podium.policy import retry, verdict as verdicts
from podium.policy.health import Vitals
from podium.ports import Clock, Host, Running, Store

COMPLETE_RETRY_SECONDS: Final = 1.0
"""Pause before a result that the store could not take (disk full) is offered again; a result is never dropped."""

_log = logging.getLogger(__name__)


class Supervisor:
    """Owns the attempts in progress. `hosts` maps a queue to where its attempts run; `""` is for all others."""

    def __init__(self, store: Store, clock: Clock, hosts: Mapping[str, Host], rng: random.Random) -> None:
        self._store = store
        self._clock = clock
        self._hosts = hosts
        self._rng = rng
        self.dispatcher: Dispatcher
        self.on_delay: Callable[[], None] = lambda: None
        """Called when a job will be ready later."""
        self.running: dict[str, tuple[Lease, Running | None]] = {}
        self._died_at: dict[str, set[int]] = {}
        """Instances whose latest attempts died, and at which jobs."""
        self._resting: dict[str, float] = {}

    def host(self, lease: Lease) -> Host:
        """Where an attempt of this job runs."""
        return self._hosts.get(lease.job.queue) or self._hosts[""]

    def attend(self, lease: Lease, slot: Slot) -> None:
        """See a new attempt through, beside the caller."""
        name = lease.name
        self.running[name] = (lease, None)
        self._clock.spawn(self._start(name, lease, slot), name)

    async def _start(self, name: str, lease: Lease, slot: Slot) -> None:
        try:
            running = await self.host(lease).start(lease, partial(self._store.assignment, lease))
        except Exception as error:  # noqa: BLE001 - a defect of a host must cost neither the instance nor the job
            report = Report(Ending.COULD_NOT_START, f"{type(error).__name__}: {error}")
            await self._complete(name, lease, slot, report, self._judge(lease, report))
        else:
            await self._see_through(name, lease, slot, running)

    async def adopt(self, lease: Lease, slot: Slot) -> None:
        """Take over an attempt that an earlier orchestrator began; a lease nothing stands behind is given back."""
        name = lease.name
        running = await self.host(lease).adopt(lease)
        self.running[name] = (lease, running)
        if running is None:
            report = Report(Ending.LOST, "it had not started when the orchestrator stopped")
            verdict = Verdict("release", report.detail)
            self._clock.spawn(self._complete(name, lease, slot, report, verdict), name)
            return
        self._clock.spawn(self._see_through(name, lease, slot, running), name)
        with suppress(PodiumError):  # for people only: nothing depends on this event
            await self._store.submit(Adopted(lease.job.id, lease.job.attempt, lease.job.instance))

    async def _see_through(self, name: str, lease: Lease, slot: Slot, running: Running) -> None:
        self.running[name] = (lease, running)
        try:
            report = await running.ended()
        except Exception as error:  # noqa: BLE001 - likewise
            report = Report(Ending.LOST, f"{type(error).__name__}: {error}")
        await self._complete(name, lease, slot, report, self._judge(lease, report))

    def _judge(self, lease: Lease, report: Report) -> Verdict:
        return verdicts.decide(report, lease.step, lease.job, self._rng.random())

    async def _complete(self, name: str, lease: Lease, slot: Slot, report: Report, verdict: Verdict) -> None:
        """Commit the end of the attempt, and in the same transaction lease the instance again."""
        job = lease.job
        command = made(Complete, (job.id, job.attempt, verdict, report, report.commit))
        free = slot.freed(job.project, self._clock.now(), job.leased_at)
        rest = self._rest_seconds(lease, report)
        while True:
            answer = self._store.submit(command)
            if not rest:
                self.dispatcher.release(free)
            try:
                await answer
                break
            except Unavailable:
                self.dispatcher.take(slot.name)
                await self._clock.sleep(COMPLETE_RETRY_SECONDS)
            except PodiumError as error:
                if command.verdict.kind == "escalate":
                    _log.exception("the end of %s cannot be recorded at all", name)
                    break
                self.dispatcher.take(slot.name)
                command = _refused(command, error)
        if verdict.delay_seconds or verdict.resets_at:
            self.on_delay()
        if rest:
            self.dispatcher.take(free.name)
            self._resting[free.name] = self._clock.now() + rest
            self._clock.spawn(self._rest(free, rest), f"{free.name} rests")
        try:
            await self.host(lease).forget(lease)
        finally:
            self.running.pop(name, None)

    def vitals(self) -> Vitals:
        """The signs of each attempt in progress, and who rests."""
        return Vitals({name: one.signs() if one else None for name, (_, one) in self.running.items()}, self._resting)

    def _rest_seconds(self, lease: Lease, report: Report) -> float:
        """How long its instance rests: dying at one job after another, it is restarted with backoff (REC-1)."""
        if report.ending not in (Ending.CRASHED, Ending.LOST) or report.is_environment:
            self._died_at.pop(lease.job.instance, None)
            return 0.0
        jobs = self._died_at.setdefault(lease.job.instance, set())
        jobs.add(lease.job.id)
        return retry.delay_seconds(len(jobs), 0.0)

    async def _rest(self, free: Slot, seconds: float) -> None:
        await self._clock.sleep(seconds)
        del self._resting[free.name]
        self.dispatcher.release(free)

    def cancel(self, name: str, reason: str) -> bool:
        """End an attempt in progress; its job's fate is whoever's who asked."""
        _, running = self.running.get(name, (None, None))
        if running is not None:
            running.cancel(reason)
        return running is not None


def _refused(command: Complete, error: PodiumError) -> Complete:
    """A result that the store cannot take goes before a person, without what made it so."""
    reason = f"Podium could not take the result: {error}"
    report = Report(Ending.CRASHED, reason, summary=command.report.summary)
    return command._replace(verdict=Verdict("escalate", reason, review="blocked"), report=report)
