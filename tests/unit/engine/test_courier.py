"""The courier on virtual time: its schedule over hours, its fairness, and what a crash makes of it, without waiting."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from itertools import pairwise
from typing import Any

import pytest

from podium.domain import pipeline_file
from podium.domain.command import Command, Submit
from podium.domain.delivery import Answer, Delivery
from podium.domain.errors import Unavailable
from podium.domain.project import Project
from podium.engine.courier import Courier
from podium.policy.delivery import ATTEMPTS_MAX, CAP_SECONDS
from podium.simulation.loop import EPOCH, VirtualClock, VirtualLoop
from podium.store.rows import Rows
from podium.store.sqlite import SqliteStore
from podium.store.store import Store
from tests.simulation.run import default_pipeline

RULE = '\n[[rules]]\non = "event:project.created"\nwebhook = "{}"\n'
DAY_SECONDS = 24 * 3600.0


class Scripted:
    """A receiver that answers as a test says; the network is in tests/unit/integrations."""

    def __init__(self, clock: VirtualClock, answers: Callable[[Delivery], Answer], seconds: float = 0.01) -> None:
        self.calls: list[tuple[float, Delivery]] = []
        self._clock = clock
        self._answers = answers
        self._seconds = seconds

    async def send(self, delivery: Delivery) -> Answer:
        self.calls.append((self._clock.now() - EPOCH, delivery))
        await self._clock.sleep(self._seconds if delivery.webhook != "slow" else 10.0)
        return self._answers(delivery)


class Street:
    """One database and one clock."""

    def __init__(self, *webhooks: str) -> None:
        self.loop = VirtualLoop(1)
        self.clock = VirtualClock(self.loop)
        self.database = SqliteStore(":memory:")
        self.full = False
        self.text = default_pipeline()[1] + "".join(RULE.format(name) for name in webhooks)
        self.store = Store(self._execute, self._read, self.database.pipelines)

    async def _execute(self, commands: Sequence[Command]) -> list[Any]:
        await self.clock.sleep(0.001)
        if self.full:
            raise Unavailable("the disk is full")
        return self.database.run(commands, self.clock.now(), self.clock.wall())

    async def _read(self, question: Callable[[Rows], Any]) -> Any:
        await self.clock.sleep(0.0001)
        return question(self.database.rows)

    async def submit(self, *names: str) -> None:
        """New projects."""
        digest = pipeline_file.parse(self.text).digest
        for name in names:
            project = Project(name, name, "", None, None, 50, 50, None, "test", 0.0, digest, "python")
            await self.store.submit(Submit(project, "", self.text))

    def courier(self, sender: Scripted) -> Courier:
        """A courier as an orchestrator starts it."""
        made = Courier(self.clock, self.store, sender, random.Random(1))
        self.clock.spawn(made.run(), "courier")
        return made

    def deliveries(self) -> list[tuple[str, str, int, str]]:
        """Webhook, state, attempts and detail, the newest first."""
        rows = self.database.rows.all("deliveries_page", ("", "", 100))
        return [(row[1], row[3], row[4], row[8]) for row in rows]

    def play(self, story: Coroutine[Any, Any, None]) -> None:
        """Run a story to its end; no task may fail unseen."""
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(story)
            assert self.clock.failures == []
        finally:
            self.clock.stop()
            self.loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(self.loop), return_exceptions=True))
            self.loop.close()
            self.database.close()
            asyncio.set_event_loop(None)


def status(number: int) -> Callable[[Delivery], Answer]:
    return lambda _: Answer(number, f"HTTP {number}")


@pytest.mark.requirement("EVT-2")
def test_a_receiver_that_fails_for_a_day_is_tried_ten_times_over_hours_then_given_up() -> None:
    street = Street("ci")
    sender = Scripted(street.clock, status(500))

    async def story() -> None:
        await street.submit("p")
        street.courier(sender)
        await street.clock.sleep(DAY_SECONDS)
        assert street.deliveries() == [("ci", "dead", ATTEMPTS_MAX, "given up after 10 tries: HTTP 500")]

    street.play(story())
    times = [at for at, _ in sender.calls]
    pauses = [after - before for before, after in pairwise(times)]
    assert len(times) == ATTEMPTS_MAX
    assert all(pause > 1.5 * before for before, pause in pairwise(pauses[:6]))
    assert 8 * 3600 < times[-1] < 16 * 3600
    assert max(pauses) <= CAP_SECONDS + 2
    assert len({delivery.key for _, delivery in sender.calls}) == 1


@pytest.mark.requirement("EVT-2")
def test_a_delivery_that_gets_through_is_sent_no_more() -> None:
    street = Street("ci")
    sender = Scripted(street.clock, lambda delivery: Answer(500 if delivery.attempts < 2 else 204, "HTTP"))

    async def story() -> None:
        street.courier(sender)
        await street.submit("p")
        await street.clock.sleep(DAY_SECONDS)

    street.play(story())
    assert [delivery.attempts for _, delivery in sender.calls] == [0, 1, 2]


@pytest.mark.requirement("PIP-5")
def test_a_slow_receiver_delays_no_other() -> None:
    street = Street("slow", "ci")
    sender = Scripted(street.clock, status(200))

    async def story() -> None:
        street.courier(sender)
        await street.submit(*(f"p{n}" for n in range(5)))
        await street.clock.sleep(3.0)
        assert [d.event["project"] for _, d in sender.calls if d.webhook == "ci"] == [f"p{n}" for n in range(5)]
        assert len([d for _, d in sender.calls if d.webhook == "slow"]) == 1
        await street.clock.sleep(60.0)
        assert {state for _, state, *_ in street.deliveries()} == {"done"}

    street.play(story())


@pytest.mark.requirement("EVT-2")
def test_a_receiver_that_says_gone_is_asked_once() -> None:
    street = Street("ci")
    sender = Scripted(street.clock, status(410))

    async def story() -> None:
        await street.submit("p", "q", "r")
        street.courier(sender)
        await street.clock.sleep(DAY_SECONDS)
        assert {state for _, state, *_ in street.deliveries()} == {"dead"}

    street.play(story())
    assert len(sender.calls) == 1


def test_while_the_database_is_away_an_answer_is_not_taken_for_recorded() -> None:
    street = Street("ci")
    sender = Scripted(street.clock, status(200))

    async def story() -> None:
        await street.submit("p")
        street.full = True
        street.courier(sender)
        await street.clock.sleep(5.0)
        assert street.deliveries() == [("ci", "pending", 0, "")]
        street.full = False
        await street.clock.sleep(5.0)
        assert street.deliveries() == [("ci", "done", 1, "HTTP 200")]

    street.play(story())
    assert len({delivery.key for _, delivery in sender.calls}) == 1


def test_a_defect_with_one_delivery_is_a_failed_try() -> None:
    street = Street("ci")

    def broken(_: Delivery) -> Answer:
        raise ZeroDivisionError("oh")

    async def story() -> None:
        await street.submit("p")
        street.courier(Scripted(street.clock, broken))
        await street.clock.sleep(2.0)
        assert street.deliveries() == [("ci", "pending", 1, "ZeroDivisionError: oh")]

    street.play(story())


@pytest.mark.parametrize(("webhook", "left"), [("ci", "done"), ("slow", "pending")])
def test_the_last_round_takes_along_what_it_can_in_its_time(webhook: str, left: str) -> None:
    street = Street(webhook)

    async def story() -> None:
        await street.submit("p")
        began = street.clock.now()
        made = Courier(street.clock, street.store, Scripted(street.clock, status(200)), random.Random(1))
        await made.finish(2.0)
        assert [state for _, state, *_ in street.deliveries()] == [left]
        assert street.clock.now() - began < 2.1

    street.play(story())
