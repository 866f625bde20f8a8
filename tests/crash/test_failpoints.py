"""One project's journey, cut at every transaction: just before the commit, and just after it."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from podium.store.sqlite import SqliteStore
from tests.simulation.run import Outcome, Run
from tests.simulation.storm import Crash
from tests.simulation.world import Faults, Workload

JOURNEY = Workload(
    step_seconds=1.0,
    features=2,
    chains_max=1,
    review_seconds=10.0,
    reviews=("send_back",),
    script={
        ("tests", "001-feature"): ("crashed", "crashed"),
        ("review", "001-feature"): ("rework",),
        ("performance", ""): ("blocked",),
    },
)
"""Two features, one after the other; an agent that dies twice, a rework, a review that a person decides."""
SEED = 1
PARTS = 4
PLACES = ("before-commit", "after-commit")
AGAIN = (0, 1, 2, 4)
"""A second crash, so many transactions after the first: the recovery is cut too. 0 is none."""


class Disk:
    """A database file and its failpoints. A crash keeps what is on disk at that moment, and nothing else."""

    def __init__(self, folder: Path, place: str, numbers: tuple[int, ...]) -> None:
        folder.mkdir()
        self.folder = folder
        self.path = folder / "0.sqlite"
        self.crash_at = {(place, number) for number in numbers}
        self.passed: Counter[str] = Counter()
        self.crashes = 0

    def open(self) -> SqliteStore:
        """A new store over the file. Without fsync: it is the process that dies here, not the machine."""
        store = SqliteStore(self.path, self.reach)
        store.connection.pragma("synchronous", "off")
        return store

    def reach(self, place: str) -> None:
        """The database is at a failpoint."""
        self.passed[place] += 1
        if (place, self.passed[place]) in self.crash_at:
            self.crashes += 1
            left = self.folder / f"{self.crashes}.sqlite"
            for suffix in ("", "-wal"):
                shutil.copy(f"{self.path}{suffix}", f"{left}{suffix}")
            self.path = left
            raise Crash(place)


def travel(disk: Disk) -> Outcome:
    """The journey from the submission to the end, through every crash."""
    return Run(SEED, Faults(), 1, JOURNEY, disk.open, on_disk=True).play()


def told(disk: Disk) -> Counter[str]:
    """The types of all events on disk, how many of each."""
    store = SqliteStore(disk.path)
    types = Counter(event[1] for event in store.rows.all("all_events"))
    store.close()
    return types


def test_the_journey_has_a_crash_a_rework_a_delay_and_a_decision(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "whole", "", ())
    outcome = travel(disk)
    assert (outcome.violations, outcome.orchestrators) == ((), 1)
    types = told(disk)
    assert types["recovery.detected"] == types["job.retried"] == 2
    assert types["job.reworked"] == types["job.escalated"] == 1
    assert types["project.completed"] == types["genesis_complete"] == types["development_milestone"] == 1
    assert 40 < disk.passed["before-commit"] == disk.passed["after-commit"] < 400


@pytest.mark.requirement("REC-8", "INS-8", "EVT-1", "PIP-6")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("again", AGAIN)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_crash_at_any_commit_loses_and_repeats_nothing(part: int, again: int, place: str, tmp_path: Path) -> None:
    number = part + 1
    while True:
        disk = Disk(tmp_path / str(number), place, (number, number + again))
        outcome = travel(disk)
        if not disk.crashes:
            assert number > 40, "the journey ended before its first transactions"
            return
        assert outcome.violations == (), f"crashed {place} {number}, and again {again} later"
        assert outcome.orchestrators == 1 + disk.crashes
        types = told(disk)
        assert types["project.created"] == types["project.completed"] == types["genesis_complete"] == 1
        number += PARTS
