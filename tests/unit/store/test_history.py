"""What simulations are asked to stand on: how long attempts took here, and which projects came when."""

import math
from statistics import median, pstdev

import pytest

from podium.domain.command import Verdict
from tests.unit.store.desk import Desk


def test_step_times_are_the_median_spread_and_share_in_vain_of_the_latest_attempts() -> None:
    desk = Desk()
    for name in "abcdef":
        desk.submit(name)
    took: list[float] = []
    while len(took) < 6:
        for number, lease in enumerate(desk.lease()):
            desk.now += 10.0 * number * (lease.job.step == "analyze")
            if lease.job.step == "analyze":
                took.append(desk.now + 1.0 - lease.job.leased_at)
            desk.finish(lease, Verdict("rework", "no", target="analyze") if len(took) == 3 else Verdict("pass", ""))
    rows = desk.store.rows.all("attempts_recorded", (100,))
    mine = [seconds for _, place, seconds, *_ in rows if place == "genesis/analyze/"]
    assert sorted(mine) == sorted(took)
    found = {row[:2]: row[2:] for row in desk.store.rows.all("step_times", (1000, 5))}
    middle, spread, in_vain, cost, count = found["genesis", "analyze"]
    assert (middle, in_vain, cost, count) == (
        pytest.approx(median(took)),
        pytest.approx(1 / len(took)),
        None,
        len(took),
    )
    assert spread == pytest.approx(pstdev(map(math.log, took)))
    assert sum(row[6] for row in desk.store.rows.all("step_times", (6, 1))) == 6, "only the latest count"
    assert desk.store.rows.all("step_times", (1000, len(took) + 1)) == [], "fewer do not say"


def test_history_leaves_out_what_was_given_up() -> None:
    desk = Desk()
    desk.complete("done")
    first = desk.now
    desk.submit("open")
    rows = desk.store.rows.all("history_projects", (0.0, 10))
    assert [(name, priority) for name, _, priority, _ in rows] == [("done", 50), ("open", 50)]
    assert [ended is not None for *_, ended in rows] == [True, False]
    assert [row[0] for row in desk.store.rows.all("history_projects", (first, 10))] == ["open"]
