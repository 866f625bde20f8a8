"""The whole engine on virtual time: by seed, with crashes, lost wake-ups and failing agents; checkers all the way."""

from collections import Counter
from dataclasses import fields

import pytest

from tests.simulation.seeds import play
from tests.simulation.world import Faults

SEEDS = 150
"""At every run of the tests; `./dev sim` and `./dev soak` play as many as anybody likes."""
CHUNK = 25


@pytest.mark.requirement("REC-8", "QUE-4", "PIP-6", "EVT-1")
@pytest.mark.parametrize("start", range(0, SEEDS, CHUNK))
def test_every_seed_ends_with_nothing_lost_repeated_or_orphaned(start: int) -> None:
    struck = Counter[str]()
    for seed in range(start, start + CHUNK):
        outcome = play(seed)
        assert outcome.violations == (), f"seed {seed}"
        struck += outcome.faults
    missed = [fault.name for fault in fields(Faults) if not struck[fault.name]]
    assert missed == [], "a test bed that injects nothing proves nothing"


def test_the_same_seed_gives_the_same_history() -> None:
    assert play(7) == play(7)


def test_without_faults_one_orchestrator_suffices_and_nothing_is_retried() -> None:
    outcome = play(1, Faults())
    assert (outcome.orchestrators, outcome.violations) == (1, ())
