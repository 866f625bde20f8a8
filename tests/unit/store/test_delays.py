"""A project that begins later waits, visibly and at its place, until the store's own clock has come there (QUE-7)."""

import pytest

from podium.domain.command import Steer, Wake
from podium.domain.errors import Conflict
from tests.unit.store.desk import Desk

pytestmark = pytest.mark.requirement("QUE-7")

HOUR = 3600.0


@pytest.fixture
def desk() -> Desk:
    return Desk()


def later(desk: Desk, name: str = "p", seconds: float = HOUR) -> float:
    """Submit a project that begins later; when."""
    at = desk.now + seconds
    desk.submit(name, not_before=at)
    return at


def test_nothing_is_given_out_before_the_time_and_the_whole_project_after_it(desk: Desk) -> None:
    at = later(desk)
    assert desk.do(Wake()) == at
    assert desk.lease() == []
    (job,) = desk.jobs("analyze")[:1]
    assert (job.state, job.ready_at, job.attempt) == ("delayed", at, 0)
    assert (
        next(row[2] for row in desk.store.rows.all("workflows_of_projects", ('["p"]',)) if row[1] == "genesis")
        == "QUEUED"
    )
    assert desk.store.rows.one("begins_of_project", ("p",)) == (at,)

    desk.now = at
    assert desk.do(Wake()) is None
    assert desk.store.rows.one("begins_of_project", ("p",)) == (None,)
    assert desk.run_to("deploy").job.project == "p"


def test_a_time_that_is_past_delays_nothing(desk: Desk) -> None:
    later(desk, seconds=-HOUR)
    assert [lease.job.step for lease in desk.lease()] == ["analyze"]


def test_it_takes_the_place_of_its_time_not_the_first(desk: Desk) -> None:
    at = later(desk, "late")
    desk.submit("early")
    desk.now = at
    desk.do(Wake())
    analyses = sorted(desk.jobs("analyze"), key=lambda job: job.rank)
    assert [job.project for job in analyses] == ["early", "late"]


def test_a_boost_counts_also_while_it_waits(desk: Desk) -> None:
    at = later(desk, "late")
    desk.submit("early")
    desk.do(Steer("boost", "late", points=100))
    desk.now = at
    desk.do(Wake())
    analyses = sorted(desk.jobs("analyze"), key=lambda job: job.rank)
    assert [job.project for job in analyses] == ["late", "early"]


def test_a_paused_project_stays_paused_when_its_time_comes(desk: Desk) -> None:
    at = later(desk)
    desk.do(Steer("pause", "p"))
    desk.now = at
    desk.do(Wake())
    assert desk.lease() == []
    desk.do(Steer("resume", "p"))
    assert len(desk.lease()) == 1


def test_a_project_can_be_cancelled_before_it_begins(desk: Desk) -> None:
    at = later(desk)
    desk.do(Steer("cancel", "p"))
    assert desk.state() == "cancelled"
    desk.now = at
    assert desk.do(Wake()) is None
    assert desk.lease() == []
    with pytest.raises(Conflict):
        desk.do(Steer("resume", "p"))


def test_the_log_tells_when_it_will_begin(desk: Desk) -> None:
    at = later(desk)
    (created,) = [event for event in desk.store.rows.all("all_events") if event[1] == "project.created"]
    assert f'"begins_at":{at}' in created[-1]
