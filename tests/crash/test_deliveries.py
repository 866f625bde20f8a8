"""An orchestrator dies between commit and sending, or between sending and its record; on real disk and HTTP."""

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from podium.clock import SteadyClock
from podium.domain import pipeline_file
from podium.domain.command import Command, Submit
from podium.domain.project import Project
from podium.engine.courier import Courier
from podium.hook import Hook
from podium.integrations.webhooks import WebhookSender
from podium.store.rows import Rows
from podium.store.sqlite import SqliteStore
from podium.store.store import Store
from tests.simulation.run import default_pipeline
from tests.simulation.storm import Crash
from tests.unit.integrations.receiver import SECRET, Receiver, receiving

TEXT = default_pipeline()[1] + '\n[[rules]]\non = "event:project.created"\nwebhook = "ci"\n'
PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.02


class Life:
    """One orchestrator's store and courier; `crash_at` is where it dies."""

    def __init__(self, path: Path, receiver: Receiver, crash_at: str = "") -> None:
        self.clock = SteadyClock()
        self.crash_at = crash_at
        self.dead = False
        self.database = SqliteStore(path, self._reach)
        self.store = Store(self._execute, self._read, self.database.pipelines)
        url = f"http://127.0.0.1:{receiver.port}/"
        hook = Hook(url=url, secret_env="KEY", allow_http=True, allow_private=True, timeout_seconds=20.0)
        self.sender = WebhookSender({"ci": hook}, path, self.clock.wall, {"KEY": SECRET})
        self.courier = Courier(self.clock, self.store, self.sender, random.Random(1))

    def _reach(self, place: str) -> None:
        if place == self.crash_at:
            self.dead = True
            raise Crash(place)

    async def _execute(self, commands: Sequence[Command]) -> list[Any]:
        try:
            return self.database.run(commands, self.clock.now(), self.clock.wall())
        except Crash:
            raise asyncio.CancelledError from None

    async def _read(self, question: Callable[[Rows], Any]) -> Any:
        return question(self.database.rows)

    def states(self) -> list[tuple[str, int]]:
        """State and tries of every delivery."""
        return [(row[3], row[4]) for row in self.database.rows.all("deliveries_page", ("", "", 9))]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait, within a bound, and close the connections."""
        end = self.clock.now() + PATIENCE_SECONDS
        while not holds():
            assert self.clock.now() < end, "it does not come about"
            await self.clock.sleep(LOOK_SECONDS)
        await self.sender.aclose()


async def deliver(life: Life) -> None:
    """Let the courier do what is due, and wait until it is recorded or the orchestrator is dead."""
    await life.courier.run_once()
    await life.until(lambda: life.dead or life.states() == [("done", 1)])


def submit(life: Life) -> None:
    """The change that the delivery tells of."""
    digest = pipeline_file.parse(TEXT).digest
    project = Project("p", "p", "", None, None, 50, 50, None, "test", 0.0, digest, "python")
    life.database.run([Submit(project, "", TEXT)], life.clock.now(), life.clock.wall())


@pytest.mark.requirement("EVT-2", "REC-8")
def test_what_was_committed_and_not_sent_is_sent_once_after_the_restart(tmp_path: Path) -> None:
    path = tmp_path / "podium.sqlite"
    with receiving() as receiver:
        first = Life(path, receiver, "after-commit")
        with pytest.raises(Crash):
            submit(first)
        assert receiver.requests == []

        second = Life(path, receiver)
        assert second.states() == [("pending", 0)]
        asyncio.run(deliver(second))
        asyncio.run(second.courier.run_once())
        third = Life(path, receiver)
        asyncio.run(third.courier.run_once())
    assert [request.genuine for request in receiver.requests] == [True]


@pytest.mark.requirement("EVT-2", "REC-8")
def test_what_was_not_committed_is_never_sent(tmp_path: Path) -> None:
    path = tmp_path / "podium.sqlite"
    with receiving() as receiver:
        with pytest.raises(Crash):
            submit(Life(path, receiver, "before-commit"))
        second = Life(path, receiver)
        assert second.states() == []
        asyncio.run(second.courier.run_once())
    assert receiver.requests == []


@pytest.mark.requirement("EVT-2", "REC-8")
@pytest.mark.parametrize("place", ["before-commit", "after-commit"])
def test_a_receiver_tells_a_repetition_by_its_id(place: str, tmp_path: Path) -> None:
    path = tmp_path / "podium.sqlite"
    with receiving() as receiver:
        first = Life(path, receiver)
        submit(first)
        first.crash_at = place
        asyncio.run(deliver(first))
        second = Life(path, receiver)
        if place == "before-commit":
            asyncio.run(deliver(second))
        asyncio.run(second.courier.run_once())
        assert second.states() == [("done", 1)]
    assert len(receiver.requests) == (2 if place == "before-commit" else 1)
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert all(request.genuine for request in receiver.requests)
