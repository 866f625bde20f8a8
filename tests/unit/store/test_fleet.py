"""Laws of the fleet on a real store: who may be given work, who leaves first, and that nothing is forgotten."""

from pathlib import Path

import pytest

from podium.domain.attempt import Ending, Report
from podium.domain.command import Complete, Dispatch, Verdict
from podium.domain.errors import Conflict
from podium.domain.fleet import Change, Drain, Fleet, Found, Resize, Resized, Restart, Route
from podium.domain.instance import Slot
from podium.store.fleet import QUARANTINE_JOBS, read_fleet
from tests.databases import writer
from tests.simulation.run import slots_of
from tests.unit.store.desk import Desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.muster()
    return desk


def fleet(desk: Desk) -> Fleet:
    return read_fleet(desk.store.rows)


def size(desk: Desk, queue: str, role: str, size: int, *, now: bool = False) -> Resized:
    """Give a pool another size."""
    change = Change(queue, role, len(fleet(desk).present(queue, role)), size, "a test")
    return desk.do(Resize((change,), now, by="ann", reason="rush"))


def offer(desk: Desk, *names: str) -> list[str]:
    """Offer these instances, or all there are; who was given work."""
    slots = [one.slot for one in fleet(desk).instances.values() if not names or one.name in names]
    return [lease.job.instance for lease in desk.do(Dispatch(tuple(slots)))]


def test_the_configuration_gives_the_first_sizes_and_no_others(desk: Desk) -> None:
    size(desk, "development", "tests", 0)
    again = [*slots_of(desk.pipeline), Slot("dev-09", "development", "tests"), Slot("dev-10", "development", "new")]
    desk.do(Found(tuple(again)))
    names = [one.name for one in fleet(desk).present("development")]
    assert names == ["dev-02", "dev-03", "dev-04", "dev-05", "dev-10"]


@pytest.mark.requirement("SCL-3")
def test_a_pool_grows_by_names_of_its_own_kind_and_they_come_back(desk: Desk) -> None:
    assert size(desk, "development", "features", 3).started == ("dev-06", "dev-07")
    assert size(desk, "development", "features", 1).retired == ("dev-07", "dev-06")
    assert size(desk, "development", "tests", 2).started == ("dev-08",), "a name means one role for good"
    assert size(desk, "development", "features", 2).started == ("dev-06",)
    told = desk.told("pool.resized")
    assert told[0] == {
        "queue": "development", "role": "features", "before": 1, "size": 3, "started": ["dev-06", "dev-07"],
        "retired": [], "ended": [], "by": "ann", "reason": "rush", "because": "a test",
    }  # fmt: skip
    assert [event["size"] for event in told] == [3, 1, 2, 2]


@pytest.mark.requirement("SCL-3")
def test_free_instances_leave_first_and_busy_ones_finish(desk: Desk) -> None:
    size(desk, "genesis", "analysis", 3)
    for name in ("p", "q"):
        desk.submit(name)
    assert sorted(offer(desk, "genesis-01", "genesis-05")) == ["genesis-01", "genesis-05"]
    done = size(desk, "genesis", "analysis", 1)
    assert (done.retired, done.working, done.ended) == (("genesis-04", "genesis-05"), ("genesis-05",), ())


@pytest.mark.requirement("SCL-3")
def test_no_work_is_given_to_who_has_left_even_when_it_was_offered_before(desk: Desk) -> None:
    desk.submit()
    stale = tuple(slot for slot in desk.slots if slot.name == "genesis-01")
    _, leases = desk.batch(Resize((Change("genesis", "analysis", 1, 0, ""),)), Dispatch(stale))
    assert leases == ()
    assert desk.do(Dispatch(stale)) == ()
    assert size(desk, "genesis", "analysis", 1).started == ("genesis-01",)
    assert offer(desk, "genesis-01") == ["genesis-01"]


@pytest.mark.requirement("SCL-3")
def test_now_ends_what_those_do_who_leave(desk: Desk) -> None:
    desk.submit()
    (lease,) = desk.lease()
    done = size(desk, "genesis", "analysis", 0, now=True)
    assert (done.working, done.ended) == ((lease.job.instance,), (lease.name,))
    assert fleet(desk).instances[lease.job.instance].ending == lease.name
    assert desk.job(lease.job.id).state == "running", "it is given back when its processes are gone"


def test_a_size_that_was_looked_at_too_long_ago_changes_nothing(desk: Desk) -> None:
    before = fleet(desk)
    changes = (Change("content", "social", 1, 2, ""), Change("content", "marketing", 2, 1, ""))
    with pytest.raises(Conflict, match="has 1 instances by now, not 2"):
        desk.do(Resize(changes))
    assert fleet(desk) == before


def test_a_drained_queue_gives_out_nothing_until_it_is_undrained(desk: Desk) -> None:
    desk.submit()
    assert desk.do(Drain(True, ("genesis",), by="ann", reason="freeze")) == ("genesis",)
    assert offer(desk) == []
    assert desk.do(Drain(True, ("genesis",))) == (), "it is drained already"
    assert desk.told("queue.drained") == [{"queue": "genesis", "by": "ann", "reason": "freeze"}]
    _, leases = desk.batch(Drain(False, ("genesis", "content")), Dispatch(tuple(desk.slots)))
    assert len(leases) == 1


def test_a_drained_instance_finishes_and_gets_nothing_more(desk: Desk) -> None:
    desk.submit()
    (lease,) = desk.lease()
    name = lease.job.instance
    assert desk.do(Drain(True, instances=(name, name))) == (name, name)
    desk.submit("q")
    assert desk.finish(lease)
    assert name not in offer(desk)
    assert desk.do(Drain(False, instances=(name,))) == (name,)


@pytest.mark.requirement("QUE-3")
def test_a_strategy_is_in_effect_for_the_next_lease(desk: Desk) -> None:
    desk.submit()
    route = Route("genesis", "least-loaded", by="ann", reason="even wear")
    _, (lease,) = desk.batch(route, Dispatch(tuple(desk.slots)))
    assert lease.reason.startswith("least loaded")
    assert desk.job(lease.job.id).routed == lease.reason
    assert desk.do(Route("genesis", "specialized")) == "least-loaded"
    desk.submit("q")
    (lease,) = desk.do(Dispatch(tuple(desk.slots), {"genesis": "round-robin"}))
    assert lease.reason.startswith("specialized"), "the operator's word comes before the configuration's"
    assert [event["before"] for event in desk.told("queue.routed")] == ["", "least-loaded"]


def test_a_restart_is_on_record_with_its_attempt(desk: Desk) -> None:
    desk.submit()
    (lease,) = desk.lease()
    desk.do(Restart(lease.job.instance, lease.name, by="ann", reason="hangs"))
    (told,) = desk.told("instance.restarted")
    assert told == {"instance": lease.job.instance, "ended": lease.name, "by": "ann", "reason": "hangs"}
    assert fleet(desk).instances[lease.job.instance].ending == lease.name


def test_all_of_it_is_there_after_a_restart(tmp_path: Path) -> None:
    desk = Desk()
    desk.store = writer(tmp_path / "podium.sqlite")
    desk.muster()
    size(desk, "content", "social", 2)
    desk.do(Drain(True, ("content",), ("dev-02",)))
    desk.do(Route("development", "priority"))
    before = fleet(desk)
    desk.store.close()
    desk.store = writer(tmp_path / "podium.sqlite")
    assert fleet(desk) == before
    assert (before.drained, before.closed, before.strategies) == ({"content"}, {"dev-02"}, {"development": "priority"})
    desk.store.close()


def die(desk: Desk, name: str) -> None:
    """The instance gets a job, and its agent dies at it; the job waits for another try."""
    slot = next(one.slot for one in fleet(desk).present() if one.name == name)
    (lease,) = desk.do(Dispatch((slot,)))
    report = Report(Ending.CRASHED, "killed by SIGKILL")
    assert desk.do(Complete(lease.job.id, lease.job.attempt, Verdict("retry", "crashed", 600.0), report))


@pytest.mark.requirement("REC-7")
def test_an_instance_that_dies_at_one_job_after_another_gets_no_more(desk: Desk) -> None:
    for number in range(4):
        desk.submit(f"p{number}")
    for _ in range(QUARANTINE_JOBS - 1):
        die(desk, "genesis-01")
    assert not fleet(desk).instances["genesis-01"].quarantined
    die(desk, "genesis-01")
    one = fleet(desk).instances["genesis-01"]
    assert (one.quarantined, one.drained) == (True, True)
    (told,) = desk.told("instance.quarantined")
    assert told["reason"] == "its last attempts at 3 jobs died, one after the other"
    (notice,) = [row for row in desk.store.rows.all("notices_page", (1, 10)) if "genesis-01" in row[5]]
    assert notice
    assert offer(desk, "genesis-01") == []
    assert offer(desk, "genesis-02") == ["genesis-02"], "its work is nobody's fault"
    desk.do(Drain(False, instances=("genesis-01",)))
    assert not fleet(desk).instances["genesis-01"].quarantined


@pytest.mark.requirement("REC-7")
def test_one_job_that_kills_whoever_has_it_quarantines_nobody(desk: Desk) -> None:
    desk.submit("p")
    for _ in range(QUARANTINE_JOBS + 1):
        slot = next(one.slot for one in fleet(desk).present() if one.name == "genesis-01")
        (lease,) = desk.do(Dispatch((slot,)))
        report = Report(Ending.CRASHED, "killed by SIGKILL")
        assert desk.do(Complete(lease.job.id, lease.job.attempt, Verdict("retry", "crashed"), report))
    assert not fleet(desk).instances["genesis-01"].quarantined


@pytest.mark.requirement("REC-7")
def test_what_it_finishes_between_clears_it_and_the_last_one_goes_on(desk: Desk) -> None:
    for number in range(6):
        desk.submit(f"p{number}")
    die(desk, "genesis-01")
    die(desk, "genesis-01")
    slot = next(one.slot for one in fleet(desk).present() if one.name == "genesis-01")
    (lease,) = desk.do(Dispatch((slot,)))
    desk.finish(lease, artifacts=desk.made(lease))
    die(desk, "genesis-01")
    assert not fleet(desk).instances["genesis-01"].quarantined
    desk.do(Drain(True, instances=("genesis-02", "genesis-03")))
    die(desk, "genesis-01")
    die(desk, "genesis-01")
    assert not fleet(desk).instances["genesis-01"].quarantined, "with it alone, nobody can tell whose fault it is"
