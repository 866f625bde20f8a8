"""Where features of the store meet in one batch: found by review, each a failure once."""

import pytest

from podium.domain.command import Decide, Prune, Start, Steer, Verdict
from podium.domain.errors import Conflict
from podium.domain.job import Job
from podium.operations.causes import Standing, explain
from tests.unit.store.desk import Desk
from tests.unit.store.test_runs import release, run_on


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.requirement("QUE-7", "REC-8")
def test_a_start_that_is_far_off_does_not_move_the_clock(desk: Desk) -> None:
    desk.submit("soon")
    before = desk.store.rows.one("last_time")[0]
    desk.submit("later", not_before=desk.now + 30 * 86_400.0)
    assert desk.store.rows.one("last_time")[0] - before < 60.0


@pytest.mark.requirement("PIP-4")
def test_a_run_asked_for_while_the_one_before_ends_begins_after_it(desk: Desk) -> None:
    desk.complete()
    desk.do(release("v2"))
    last = run_on(desk, "content@2", "publish")
    desk.store._hot = desk.store._cold()
    desk.batch(release("v3"), desk.completion(last))
    desk.finish(run_on(desk, "content@3", "publish"))
    assert desk.state() == "complete"


def test_a_review_opened_as_its_project_is_cancelled_is_closed(desk: Desk) -> None:
    desk.submit()
    lease = desk.run_to("implement")
    desk.batch(desk.completion(lease, Verdict("escalate", "why", review="blocked")), Steer("cancel", "p"))
    assert desk.store.rows.all("reviews_open") == []


@pytest.mark.requirement("PIP-10")
def test_nobody_resumes_a_project_whose_plan_waits_for_an_approval(desk: Desk) -> None:
    desk.submit(plan_first=True)
    lease = desk.run_to("analyze")
    desk.finish(lease, artifacts=desk.made(lease))
    ((review, _),) = desk.store.rows.all("reviews_open")
    with pytest.raises(Conflict, match=f"review {review} decides"):
        desk.do(Steer("resume", project="p"))
    assert desk.do(Decide(review, "approve", "ann")) == "p"


def test_an_id_that_was_chosen_is_not_changed(desk: Desk) -> None:
    desk.submit("p")
    assert desk.submit("p") == "p-2"
    with pytest.raises(Conflict, match="project p already"):
        desk.submit("p", exact=True)


@pytest.mark.requirement("QUE-6", "QUE-7")
def test_a_start_that_was_chosen_is_not_stuck(desk: Desk) -> None:
    desk.submit(not_before=desk.now + 86_400.0)
    (job,) = [job for job in map(Job._make, desk.store.rows.all("all_jobs")) if job.state == "delayed"]
    cause = explain(Standing(job, job.ready_at), desk.now)
    assert (cause.kind, cause.because) == ("scheduled", "it is to begin later")


@pytest.mark.requirement("EVT-5", "PIP-4")
def test_a_pruned_project_is_not_released_and_a_released_one_not_pruned(desk: Desk) -> None:
    desk.complete()
    desk.batch(release("v2"), Prune("projects", desk.now + 1))
    assert desk.state() == "open"
    assert run_on(desk, "content@2", "analyze").job.state == "running"
    desk.do(Steer("cancel", "p"))
    while desk.do(Prune("projects", desk.now + 1)).more:
        pass
    with pytest.raises(Conflict, match="was pruned"):
        desk.do(Start("p", "content", "v9"))
