"""The dead-letter queue's laws: who gets into it, and the two ways out."""

import pytest

from podium.domain.attempt import Ending, Report
from podium.domain.command import Complete, Steer, Verdict, Wake
from podium.domain.errors import Conflict
from podium.domain.job import Job, Lease
from podium.policy import verdict
from tests.unit.store.desk import Desk


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.submit()
    return made


def end(desk: Desk, lease: Lease, report: Report) -> Verdict:
    """End an attempt as the supervisor does; the verdict that it came to."""
    made = verdict.decide(report, lease.step, desk.job(lease.job.id), 0.0)
    assert desk.do(Complete(lease.job.id, lease.job.attempt, made, report))
    return made


def exhaust(desk: Desk, lease: Lease, *reports: Report) -> Job:
    """End one attempt after the other with these reports; the job afterwards."""
    for report in reports:
        end(desk, lease, report)
        desk.now += 1_000.0
        desk.do(Wake())
        for found in desk.lease():
            if found.job.id == lease.job.id:
                lease = found
            else:
                desk.finish(found, Verdict("release", "not what this is about"))
    return desk.job(lease.job.id)


DIED = Report(Ending.CRASHED, "killed by SIGKILL")
UNDECIDED = Report(Ending.FINISHED, verdict="passed")
"""Its gates have no result."""


@pytest.mark.requirement("REC-7", "QUE-7")
@pytest.mark.parametrize("ending", [Ending.CRASHED, Ending.LOST, Ending.TIMED_OUT, Ending.COULD_NOT_START])
def test_a_job_whose_every_attempt_dies_is_a_dead_letter(desk: Desk, ending: Ending) -> None:
    lease = desk.run_to("implement", issues=2)
    assert exhaust(desk, lease, *[Report(ending, "why")] * 3).state == "dead"
    assert desk.reviews() == []
    attempts = desk.store.rows.all("attempts_of_job", (lease.job.id,))
    assert [(row[5], row[6]) for row in attempts] == [(ending, "retry"), (ending, "retry"), (ending, "bury")]
    told = [event for event in desk.store.rows.all("all_events") if event[1] == "job.buried"]
    assert [event[4] for event in told] == [lease.job.id]


@pytest.mark.requirement("REC-7")
@pytest.mark.parametrize("order", [(UNDECIDED, DIED, DIED), (DIED, UNDECIDED, DIED), (DIED, DIED, UNDECIDED)])
def test_one_attempt_that_did_not_die_makes_it_a_reviewers_business(desk: Desk, order: tuple[Report, ...]) -> None:
    lease = desk.run_to("implement")
    assert exhaust(desk, lease, *order).state == "in_review"
    assert [kind for _, kind in desk.reviews()] == ["exhausted"]


@pytest.mark.requirement("REC-7", "REC-9")
def test_a_machine_in_trouble_buries_nobody(desk: Desk) -> None:
    lease = desk.run_to("implement")
    short = Report(Ending.COULD_NOT_START, "no space left on device", is_environment=True)
    assert exhaust(desk, lease, *[short] * 5).state in ("ready", "running", "delayed")


@pytest.mark.requirement("QUE-7")
def test_a_replayed_letter_has_fresh_tries_and_may_die_again(desk: Desk) -> None:
    lease = desk.run_to("implement")
    exhaust(desk, lease, *[DIED] * 3)
    assert desk.do(Steer("replay", job=lease.job.id, by="ann", reason="mended")).jobs == 1
    again = desk.job(lease.job.id)
    assert (again.state, again.failures, again.reworks) == ("ready", 0, 0)
    replayed = [event for event in desk.store.rows.all("all_events") if event[1] == "job.replayed"]
    assert '"by":"ann","reason":"mended"' in replayed[0][6].replace(" ", "")
    (second,) = [found for found in desk.lease() if found.job.id == lease.job.id]
    assert exhaust(desk, second, *[DIED] * 3).state == "dead"


@pytest.mark.requirement("QUE-7")
def test_all_letters_of_a_project_are_replayed_at_once(desk: Desk) -> None:
    lease = desk.run_to("implement", issues=3)
    exhaust(desk, lease, *[DIED] * 3)
    other = desk.run_to("review")
    exhaust(desk, other, *[DIED] * 3)
    assert {desk.job(number).state for number in (lease.job.id, other.job.id)} == {"dead"}
    assert desk.do(Steer("replay", "p")).jobs == 2
    assert {desk.job(number).state for number in (lease.job.id, other.job.id)} == {"ready"}


@pytest.mark.requirement("QUE-7")
def test_dropping_a_letter_goes_on_without_its_item(desk: Desk) -> None:
    lease = desk.run_to("implement", issues=2)
    exhaust(desk, lease, *[DIED] * 3)
    desk.do(Steer("drop", job=lease.job.id, reason="not needed"))
    mine = [desk.job(lease.job.id), *(job for job in desk.jobs("merge") if job.item == lease.job.item)]
    assert {job.state for job in mine} == {"cancelled"}
    desk.finish(desk.run_to("publish"))
    assert desk.state() == "complete"


@pytest.mark.requirement("QUE-7")
def test_a_step_that_the_project_needs_is_not_dropped(desk: Desk) -> None:
    lease = desk.run_to("scaffold")
    exhaust(desk, lease, *[DIED] * 3)
    with pytest.raises(Conflict, match=r"cannot do without job .* `podium cancel p --reason WHY`"):
        desk.do(Steer("drop", job=lease.job.id))
    desk.do(Steer("cancel", project="p"))
    assert desk.job(lease.job.id).state == "cancelled"


@pytest.mark.requirement("QUE-7")
def test_only_a_letter_is_replayed_or_dropped(desk: Desk) -> None:
    lease = desk.run_to("implement")
    for action in ("replay", "drop"):
        with pytest.raises(Conflict, match="is running, not a dead letter"):
            desk.do(Steer(action, job=lease.job.id))
    exhaust(desk, lease, *[DIED] * 3)
    with pytest.raises(Conflict, match="podium dead-letters replay"):
        desk.do(Steer("retry", job=lease.job.id))


@pytest.mark.requirement("QUE-7")
def test_rework_before_a_letter_makes_it_wait_like_any_other(desk: Desk) -> None:
    lease = desk.run_to("implement")
    exhaust(desk, lease, *[DIED] * 3)
    (tests,) = desk.jobs("tests")
    desk.do(Steer("retry", job=tests.id, reason="handle commas"))
    assert desk.job(lease.job.id).state == "waiting"
    assert desk.run_to("implement").job.id == lease.job.id
