"""How an MCP server reaches operations, and as whom."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from podium.domain.access import Principal
from podium.domain.errors import Forbidden
from podium.operations.invoke import permit
from podium.operations.operation import Operation


class Caller(NamedTuple):
    """Whoever uses a server, as far as the server knows."""

    ask: Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
    """An operation's answer as JSON data; raises `PodiumError`."""
    principal: Callable[[], Principal]
    """Who makes the present call; raises `PodiumError` when nobody is known to."""

    def may(self, operation: Operation) -> bool:
        """Whether the caller's credential opens the operation."""
        try:
            permit(operation, self.principal())
        except Forbidden:
            return False
        return True
