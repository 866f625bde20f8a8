"""Circuit breakers: a budget of failures, a pause that doubles, one probe at a time."""

import pytest

from podium.policy.breaker import OPEN_SECONDS, OPEN_SECONDS_MAX, PROBE_SECONDS, TOKENS_MAX, Breaker

NOW = 1_000.0


def tripped() -> Breaker:
    """One that has just opened."""
    one = Breaker("provider:claude")
    while not one.tripped:
        one = one.failed(NOW, "overloaded")
    return one


@pytest.mark.requirement("REC-6")
def test_it_opens_after_so_many_failures_in_a_row_and_then_lets_one_through_at_a_time() -> None:
    one = Breaker("provider:claude")
    for _ in range(int(TOKENS_MAX) - 1):
        assert one.state(NOW) == "closed"
        one = one.failed(NOW, "overloaded")
    one = one if one.tripped else one.failed(NOW, "overloaded")
    assert (one.state(NOW), one.until, one.reason) == ("open", NOW + OPEN_SECONDS, "overloaded")
    later = NOW + OPEN_SECONDS
    assert one.state(later) == "half-open"
    probed = one.probed(later)
    assert (probed.state(later), probed.until) == ("half-open", later + PROBE_SECONDS)
    again = probed.failed(later + 1.0, "overloaded")
    assert (again.state(later + 1.0), again.until) == ("open", later + 1.0 + 2 * OPEN_SECONDS)
    closed = again.probed(again.until).succeeded()
    assert (closed.state(NOW), closed.openings) == ("closed", 0)


@pytest.mark.requirement("REC-6")
def test_what_fails_while_it_is_open_had_begun_before() -> None:
    one = tripped()
    assert one.failed(NOW + 1.0, "late") == one


@pytest.mark.requirement("REC-6")
def test_the_pause_has_an_end() -> None:
    one, now = tripped(), NOW
    for _ in range(40):
        now = one.until
        one = one.probed(now).failed(now, "still")
    assert one.until - now == OPEN_SECONDS_MAX


@pytest.mark.requirement("REC-3")
@pytest.mark.parametrize(("successes", "opens"), [(4, True), (6, False)])
def test_a_bounded_share_of_tries_may_be_in_vain(successes: int, opens: bool) -> None:
    """More than one failure in six empties the budget in the end; fewer never do."""
    one = Breaker("project:shop")
    for _ in range(500):
        one = one.failed(NOW, "no")
        for _ in range(successes if not one.tripped else 0):
            one = one.succeeded()
    assert one.tripped is opens


@pytest.mark.requirement("REC-3")
def test_a_stated_time_is_kept_whatever_else_succeeds() -> None:
    one = Breaker("provider:claude").held(NOW + 600.0, "limit reached").succeeded()
    assert (one.state(NOW), one.state(NOW + 600.0)) == ("open", "closed")
