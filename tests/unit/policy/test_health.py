"""An instance's state from three signals and a probe: each may be missing alone, and none of them is proof of death."""

from typing import Any

import pytest

from podium.policy.health import HEARTBEAT_SECONDS_MAX, Signs, hung_seconds, judge, last_sign

NOW = 10_000.0
SILENT_SECONDS = 900.0
FRESH, OLD = NOW - 1.0, NOW - SILENT_SECONDS - 1.0


@pytest.mark.requirement("REC-2")
@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (dict[str, Any](), "idle"),
        (dict[str, Any](leased=True), "starting"),
        (dict[str, Any](leased=True, signs=Signs()), "busy"),
        (dict[str, Any](leased=True, signs=Signs(NOW, FRESH, FRESH, FRESH)), "busy"),
        (dict[str, Any](leased=True, signs=Signs(NOW, FRESH, OLD, FRESH)), "busy"),
        (dict[str, Any](leased=True, signs=Signs(NOW, FRESH, FRESH, OLD)), "busy"),
        (dict[str, Any](leased=True, signs=Signs(NOW, FRESH, OLD, OLD)), "stuck"),
        (dict[str, Any](leased=True, signs=Signs(NOW, FRESH, OLD, None)), "stuck"),
        (dict[str, Any](leased=True, signs=Signs(NOW, NOW - HEARTBEAT_SECONDS_MAX - 1.0, FRESH, FRESH)), "stuck"),
        (dict[str, Any](leased=True, closed="drained", signs=Signs(NOW, FRESH, OLD, OLD)), "stuck"),
        (dict[str, Any](leased=True, closed="drained", signs=Signs(NOW, FRESH, FRESH)), "draining"),
        (dict[str, Any](closed="drained"), "stopped"),
        (dict[str, Any](closed="quarantined"), "quarantined"),
        (dict[str, Any](rests_seconds=4.0), "crashed"),
        (dict[str, Any](asked="review 3"), "waiting-on-human"),
    ],
)
def test_each_state_has_its_signs(seen: dict[str, Any], state: str) -> None:
    assert judge(seen.pop("signs", None), NOW, SILENT_SECONDS, running=True, **seen)[0] == state


@pytest.mark.requirement("REC-2")
def test_a_runner_that_does_not_answer_is_not_said_to_be_dead() -> None:
    state, why = judge(Signs(NOW, OLD, OLD), NOW, SILENT_SECONDS, running=True, leased=True)
    assert state == "stuck"
    assert why == "its process lives, but its runner has not answered for 901 s"


def test_without_an_orchestrator_nobody_can_tell_more_than_who_is_at_work() -> None:
    assert judge(None, NOW, SILENT_SECONDS, running=False)[0] == "stopped"
    assert judge(Signs(None, OLD, OLD), NOW, SILENT_SECONDS, running=False, leased=True)[0] == "busy"


def test_what_cannot_be_told_is_no_silence() -> None:
    assert last_sign(Signs(NOW, OLD)) is None
    assert hung_seconds(Signs(NOW, OLD), NOW) == 0.0
    assert hung_seconds(Signs(progress=NOW + 5.0), NOW) == 0.0
