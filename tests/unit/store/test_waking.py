"""A message that says so wakes an idle instance with a job of its own, which leads the project to no other state."""

import pytest

from podium.domain.command import Send, Sent, Steer
from podium.domain.errors import Conflict
from podium.domain.job import Lease
from podium.domain.pipeline import READER
from podium.store.assignments import assignment
from tests.unit.store.desk import Desk


class Office(Desk):
    """A desk with a project in Development, whose instances are on record."""

    def __init__(self) -> None:
        super().__init__()
        self.submit()
        self.muster()
        self.at_work = self.run_to("tests")

    def wake(self, to: str, text: str = "where are we?") -> Sent:
        """A message that wakes."""
        return self.do(Send(to, text, "ann", "p", wake=True))

    def texts(self, lease: Lease) -> list[str]:
        """What the agent of an attempt is told in messages."""
        return [m.text for m in assignment(self.store.rows, self.store.pipelines, lease).messages]

    def leased(self, number: int) -> Lease:
        """The lease of that job; whatever else is given out is left running."""
        (lease,) = [lease for lease in self.lease() if lease.job.id == number]
        return lease

    def stands(self) -> str:
        """Where Development stands."""
        return next(
            row[2] for row in self.store.rows.all("workflows_of_projects", ('["p"]',)) if row[1] == "development"
        )


@pytest.mark.requirement("COM-1")
@pytest.mark.parametrize(
    ("to", "by"), [("instance:dev-05", "dev-05"), ("role:performance", "dev-05"), ("workflow:development", "")]
)
def test_a_message_wakes_an_idle_instance_with_a_job_that_reads_it(to: str, by: str) -> None:
    office = Office()
    before = office.stands()
    sent = office.wake(to)
    lease = office.leased(sent.job)
    assert (lease.job.step, lease.step.role) == ("answer", READER)
    assert by in ("", lease.job.instance)
    assert "where are we?" in office.texts(lease)
    assert office.stands() == before, "it is no part of the way"
    office.finish(lease)
    assert (office.job(sent.job).state, office.stands()) == ("passed", before)


@pytest.mark.requirement("COM-1")
def test_whoever_is_at_work_is_not_woken_and_gets_it_there() -> None:
    office = Office()
    assert office.wake(f"instance:{office.at_work.job.instance}").job == 0


@pytest.mark.requirement("COM-1")
def test_one_job_reads_what_is_sent_to_an_address_and_is_done_again_for_the_next_message() -> None:
    office = Office()
    first, second = office.wake("instance:dev-05", "one"), office.wake("instance:dev-05", "two")
    assert first.job == second.job
    lease = office.leased(first.job)
    assert office.texts(lease)[-2:] == ["one", "two"]
    office.finish(lease)
    third = office.wake("instance:dev-05", "three")
    assert third.job == first.job
    again = office.leased(third.job)
    assert (again.job.attempt, office.texts(again)) == (2, ["three"])


@pytest.mark.requirement("COM-1")
def test_the_workflow_is_complete_only_when_what_was_woken_is_done() -> None:
    office = Office()
    sent = office.wake("instance:dev-05")
    lease = office.leased(sent.job)
    office.finish(office.at_work)
    office.finish(office.run_to("publish"))
    assert office.stands() == "DEPLOYING"
    office.finish(lease)
    assert office.stands() == "DEV_COMPLETE"


@pytest.mark.requirement("COM-1")
def test_a_workflow_without_work_and_a_cancelled_reader_wake_nobody() -> None:
    office = Office()
    with pytest.raises(Conflict, match="has not begun, or is complete"):
        office.wake("workflow:content")
    sent = office.wake("instance:dev-05")
    office.do(Steer("cancel", job=sent.job, reason="not now"))
    with pytest.raises(Conflict, match="was cancelled"):
        office.wake("instance:dev-05")
    assert office.do(Send("instance:dev-05", "later", "ann", "p")).job == 0
