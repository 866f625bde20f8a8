"""Queues stay shallow: what is worth less waits in the input queue, visibly, and nothing of it is lost (INT-4)."""

import pytest

from podium.domain.command import Decide, Dispatch, Steer, Verdict, Wake
from podium.domain.errors import Conflict, Unavailable
from podium.domain.instance import Slot
from podium.policy.admission import UNLIMITED, Limits
from tests.simulation.run import Run
from tests.simulation.world import Faults, Workload
from tests.unit.store.desk import Desk
from tests.unit.store.work import steps

ANALYST = Slot("genesis-01", "genesis", "analysis")


def names(count: int) -> list[str]:
    return [f"p{n:03d}" for n in range(count)]


@pytest.fixture
def desk() -> Desk:
    """Two projects begin, the others wait."""
    return Desk(Limits(queue_soft=2, queue_hard=4))


@pytest.mark.requirement("INT-4")
def test_over_the_soft_limit_projects_wait_without_jobs_and_with_a_reason(desk: Desk) -> None:
    for name in names(5):
        desk.submit(name)
    assert desk.waiting() == ["p002", "p003", "p004"]
    assert {job.project for job in desk.jobs("analyze")} == {"p000", "p001"}
    assert {desk.state(name) for name in names(5)} == {"open"}
    assert [told["reason"] for told in desk.told("project.waiting")] == [
        f"2 jobs are ready in genesis, of 2 that may be (queue_soft); {before} came before; priority 75"
        for before in ("0 projects", "1 project", "2 projects")
    ]


@pytest.mark.requirement("INT-4")
def test_the_default_is_twenty_jobs_a_queue() -> None:
    desk = Desk()
    desk.batch(*map(desk.submission, names(23)))
    assert desk.waiting() == names(23)[20:]


@pytest.mark.requirement("INT-4")
def test_a_lease_makes_room_for_the_most_important_in_the_same_transaction(desk: Desk) -> None:
    for name, priority in zip(names(5), (50, 50, 20, 50, 60), strict=True):
        desk.submit(name, priority=priority)
    assert desk.waiting() == ["p004", "p003", "p002"]
    desk.do(Dispatch((ANALYST,)))
    assert desk.waiting() == ["p003", "p002"]
    assert "p004" in {job.project for job in desk.jobs("analyze")}
    (told,) = desk.told("project.admitted")
    assert told == {"waited": 1.0, "reason": "its queue has room"}


@pytest.mark.requirement("INT-4")
def test_waiting_ages_linearly(desk: Desk) -> None:
    for name in names(2):
        desk.submit(name)
    desk.submit("patient", priority=20)
    desk.now += 31 * 60.0  # 30 points are half an hour
    desk.submit("hasty", priority=50)
    assert desk.waiting() == ["patient", "hasty"]


@pytest.mark.requirement("INT-4")
def test_instances_that_are_left_get_what_the_first_leases_let_in(desk: Desk) -> None:
    slots = tuple(Slot(f"genesis-{n}", "genesis", "analysis") for n in range(6))
    *_, leases = desk.batch(*map(desk.submission, names(5)), Dispatch(slots))
    assert sorted(lease.job.project for lease in leases) == names(5), "no free instance and no waiting project is left"
    assert desk.waiting() == []


@pytest.mark.requirement("INT-4")
def test_nobody_overtakes_those_who_wait_but_urgent_work(desk: Desk) -> None:
    for name in names(3):
        desk.submit(name)
    _, _, leases = desk.batch(
        desk.submission("late", priority=74), desk.submission("urgent", priority=75), Dispatch((ANALYST,))
    )
    assert [lease.job.project for lease in leases] == ["urgent"]
    assert desk.waiting() == ["late", "p002"]


@pytest.mark.requirement("INT-4")
def test_over_the_hard_limit_the_answer_is_later_and_nothing_is_stored(desk: Desk) -> None:
    for name in names(6):
        desk.submit(name)
    *_, refused, urgent, repeated = desk.batch(
        desk.submission("more", idempotency_key="k"),
        desk.submission("urgent", priority=75),
        desk.submission("more", idempotency_key="k"),
    )
    assert isinstance(refused, Unavailable)
    assert refused.exit_code == 6
    assert "4 projects already in it for genesis" in str(refused)
    assert "Try again later" in str(refused)
    assert urgent.created
    assert isinstance(repeated, Unavailable)
    assert "more" not in dict(desk.store.rows.all("project_states"))
    desk.do(Dispatch(tuple(desk.slots)))
    assert desk.submit("more", idempotency_key="k") == "more", "the same input has its place once there is one"


@pytest.mark.requirement("INT-4")
def test_a_waiting_project_can_be_boosted_paused_resumed_and_cancelled(desk: Desk) -> None:
    for name in names(5):
        desk.submit(name)
    desk.do(Steer("boost", project="p004", points=5))
    assert desk.waiting() == ["p004", "p002", "p003"]
    desk.do(Steer("pause", project="p004"))
    desk.do(Dispatch((ANALYST,)))
    assert desk.waiting() == ["p003", "p004"], "a paused project lets others by"
    desk.do(Steer("cancel", project="p003", reason="not needed"))
    assert desk.state("p003") == "cancelled"
    with pytest.raises(Conflict, match="is cancelled"):
        desk.do(Steer("resume", project="p003"))
    desk.finish(desk.lease()[0])
    assert desk.waiting() == ["p004"]
    desk.do(Steer("resume", project="p004"))
    desk.lease()
    assert desk.waiting() == []
    assert desk.jobs("analyze")[-1].priority == 80


@pytest.mark.requirement("INT-4")
def test_a_boost_that_makes_it_urgent_lets_a_project_in_at_once(desk: Desk) -> None:
    for name in names(4):
        desk.submit(name)
    desk.do(Steer("boost", project="p003", points=25))
    assert desk.waiting() == ["p002"]
    assert desk.told("project.admitted")[0]["reason"] == "priority 100 is urgent"


@pytest.mark.requirement("INT-4")
def test_a_cancelled_project_makes_room(desk: Desk) -> None:
    for name in names(3):
        desk.submit(name)
    desk.do(Steer("cancel", project="p000"))
    assert desk.waiting() == []


@pytest.mark.requirement("INT-4")
def test_larger_limits_take_effect_with_the_next_look_of_the_sweeper(desk: Desk) -> None:
    for name in names(4):
        desk.submit(name)
    desk.store.limits = UNLIMITED
    desk.store._restore()  # as a restart with another configuration does
    desk.do(Wake())
    assert desk.waiting() == []


@pytest.mark.requirement("INT-4")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_step_costs_more_because_more_wait() -> None:
    """Counted in steps of the database's virtual machine, so that the machine's speed does not matter."""
    costs: list[tuple[int, int]] = []
    for count in (30, 900):
        desk = Desk(Limits(queue_soft=10, queue_hard=1000))
        desk.batch(*map(desk.submission, names(count)))
        submit = desk.submission("one-more")
        (lease,) = desk.store.run([Dispatch((ANALYST,))], desk.now, desk.now)[0]
        step = [desk.completion(lease), Dispatch((ANALYST,))]
        costs.append(
            (
                steps(desk.sqlite, lambda s=submit, d=desk: d.store.run([s], d.now, d.now)),
                steps(desk.sqlite, lambda s=step, d=desk: d.store.run(s, d.now, d.now)),
            )
        )
    (few_submit, few_step), (many_submit, many_step) = costs
    assert many_submit <= 1.1 * few_submit
    assert many_step <= 1.1 * few_step


@pytest.mark.requirement("INT-4")
def test_a_crowd_ends_though_few_may_begin_at_a_time() -> None:
    workload = Workload(features=1, at_once=12, limits=Limits(queue_soft=2, queue_hard=3))
    faults = Faults(crash_after_commit=0.01, lost_wakeup=0.05, agent_crash=0.05)
    outcome = Run(1, faults, 12, workload).play()
    assert outcome.violations == ()


@pytest.mark.requirement("REV-2")
def test_reviews_that_pile_up_hold_new_projects_back_until_somebody_decides() -> None:
    desk = Desk(Limits(reviews_max=2))
    for name in names(2):
        desk.submit(name)
    for lease in desk.lease():
        desk.finish(lease, Verdict("escalate", "ask", review="approval"))
    assert len(desk.reviews()) == 2
    desk.submit("late")
    assert desk.waiting() == ["late"]
    (told,) = desk.told("project.waiting")
    assert told["reason"].startswith("2 reviews wait for a decision, of 2 that may (reviews_max)")
    desk.do(Decide(desk.reviews()[0][0], "reject", "ann", "no"))
    assert desk.waiting() == [], "a reviewer has made room, in the same transaction"
