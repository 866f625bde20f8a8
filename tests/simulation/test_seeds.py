"""The whole engine on virtual time: by seed, with crashes, lost wake-ups and failing agents; checkers all the way."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import fields

import pytest

from tests.simulation.seeds import play
from tests.simulation.world import Faults

SEEDS_MIN = 40
SEEDS = 1_500
SECONDS = 10.0
"""Of CPU, for each half of the seeds: 3,000 at every run of the tests, or as many as these seconds are enough for.

`./dev sim` and `./dev soak` play as many as anybody likes.
"""


@pytest.mark.requirement("REC-8", "QUE-4", "PIP-6", "EVT-1")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("half", [0, 1])
def test_every_seed_ends_with_nothing_lost_repeated_or_orphaned(
    half: int, record_property: Callable[[str, object], None]
) -> None:
    struck, played, began = Counter[str](), 0, time.process_time()
    while played < SEEDS and (played < SEEDS_MIN or time.process_time() - began < SECONDS):
        seed = 2 * played + half
        outcome = play(seed)
        assert outcome.violations == (), f"seed {seed}"
        struck += outcome.faults
        played += 1
    record_property("told", f"{played} simulated seeds were played, with {struck.total()} faults.")
    missed = [fault.name for fault in fields(Faults) if not struck[fault.name]]
    assert missed == [], "a test bed that injects nothing proves nothing"


def test_the_same_seed_gives_the_same_history() -> None:
    assert play(7) == play(7)


def test_without_faults_one_orchestrator_suffices_and_nothing_is_retried() -> None:
    outcome = play(1, Faults())
    assert (outcome.orchestrators, outcome.violations) == (1, ())
