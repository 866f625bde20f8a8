"""`kill -9` of the real orchestrator at random moments: every run ends, nothing is lost, repeated or left over."""

from pathlib import Path

import pytest

from tests.crash.chaos import Chaos


@pytest.mark.requirement("REC-8", "INS-8")
@pytest.mark.timeout(300)
def test_a_killed_orchestrator_loses_and_repeats_nothing(tmp_path: Path) -> None:
    verdict = Chaos(tmp_path / "home", seed=1, features=2).storm(kills=5)
    assert verdict[:3] == ([], [], [])
    assert verdict.adopted > 0, "no attempt was running when the orchestrator was killed"
