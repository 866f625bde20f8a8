"""The order of work as a law: nobody starves, whatever arrives."""

import pytest
from hypothesis import given, strategies as st

from podium.domain import pipeline_file
from podium.domain.attempt import Artifact, Ending, Report
from podium.domain.command import Complete, Dispatch, Submit, Verdict
from podium.domain.instance import Slot
from podium.domain.job import Lease
from podium.domain.project import Project
from podium.policy import ordering, retry
from podium.store.sqlite import SqliteStore
from tests.property.naive import LIMIT, PIPELINE

PRIORITIES = st.integers(0, 150)


@pytest.mark.requirement("QUE-2")
@given(PRIORITIES, st.lists(st.tuples(st.floats(0.1, 600.0), PRIORITIES), min_size=1, max_size=300))
def test_no_arrival_pattern_starves_a_job(mine: int, arrivals: list[tuple[float, int]]) -> None:
    """Only what is ready before a fixed moment is ever served first, so what is ahead of a job is bounded."""
    own = ordering.rank(0.0, mine)
    horizon = max(0, 150 - mine) * ordering.AGEING_SECONDS
    now = 0.0
    for pause, priority in arrivals:
        now += pause
        if ordering.rank(now, priority) < own:
            assert now < horizon


@pytest.mark.requirement("QUE-2")
@given(PRIORITIES, st.floats(0, 1e6), st.floats(0, 1e6))
def test_equals_are_served_in_the_order_they_came(priority: int, one: float, other: float) -> None:
    assert (one <= other) == (ordering.rank(one, priority) <= ordering.rank(other, priority))


@given(st.integers(1, 1000), st.floats(0, 1, exclude_max=True))
def test_a_retry_never_waits_longer_than_its_cap(failures: int, chance: float) -> None:
    delay = retry.delay_seconds(failures, chance)
    full = retry.delay_seconds(failures, 0.0)
    assert 0 <= delay <= full <= retry.CAP_SECONDS
    assert delay >= full * (1 - retry.JITTER)
    assert retry.delay_seconds(failures + 1, 0.0) >= full
    assert failures > 1 or delay == 0


class Crowd:
    """Projects of many issues each, on the real store with two instances in development."""

    def __init__(self) -> None:
        self.store = SqliteStore(":memory:")
        self.now = 1_000.0
        self.slots = (
            Slot("g-1", "genesis", "any"),
            Slot("d-1", "development", "any"),
            Slot("d-2", "development", "any"),
        )
        self.issues: dict[str, int] = {}

    def submit(self, name: str, issues: int) -> None:
        digest = pipeline_file.parse(PIPELINE).digest
        project = Project(name, name, "", None, None, 50, 50, None, "text", 0.0, digest, "python")
        self.store.run([Submit(project, "", PIPELINE)], self.now, self.now)
        self.issues[name] = issues

    def step(self) -> list[Lease]:
        """Every free instance gets a job, and every job passes after a second."""
        (leases,) = self.store.run([Dispatch(self.slots)], self.now, self.now)
        self.now += 1.0
        self.store.run([self.passed(lease) for lease in leases], self.now, self.now)
        return list(leases)

    def passed(self, lease: Lease) -> Complete:
        count = self.issues[lease.job.project] if lease.job.step == "issues" else 0
        made = tuple(Artifact("issue", f"{n:03d}", f"{n:03d}") for n in range(count))
        report = Report(Ending.FINISHED, artifacts=made)
        return Complete(lease.job.id, lease.job.attempt, Verdict("pass", ""), report)

    def until(self, name: str, state: str, steps_max: int) -> list[Lease]:
        """All leases until a project has got there."""
        leases: list[Lease] = []
        for _ in range(steps_max):
            leases += self.step()
            if dict(self.store.rows.all("project_states"))[name] == state:
                return leases
        raise AssertionError(f"{name} is not {state} after {len(leases)} leases")


@pytest.mark.requirement("QUE-2", "PIP-5")
@pytest.mark.parametrize("head_start", [0, 1, 100])
def test_a_project_of_500_issues_starves_none_of_three(head_start: int) -> None:
    crowd = Crowd()
    crowd.submit("large", 500)
    for _ in range(3 + head_start):
        crowd.step()
    crowd.submit("small", 3)
    leases = crowd.until("small", "complete", steps_max=60)
    mine = [lease for lease in leases if lease.job.project == "small"]
    assert len(mine) == 3 + 2 * 3 + 1
    others = [lease for lease in leases if lease.job.project == "large"]
    assert len(others) <= len(mine) + (LIMIT + 1) * len(mine), (
        "at most the limit of one project's jobs is ahead of a job"
    )
    crowd.store.close()
