"""Agents that are callables in this process: for benchmarks, tests and whoever embeds Podium."""

from collections.abc import Awaitable, Callable

from podium.domain.attempt import Report
from podium.domain.errors import NotFound, UsageError
from podium.domain.job import Lease
from podium.ports import Brief

Body = Callable[[Lease, Brief], Awaitable[Report]]
"""Does one attempt. It fetches its assignment by `await brief()`, if it wants it at all."""


class Bodies:
    """The callables that are known by name."""

    def __init__(self) -> None:
        self._bodies: dict[str, Body] = {}

    def register(self, name: str, body: Body) -> None:
        """Make `body` known. Raises UsageError when the name is taken."""
        if name in self._bodies:
            raise UsageError(f"A python agent called {name!r} is registered already; choose another name.")
        self._bodies[name] = body

    def find(self, name: str) -> Body:
        """The callable of that name. Raises NotFound."""
        if name not in self._bodies:
            known = ", ".join(sorted(self._bodies)) or "none"
            raise NotFound(f"There is no python agent called {name!r}; registered are: {known}.")
        return self._bodies[name]
