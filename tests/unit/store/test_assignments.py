"""What waits longest behind it is begun first, and what earlier steps made reaches later ones as artifacts (PRF-1)."""

from dataclasses import replace

import pytest

from podium.domain.attempt import Artifact
from podium.domain.command import Dispatch
from podium.store.assignments import assignment
from tests.unit.store.desk import Desk

pytestmark = pytest.mark.requirement("PRF-1")
PLAN = Artifact("plan", "plan", "The plan", {"type": "cli", "features": ["greet"]}, "docs/plan.md", "analyze")
ISSUES = (
    Artifact("issue", "001", "Alone", {}, "docs/issues/001.md", "issues"),
    Artifact("issue", "002", "Last", {"depends_on": ["003"]}, "docs/issues/002.md", "issues"),
    Artifact("issue", "003", "Middle", {"depends_on": ["004"]}, "docs/issues/003.md", "issues"),
    Artifact("issue", "004", "First", {"body": "Begin here."}, "docs/issues/004.md", "issues"),
)


def planned(issues: tuple[Artifact, ...] = ISSUES) -> Desk:
    """A project whose genesis has delivered these artifacts."""
    desk = Desk()
    desk.submit()
    made = {"analyze": (PLAN,), "issues": issues}
    while not desk.jobs("tests"):
        for lease in desk.lease():
            desk.finish(lease, artifacts=made.get(lease.job.step, ()))
    return desk


def test_the_job_with_the_longest_way_behind_it_is_begun_first() -> None:
    desk = planned()
    one = next(slot for slot in desk.slots if slot.role == "tests")
    begun: list[str] = []
    while len(begun) < 2:
        (lease,) = desk.do(Dispatch((one,)))
        begun.append(lease.job.item)
        desk.finish(lease)
    assert begun == ["004", "001"], "the head of the chain, then what nothing waits for"


def test_a_chain_goes_on_before_what_has_waited_longer_and_leads_nowhere() -> None:
    others = tuple(Artifact("issue", f"1{n:02d}", "Alone", {}, "", "issues") for n in range(12))
    desk = planned(ISSUES[1:] + others)
    roles = {"tests", "features", "review", "podium"}
    begun: list[str] = []
    while len(begun) < len(others) + 3:
        for lease in desk.do(Dispatch(tuple(slot for slot in desk.slots if slot.role in roles))):
            begun += [lease.job.item] * (lease.job.step == "tests")
            desk.finish(lease)
    assert begun[0] == "004"
    assert begun.index("003") < begun.index(others[-4].key), "another waits for it, and nothing for the others"
    assert begun.index("002") > begun.index("003")


def test_context_is_handed_over_as_artifacts() -> None:
    desk = planned()
    lease = next(lease for lease in desk.lease() if lease.job.item == "004")
    told = assignment(desk.store.rows, desk.store.pipelines, lease)
    assert told.artifacts == (replace(PLAN, run="genesis"),), "what was made, by which run; of the issues its own"
    assert told.item == {"key": "004", "title": "First", "data": {"body": "Begin here."}}
    assert (told.document, told.feedback) == ("text", ()), "and no conversation of anybody's"
