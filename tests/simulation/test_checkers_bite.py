"""The checkers themselves are tested: each class of defect, planted in the real code, is found within a few seeds."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from podium.domain.attempt import Ending, Report
from podium.domain.command import Complete, Verdict
from podium.domain.instance import Slot
from podium.domain.job import Job, Lease
from podium.domain.pipeline import Workflow
from podium.engine.supervisor import Supervisor
from podium.engine.sweeper import Sweeper
from podium.simulation.run import play
from podium.store import jobs, projects, transaction
from podium.store.batch import Batch

SEEDS_MAX = 20

Plant = Callable[[pytest.MonkeyPatch], None]


def fence_ignored(patch: pytest.MonkeyPatch) -> None:
    real = transaction.complete

    def complete(batch: Batch, command: Complete) -> bool:
        job = batch.job(command.job)
        return real(batch, replace(command, attempt=job.attempt if job else 0))

    patch.setattr(transaction, "complete", complete)


def attempt_not_advanced(patch: pytest.MonkeyPatch) -> None:
    real = Batch.move

    def move(self: Batch, job: Job, happening: str, **changes: Any) -> Job:
        if happening == "lease":
            changes["attempt"] = max(job.attempt, 1)
        return real(self, job, happening, **changes)

    patch.setattr(Batch, "move", move)


def follow_up_lost(patch: pytest.MonkeyPatch) -> None:
    def forget(_batch: Batch, _job: Job, _author: str) -> None: ...

    patch.setattr(jobs, "unblock", forget)


def unblocked_twice(patch: pytest.MonkeyPatch) -> None:
    real = jobs.unblock

    def unblock(batch: Batch, job: Job, author: str) -> None:
        real(batch, job, author)
        if batch.need(job.id).state == "waiting":
            real(batch, batch.need(job.id), author)

    patch.setattr(jobs, "unblock", unblock)


def counter_drifts(patch: pytest.MonkeyPatch) -> None:
    real = Batch.move

    def move(self: Batch, job: Job, happening: str, **changes: Any) -> Job:
        self.tally[job.queue, "running"] += happening == "delay"
        return real(self, job, happening, **changes)

    patch.setattr(Batch, "move", move)


def ready_row_left_behind(patch: pytest.MonkeyPatch) -> None:
    real = Batch.move

    def move(self: Batch, job: Job, happening: str, **changes: Any) -> Job:
        after = real(self, job, happening, **changes)
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
        self.running[lease.name] = (lease, None)
        work = self._complete(lease, slot, Report(Ending.LOST), Verdict("release", "not looked for"))
        self._clock.spawn(work, lease.name)

    patch.setattr(Supervisor, "adopt", adopt)


def orphan_left(patch: pytest.MonkeyPatch) -> None:
    async def sweep_hosts(_self: Sweeper) -> int:
        return 0

    patch.setattr(Sweeper, "sweep_hosts", sweep_hosts)


def held_job_forgotten(patch: pytest.MonkeyPatch) -> None:
    def forget(_batch: Batch, _flow: Any) -> None: ...

    patch.setattr(projects, "refill", forget)


def receipt_lost(patch: pytest.MonkeyPatch) -> None:
    real = jobs.receive

    def receive(batch: Batch, job: Job) -> None:
        real(batch, job)
        batch.effects["receipt_insert"].clear()
        for mail in batch.mail.values():
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
    receipt_lost: "times by",
}
"""Each defect, and words of the violation that must name it."""


@pytest.mark.requirement("REC-8", "EVT-1", "PIP-6")
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        plant(patch)
        seed = next((s for s in range(SEEDS_MAX) if any(PLANTS[plant] in v for v in play(s).violations)), None)
    assert seed is not None, f"{SEEDS_MAX} seeds show nothing of it"
    assert play(seed).violations == (), "the same history must be clean without the bug"
