"""The whole engine on virtual time: by seed, with crashes, lost wake-ups and failing agents; checkers all the way."""

import pytest

from tests.simulation.run import play
from tests.simulation.world import Faults

SEEDS = 300
CHUNK = 25


@pytest.mark.requirement("REC-8", "QUE-4", "PIP-6", "EVT-1")
@pytest.mark.parametrize("start", range(0, SEEDS, CHUNK))
def test_every_seed_ends_with_nothing_lost_repeated_or_orphaned(start: int) -> None:
    for seed in range(start, start + CHUNK):
        outcome = play(seed)
        assert outcome.violations == (), f"seed {seed}"


def test_the_storm_really_strikes() -> None:
    """A test bed that injects nothing proves nothing."""
    struck = sum((play(seed).faults for seed in range(5)), start=play(5).faults)
    assert all(struck[name] for name in ("crash_before_commit", "crash_after_commit", "abort_batch", "lost_wakeup"))


def test_the_same_seed_gives_the_same_history() -> None:
    assert play(7) == play(7)


def test_without_faults_one_orchestrator_suffices_and_nothing_is_retried() -> None:
    outcome = play(1, Faults())
    assert (outcome.orchestrators, outcome.violations) == (1, ())
