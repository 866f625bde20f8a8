"""A silent build is left alone, a hung agent is found in time; `./dev soak` does the same with a thousand of them."""

import pytest

from tests.simulation.vigil import keep


@pytest.mark.requirement("REC-2")
def test_no_silent_build_is_ended_and_every_hung_one_is_found() -> None:
    seen = keep(silent=10)
    assert seen.hung > 0, "a test bed that injects nothing proves nothing"
    assert (seen.killed, seen.late) == (0, 0), seen
