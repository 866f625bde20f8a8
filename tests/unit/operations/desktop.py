"""Operations over a store in memory, as a face calls them."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from podium.config import Config, GitHubConfig, LimitsConfig
from podium.domain.errors import PodiumError
from podium.operations.catalogue import operation_named
from podium.operations.context import Context
from podium.policy.health import Signs, Vitals
from podium.simulation.loop import VirtualClock, VirtualLoop
from tests.unit.store.desk import Desk


class _DeskClock(VirtualClock):
    """The desk's time."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(VirtualLoop(0))
        self._desk = desk

    def now(self) -> float:
        return self._desk.now

    def close(self) -> None:
        self._loop.close()


class Desktop:
    """A desk, and every operation over it. `heard` is what is known of the progress of attempts."""

    def __init__(self, home: Path, desk: Desk | None = None) -> None:
        self.desk = desk or Desk()
        self.clock = _DeskClock(self.desk)
        self.home = home
        self.heard: dict[str, float] = {}
        self.signs: dict[str, Signs | None] = {}
        self.resting: dict[str, float] = {}
        self.limits = LimitsConfig()
        self.running = True
        self.github = GitHubConfig()

    async def read(self, question: Callable[[Any], Any]) -> Any:
        """`Truth.read`."""
        return question(self.desk.store.rows)

    async def submit(self, command: Any) -> Any:
        """`Conductor.submit`."""
        return self.desk.do(command)

    def vitals(self) -> Vitals:
        return Vitals({name: Signs(progress=at) for name, at in self.heard.items()} | self.signs, self.resting)

    def config(self) -> Config:
        """What the home has chosen."""
        chosen = {"agents": {"python": {"command": ["true"]}}, "limits": self.limits, "github": self.github}
        return Config.model_validate({"agent": "python", **chosen})

    def context(self) -> Context:
        """What operations use."""
        return Context(
            self.home, self, self.clock, self.desk.pipeline, self.desk.text, self.desk.store.pipelines,
            tuple(self.desk.slots), self.config(), self, self.running, self.vitals,
        )  # fmt: skip

    def ask(self, name: str, **asked: Any) -> Any:
        """An operation's answer; its refusal raised."""
        operation = operation_named(name)

        async def answer() -> Any:
            return await operation.call(self.context(), operation.input(**asked))

        return asyncio.run(answer())

    def refused(self, name: str, **asked: Any) -> str:
        """The words with which an operation is refused."""
        try:
            answer = self.ask(name, **asked)
        except PodiumError as error:
            return str(error)
        raise AssertionError(answer)
