"""The same journey on PostgreSQL: a leader that dies at a transaction, and the next epoch that goes on from there."""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from podium.store.writer import Writer
from tests import databases
from tests.crash.test_failpoints import JOURNEY, PLACES, SEED
from tests.simulation.run import Run
from tests.simulation.storm import Crash
from tests.simulation.world import Faults

EVERY: Final = int(os.environ.get("PODIUM_FAILPOINTS_EVERY", "10"))
"""Each transaction of so many is one to die at; 1 tries them all, in some minutes."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[databases.Postgres]:
    """The database, which is emptied for each journey."""
    with databases.postgres() as opened:
        yield opened


class Node:
    """Leads until its next failpoint; what is opened after that is the next epoch's leader."""

    def __init__(self, postgres: databases.Postgres, place: str, number: int) -> None:
        postgres.empty()
        self.postgres = postgres
        self.crash_at = (place, number)
        self.passed: Counter[str] = Counter()
        self.crashes = 0

    def open(self) -> Writer:
        """The writer of a new epoch."""
        return self.postgres.writer(self.reach, None)

    def reach(self, place: str) -> None:
        """The database is at a failpoint."""
        self.passed[place] += 1
        if (place, self.passed[place]) == self.crash_at:
            self.crashes += 1
            raise Crash(place)


@pytest.mark.requirement("REC-8")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("place", PLACES)
def test_a_leader_that_dies_at_any_commit_loses_and_repeats_nothing(postgres: databases.Postgres, place: str) -> None:
    number, died = 1, 0
    while True:
        node = Node(postgres, place, number)
        outcome = Run(SEED, Faults(), 1, JOURNEY, node.open, on_disk=True).play()
        assert outcome.violations == (), f"died {place} {number}"
        assert outcome.orchestrators == 1 + node.crashes
        store = node.open()
        types = Counter(event[1] for event in store.rows.all("all_events"))
        assert types["project.created"] == types["project.completed"] == types["genesis_complete"] == 1
        if not node.crashes:
            assert died, "the journey ended before its first transactions"
            return
        number, died = number + EVERY, died + 1
