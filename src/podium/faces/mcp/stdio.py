"""One MCP server on standard input and output, as a coding agent's `.mcp.json` starts it."""

import asyncio
from collections.abc import Callable
from typing import Any

from podium.domain.access import Principal
from podium.faces.mcp.servers import Caller, build


def serve(name: str, ask: Callable[[str, dict[str, Any]], dict[str, Any]], who: Callable[[], Principal]) -> None:
    """Serve until standard input ends; `ask` may block, `who` tells whose tools to offer."""

    async def asked(operation: str, fields: dict[str, Any]) -> dict[str, Any]:
        return await asyncio.to_thread(ask, operation, fields)

    asyncio.run(build(name, Caller(asked, who)).run_stdio_async())
