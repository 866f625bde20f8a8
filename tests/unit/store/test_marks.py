"""The last hour is known by five minutes: from marks of the hour's own counters, whatever happens in between."""

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from podium.store.batch import HOUR_SECONDS, SPAN_SECONDS, SPANS_KEPT
from podium.store.rows import sql
from tests.databases import writer
from tests.unit.store.desk import Desk, refusal

Key = tuple[int, str, int]
Sums = dict[Key, tuple[int, float]]


def span_of(wall: float) -> int:
    return int(wall // SPAN_SECONDS)


def told(desk: Desk, first: int = 0) -> Sums:
    """(span, metric, bucket) with what was counted in it, as the store tells it."""
    rows = desk.store.rows.all("counted_by_span", (first,))
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    return {(span, metric, bucket): (n, round(total, 3)) for span, metric, bucket, n, total in rows}


def totals(desk: Desk) -> Sums:
    """(hour, metric, bucket) with what the hour has come to."""
    rows = desk.store.rows.all("counted_by_hour", (0,))
    return {(hour, metric, bucket): (n, total) for hour, metric, bucket, n, total in rows}


def together(sums: Sums, per: int) -> dict[Key, tuple[int, float]]:
    """Sums of spans as sums of so many together."""
    found: defaultdict[Key, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for (span, metric, bucket), (n, total) in sums.items():
        before = found[span // per, metric, bucket]
        found[span // per, metric, bucket] = (before[0] + n, round(before[1] + total, 3))
    return {key: sum_ for key, sum_ in found.items() if any(sum_)}


def marks(desk: Desk) -> tuple[int, int]:
    """How many spans are marked, and the first of them."""
    connection: Any = desk.store
    return tuple(connection.connection.execute("SELECT count(DISTINCT span), min(span) FROM mark").fetchone())


def work(desk: Desk, chance: random.Random, name: str) -> None:
    """Something that is counted, or nothing."""
    if chance.random() < 0.3:
        desk.submit(name)
    for lease in desk.lease()[: chance.randrange(3)]:
        desk.finish(lease, artifacts=desk.made(lease))


@pytest.mark.requirement("QUE-1")
@pytest.mark.parametrize("seed", range(3))
def test_what_is_told_of_each_five_minutes_is_what_was_counted_in_them(tmp_path: Path, seed: int) -> None:
    chance, path = random.Random(seed), tmp_path / "podium.db"
    desk = Desk(path=path)
    wanted: defaultdict[Key, list[float]] = defaultdict(lambda: [0, 0.0])
    desk.now += chance.randrange(HOUR_SECONDS)
    begun, most = span_of(desk.now), 0
    for number in range(60):
        desk.now += chance.choice([0, 20, 200, SPAN_SECONDS, 4 * SPAN_SECONDS, HOUR_SECONDS if number % 9 == 0 else 1])
        if chance.random() < 0.15:  # another process goes on
            now, desk = desk.now, Desk(path=path)
            desk.now = now
        if span_of(desk.now + 6) != span_of(desk.now + 1):  # a turn is six batches at most, a second each
            desk.now += 6
        before, span = totals(desk), span_of(desk.now + 1)
        work(desk, chance, f"p{number}")
        assert span_of(desk.now) == span
        for (hour, metric, bucket), (n, total) in totals(desk).items():
            if (n, total) != (was := before.get((hour, metric, bucket), (0, 0.0))):
                cell = wanted[span, metric, bucket]
                cell[0] += n - was[0]
                cell[1] += total - was[1]
        first = span - SPANS_KEPT
        lately = {key: (n, round(total, 3)) for key, (n, total) in wanted.items() if key[0] >= first and (n or total)}
        assert told(desk, first) == lately
        most = max(most, len({span for span, _, _ in lately}))
    assert begun < span_of(desk.now) - 2 * SPANS_KEPT, "marks have gone"
    assert most > 3


def test_marks_are_as_many_as_the_last_hour_has_spans(tmp_path: Path) -> None:
    desk = Desk(path=tmp_path / "podium.db")
    for number in range(40):
        desk.now += SPAN_SECONDS
        desk.submit(f"p{number}")
        desk.lease()
    first = span_of(desk.now) - SPANS_KEPT
    assert {span for span, _, _ in told(desk, first)} == set(range(first, first + SPANS_KEPT + 1))
    assert marks(desk) == (SPANS_KEPT + 1, first)


def test_what_a_writer_without_marks_has_counted_is_told_with_the_span_before(tmp_path: Path) -> None:
    """As while nodes of the version before are at work on the newer schema, and for the hours before it."""
    desk = Desk(path=tmp_path / "podium.db")
    desk.now -= desk.now % HOUR_SECONDS
    hour = int(desk.now // HOUR_SECONDS)
    older: list[tuple[Any, ...]] = [
        ("queue.genesis.started", hour - 1, 7, 0.0),
        ("queue.genesis.started", hour, 5, 0.0),
    ]
    desk.store.rows.many("hourly_add", older)
    desk.now += 3 * SPAN_SECONDS
    desk.submit()
    leased = len(desk.lease())
    found = {span: n for (span, metric, _), (n, _) in told(desk).items() if metric == "queue.genesis.started"}
    assert found == {(hour - 1) * 12: 7, hour * 12: 5, hour * 12 + 3: leased}
    assert together(told(desk), 12) == {
        key: (n, round(total, 3)) for key, (n, total) in totals(desk).items() if n or total
    }


def test_a_clock_that_is_set_back_has_nothing_told_twice(tmp_path: Path) -> None:
    desk = Desk(path=tmp_path / "podium.db")
    desk.now -= desk.now % HOUR_SECONDS
    for number, later in enumerate((0, 2 * SPAN_SECONDS, -SPAN_SECONDS, 3 * SPAN_SECONDS)):
        desk.now += later
        desk.submit(f"p{number}")
        desk.lease()
    sums = told(desk)
    assert all(n >= 0 or metric.endswith(".depth") for (_, metric, _), (n, _) in sums.items())
    assert together(sums, 12) == {key: (n, round(total, 3)) for key, (n, total) in totals(desk).items() if n or total}


def test_a_batch_that_is_not_committed_marks_nothing_and_the_next_one_does(tmp_path: Path) -> None:
    broken = False

    def failpoint(place: str) -> None:
        if broken and place == "before-commit":
            raise OSError("no")

    desk = Desk(path=tmp_path / "podium.db")
    desk.submit()
    desk.store.close()
    desk.store = writer(tmp_path / "podium.db", failpoint)
    desk.lease()
    desk.now += SPAN_SECONDS
    broken, before = True, (marks(desk), totals(desk))
    assert "OSError: no" in refusal(desk.batch(desk.submission("q"))[0])
    assert (marks(desk), totals(desk)) == before
    broken = False
    desk.submit("q")
    desk.lease()
    assert marks(desk) == (before[0][0] + 1, before[0][1])
    starts = {span: n for (span, metric, _), (n, _) in told(desk).items() if metric == "queue.genesis.started"}
    assert starts == {span_of(desk.now) - 1: 1, span_of(desk.now): 1}


def test_no_screen_reads_the_counters_of_all_the_years(database: str) -> None:
    """A home that is old has counters of thousands of hours; an index leads to those of the last ones."""
    if database == "sqlite":
        connection = Desk().sqlite.connection
        for name, args in {
            "hourly_since": (1,), "hourly_of_metric": ("m", 1), "hourly_metric_since": ("m", 1), "wait_since": ("q", 1),
            "counted_by_hour": (1,), "counted_by_span": (1,), "mark_add": (1,),
        }.items():  # fmt: skip
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql(name)}", args)]
            assert not [step for step in plan if step.startswith(("SCAN hourly", "SCAN wait"))], (name, plan)
            assert any(step.startswith(("SEARCH hourly", "SEARCH wait")) for step in plan), (name, plan)
