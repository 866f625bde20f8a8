"""Circuit breakers in the store: what is behind an open one waits, uncharged; half-open, one is let through."""

import pytest

from podium.domain.attempt import Ending, Report
from podium.domain.command import Complete, Settle, Steer, Verdict, Wake
from podium.domain.delivery import Outcome
from podium.policy.breaker import OPEN_SECONDS, PROBE_SECONDS, TOKENS_MAX
from podium.store.looks import looks
from podium.store.outbox import due
from tests.unit.store.desk import Desk

WAITS = Verdict("retry", "its provider cannot now: overloaded", delay_seconds=1.0, charged=False)
AWAY = Report(Ending.FINISHED, verdict="unavailable", summary="overloaded")
FAILURES = int(TOKENS_MAX)


def shut(desk: Desk) -> dict[str, tuple[float, int]]:
    return {row[0]: (row[1], row[2]) for row in desk.store.rows.all("breakers")}


def fail(desk: Desk, verdict: Verdict, report: Report, times: int = FAILURES) -> None:
    """So many attempts in a row end so."""
    for _ in range(times):
        desk.do(Wake())
        leases = desk.lease()
        assert leases, "nothing was given out"
        for lease in leases[:1]:
            desk.do(Complete(lease.job.id, lease.job.attempt, verdict, report))
        for lease in leases[1:]:
            desk.do(Complete(lease.job.id, lease.job.attempt, Verdict("release", "later"), Report(Ending.CANCELLED)))
        desk.now += 2.0


@pytest.mark.requirement("REC-6", "REC-9")
def test_a_provider_that_fails_is_left_alone_and_tried_with_one_job_at_a_time() -> None:
    desk = Desk()
    for name in ("p", "q", "r"):
        desk.submit(name)
    fail(desk, WAITS, AWAY)
    (opened,) = desk.told("breaker.opened")
    assert opened["breaker"] == "provider:python"
    desk.do(Wake())
    assert desk.lease() == [], "nothing behind it is given out, of no project"
    desk.store._restore()
    desk.do(Wake())
    assert desk.lease() == [], "not after a restart either"
    desk.now += OPEN_SECONDS
    desk.do(Wake())
    (probe,) = desk.lease()
    desk.now += PROBE_SECONDS
    desk.do(Wake())
    assert len(desk.lease()) == 1, "a probe that takes its time is not the last one"
    desk.finish(probe, artifacts=desk.made(probe))
    assert [event["breaker"] for event in desk.told("breaker.closed")] == ["provider:python"]
    desk.now += PROBE_SECONDS
    desk.do(Wake())
    assert desk.lease(), "all goes on"
    assert all(job.failures == 0 for job in desk.jobs("analyze")), "nobody was charged"


@pytest.mark.requirement("REC-6", "PIP-5")
def test_a_project_that_fails_holds_up_itself_alone() -> None:
    desk = Desk()
    desk.submit("p")
    fail(desk, Verdict("retry", "gate not decided", delay_seconds=1.0), Report(Ending.FINISHED, verdict="passed"))
    assert desk.told("breaker.opened")[0]["breaker"] == "project:p"
    desk.submit("q")
    desk.do(Wake())
    assert {lease.job.project for lease in desk.lease()} == {"q"}
    desk.now += OPEN_SECONDS
    desk.do(Wake())
    (probe,) = desk.lease()
    assert probe.job.project == "p"
    desk.finish(probe, artifacts=desk.made(probe))
    assert desk.told("breaker.closed")[0]["breaker"] == "project:p"


@pytest.mark.requirement("REC-6")
def test_a_receiver_that_fails_is_left_alone() -> None:
    desk = Desk()
    row = ("{n}", "chat", '{"seq": 1}', desk.now, desk.now, "pending")
    desk.store.rows.many("delivery_insert", [(f"k{n}", *row[1:]) for n in range(FAILURES + 1)])
    for delivery in due(desk.store.rows, desk.now, 100)[:FAILURES]:
        desk.do(Settle(delivery.id, 0, Outcome("pending", 1.0, "refused")))
    assert desk.told("breaker.opened")[0]["breaker"] == "webhook:chat"
    desk.now += 5.0
    assert due(desk.store.rows, desk.now, 100) == []
    desk.now += OPEN_SECONDS
    first, *_ = due(desk.store.rows, desk.now, 100)
    desk.do(Settle(first.id, first.attempts, Outcome("done", 0.0, "")))
    assert desk.told("breaker.closed")
    assert len(due(desk.store.rows, desk.now, 100)) == FAILURES


@pytest.mark.requirement("REC-6")
def test_a_breaker_that_only_held_until_a_stated_time_is_forgotten_by_the_next_success() -> None:
    desk = Desk()
    desk.submit("p")
    fail(desk, Verdict("retry", "its limit", resets_at=desk.now + 60.0, charged=False), AWAY, times=1)
    assert "provider:python" in desk.store._hot.breakers
    desk.now += 3600.0
    desk.do(Wake())
    (lease,) = desk.lease()
    desk.finish(lease, artifacts=desk.made(lease))
    assert "provider:python" not in desk.store._hot.breakers


@pytest.mark.requirement("SCL-1")
def test_neither_work_of_a_held_provider_nor_of_a_project_without_money_is_a_reason_to_scale() -> None:
    desk = Desk()
    desk.muster()
    for number in range(12):
        desk.submit(f"p{number}")

    def depth() -> int:
        return next(look.depth for look in looks(desk.store.rows, desk.now, desk.now) if look.queue == "genesis")

    lease, *_ = desk.lease()
    before = depth()
    desk.do(Steer("pause", project="p11", by="operator"))
    assert depth() == before - 1, "a project that its budget has paused wants nothing"
    limit = Verdict("retry", "its provider's limit", resets_at=desk.now + 3_600.0, charged=False)
    desk.do(Complete(lease.job.id, lease.job.attempt, limit, AWAY))
    assert depth() == 0, "nor does anything behind a provider that has said when it comes back"
    desk.submit("late")
    assert depth() == 0
    desk.now += 3_700.0
    desk.do(Wake())
    assert depth() > before / 2
