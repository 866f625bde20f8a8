"""Keeps a home from growing for ever: removes what is over its limit, a little at a time (EVT-5)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from podium.domain.command import Prune, Pruned
from podium.engine.service import Service
from podium.policy.retention import HOUR_SECONDS, Removed, Retention, before
from podium.ports import Remains

INTERVAL_SECONDS: Final = 3_600.0
PAUSE_SECONDS: Final = 0.05
"""Between two parts of a large clean-up, so that the work in progress hardly waits for it."""


class Outcome(NamedTuple):
    """What went of each kind, and whether there was no time for all of it."""

    removed: tuple[Removed, ...]
    more: bool


@dataclass(eq=False)
class Pruner(Service):
    """Rows through the store's writer in bounded parts, then what is on disk."""

    submit: Callable[[Prune], Awaitable[Any]]
    remains: Remains
    retention: Retention

    async def run_once(self) -> float:
        """Everything that is over its limit now."""
        await self.prune(float("inf"))
        return INTERVAL_SECONDS

    def commands(self) -> tuple[Prune, ...]:
        """What the store is asked for, one command of each kind."""
        limits, wall = self.retention, self.clock.wall()
        return (
            Prune("projects", before(self.clock.now(), limits.projects_days)),
            Prune("counters", before(wall, limits.counters_days) / HOUR_SECONDS),
            Prune("events", before(wall, limits.events_days), limits.events_max),
        )

    async def prune(self, seconds_max: float) -> Outcome:
        """Remove for at most about so long; every part stands for itself."""
        deadline = self.clock.now() + seconds_max

        def has_time() -> bool:
            return self.clock.now() < deadline

        removed: list[Removed] = []
        for command in self.commands():
            rows = projects = 0
            part = Pruned(0, more=True)
            while part.more and has_time():
                part = await self.submit(command)
                rows, projects = rows + part.rows, projects + part.projects
                if part.more:
                    await self.clock.sleep(PAUSE_SECONDS)
            removed += told(command, rows, projects)
        removed += await self.remains.prune(self.retention, self.clock.now(), has_time, dry_run=False)
        return Outcome(tuple(removed), more=not has_time())


def told(command: Prune, rows: int, projects: int) -> tuple[Removed, ...]:
    """What a kind of command removed."""
    if command.kind == "projects":
        return Removed("projects", projects), Removed("jobs", rows)
    return (Removed(command.kind, rows),)
