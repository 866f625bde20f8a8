"""Six queues with depth, age, waiting times and rates: what is told is what happened, at a cost that does not grow."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from podium.clock import SteadyClock
from podium.config import Config
from podium.domain.command import Decide, Dispatch, Verdict
from podium.domain.instance import Slot
from podium.operations.context import Context
from podium.operations.jobs import WhyInput, why
from podium.operations.operation import Nothing
from podium.operations.projects import ProjectInput, ProjectsInput, project, projects
from podium.operations.queues import QueueRow, queues
from podium.operations.status import backlog, status
from podium.policy.admission import UNLIMITED, Limits
from podium.store.rows import Rows
from tests.unit.store.desk import Desk
from tests.unit.store.work import steps

T = TypeVar("T")
ANALYST = Slot("genesis-01", "genesis", "analysis")


@dataclass
class Truth:
    """The desk's database, asked directly."""

    rows: Rows

    async def read(self, question: Callable[[Rows], T]) -> T:
        return question(self.rows)


class DeskClock(SteadyClock):
    """The desk's time."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.now)
        self._desk = desk

    def now(self) -> float:
        return self._desk.now

    def wall(self) -> float:
        return self._desk.now


def context(desk: Desk) -> Context:
    return Context(
        Path("home"), Truth(desk.store.rows), DeskClock(desk), desk.pipeline, desk.text, desk.store.pipelines,
        tuple(desk.slots), Config(), running=True,
    )  # fmt: skip


def ask(answer: Awaitable[T]) -> T:
    """An operation's answer."""

    async def wait() -> T:
        return await answer

    return asyncio.run(wait())


def told(desk: Desk) -> dict[str, QueueRow]:
    answer = ask(queues(context(desk), Nothing()))
    return {row.queue: row for row in answer.queues}


@pytest.mark.requirement("QUE-1")
def test_there_are_six_queues_in_the_order_of_the_work() -> None:
    rows = told(Desk())
    assert list(rows) == ["input", "genesis", "development", "content", "review", "output"]
    assert all((r.depth, r.oldest_seconds, r.in_per_hour) == (0, None, 0.0) for r in rows.values())


@pytest.mark.requirement("QUE-1")
def test_depth_age_and_rates_are_what_happened() -> None:
    desk = Desk(Limits(queue_soft=3))
    for n in range(5):  # a second each
        desk.submit(f"p{n}")
    desk.do(Dispatch((ANALYST,)))
    rows = told(desk)
    genesis, waiting = rows["genesis"], rows["input"]
    assert (genesis.depth, genesis.running, waiting.depth, waiting.holds) == (3, 1, 1, "projects")
    assert genesis.oldest_seconds == 4.0, "p1 came four seconds ago"
    assert waiting.oldest_seconds == 1.0
    assert genesis.wait_p50_seconds == pytest.approx(5.0, rel=0.2)
    assert (genesis.in_per_hour, genesis.out_per_hour) == (4.0, 1.0)
    assert waiting.wait_p95_seconds == pytest.approx(2.0, rel=0.2)
    assert (waiting.in_per_hour, waiting.out_per_hour) == (2.0, 1.0)


@pytest.mark.requirement("QUE-1")
def test_rates_are_of_the_last_sixty_minutes() -> None:
    desk = Desk()
    desk.now -= desk.now % 3600
    desk.batch(*(desk.submission(f"p{n}") for n in range(8)))
    desk.now += 5400
    assert told(desk)["genesis"].in_per_hour == 4.0, "half of that hour is past"
    desk.now += 3600
    assert told(desk)["genesis"].in_per_hour == 0.0
    assert told(desk)["genesis"].depth == 8


@pytest.mark.requirement("QUE-1")
def test_reviews_wait_until_somebody_decides() -> None:
    desk = Desk()
    desk.submit()
    (lease,) = desk.lease()
    desk.finish(lease, Verdict("rework", "gate failed", target="analyze", feedback="a title"))
    assert told(desk)["review"].depth == 0, "one that Podium answers itself never waits"
    (lease,) = desk.lease()
    desk.finish(lease, Verdict("escalate", "no", target="analyze", review="blocked"))
    desk.now += 60
    review = told(desk)["review"]
    assert (review.depth, review.oldest_seconds, review.in_per_hour, review.out_per_hour) == (1, 60.0, 1.0, 0.0)
    desk.do(Decide(desk.reviews()[0][0], "send_back", "ann"))
    review = told(desk)["review"]
    assert (review.depth, review.out_per_hour) == (0, 1.0)
    assert review.wait_p50_seconds == pytest.approx(61.0, rel=0.2)


@pytest.mark.requirement("QUE-1")
def test_a_plan_to_approve_is_a_review_too() -> None:
    desk = Desk()
    desk.submit(plan_first=True)
    (lease,) = desk.lease()
    desk.finish(lease, artifacts=desk.made(lease))
    assert told(desk)["review"].depth == 1
    assert ask(status(context(desk), Nothing())).system.reviews_open == 1


@pytest.mark.requirement("QUE-1")
def test_output_is_what_podium_has_yet_to_merge_deploy_or_publish() -> None:
    desk = Desk()
    desk.submit()
    own = [slot for slot in desk.slots if slot.queue == "podium"]
    desk.slots = [slot for slot in desk.slots if slot.queue == "genesis"]
    for lease in desk.lease():
        desk.finish(lease, artifacts=desk.made(lease))
    for lease in desk.lease():
        desk.finish(lease, artifacts=desk.made(lease))
    assert told(desk)["output"].depth == 1
    desk.do(Dispatch(tuple(own)))
    output = told(desk)["output"]
    assert (output.depth, output.running, output.in_per_hour, output.out_per_hour) == (0, 1, 1.0, 1.0)


@pytest.mark.requirement("QUE-1")
def test_it_costs_the_same_however_much_waits() -> None:
    """Counted in steps of the database's virtual machine."""
    costs: list[int] = []
    for count in (150, 1500):
        desk = Desk(UNLIMITED)
        desk.batch(*(desk.submission(f"p{n:04d}") for n in range(count)))
        costs.append(steps(desk.sqlite, partial(told, desk)))
    assert costs[1] <= 1.1 * costs[0]


@pytest.mark.requirement("INT-4")
def test_a_project_that_waits_is_seen_everywhere_with_its_place_and_reason() -> None:
    desk = Desk(Limits(queue_soft=1))
    for n in range(3):
        desk.submit(f"p{n}")
    here = context(desk)
    assert ask(status(here, Nothing())).system.projects_waiting == 2
    found = ask(backlog(here, Nothing()))
    assert (found.projects_waiting, [(row.place, row.project) for row in found.input]) == (2, [(1, "p1"), (2, "p2")])
    listed = ask(projects(here, ProjectsInput())).projects
    assert {row.id: row.waiting for row in listed} == {"p0": False, "p1": True, "p2": True}
    place = ask(project(here, ProjectInput(project="p2"))).waiting
    assert place is not None
    assert place.place == 2
    assert "1 job is ready in genesis, of 1 that may be" in place.reason
    assert "podium priority-boost p2" in place.next
    assert ask(project(here, ProjectInput(project="p0"))).waiting is None


@pytest.mark.requirement("QUE-2")
def test_a_held_job_says_how_many_chains_its_project_may_have() -> None:
    desk = Desk()
    desk.submit(weight=2)
    desk.run_to("tests", issues=40)
    held = next(job for job in desk.jobs("tests") if job.state == "held")
    answer = ask(why(context(desk), WhyInput(job=held.id)))
    assert "32 chains open in development, the most a project of weight 2 may have" in answer.because
