"""What an operation may use: the store, the engine where one runs, the home and its configuration."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from podium.agents.command import Programs
from podium.config import Config
from podium.domain.access import OPERATOR, Principal
from podium.domain.command import Command
from podium.domain.errors import Forbidden, Unavailable
from podium.domain.instance import Slot
from podium.domain.pipeline import Pipeline
from podium.policy import routing
from podium.policy.health import Vitals
from podium.ports import Clock
from podium.refusals import refusal
from podium.store.rows import Rows

T = TypeVar("T")


class Truth(Protocol):
    """The store as operations use it."""

    async def read(self, question: Callable[[Rows], T]) -> T:
        """Ask the committed state."""
        ...


class Conductor(Protocol):
    """The running engine as operations use it."""

    def submit(self, command: Command) -> Awaitable[Any]:
        """Submit a command and look for work at once, in the same transaction."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """One home, as one call sees it."""

    home: Path
    store: Truth
    clock: Clock
    pipeline: Pipeline
    """The home's pipeline for new projects."""
    pipeline_text: str
    pipelines: Mapping[str, Pipeline]
    """Every pipeline that a project was started with, by digest."""
    slots: tuple[Slot, ...]
    """The instances that the configuration begins with; `operations.fleet` says which there are."""
    config: Config
    conductor: Conductor | None = None
    running: bool = False
    """Whether an orchestrator works on this home."""
    vitals: Callable[[], Vitals] = Vitals
    """What the orchestrator sees of its attempts and instances."""
    programs: Programs | None = None
    """What a running orchestrator starts for agents."""
    gate: Callable[[], str] = str
    """Why this machine has no room for another instance; empty when it has."""
    principal: Principal = OPERATOR
    """Who asks."""

    def pipeline_of(self, rows: Rows, project: str) -> Pipeline:
        """The pipeline that a project was started with."""
        return self.pipelines[rows.one("pipeline_of_project", (project,))[0]]

    def routing(self, queue: str) -> str:
        """How the configuration has the queue's work routed; an operator's choice comes before it."""
        return self.config.strategies.get(queue, routing.DEFAULT)

    def named(self, given: str) -> str:
        """The name that goes on record: the caller's own. Only the home's own user may give another."""
        if given and self.principal != OPERATOR:
            raise Forbidden(refusal("another's name", name=self.principal.name, given=given))
        return given or self.principal.name

    async def submit(self, command: Command) -> Any:
        """Submit a command to the running engine, or to the store of a home that nobody runs."""
        if self.conductor is None:
            raise Unavailable("No orchestrator runs on this home. Start one: `podium up`.")
        return await self.conductor.submit(command)
