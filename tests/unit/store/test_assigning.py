"""A workflow's work of one project goes to one instance: what there is of it, and what will come."""

import pytest

from podium.domain import lifecycle
from podium.domain.command import Steer
from podium.domain.errors import Conflict
from podium.domain.job import Job
from tests.unit.store.desk import Desk

TO_DEV = Steer("assign", "p", instance="dev-02", workflow="development")


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.muster()
    return made


def developing(desk: Desk) -> list[Job]:
    jobs = map(Job._make, desk.store.rows.all("all_jobs"))
    return [job for job in jobs if job.queue == "development" and job.state not in lifecycle.JOB_DONE]


@pytest.mark.requirement("QUE-5", "CMD-1")
def test_what_is_there_and_what_comes_goes_to_it_but_reviews_stay_with_others(desk: Desk) -> None:
    desk.submit()
    desk.do(TO_DEV)
    assert desk.run_to("tests").job.instance == "dev-02"
    jobs = developing(desk)
    steps = desk.pipeline.workflows["development"].by_id
    assert jobs
    assert {job.lane for job in jobs if not steps[job.step].independent} == {"@dev-02"}
    assert all(job.lane == steps[job.step].role for job in jobs if steps[job.step].independent)
    desk.do(Steer("assign", "p", workflow="development"))
    jobs = developing(desk)
    assert all(job.lane == steps[job.step].role for job in jobs), "taken back: everybody's again"


@pytest.mark.requirement("QUE-5")
def test_the_same_assignment_again_changes_and_tells_nothing(desk: Desk) -> None:
    desk.submit()
    assert desk.do(Steer("assign", "p", instance="genesis-01", workflow="genesis")).jobs > 0
    told = len(desk.store.rows.all("all_events"))
    assert desk.do(Steer("assign", "p", instance="genesis-01", workflow="genesis")).jobs == 0
    assert len(desk.store.rows.all("all_events")) == told


@pytest.mark.requirement("QUE-5")
def test_a_workflow_that_the_projects_own_pipeline_does_not_have_is_refused(desk: Desk) -> None:
    desk.submit()
    with pytest.raises(Conflict, match="has no workflow weather"):
        desk.do(Steer("assign", "p", instance="dev-02", workflow="weather"))
