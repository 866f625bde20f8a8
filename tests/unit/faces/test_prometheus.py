"""What is counted is told once, whatever hour it is and whoever asks (MET-1)."""

from types import SimpleNamespace
from typing import Any

import pytest

from podium.faces.rest.prometheus import Exposition
from podium.store.batch import HOUR_SECONDS

DONE = ("project.completed", 0)
TOOK = ("project.completed", 1)


class Hours:
    """A wall clock that tells the hour, and what was counted in each."""

    def __init__(self, hour: int) -> None:
        self.hour = hour
        self.counted: dict[int, tuple[int, float]] = {}
        context: Any = SimpleNamespace(clock=SimpleNamespace(wall=lambda: self.hour * HOUR_SECONDS + 7.0))
        self.exposition = Exposition(lambda: context)
        self.read: list[list[int]] = []

    def count(self, n: int, seconds: float, hour: int | None = None) -> None:
        before = self.counted.get(hour or self.hour, (0, 0.0))
        self.counted[hour or self.hour] = (before[0] + n, before[1] + seconds)

    def look(self) -> tuple[float, float]:
        since = self.exposition._hour
        series = [("project.completed", hour, *cell) for hour, cell in sorted(self.counted.items()) if hour >= since]
        self.read.append([row[1] for row in series])
        told = self.exposition._counted(series)
        return told.get(DONE, 0.0), told.get(TOOK, 0.0)


@pytest.mark.requirement("MET-1")
def test_a_counter_begins_with_the_first_look_and_only_grows() -> None:
    hours = Hours(100)
    hours.count(5, 50.0)
    assert hours.look() == (0.0, 0.0)
    hours.count(2, 20.0)
    assert hours.look() == (2.0, 20.0)
    hours.hour = 101
    hours.count(1, 9.0, hour=100)  # a transaction that began before the hour was over
    hours.count(1, 8.0)
    assert hours.look() == (4.0, 37.0)
    hours.hour = 150
    assert hours.look() == (4.0, 37.0)
    hours.count(1, 1.0)
    assert hours.look() == (5.0, 38.0)


@pytest.mark.requirement("MET-1")
def test_a_look_reads_two_hours_however_many_there_were() -> None:
    hours = Hours(100)
    for hour in range(100, 140):
        hours.hour = hour
        hours.count(1, 1.0)
        hours.look()
    assert max(map(len, hours.read)) <= 3
    assert hours.look() == (39.0, 39.0)


@pytest.mark.requirement("MET-1")
def test_two_that_look_at_once_and_a_clock_that_is_set_back_count_nothing_twice() -> None:
    hours = Hours(100)
    hours.look()
    hours.count(3, 3.0)
    hours.hour = 103
    series = [("project.completed", 100, 3, 3.0)]
    assert [hours.exposition._counted(series)[DONE] for _ in range(2)] == [3.0, 3.0]
    hours.hour = 99
    assert hours.look() == (3.0, 3.0)
