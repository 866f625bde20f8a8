"""When a workflow grows or shrinks: each trigger alone, bounds, cooldowns, the gate; and never back and forth."""

import pytest
from hypothesis import given, strategies as st

from podium.domain.errors import UsageError
from podium.policy.autoscaling import Decision, Look, Signals, Thresholds, Track, bounds, decide
from podium.policy.scaling import Pool

LIMITS = Thresholds()
CALM = Signals(size=4, depth=0, wait_seconds=0.0, utilization=0.1, window_seconds=1800.0)


def decided(seen: Signals, *, quiet: float = 1e6, gate: str = "", least: int = 1, most: int = 8) -> Decision:
    return decide(seen, LIMITS, least, most, quiet, gate)


@pytest.mark.requirement("SCL-1")
@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (CALM._replace(depth=11), "11 jobs wait, over 10"),
        (CALM._replace(wait_seconds=1801.0), "they wait 1801 s, over 1800"),
        (CALM._replace(utilization=0.81), "81% busy, over 80%"),
    ],
)
def test_any_upper_threshold_alone_adds_an_instance(seen: Signals, words: str) -> None:
    assert decided(seen) == Decision("up", words)


@pytest.mark.requirement("SCL-1")
@pytest.mark.parametrize(
    "seen", [CALM._replace(depth=10), CALM._replace(wait_seconds=1800.0), CALM._replace(utilization=0.8)]
)
def test_what_reaches_a_threshold_has_not_passed_it(seen: Signals) -> None:
    assert decided(seen).action == "hold"


@pytest.mark.requirement("SCL-1")
def test_it_shrinks_only_when_all_three_are_low() -> None:
    assert decided(CALM).action == "down"
    for busy in (CALM._replace(depth=3), CALM._replace(wait_seconds=300.0), CALM._replace(utilization=0.3)):
        assert decided(busy).action == "hold"


@pytest.mark.requirement("SCL-1", "SCL-2")
def test_bounds_cooldowns_and_the_gate_hold_it_back_and_say_so() -> None:
    short = CALM._replace(depth=20)
    assert decided(short, most=4).because == "20 jobs wait, over 10; but 4 instances are the most it may have"
    assert decided(short, gate="its provider pauses") == Decision(
        "refused", "20 jobs wait, over 10; but its provider pauses"
    )
    assert decided(short, quiet=59.0).action == "hold"
    assert decided(CALM, quiet=599.0).action == "hold"
    assert decided(CALM, least=4).action == "hold"


def test_bounds_by_default_are_those_of_the_shipped_pools() -> None:
    assert [bounds(LIMITS, n) for n in (3, 5, 1)] == [(2, 3), (3, 5), (1, 1)]
    assert bounds(Thresholds(min=0, max=9), 3) == (0, 9)


@pytest.mark.parametrize(
    "wrong", [{"depth_down": 10}, {"utilization_down": 0.9}, {"wait_down_seconds": -1.0}, {"min": 5, "max": 4}]
)
def test_thresholds_that_would_oscillate_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Thresholds(**wrong)  # pyright: ignore[reportArgumentType] - as they come from a file


def look(size: int, depth: int = 0, running: int = 0, age: float = 0.0, starts: int = 0, waited: float = 0.0) -> Look:
    return Look("q", (Pool("q", "r", size),), depth, running, age, {7: (starts, waited)}, size)


@pytest.mark.requirement("SCL-1")
def test_signals_are_means_over_their_windows() -> None:
    track = Track(0.0)
    seen = track.signals(look(2, running=2, starts=100, waited=9e9), 0.0)
    for at in range(15, 1815, 15):
        seen = track.signals(look(2, running=1, depth=2, age=60.0, starts=104, waited=9e9 + 280.0), float(at))
    assert seen.utilization == 0.5, "what is older than five minutes does not count"
    assert seen.wait_seconds == pytest.approx((280.0 + 2 * 60.0) / 6, abs=0.05), (
        "four starts in the window, and two that wait"
    )
    assert seen.window_seconds == 1800.0


@pytest.mark.requirement("SCL-1")
def test_a_change_by_anybody_begins_a_cooldown() -> None:
    track = Track(0.0)
    track.signals(look(2), 100.0)
    assert track.quiet_seconds(100.0) == 100.0
    track.signals(look(5), 115.0)
    assert track.quiet_seconds(120.0) == 5.0


@pytest.mark.requirement("SCL-1")
@given(st.builds(Signals, st.integers(0, 9), st.integers(0, 30), st.floats(0, 4e3), st.floats(0, 1), st.just(9.0)))
def test_no_signals_ask_for_more_and_for_less(seen: Signals) -> None:
    action = decided(seen).action
    assert action != "up" or seen.size < 8
    assert action != "down" or seen.size > 1
    if action == "up":
        assert decided(seen._replace(size=seen.size + 1)).action != "down", "the same look never takes it back"
