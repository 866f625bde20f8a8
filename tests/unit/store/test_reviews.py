"""Decisions on reviews: each does what it says, once, whatever else is in the same batch."""

import pytest

from podium.domain.attempt import Artifact
from podium.domain.command import Decide, Steer, Verdict
from podium.domain.errors import Conflict, Defect
from tests.simulation.checkers import check
from tests.unit.store.desk import Desk, refusal

QUALITY = Verdict("escalate", "sent back 3 times", target="implement", feedback="still wrong", review="quality")
EXHAUSTED = Verdict("escalate", "3 attempts failed", review="exhausted")


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.submit()
    return made


@pytest.mark.requirement("REV-1")
def test_approving_keeps_what_the_work_delivered(desk: Desk) -> None:
    lease = desk.run_to("issues")
    desk.finish(lease, EXHAUSTED, desk.made(lease))
    desk.do(Decide(desk.reviews()[0][0], "approve", "a person"))
    desk.run_to("tests")
    assert [job.item for job in desk.jobs("tests")] == ["001"]


@pytest.mark.requirement("REV-1")
def test_work_without_what_later_steps_need_cannot_be_approved(desk: Desk) -> None:
    (lease,) = desk.lease()
    desk.finish(lease, Verdict("escalate", "no features", review="blocked"))
    with pytest.raises(Conflict, match="delivered no plan"):
        desk.do(Decide(desk.reviews()[0][0], "approve", "a person"))


@pytest.mark.requirement("REV-1")
def test_two_decisions_in_one_batch_are_one_decision(desk: Desk) -> None:
    lease = desk.run_to("review", issues=2)
    desk.finish(lease, QUALITY)
    ((number, _),) = desk.reviews()
    first, second = desk.batch(Decide(number, "reject", "one"), Decide(number, "send_back", "another"))
    assert first == "p"
    assert "already rejected" in refusal(second)


@pytest.mark.requirement("REV-1", "REC-4")
def test_the_author_gets_the_reviewers_last_words_and_fresh_tries(desk: Desk) -> None:
    lease = desk.run_to("review")
    desk.finish(lease, QUALITY)
    desk.do(Decide(desk.reviews()[0][0], "send_back", "a person"))
    (implement,) = desk.jobs("implement")
    assert (implement.state, implement.reworks, implement.failures) == ("ready", 0, 0)
    assert ("still wrong",) in desk.store.rows.all("feedback_of_job", (implement.id,))


@pytest.mark.requirement("REV-1")
def test_a_review_of_work_that_is_done_again_is_closed(desk: Desk) -> None:
    lease = desk.run_to("optimize")
    desk.finish(lease, EXHAUSTED)
    (analyze,) = [job for job in desk.jobs("analyze") if job.workflow == "content"]
    desk.do(Steer("retry", job=analyze.id))
    assert desk.reviews() == []
    desk.finish(desk.run_to("publish"))
    assert desk.state() == "complete"


@pytest.mark.requirement("REV-1")
def test_ending_a_project_closes_its_reviews(desk: Desk) -> None:
    desk.finish(desk.run_to("optimize"), EXHAUSTED)
    assert len(desk.reviews()) == 1
    desk.do(Steer("cancel", project="p"))
    assert (desk.state(), desk.reviews()) == ("cancelled", [])


@pytest.mark.requirement("REC-7")
def test_a_poison_result_is_refused_alone() -> None:
    desk = Desk()
    desk.submit("good")
    desk.submit("bad")
    good, lease = desk.lease()
    poison = Artifact("plan", "plan", "a plan", {"type": ["cli"], "complexity": 7, "odd": float(1)})
    desk.finish(good, artifacts=[poison])
    assert desk.store.rows.one("project_by_id", (good.job.project,))[2] is None
    second = desk.lease()
    broken = desk.completion(lease, artifacts=[Artifact("plan", "plan", {"not": "text"})])  # pyright: ignore[reportArgumentType] - on purpose
    others = [desk.completion(found, artifacts=desk.made(found)) for found in second]
    answers = desk.batch(broken, *others)
    assert isinstance(answers[0], Defect), refusal(answers[0])
    assert answers[1:] == [True] * len(others)
    assert check(desk.store, finished=False) == []
