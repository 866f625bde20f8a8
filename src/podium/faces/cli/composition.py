"""What the command line asks of the composition root, so that it never chooses an adapter itself."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

from podium.domain.access import Principal
from podium.operations.context import Context


class Orchestra(Protocol):
    """A running orchestrator."""

    @property
    def context(self) -> Context:
        """What operations use."""
        ...

    async def end_attempts(self, reason: str, project: str = "") -> int:
        """Stop giving out work and end what is in progress, of one project or of all; how many attempts.

        Their jobs are uncharged and ready again.
        """
        ...


class Composition(Protocol):
    """Ways to work on a home."""

    def reading(self, home: Path) -> AbstractAsyncContextManager[Context]:
        """A home that nobody runs, opened read-only."""
        ...

    def examining(self, home: Path) -> AbstractAsyncContextManager[Context]:
        """A home as far as it can be read, in whatever condition it is; nothing in it is changed."""
        ...

    def writing(self, home: Path) -> AbstractAsyncContextManager[Context]:
        """A home that nobody runs, locked for one change."""
        ...

    def orchestrate(
        self, home: Path, *, host: str | None = None, port: int | None = None, agents_on: str | None = None
    ) -> AbstractAsyncContextManager[Orchestra]:
        """Run an orchestrator on the home until the block ends; agents at work outlive it.

        `host` and `port` go before the configuration's; without a port it listens on the home's socket alone.
        So does `agents_on`, before the configuration's `host`.
        """
        ...

    def prepare(self, home: Path) -> None:
        """Make the home if it is not there; raises `Unavailable` when it cannot be written."""
        ...

    def lock(self, home: Path) -> None:
        """Keep every orchestrator off the home until this process ends; raises `HomeLocked`."""
        ...

    def serve_mcp(
        self, name: str, ask: Callable[[str, dict[str, Any]], dict[str, Any]], who: Callable[[], Principal]
    ) -> None:
        """Serve one MCP server on standard input and output until that ends; raises `NotFound`."""
        ...
