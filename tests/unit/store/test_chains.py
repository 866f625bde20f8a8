"""Development as it runs: one chain an issue, side by side, in the order that issues ask for; then the joins."""

from collections import defaultdict
from itertools import pairwise

import pytest

from podium.domain.attempt import Artifact
from podium.domain.command import Dispatch
from podium.domain.instance import Slot
from podium.domain.job import Lease
from tests.unit.store.desk import Desk

CHAIN = ["tests", "implement", "review", "merge"]
ISSUES = (
    Artifact("issue", "a", "stands alone"),
    Artifact("issue", "b", "builds on a", {"depends_on": ["a"]}),
    Artifact("issue", "c", "must not run beside d", {"conflicts_with": ["d"]}),
    Artifact("issue", "d", "touches a file", {"files": ["app.py", "d.py"]}),
    Artifact("issue", "e", "touches the same file", {"files": ["app.py"]}),
)


class Team(Desk):
    """Enough instances for everything that may run; attempts take one turn, and those of `tests` two."""

    def made(self, lease: Lease, issues: int = 1) -> tuple[Artifact, ...]:
        return ISSUES if lease.job.step == "issues" else super().made(lease, issues)

    def play(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Run one project to its end; from (step, item) to the turns in which it began and ended."""
        self.submit()
        slots = [
            Slot(f"{queue}-{n}", queue, "any")
            for queue in ("genesis", "development", "content", "podium")
            for n in range(8)
        ]
        times: dict[tuple[str, str], tuple[int, int]] = {}
        running: list[Lease] = []
        turn = 0
        while self.state() == "open":
            turn += 1
            running += self.do(Dispatch(tuple(slots)))
            for lease in list(running):
                job = lease.job
                begun, _ = times.setdefault((job.step, job.item), (turn, turn))
                if job.step != "tests" or turn > begun:
                    running.remove(lease)
                    self.finish(lease, artifacts=self.made(lease))
                    times[job.step, job.item] = (begun, turn)
            assert turn < 100
        return times


@pytest.fixture(scope="module")
def times() -> dict[tuple[str, str], tuple[int, int]]:
    return Team().play()


@pytest.mark.requirement("PIP-3")
def test_every_issue_has_its_chain_in_order(times: dict[tuple[str, str], tuple[int, int]]) -> None:
    for issue in ISSUES:
        spans = [times[step, issue.key] for step in CHAIN]
        assert all(before[1] < after[0] for before, after in pairwise(spans)), issue.key


@pytest.mark.requirement("PIP-3")
def test_chains_run_side_by_side_unless_issues_ask_otherwise(times: dict[tuple[str, str], tuple[int, int]]) -> None:
    at_work: defaultdict[int, set[str]] = defaultdict(set)
    for issue in ISSUES:
        for turn in range(times["tests", issue.key][0], times["merge", issue.key][1] + 1):
            at_work[turn].add(issue.key)
    assert max(map(len, at_work.values())) >= 2
    assert any({"a", "c"} <= keys or {"a", "d"} <= keys for keys in at_work.values())
    for pair in ({"a", "b"}, {"c", "d"}, {"d", "e"}):
        assert not any(pair <= keys for keys in at_work.values()), f"{pair} ran at the same time"
    assert times["merge", "a"][1] < times["tests", "b"][0], "b builds on what a merged"


@pytest.mark.requirement("PIP-3")
def test_then_the_performance_pass_then_delivery_and_deployment(
    times: dict[tuple[str, str], tuple[int, int]],
) -> None:
    assert max(times["merge", issue.key][1] for issue in ISSUES) < times["performance", ""][0]
    assert times["performance", ""][1] < times["ci", ""][0] <= times["ci", ""][1] < times["deploy", ""][0]


@pytest.mark.requirement("PIP-3")
def test_five_free_instances_are_all_given_chains() -> None:
    desk = Desk()
    desk.submit()
    desk.run_to("tests", issues=9)
    desk.lease()
    running = [job for step in CHAIN for job in desk.jobs(step) if job.state == "running"]
    assert {job.instance for job in running} == {slot.name for slot in desk.slots if slot.queue == "development"}
    assert len({job.item for job in running}) == 5, "each has a chain of its own"
