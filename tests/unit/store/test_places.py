"""A lane is read from where it began the last time: whatever comes back to a place before that is found there."""

from podium.domain.command import Dispatch, Verdict
from podium.domain.job import Lease
from tests.unit.store.desk import Desk


def _leased(desk: Desk, count: int) -> list[Lease]:
    """Offer so many instances, one after the other, that what is given out goes further along the lane."""
    return [lease for slot in desk.slots[:count] for lease in desk.do(Dispatch((slot,)))]


def test_a_job_that_was_given_back_is_the_first_of_its_lane_again() -> None:
    desk = Desk()
    for name in ("one", "two", "three"):
        desk.submit(name)
    first, second = _leased(desk, 2)
    assert (first.job.project, second.job.project) == ("one", "two")
    desk.finish(first, Verdict("release", "the instance has other work"))
    assert [lease.job.project for lease in _leased(desk, 3) if lease.job.queue == first.job.queue] == ["one", "three"]


def test_more_important_work_comes_before_what_has_waited_also_after_a_lane_was_empty() -> None:
    desk = Desk()
    desk.submit("one")
    (lease,) = _leased(desk, 1)
    assert _leased(desk, 2) == [], "the lane is empty"
    desk.submit("late", priority=10)
    desk.submit("urgent", priority=100)
    desk.finish(lease, Verdict("release", "the instance has other work"))
    assert [lease.job.project for lease in _leased(desk, 3)] == ["urgent", "one", "late"]
