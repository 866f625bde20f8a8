"""The fleet by hand: what is asked for is chosen, bounded and carried out, and what cannot be is refused in words."""

from typing import Any

import pytest

from podium.domain.command import Dispatch, Steer
from podium.store.fleet import read_fleet
from tests.unit.operations.desktop import Desktop


@pytest.fixture
def founded(desktop: Desktop) -> Desktop:
    desktop.desk.muster()
    return desktop


def offer(desktop: Desktop, *names: str) -> list[str]:
    """Offer these instances, or all there are; who was given work."""
    fleet = read_fleet(desktop.desk.store.rows)
    slots = tuple(one.slot for one in fleet.present() if not names or one.name in names)
    return sorted(lease.job.instance for lease in desktop.desk.do(Dispatch(slots)))


def sizes(answer: Any) -> dict[str, tuple[int, int]]:
    return {pool.role: (pool.before, pool.after) for pool in answer.pools}


@pytest.mark.requirement("SCL-3")
def test_a_workflow_grows_where_work_waits(founded: Desktop) -> None:
    for n in range(3):
        founded.desk.submit(f"p{n}")
    grown = founded.ask("scale-up", workflow="genesis", count=2, reason="rush")
    assert sizes(grown) == {"analysis": (1, 3)}
    assert grown.pools[0].because == "4 jobs wait for analysis"
    assert grown.started == ["genesis-04", "genesis-05"]
    assert len(offer(founded)) == 4
    rows = {row.name: row.state for row in founded.ask("instances").instances}
    assert (rows["genesis-04"], rows["dev-01"]) == ("busy", "idle")
    pools = {(row.workflow, row.role): row for row in founded.ask("instances").pools}
    assert (pools["genesis", "analysis"].size, pools["genesis", "analysis"].busy) == (3, 3)


@pytest.mark.requirement("SCL-3")
def test_a_workflow_shrinks_by_its_idle_instances_first(founded: Desktop) -> None:
    founded.desk.submit("q")
    assert offer(founded, "genesis-02", "genesis-03") == ["genesis-02", "genesis-03"]
    done = founded.ask("scale-down", workflow="genesis", count=2)
    assert (done.retired, done.finishing) == (["genesis-01", "genesis-03"], ["genesis-03"])
    assert done.attempts_ended == []
    rows = {row.name: row.state for row in founded.ask("instances").instances}
    assert ("genesis-01" in rows, rows["genesis-03"]) == (False, "retiring")
    assert founded.ask("restart-instance", instance="genesis-03").attempt is not None
    ended = founded.ask("scale-down", workflow="genesis", to=0, now=True)
    assert len(ended.attempts_ended) == 1
    assert ended.finishing == []


@pytest.mark.requirement("SCL-3")
def test_sizes_that_cannot_be_are_refused(founded: Desktop) -> None:
    before = read_fleet(founded.desk.store.rows)
    assert "3 instances, so 4 cannot leave" in founded.refused("scale-down", workflow="content", count=4)
    assert "over 100" in founded.refused("scale-up", workflow="content", count=98)
    assert "`podium scale-down content --to 1`" in founded.refused("scale-up", workflow="content", to=1)
    assert "`podium scale-up content --to 9`" in founded.refused("scale-down", workflow="content", to=9)
    assert "not both" in founded.refused("scale-up", workflow="content", to=9, count=1)
    assert "fixed number of hands" in founded.refused("scale-up", workflow="podium")
    assert "Workflows: genesis, development, content" in founded.refused("scale-up", workflow="weather")
    assert "Roles: documentation, " in founded.refused("scale-up", workflow="content", role="socail")
    assert read_fleet(founded.desk.store.rows) == before


@pytest.mark.requirement("SCL-3")
def test_instances_move_to_the_workflow_with_most_to_do(founded: Desktop) -> None:
    for n in range(5):
        founded.desk.submit(f"p{n}")
    shown = founded.ask("rebalance", preview=True)
    assert (len(shown.moves), shown.started, shown.preview) == (3, [], True)
    done = founded.ask("rebalance", reason="morning")
    assert (done.moves, done.pools) == (shown.moves, shown.pools)
    assert (done.started, len(done.retired)) == (["genesis-04", "genesis-05", "genesis-06"], 3)
    assert len(read_fleet(founded.desk.store.rows).present()) == len(founded.desk.slots)
    assert founded.ask("rebalance").moves == []
    assert len(offer(founded)) == 6
    assert founded.ask("rebalance").moves == [], "those at work count as much as those that wait"


def test_a_drained_workflow_neither_gives_nor_gets(founded: Desktop) -> None:
    for n in range(9):
        founded.desk.submit(f"p{n}")
    assert founded.ask("drain", target="development").queues == ["development"]
    assert {move.workflow for move in founded.ask("rebalance", preview=True).moves} == {"content"}
    founded.ask("drain", target="all")
    assert founded.ask("rebalance").moves == []


def test_pins_behind_busy_or_closed_instances_are_released(founded: Desktop) -> None:
    desk = founded.desk
    desk.submit("q")
    (job,) = [job for job in desk.jobs("analyze") if (job.project, job.workflow) == ("q", "genesis")]
    assert offer(founded, "genesis-01") == ["genesis-01"]
    desk.do(Steer("pin", job=job.id, instance="genesis-01"))
    assert offer(founded, "genesis-02") == []
    assert founded.ask("rebalance", preview=True).jobs_unpinned == [job.id]
    assert founded.ask("rebalance").jobs_unpinned == [job.id]
    assert offer(founded, "genesis-02") == ["genesis-02"]
    assert founded.ask("rebalance").jobs_unpinned == []


def test_what_is_drained_is_shown_and_explained(founded: Desktop) -> None:
    founded.desk.submit()
    assert founded.ask("drain", target="genesis", reason="freeze").queues == ["genesis"]
    assert founded.ask("drain", target="dev-02").instances == ["dev-02"]
    assert founded.ask("drain", target="dev-02").instances == []
    status = founded.ask("status")
    assert (status.workflows["genesis"].drained, status.system.instances_drained) == (True, 4)
    assert [row.queue for row in founded.ask("queues").queues if row.drained] == ["genesis"]
    why = founded.ask("why", job=1)
    assert why.because == "genesis is drained: none of its instances gets work"
    assert "podium undrain genesis" in why.next
    assert founded.ask("undrain", target="all").queues == ["genesis"]
    assert "Known: all, genesis" in founded.refused("drain", target="dev-99")


@pytest.mark.requirement("QUE-3")
def test_a_strategy_is_shown_and_another_queue_keeps_its_own(founded: Desktop) -> None:
    assert founded.ask("strategy", queue="genesis", strategy="priority").before == "specialized"
    shown = {row.queue: row.strategy for row in founded.ask("queues").queues}
    assert (shown["genesis"], shown["content"], shown["review"]) == ("priority", "specialized", None)
    assert "Queues: genesis" in founded.refused("strategy", queue="weather", strategy="priority")


def test_an_idle_instance_has_nothing_to_restart(founded: Desktop) -> None:
    assert founded.ask("restart-instance", instance="dev-02").attempt is None
    assert "no instance 'dev-99'" in founded.refused("restart-instance", instance="dev-99")
    founded.ask("scale-down", workflow="development", role="features")
    assert "no instance 'dev-02'" in founded.refused("restart-instance", instance="dev-02")
    assert "no instance 'dev-02'" in founded.refused("pin", job=1, instance="dev-02")
