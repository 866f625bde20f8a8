"""Projects share capacity by weight, with a limit for each: one of 500 issues starves nobody (QUE-2)."""

from collections import Counter

import pytest

from podium.domain.command import Command, Dispatch
from podium.domain.instance import Slot
from podium.domain.job import Lease
from podium.policy.admission import UNLIMITED
from tests.unit.store.desk import Desk

POOL = tuple(Slot(f"dev-{n:02d}", "development", "tests") for n in range(5))
OWN = tuple(Slot(f"podium-{n}", "podium", "podium") for n in range(4))
LIMIT = 16


class Fleet(Desk):
    """Five development instances that are never idle; every job takes one turn."""

    def found(self, projects: dict[str, tuple[int, int]]) -> None:
        """Take projects, each with its issues and weight, to the begin of Development."""
        for name, (_, weight) in projects.items():
            self.submit(name, weight=weight)
        genesis = tuple(slot for slot in self.slots if slot.queue in ("genesis", "podium"))
        while leases := self.do(Dispatch(genesis)):
            done = [self.completion(le, artifacts=self.made(le, projects[le.job.project][0])) for le in leases]
            self.batch(*done)

    def turn(self) -> list[Lease]:
        """Every instance takes a job and ends it; whatever Podium does by itself is done at once."""
        leases: list[Lease] = list(self.do(Dispatch((*POOL, *OWN))))
        commands: list[Command] = [self.completion(lease) for lease in leases]
        self.batch(*commands)
        return [lease for lease in leases if lease.job.queue == "development"]

    def merged(self, project: str) -> int:
        """How many of a project's issues are merged."""
        return sum(job.state == "passed" and job.project == project for job in self.jobs("merge"))


@pytest.mark.requirement("QUE-2")
def test_one_project_of_five_hundred_issues_starves_nobody() -> None:
    fleet = Fleet(UNLIMITED)
    small = [f"small-{n}" for n in range(5)]
    fleet.found({"large": (500, 1)} | dict.fromkeys(small, (3, 1)))
    ended: dict[str, int] = {}
    turn = 0
    while len(ended) < len(small):
        turn += 1
        fleet.turn()
        for name in small:
            if name not in ended and fleet.merged(name) == 3:
                ended[name] = turn
        open_chains = Counter((j.project, j.item) for j in fleet.jobs("tests") if j.state in ("ready", "running"))
        assert sum(project == "large" for project, _ in open_chains) <= LIMIT
        assert turn < 100
    # 45 jobs of small projects among at most 16 + 15 chains: with fair turns they end within that share of the time.
    alone = 5 * 3 * 3 / len(POOL)
    assert max(ended.values()) <= alone * (LIMIT + 15) / 15 + 10
    assert 0 < fleet.merged("large") < 500, "the large one goes on beside them"


@pytest.mark.requirement("QUE-2")
def test_capacity_is_shared_by_weight() -> None:
    fleet = Fleet(UNLIMITED)
    fleet.found({"light": (100, 1), "heavy": (100, 3)})
    turns = [fleet.turn() for _ in range(60)]
    given = Counter(lease.job.project for turn in turns[20:] for lease in turn)
    assert given["heavy"] / given["light"] == pytest.approx(3.0, rel=0.2)


@pytest.mark.requirement("QUE-2")
@pytest.mark.parametrize("weight", [1, 2])
def test_a_project_has_as_many_chains_open_as_its_weight_allows(weight: int) -> None:
    fleet = Fleet(UNLIMITED)
    fleet.found({"p": (100, weight)})
    states = Counter(job.state for job in fleet.jobs("tests"))
    assert states == {"ready": LIMIT * weight, "held": 100 - LIMIT * weight}
