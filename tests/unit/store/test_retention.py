"""What has ended is forgotten in bounded parts; what is open, and every number, stays."""

from collections.abc import Callable

import pytest

from podium.domain.command import Prune, Pruned, Steer
from podium.domain.errors import Conflict, NotFound
from podium.engine.pruner import Pruner
from podium.policy.retention import DAY_SECONDS, Removed, Retention, before, size_cutoff
from podium.simulation.loop import VirtualClock, VirtualLoop
from podium.store import retention
from podium.store.retention import forecast
from tests.unit.store.desk import Desk

pytestmark = pytest.mark.requirement("EVT-5")

EVER = 1e18


@pytest.fixture
def desk() -> Desk:
    return Desk()


def finished(desk: Desk, name: str = "p", issues: int = 2) -> None:
    """Take a project to its end."""
    desk.submit(name)
    while desk.state(name) == "open":
        for lease in desk.lease():
            desk.finish(lease, artifacts=desk.made(lease, issues))


def events(desk: Desk) -> list[int]:
    return [row[0] for row in desk.store.rows.all("all_events")]


def test_the_log_loses_its_beginning_by_age_in_parts_and_stays_gapless(desk: Desk) -> None:
    finished(desk)
    log = desk.store.rows.all("events_after", (0, 10_000))
    middle = log[len(log) // 2]
    wanted = next(row[0] for row in log if row[1] >= middle[1])
    assert forecast(desk.store.rows, Prune("events", middle[1])).rows == wanted - 1

    answers = [desk.do(Prune("events", middle[1], rows_max=10)) for _ in range(wanted // 10 + 1)]

    assert [answer.more for answer in answers] == [True] * (wanted // 10) + [False]
    assert events(desk) == list(range(wanted, log[-1][0] + 1))
    assert desk.store.rows.one("log_horizon") == (wanted,)


def test_the_log_keeps_so_many_events_at_most_and_always_the_last(desk: Desk) -> None:
    finished(desk)
    last = events(desk)[-1]
    assert desk.do(Prune("events", -EVER, keep=20)) == Pruned(last - 20)
    assert events(desk) == list(range(last - 19, last + 1))
    assert desk.do(Prune("events", -EVER)) == Pruned(0)
    desk.do(Prune("events", EVER))
    assert events(desk) == [last]
    desk.submit("q")
    assert events(desk)[1] == last + 1


def test_counters_have_an_age_of_their_own(desk: Desk) -> None:
    finished(desk)
    hour = int(desk.now // 3600)
    assert desk.do(Prune("counters", hour)).rows == 0
    found = sum(desk.store.rows.one("counters_before", (hour + 1,)))
    parts = [desk.do(Prune("counters", hour + 1, rows_max=5)) for _ in range(found // 5 + 1)]
    assert (sum(part.rows for part in parts), parts[-1].more) == (found, False)
    assert desk.store.rows.one("counters_before", (hour + 1,)) == (0, 0)


def test_an_ended_project_becomes_a_summary_and_an_open_one_loses_nothing(desk: Desk) -> None:
    finished(desk)
    open_ = desk.submit("q")
    lease = desk.run_to("tests")
    before_ = [job for job in desk.store.rows.all("all_jobs") if job[1] == open_]
    made = desk.store.rows.all("artifacts_but_kinds", ("p", "[]"))

    answer = desk.do(Prune("projects", desk.now + 1))

    assert answer.projects == 1
    assert not answer.more
    assert desk.store.rows.all("all_jobs") == before_
    assert {row[0] for row in desk.store.rows.all("all_attempts")} <= {job[0] for job in before_}
    assert desk.store.rows.one("project_by_id", ("p",))[15] is not None
    assert desk.store.rows.all("workflows_by_project", ("p",))
    kept = [row for row in made if row[0] in ("application", "publication")]
    assert desk.store.rows.all("artifacts_but_kinds", ("p", "[]")) == kept
    assert desk.finish(lease)
    told = [row[3] for row in desk.store.rows.all("events_after", (0, 10_000)) if row[2] == "project.pruned"]
    assert told == ["p"]


def test_a_large_project_goes_in_parts_and_is_told_to_be_pruned_from_the_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "JOBS_MAX", 20)
    finished(desk, issues=10)
    jobs = len(desk.store.rows.all("all_jobs"))
    assert jobs > 40
    first = desk.do(Prune("projects", desk.now + 1))
    assert (first.rows, first.more, first.projects) == (20, True, 0)
    assert desk.store.rows.one("project_by_id", ("p",))[15] is not None
    rest = [desk.do(Prune("projects", desk.now + 1)) for _ in range(jobs // 20)]
    assert sum(part.rows for part in rest) == jobs - 20
    assert [part.projects for part in rest if part.projects] == [1]
    assert desk.do(Prune("projects", desk.now + 1)) == Pruned(0)


def test_the_same_input_again_is_still_the_pruned_project_and_nothing_of_it_can_be_changed(desk: Desk) -> None:
    desk.submit("p", idempotency_key="k")
    lease = desk.run_to("tests")
    desk.do(Steer("cancel", "p"))
    desk.do(Prune("projects", desk.now + DAY_SECONDS))
    assert desk.submit("p", idempotency_key="k") == "p"
    assert desk.finish(lease) is False
    with pytest.raises(Conflict, match="cancelled"):
        desk.do(Steer("boost", "p", points=1))
    with pytest.raises(NotFound, match="no job"):
        desk.do(Steer("retry", job=lease.job.id))
    number = max(lease.job.id, *desk.store.rows.one("numbers")[:1])
    desk.submit("q")
    assert min(job[0] for job in desk.store.rows.all("all_jobs")) == number + 1


def test_a_pruner_without_time_removes_nothing_and_says_so(desk: Desk) -> None:
    finished(desk)

    class Later(VirtualClock):
        def now(self) -> float:
            return desk.now + 1.0

        def wall(self) -> float:
            return self.now()

    async def submit(command: Prune) -> Pruned:
        return desk.do(command)

    class Nothing:
        async def prune(
            self, limits: Retention, now: float, may_go_on: Callable[[], bool], *, dry_run: bool
        ) -> list[Removed]:
            assert not may_go_on()
            return []

    loop = VirtualLoop(1)
    pruner = Pruner(Later(loop), submit, Nothing(), Retention(projects_days=1e-9))
    outcome = loop.run_until_complete(pruner.prune(0.0))
    loop.close()
    assert outcome.more
    assert not any(removed.count for removed in outcome.removed)
    assert desk.store.rows.one("project_by_id", ("p",))[15] is None


@pytest.mark.parametrize("limit", ["events_days", "logs_mib_max", "deployments_keep"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
def test_a_limit_is_a_number_of_something(limit: str, value: float) -> None:
    with pytest.raises(ValueError, match=limit):
        Retention(**{limit: value})  # pyright: ignore[reportArgumentType] - as a configuration may say


def test_zero_is_no_limit() -> None:
    assert before(5.0 * DAY_SECONDS, 2.0) == 3.0 * DAY_SECONDS
    assert before(5.0, 0.0) == -float("inf")
    assert size_cutoff({1: 10**12}, 0) == -float("inf")


def test_the_youngest_that_fit_stay() -> None:
    assert size_cutoff({1: 5, 2: 5, 3: 5}, 15) == -float("inf")
    assert size_cutoff({1: 5, 2: 5, 3: 5}, 14) == 2 * 3600
    assert size_cutoff({1: 5, 2: 5, 3: 5}, 4) == 4 * 3600
