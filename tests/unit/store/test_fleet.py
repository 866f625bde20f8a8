"""Laws of the fleet on a real store: who may be given work, who leaves first, and that nothing is forgotten."""

from pathlib import Path

import pytest

from podium.domain.command import Dispatch, Steer
from podium.domain.errors import Conflict, NotFound
from podium.domain.fleet import Drain, Fleet, Found, Rebalance, Resize, Restart, Route
from podium.domain.instance import Slot
from podium.simulation.run import slots_of
from podium.store.fleet import read_fleet
from podium.store.sqlite import SqliteStore
from tests.unit.store.desk import Desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.found()
    return desk


def fleet(desk: Desk) -> Fleet:
    return read_fleet(desk.store.rows)


def names(desk: Desk, queue: str) -> list[str]:
    return [one.name for one in fleet(desk).present(queue)]


def offer(desk: Desk, *names: str) -> list[str]:
    """Offer these instances, or all there are; who was given work."""
    slots = [one.slot for one in fleet(desk).instances.values() if not names or one.name in names]
    return [lease.job.instance for lease in desk.do(Dispatch(tuple(slots)))]


def test_the_configuration_gives_the_first_sizes_and_no_others(desk: Desk) -> None:
    desk.do(Resize("development", by_count=-1, role="tests"))
    again = [*slots_of(desk.pipeline), Slot("dev-09", "development", "tests"), Slot("dev-10", "development", "new")]
    desk.do(Found(tuple(again)))
    assert names(desk, "development") == ["dev-02", "dev-03", "dev-04", "dev-05", "dev-10"]


@pytest.mark.requirement("SCL-3")
def test_a_pool_grows_by_names_of_its_own_kind_and_they_come_back(desk: Desk) -> None:
    done = desk.do(Resize("development", "features", 2, by="ann", reason="rush"))
    assert done.started == ("dev-06", "dev-07")
    assert desk.do(Resize("development", "features", to=1)).retired == ("dev-07", "dev-06")
    assert desk.do(Resize("development", "tests", 1)).started == ("dev-08",), "a name means one role for good"
    assert desk.do(Resize("development", "features", 1)).started == ("dev-06",)
    told = desk.told("pool.resized")
    assert told[0] | {"because": ""} == {
        "queue": "development", "role": "features", "before": 1, "size": 3, "started": ["dev-06", "dev-07"],
        "retired": [], "ended": [], "by": "ann", "reason": "rush", "because": "",
    }  # fmt: skip
    assert [event["size"] for event in told] == [3, 1, 2, 2]


@pytest.mark.requirement("SCL-3")
def test_free_instances_leave_first_and_busy_ones_finish(desk: Desk) -> None:
    for name in ("p", "q"):
        desk.submit(name)
    assert sorted(offer(desk, "genesis-02", "genesis-03")) == ["genesis-02", "genesis-03"]
    done = desk.do(Resize("genesis", by_count=-2))
    assert done.retired == ("genesis-01", "genesis-03")
    assert (done.finishing, done.ended) == (("genesis-03",), ())


@pytest.mark.requirement("SCL-3")
def test_no_work_is_given_to_who_has_left_even_when_it_was_offered_before(desk: Desk) -> None:
    desk.submit()
    stale = tuple(desk.slots)
    _, leases = desk.batch(Resize("genesis", to=0), Dispatch(stale))
    assert leases == ()
    assert desk.do(Dispatch(stale)) == ()
    desk.do(Resize("genesis", by_count=1))
    assert len(offer(desk)) == 1


@pytest.mark.requirement("SCL-3")
def test_now_ends_what_those_do_who_leave(desk: Desk) -> None:
    desk.submit()
    (lease,) = desk.lease()
    done = desk.do(Resize("genesis", to=0, now=True))
    assert (done.ended, done.finishing) == ((lease.name,), ())
    assert fleet(desk).instances[lease.job.instance].ending == lease.name
    assert desk.job(lease.job.id).state == "running", "it is given back when its processes are gone"


@pytest.mark.requirement("SCL-3")
def test_sizes_that_cannot_be_are_refused_and_change_nothing(desk: Desk) -> None:
    before = fleet(desk)
    with pytest.raises(Conflict, match="3 instances, so 4 cannot leave"):
        desk.do(Resize("content", by_count=-4))
    with pytest.raises(Conflict, match="over 100"):
        desk.do(Resize("content", by_count=98))
    with pytest.raises(Conflict, match="podium scale-down content --to 1"):
        desk.do(Resize("content", to=1, sign=1))
    with pytest.raises(Conflict, match="fixed number of hands"):
        desk.do(Resize("podium", by_count=1))
    with pytest.raises(NotFound, match="Workflows: genesis, development, content"):
        desk.do(Resize("weather", by_count=1))
    assert fleet(desk) == before


def test_a_drained_queue_gives_out_nothing_until_it_is_undrained(desk: Desk) -> None:
    desk.submit()
    assert desk.do(Drain("genesis", drained=True, by="ann", reason="freeze")).queues == ("genesis",)
    assert offer(desk) == []
    assert desk.do(Drain("genesis", drained=True)).queues == (), "it is drained already"
    assert desk.told("queue.drained") == [{"queue": "genesis", "by": "ann", "reason": "freeze"}]
    _, leases = desk.batch(Drain("all", drained=False), Dispatch(tuple(desk.slots)))
    assert len(leases) == 1


def test_a_drained_instance_finishes_and_gets_nothing_more(desk: Desk) -> None:
    desk.submit()
    (lease,) = desk.lease()
    name = lease.job.instance
    done = desk.do(Drain(name, drained=True))
    assert (done.instances, done.finishing) == ((name,), (name,))
    desk.submit("q")
    assert desk.finish(lease)
    assert name not in offer(desk)
    with pytest.raises(NotFound, match="Known: all, genesis"):
        desk.do(Drain("dev-99", drained=True))


@pytest.mark.requirement("QUE-3")
def test_a_strategy_is_in_effect_for_the_next_lease(desk: Desk) -> None:
    desk.submit()
    _, (lease,) = desk.batch(Route("genesis", "least-loaded", "ann", "even wear"), Dispatch(tuple(desk.slots)))
    assert lease.reason.startswith("least loaded")
    assert desk.job(lease.job.id).routed == lease.reason
    desk.do(Route("genesis", "specialized"))
    desk.submit("q")
    (lease,) = desk.do(Dispatch(tuple(desk.slots), {"genesis": "round-robin"}))
    assert lease.reason.startswith("specialized"), "the operator's word comes before the configuration's"
    assert [event["before"] for event in desk.told("queue.routed")] == ["", "least-loaded"]
    with pytest.raises(NotFound, match="Strategies: round-robin"):
        desk.do(Route("genesis", "dice"))


def test_a_restart_names_the_attempt_and_charges_nothing(desk: Desk) -> None:
    desk.submit()
    assert desk.do(Restart("dev-02")) == ""
    (lease,) = desk.lease()
    assert desk.do(Restart(lease.job.instance, "ann", "hangs")) == lease.name
    assert desk.told("instance.restarted")[-1]["ended"] == lease.name
    with pytest.raises(NotFound, match="no instance 'dev-99'"):
        desk.do(Restart("dev-99"))


@pytest.mark.requirement("SCL-3")
def test_instances_move_to_the_workflow_with_most_to_do(desk: Desk) -> None:
    for n in range(6):
        desk.submit(f"p{n}")
    done = desk.do(Rebalance("ann", "morning"))
    assert (len(done.started), len(done.retired)) == (3, 3)
    assert done.started == ("genesis-04", "genesis-05", "genesis-06")
    assert len(fleet(desk).present()) == len(desk.slots)
    assert desk.do(Rebalance()).changes == ()
    assert len(offer(desk)) == 6
    assert desk.do(Rebalance()).changes == (), "those at work count as much as those that wait"


@pytest.mark.requirement("SCL-4")
def test_pins_behind_busy_or_closed_instances_are_released(desk: Desk) -> None:
    for name in ("p", "q"):
        desk.submit(name)
    (job,) = [job for job in desk.jobs("analyze") if (job.project, job.workflow) == ("q", "genesis")]
    assert offer(desk, "genesis-01") == ["genesis-01"]
    desk.do(Steer("pin", job=job.id, instance="genesis-01"))
    assert offer(desk, "genesis-02") == []
    assert desk.do(Rebalance()).unpinned == (job.id,)
    assert offer(desk, "genesis-02") == ["genesis-02"]
    assert desk.do(Rebalance()).unpinned == ()


def test_all_of_it_is_there_after_a_restart(tmp_path: Path) -> None:
    desk = Desk()
    desk.store = SqliteStore(tmp_path / "podium.sqlite")
    desk.found()
    desk.do(Resize("content", "social", 1))
    desk.do(Drain("dev-02", drained=True))
    desk.do(Drain("content", drained=True))
    desk.do(Route("development", "priority"))
    before = fleet(desk)
    desk.store.close()
    desk.store = SqliteStore(tmp_path / "podium.sqlite")
    assert fleet(desk) == before
    assert (before.drained, before.closed, before.strategies) == ({"content"}, {"dev-02"}, {"development": "priority"})
    desk.store.close()
