"""Deliveries are tried again over hours, at growing distances, and given up in the end; all without waiting."""

import pytest
from hypothesis import given, strategies as st

from podium.domain.delivery import Answer, Delivery
from podium.policy.delivery import ATTEMPTS_MAX, CAP_SECONDS, JITTER, decide, delay_seconds

ANY_CHANCE = st.floats(0, 1, exclude_max=True)


def delivery(attempts: int = 0) -> Delivery:
    return Delivery(1, "k", "ci", {}, attempts)


@pytest.mark.requirement("EVT-2")
def test_the_schedule_covers_hours_and_is_bounded() -> None:
    pauses = [delay_seconds(n, 0.0) for n in range(1, ATTEMPTS_MAX)]
    assert pauses[:4] == [5.0, 20.0, 80.0, 320.0]
    assert max(pauses) == CAP_SECONDS
    assert 10 * 3600 < sum(pauses) < 24 * 3600


@given(attempts=st.integers(1, 10**6), chance=ANY_CHANCE)
def test_jitter_only_shortens_and_never_much(attempts: int, chance: float) -> None:
    full = delay_seconds(attempts, 0.0)
    assert full * (1 - JITTER) <= delay_seconds(attempts, chance) <= full <= CAP_SECONDS


@given(status=st.integers(100, 599), attempts=st.integers(0, ATTEMPTS_MAX), chance=ANY_CHANCE)
def test_only_success_is_done_and_every_failure_ends(status: int, attempts: int, chance: float) -> None:
    outcome = decide(delivery(attempts), Answer(status, f"HTTP {status}"), chance)
    assert (outcome.state == "done") == (200 <= status < 300)
    assert outcome.disable == (status == 410)
    if outcome.state == "pending":
        assert attempts + 1 < ATTEMPTS_MAX
        assert outcome.delay_seconds > 0
    elif outcome.state == "dead":
        assert status == 410 or attempts + 1 >= ATTEMPTS_MAX


def test_a_receiver_may_ask_for_patience_but_not_for_ever() -> None:
    assert decide(delivery(), Answer(503, "", retry_after_seconds=60), 0.0).delay_seconds == 60
    assert decide(delivery(), Answer(503, "", retry_after_seconds=1), 0.0).delay_seconds == 5
    assert decide(delivery(), Answer(503, "", retry_after_seconds=10**9), 0.0).delay_seconds == CAP_SECONDS


def test_what_podium_itself_refuses_is_not_tried_again() -> None:
    outcome = decide(delivery(), Answer(None, "a private address", refused=True), 0.0)
    assert outcome == ("dead", 0.0, "a private address", False)
