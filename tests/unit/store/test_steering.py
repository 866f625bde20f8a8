"""An operator's hand: each action changes what it says, at once, and is on record with its reason."""

import pytest

from podium.domain.command import Decide, Dispatch, Steer
from podium.domain.errors import Conflict, NotFound
from podium.domain.instance import Slot
from tests.unit.store.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.requirement("QUE-5")
def test_a_pinned_job_goes_to_its_instance_alone_until_unpinned(desk: Desk) -> None:
    desk.submit()
    (job,) = [j for j in desk.jobs("analyze") if j.workflow == "genesis"]
    desk.do(Steer("pin", job=job.id, instance="genesis-03", reason="knows it"))
    assert desk.do(Dispatch((Slot("genesis-01", "genesis", "analysis"),))) == ()
    desk.do(Steer("unpin", job=job.id))
    (lease,) = desk.do(Dispatch((Slot("genesis-01", "genesis", "analysis"),)))
    assert lease.job.id == job.id
    told = [e for e in desk.store.rows.all("all_events") if e[1] == "operator.pin"]
    assert "knows it" in told[0][6]


@pytest.mark.requirement("QUE-5")
def test_a_boosted_project_is_served_before_an_older_one(desk: Desk) -> None:
    desk.submit("old")
    desk.submit("new")
    assert desk.do(Steer("boost", project="new", points=100)).jobs == 4
    (lease,) = desk.do(Dispatch((Slot("genesis-01", "genesis", "analysis"),)))
    assert lease.job.project == "new"


@pytest.mark.requirement("QUE-5")
def test_a_paused_project_gets_nothing_and_resumes_at_its_old_place(desk: Desk) -> None:
    desk.submit("first")
    desk.do(Steer("pause", project="first"))
    desk.submit("second")
    assert {lease.job.project for lease in desk.lease()} == {"second"}
    with pytest.raises(Conflict, match="paused already"):
        desk.do(Steer("pause", project="first"))
    desk.do(Steer("resume", project="first"))
    assert [lease.job.project for lease in desk.lease()] == ["first"]


@pytest.mark.requirement("QUE-5")
def test_work_that_becomes_ready_while_paused_waits_too(desk: Desk) -> None:
    desk.submit()
    (lease,) = desk.lease()
    desk.do(Steer("pause", project="p"))
    desk.finish(lease, artifacts=desk.made(lease))
    assert desk.lease() == []
    assert {job.state for job in (*desk.jobs("scaffold"), *desk.jobs("issues"))} == {"paused"}


@pytest.mark.requirement("QUE-5")
def test_cancelling_a_project_ends_all_of_it_and_revokes_its_leases(desk: Desk) -> None:
    desk.submit()
    (lease,) = desk.lease()
    done = desk.do(Steer("cancel", project="p", reason="not needed"))
    assert done.revoked == (lease.name,)
    assert desk.state() == "cancelled"
    assert desk.finish(lease) is False, "the fence is stale"
    with pytest.raises(Conflict, match="is cancelled"):
        desk.do(Steer("resume", project="p"))


@pytest.mark.requirement("QUE-5")
def test_cancelling_a_job_drops_its_feature_and_the_project_goes_on(desk: Desk) -> None:
    desk.submit()
    lease = desk.run_to("implement", issues=2)
    desk.do(Steer("cancel", job=lease.job.id))
    assert desk.finish(lease) is False
    last = desk.run_to("publish")
    desk.finish(last)
    assert desk.state() == "complete"
    assert {job.state for job in desk.jobs("merge")} == {"passed", "cancelled"}
    assert lease.job.item in {job.item for job in desk.jobs("merge") if job.state == "cancelled"}


@pytest.mark.requirement("QUE-5")
def test_a_step_is_done_again_with_all_that_stood_on_it(desk: Desk) -> None:
    desk.submit()
    merge = desk.run_to("merge")
    (implement,) = desk.jobs("implement")
    desk.do(Steer("retry", job=implement.id, reason="handle commas"))
    assert [desk.jobs(step)[0].state for step in ("implement", "review", "merge")] == ["ready", "waiting", "waiting"]
    assert desk.finish(merge) is False
    assert desk.store.rows.all("feedback_of_job", (implement.id,)) == [("handle commas",)]
    desk.finish(desk.run_to("publish"))
    assert desk.state() == "complete"


@pytest.mark.requirement("QUE-5")
def test_what_cannot_be_done_is_refused_with_what_to_do(desk: Desk) -> None:
    desk.submit()
    with pytest.raises(NotFound, match="podium projects"):
        desk.do(Steer("pause", project="nobody"))
    with pytest.raises(NotFound, match="There is no job 999"):
        desk.do(Steer("boost", job=999, points=1))
    (job,) = [j for j in desk.jobs("analyze") if j.workflow == "genesis"]
    with pytest.raises(Conflict, match="podium cancel p"):
        desk.do(Steer("cancel", job=job.id))
    with pytest.raises(Conflict, match="only a passed job"):
        desk.do(Steer("retry", job=job.id))


@pytest.mark.requirement("PIP-10")
@pytest.mark.parametrize(("verdict", "state"), [("approve", "complete"), ("reject", "failed")])
def test_a_plan_is_shown_before_anything_is_built(desk: Desk, verdict: str, state: str) -> None:
    desk.submit(plan_first=True)
    (lease,) = desk.lease()
    desk.finish(lease, artifacts=desk.made(lease))
    assert desk.lease() == []
    assert desk.store.rows.all("workflows_by_project", ("p",))[0][1] == "PLANNED"
    ((number, kind),) = desk.reviews()
    assert kind == "plan"
    desk.do(Decide(number, verdict, "a person"))  # pyright: ignore[reportArgumentType] - one of the verdicts
    if verdict == "approve":
        desk.finish(desk.run_to("publish"))
    assert desk.state() == state


@pytest.mark.requirement("PIP-10")
def test_a_plan_that_is_sent_back_is_made_and_shown_again(desk: Desk) -> None:
    desk.submit(plan_first=True)
    (lease,) = desk.lease()
    desk.finish(lease, artifacts=desk.made(lease))
    desk.do(Decide(desk.reviews()[0][0], "send_back", "a person", "smaller"))
    (again,) = desk.lease()
    assert (again.job.step, again.job.attempt) == ("analyze", 2)
    desk.finish(again, artifacts=desk.made(again))
    assert [kind for _, kind in desk.reviews()] == ["plan"]
    assert desk.lease() == []
