"""The checkers themselves are tested: each class of defect, planted in the real code, is found within a few seeds."""

from asyncio import Future
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from podium.domain.attempt import Ending, Report
from podium.domain.command import Command, Complete, Verdict, Wake
from podium.domain.errors import PodiumError
from podium.domain.instance import Slot
from podium.domain.job import Job, Lease
from podium.domain.pipeline import Step, Workflow
from podium.engine import supervisor
from podium.engine.dispatcher import Dispatcher
from podium.engine.supervisor import Supervisor
from podium.engine.sweeper import Sweeper
from podium.policy import verdict
from podium.store import jobs, letters, projects, transaction
from podium.store.batch import Batch
from podium.store.hot import Flow, Hot
from podium.store.sqlite import SqliteStore
from tests.simulation.seeds import STORMY, play
from tests.simulation.world import Faults

SEEDS = range(8, 28)
"""They begin with short histories, in which most of the defects show."""

Plant = Callable[[pytest.MonkeyPatch], None]


def fence_ignored(patch: pytest.MonkeyPatch) -> None:
    real = transaction.complete

    def complete(batch: Batch, command: Complete) -> bool:
        job = batch.job(command.job)
        return real(batch, command._replace(attempt=job.attempt if job else 0))

    patch.setitem(transaction._LAWS, Complete, complete)


def attempt_not_advanced(patch: pytest.MonkeyPatch) -> None:
    real = Batch.move

    def move(self: Batch, job: Job, happening: str, changes: Any = None) -> Job:
        if happening == "lease":
            changes["attempt"] = max(job.attempt, 1)
        return real(self, job, happening, changes)

    patch.setattr(Batch, "move", move)


def follow_up_lost(patch: pytest.MonkeyPatch) -> None:
    def forget(_batch: Batch, _job: Job, _flow: Flow, _author: str) -> None: ...

    patch.setattr(jobs, "unblock", forget)


def unblocked_twice(patch: pytest.MonkeyPatch) -> None:
    real = jobs.unblock

    def unblock(batch: Batch, job: Job, flow: Flow, author: str) -> None:
        real(batch, job, flow, author)
        if batch.need(job.id).state == "waiting":
            real(batch, batch.need(job.id), flow, author)

    patch.setattr(jobs, "unblock", unblock)


def counter_drifts(patch: pytest.MonkeyPatch) -> None:
    real = Batch.move

    def move(self: Batch, job: Job, happening: str, changes: Any = None) -> Job:
        self.tally[job.queue, "running"] += happening == "delay"
        return real(self, job, happening, changes)

    patch.setattr(Batch, "move", move)


def ready_row_left_behind(patch: pytest.MonkeyPatch) -> None:
    real = Batch.move

    def move(self: Batch, job: Job, happening: str, changes: Any = None) -> Job:
        after = real(self, job, happening, changes)
        if happening == "lease":
            self._ready_removed.clear()
        return after

    patch.setattr(Batch, "move", move)


def workflow_jumps(patch: pytest.MonkeyPatch) -> None:
    def walk(_self: Workflow, start: str, goal: str) -> tuple[str, ...]:
        return () if start == goal else (goal,)

    patch.setattr(Workflow, "walk", walk)


def event_without_change(patch: pytest.MonkeyPatch) -> None:
    def law(batch: Batch, job: Job, command: Complete) -> None:
        batch.tell("job.retried", job, reason=command.verdict.reason)

    patch.setitem(jobs._LAWS, "retry", law)


def change_without_event(patch: pytest.MonkeyPatch) -> None:
    real = Batch.tell

    def tell(self: Batch, type_: str, job: Job, /, **data: Any) -> None:
        if type_ != "job.retried":
            real(self, type_, job, **data)

    patch.setattr(Batch, "tell", tell)


def two_live_attempts(patch: pytest.MonkeyPatch) -> None:
    async def adopt(self: Supervisor, lease: Lease, slot: Slot) -> None:
        """Give the lease back without asking the host whether its agent lives."""
        name = lease.name
        self.running[name] = (lease, None)
        work = self._complete(name, lease, slot, Report(Ending.LOST), Verdict("release", "not looked for"))
        self._clock.spawn(work, name)

    patch.setattr(Supervisor, "adopt", adopt)


def orphan_left(patch: pytest.MonkeyPatch) -> None:
    async def sweep_hosts(_self: Sweeper) -> int:
        return 0

    patch.setattr(Sweeper, "sweep_hosts", sweep_hosts)


def held_job_forgotten(patch: pytest.MonkeyPatch) -> None:
    def forget(_batch: Batch, _flow: Any) -> None: ...

    patch.setattr(projects, "refill", forget)


def room_unused(patch: pytest.MonkeyPatch) -> None:
    def leave_out(_batch: Batch) -> bool:
        return False

    patch.setattr(transaction, "let_in", leave_out)


def result_taken_off_the_shelf_too_early(patch: pytest.MonkeyPatch) -> None:
    """What an agent left behind is forgotten before its result is committed."""
    real = Supervisor._complete

    async def complete(self: Supervisor, name: str, lease: Lease, slot: Slot, report: Report, verdict: Verdict) -> None:
        await self.host(lease).forget(lease)
        await real(self, name, lease, slot, report, verdict)

    patch.setattr(Supervisor, "_complete", complete)


def lease_nothing_stands_behind_kept(patch: pytest.MonkeyPatch) -> None:
    """After a crash between commit and answer the job is leased, and nobody has begun it."""
    real = Supervisor.adopt

    async def adopt(self: Supervisor, lease: Lease, slot: Slot) -> None:
        if await self.host(lease).adopt(lease) is not None:
            await real(self, lease, slot)

    patch.setattr(Supervisor, "adopt", adopt)


def memory_kept_after_an_abort(patch: pytest.MonkeyPatch) -> None:
    """The writer goes on with what an aborted transaction had changed in memory."""
    real = SqliteStore._cold

    def cold(self: SqliteStore) -> Hot:
        return getattr(self, "_hot", None) or real(self)

    patch.setattr(SqliteStore, "_cold", cold)


def lost_wakeup_not_repaired(patch: pytest.MonkeyPatch) -> None:
    """The sweep does everything but offer the free instances."""

    async def run_once(self: Sweeper) -> float:
        with suppress(PodiumError):
            await self.store.submit(Wake())
            await self.square_leases()
            self._end_overdue()
        return 5.0

    patch.setattr(Sweeper, "run_once", run_once)


def late_wakeup_acted_upon(patch: pytest.MonkeyPatch) -> None:
    """An answer that comes when the sweeper has long given its lease back is begun all the same."""

    def settle(self: Dispatcher, slots: tuple[Slot, ...], answer: Future[tuple[Lease, ...]]) -> None:
        mine = {slot.name: slot for slot in slots}
        for name in mine:
            self._offered.pop(name, None)
        for lease in () if answer.cancelled() or answer.exception() else answer.result():
            self._on_lease(lease, mine.pop(lease.job.instance))
        self._free |= mine

    def is_offered(_self: Dispatcher, _name: str) -> bool:
        return False

    patch.setattr(Dispatcher, "_settle", settle)
    patch.setattr(Dispatcher, "is_offered", is_offered)


def result_twice_in_a_batch(patch: pytest.MonkeyPatch) -> None:
    """Each of two equal results is judged by the committed row, not by what the first has made of it."""
    real = transaction.complete

    def complete(batch: Batch, command: Complete) -> bool:
        row = batch.rows.one("job_by_id", (command.job,))
        stored = Job._make(row) if row else None
        now = batch.job(command.job)
        if now and stored and stored.state == "running" and stored.attempt == command.attempt and now != stored:
            batch.tell("job.passed", stored)
            return True
        return real(batch, command)

    patch.setitem(transaction._LAWS, Complete, complete)


def hung_agent_waited_for(patch: pytest.MonkeyPatch) -> None:
    def wait(_self: Sweeper) -> None: ...

    patch.setattr(Sweeper, "_end_overdue", wait)


def wall_clock_trusted(patch: pytest.MonkeyPatch) -> None:
    """The laws read the clock that people set."""
    real = SqliteStore.run

    def run(self: SqliteStore, commands: Sequence[Command], _now: float, wall: float) -> list[Any]:
        return real(self, commands, wall, wall)

    patch.setattr(SqliteStore, "run", run)


def result_dropped_when_the_disk_is_full(patch: pytest.MonkeyPatch) -> None:
    """A refused commit is taken for a refused result."""

    class Never(Exception): ...

    patch.setattr(supervisor, "Unavailable", Never)


def poison_tried_for_ever(patch: pytest.MonkeyPatch) -> None:
    real = verdict._retry

    def retry(step: Step, job: Job, reason: str, chance: float, *, died: bool = False) -> Verdict:
        made = real(step, job, reason, chance, died=died)
        return Verdict("retry", reason, delay_seconds=300.0) if made.kind == "bury" else made

    patch.setattr(verdict, "_retry", retry)


def poison_lets_its_chain_go_on(patch: pytest.MonkeyPatch) -> None:
    """What stands behind a dead letter is begun, as if that were done."""

    def bury(batch: Batch, job: Job, command: Complete) -> None:
        letters.bury(batch, job, command)
        for follower in batch.followers(job.id):
            jobs.unblock(batch, follower, batch.flow_of(follower), "")

    patch.setitem(jobs._LAWS, "bury", bury)


def poison_keeps_others_out(patch: pytest.MonkeyPatch) -> None:
    """A dead letter goes on to take one of its project's places."""

    def bury(batch: Batch, job: Job, command: Complete) -> None:
        letters.bury(batch, job, command)
        flow = batch.flow(job.project, job.workflow)
        assert flow is not None
        flow.admitted += 1

    patch.setitem(jobs._LAWS, "bury", bury)


def dead_letter_buried_in_silence(patch: pytest.MonkeyPatch) -> None:
    def bury(batch: Batch, job: Job, _command: Complete) -> None:
        batch.move(job, "bury")

    patch.setitem(jobs._LAWS, "bury", bury)


def receipt_lost(patch: pytest.MonkeyPatch) -> None:
    real = jobs.receive

    def receive(batch: Batch, job: Job) -> None:
        real(batch, job)
        batch.writes["receipt_insert"].clear()
        for mail in batch.hot.mail.values():
            mail.readers.clear()

    patch.setattr(jobs, "receive", receive)


PLANTS: dict[Plant, str] = {
    fence_ignored: "was completed",
    attempt_not_advanced: "was started twice",
    follow_up_lost: "blockers, there are",
    unblocked_twice: "blockers, there are",
    counter_drifts: "tally",
    ready_row_left_behind: "ready differs",
    workflow_jumps: "is no legal edge",
    event_without_change: "never told",
    change_without_event: "the log does not say so",
    two_live_attempts: "still runs",
    orphan_left: "was left behind",
    held_job_forgotten: "jobs back, though only",
    room_unused: "has room",
    result_taken_off_the_shelf_too_early: "it was finished",
    lease_nothing_stands_behind_kept: "nothing has happened for",
    memory_kept_after_an_abort: "they are",
    lost_wakeup_not_repaired: "nothing has happened for",
    late_wakeup_acted_upon: "still runs",
    result_twice_in_a_batch: "ended 2 times",
    hung_agent_waited_for: "nothing has happened for",
    wall_clock_trusted: "before it was ready",
    result_dropped_when_the_disk_is_full: "it was finished",
    poison_tried_for_ever: "failures, it may have",
    poison_lets_its_chain_go_on: "blockers, there are",
    poison_keeps_others_out: "says open, admitted",
    dead_letter_buried_in_silence: "the log does not say so",
    receipt_lost: "times by",
}
"""Each defect, and words of the violation that must name it."""


WEATHER: dict[Plant, Faults] = {
    lost_wakeup_not_repaired: Faults(lost_wakeup=0.2),
    **dict.fromkeys((poison_lets_its_chain_go_on, poison_keeps_others_out), replace(STORMY, poison=0.1)),
}
"""Where the storm's own repairs (a crash, another's wake-up) would hide a bug for long, or it is too rare in it."""


@pytest.mark.requirement("REC-7", "REC-8", "EVT-1", "PIP-6", "INT-4")
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = WEATHER.get(plant, STORMY)
    with monkeypatch.context() as patch:
        plant(patch)
        seed = next((s for s in SEEDS if any(PLANTS[plant] in v for v in play(s, faults).violations)), None)
    assert seed is not None, f"{len(SEEDS)} seeds show nothing of it"
    assert play(seed, faults).violations == (), "the same history must be clean without the bug"
