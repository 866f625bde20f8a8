"""The lifecycle tables are exactly the specified ones, and nothing else is possible."""

from itertools import pairwise

import pytest

from podium.domain import lifecycle
from podium.domain.errors import IllegalTransition

SPECIFIED = {
    "genesis": "QUEUED ANALYZING PLANNED SCAFFOLDING GENESIS_COMPLETE",
    "development": "DEV_QUEUED TESTING CODING REVIEWING DEPLOYING DEV_COMPLETE",
    "content": "CONTENT_QUEUED ANALYZING CREATING OPTIMIZING PUBLISHING CONTENT_COMPLETE",
}


@pytest.mark.requirement("PIP-1")
def test_states_are_exactly_the_specified_ones() -> None:
    assert {name: " ".join(lifecycle.WORKFLOWS[name]) for name in lifecycle.WORKFLOWS} == SPECIFIED


@pytest.mark.requirement("PIP-1")
@pytest.mark.parametrize("workflow", SPECIFIED)
def test_a_complete_workflow_goes_nowhere_and_every_other_state_goes_forward_by_one(workflow: str) -> None:
    states = list(lifecycle.WORKFLOWS[workflow])
    assert lifecycle.WORKFLOWS[workflow][states[-1]] == frozenset()
    for before, after in pairwise(states):
        forward = {s for s in lifecycle.WORKFLOWS[workflow][before] if states.index(s) > states.index(before)}
        assert forward == {after}


@pytest.mark.requirement("PIP-1")
@pytest.mark.parametrize("workflow", SPECIFIED)
def test_every_walk_uses_legal_edges_only(workflow: str) -> None:
    states = list(lifecycle.WORKFLOWS[workflow])
    for start in states[:-1]:
        for goal in states[states.index(start) :]:
            at = start
            for state in lifecycle.path(lifecycle.WORKFLOWS[workflow], start, goal):
                assert state in lifecycle.WORKFLOWS[workflow][at]
                at = state
            assert at == goal


def test_leaving_a_complete_workflow_is_refused() -> None:
    with pytest.raises(IllegalTransition, match="from DEV_COMPLETE to TESTING"):
        lifecycle.path(lifecycle.WORKFLOWS["development"], "DEV_COMPLETE", "TESTING")


def test_rework_moves_back_along_an_edge() -> None:
    assert lifecycle.path(lifecycle.WORKFLOWS["development"], "REVIEWING", "CODING") == ("CODING",)


@pytest.mark.parametrize(("state", "happening"), [("passed", "lease"), ("cancelled", "lease"), ("waiting", "pass")])
def test_a_job_cannot_do_what_the_table_does_not_say(state: str, happening: str) -> None:
    with pytest.raises(IllegalTransition, match=f"A job that is {state} cannot"):
        lifecycle.next_job_state(state, happening)


def test_a_review_is_decided_once() -> None:
    assert lifecycle.next_review_state("open", "approve") == "approved"
    with pytest.raises(IllegalTransition, match="already approved"):
        lifecycle.next_review_state("approved", "reject")
