"""Begin, wait, or come back later: decided from counters, with a reason that has the figures."""

import pytest
from hypothesis import given, strategies as st

from podium.policy import admission
from podium.policy.admission import Limits, Snapshot

LIMITS = Limits(queue_soft=20, queue_hard=100, urgent_priority=100)


@pytest.mark.requirement("INT-4")
@pytest.mark.parametrize(
    ("seen", "priority", "answer", "said"),
    [
        (Snapshot("genesis", 19, 0, 0), 75, "enter", "19 jobs are ready in genesis, of 20"),
        (Snapshot("genesis", 20, 0, 0), 75, "wait", "20 jobs are ready in genesis, of 20"),
        (Snapshot("genesis", 19, 1, 0), 75, "wait", "1 project came before"),
        (Snapshot("genesis", 20, 99, 0), 99, "wait", "99 projects came before; priority 99"),
        (Snapshot("genesis", 20, 99, 1), 99, "later", "100 projects already in it for genesis"),
        (Snapshot("genesis", 20, 100, 0), 99, "later", "Try again later"),
        (Snapshot("genesis", 20, 100, 0), 100, "enter", "priority 100 is urgent"),
        (Snapshot("genesis", 100, 100, 0), 100, "later", "[limits]"),
        (Snapshot("genesis", 19, 0, 100), 0, "enter", ""),
    ],
)
def test_a_new_project_has_its_place(seen: Snapshot, priority: int, answer: str, said: str) -> None:
    decision = admission.decide(seen, priority, LIMITS)
    assert decision.answer == answer
    assert said in decision.reason


@pytest.mark.requirement("INT-4")
@given(st.integers(0, 50), st.integers(0, 150), st.integers(0, 150), st.integers(0, 200))
def test_more_important_work_is_never_treated_worse(ready: int, waiting: int, priority: int, more: int) -> None:
    order = ("later", "wait", "enter")
    seen = Snapshot("genesis", ready, waiting, 0)
    low, high = (admission.decide(seen, p, LIMITS).answer for p in (priority, priority + more))
    assert order.index(low) <= order.index(high)


def test_without_a_limit_there_is_always_room() -> None:
    assert admission.has_room(Snapshot("genesis", 1_000_000, 0, 0), admission.UNLIMITED)
    assert not admission.has_room(Snapshot("genesis", 20, 0, 0), LIMITS)
