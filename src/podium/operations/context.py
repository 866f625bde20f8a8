"""What an operation may use: the store, the engine where one runs, the home and its configuration."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from podium.agents.command import Programs
from podium.config import GitHubConfig, StuckLimits
from podium.domain.access import OPERATOR, Principal
from podium.domain.command import Command
from podium.domain.errors import Forbidden, Unavailable
from podium.domain.instance import Slot
from podium.domain.pipeline import Pipeline
from podium.policy import routing
from podium.policy.health import Vitals
from podium.policy.retention import Retention
from podium.ports import Clock
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
    agent: str
    """The agent that new projects get unless they name one."""
    agents: frozenset[str]
    conductor: Conductor | None = None
    running: bool = False
    """Whether an orchestrator works on this home."""
    stuck_limits: StuckLimits = field(default_factory=StuckLimits)
    vitals: Callable[[], Vitals] = Vitals
    """What the orchestrator sees of its attempts and instances."""
    programs: Programs | None = None
    """What a running orchestrator starts for agents."""
    targets: Mapping[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    """The least and the most of each figure that the fleet is to reach."""
    gate: Callable[[], str] = str
    """Why this machine has no room for another instance; empty when it has."""
    principal: Principal = OPERATOR
    """Who asks."""
    github: GitHubConfig = field(default_factory=GitHubConfig)
    retention: Retention = field(default_factory=Retention)
    strategies: Mapping[str, str] = field(default_factory=dict[str, str])
    """Routing strategies of the configuration, by queue; an operator's choice comes before them."""

    def routing(self, queue: str) -> str:
        """How the configuration has the queue's work routed."""
        return self.strategies.get(queue, routing.DEFAULT)

    def named(self, given: str) -> str:
        """The name that goes on record: the caller's own. Only the home's own user may give another."""
        if given and self.principal != OPERATOR:
            raise Forbidden(
                f"{self.principal.name} cannot speak as {given!r}: what it does is on record under its own name. "
                "Leave the name out."
            )
        return given or self.principal.name

    async def submit(self, command: Command) -> Any:
        """Submit a command to the running engine, or to the store of a home that nobody runs."""
        if self.conductor is None:
            raise Unavailable("No orchestrator runs on this home. Start one: `podium up`.")
        return await self.conductor.submit(command)
