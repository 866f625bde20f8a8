"""One MCP server: a tool for each operation that names it, with the operation's own types, safety and words."""

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Final, get_args

import mcp_types as protocol
from mcp.server import MCPServer
from mcp.server.context import ServerMiddleware
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.shared.exceptions import MCPError

from podium import __version__
from podium.domain.access import Principal
from podium.domain.errors import NotFound, PodiumError
from podium.faces.mcp.caller import Caller
from podium.faces.mcp.prompts import WORDS, prompts_of
from podium.faces.mcp.resources import add_resources
from podium.operations.catalogue import REGISTRY
from podium.operations.operation import Operation, Server

NAMES: Final[tuple[Server, ...]] = get_args(Server)
RESOURCEFUL: Final[Server] = "monitor"
"""The server that offers the resources."""
COMMAND_LINE_HINTS: Final = ("positional", "flags")
"""What fields say to the command line alone."""
PROGRESS_SECONDS: Final = 2.0
"""Between two words to a client that waits for a long call."""
STILL_AT_IT: Final = "Podium is at work on it"


def tool_name(operation: Operation) -> str:
    """`review send-back` as `review_send_back`."""
    return operation.name.replace(" ", "_").replace("-", "_")


def operations_of(server: Server) -> dict[str, Operation]:
    """The server's operations by the names of their tools, in their order."""
    mine = (op for _, op in sorted(REGISTRY.items()) if op.server == server and "mcp" in op.faces)
    return {tool_name(operation): operation for operation in mine}


class OperationServer(MCPServer[Any]):
    """Serves operations as tools; each caller sees those that its credential opens."""

    def __init__(self, name: Server, caller: Caller, middleware: tuple[ServerMiddleware[Any], ...] = ()) -> None:
        self.operations: Final = operations_of(name)
        self.caller: Final = caller
        about = WORDS["servers"][name]
        super().__init__(
            name, title=f"Podium: {name}", instructions=about, version=__version__, log_level="WARNING",
            subscriptions=False,  # what there is changes with a version of Podium, never while it runs
            middleware=middleware,
        )  # fmt: skip
        self._read_with = add_resources(self, caller) if name == RESOURCEFUL else {}
        for prompt in prompts_of(self.operations):
            self.add_prompt(prompt)

    async def list_tools(self) -> list[protocol.Tool]:
        return [_tool(name, operation) for name, operation in self.operations.items() if self.caller.may(operation)]

    async def list_resources(self) -> list[protocol.Resource]:
        return [found for found in await super().list_resources() if self._may_read(found.uri)]

    async def list_resource_templates(self) -> list[protocol.ResourceTemplate]:
        return [found for found in await super().list_resource_templates() if self._may_read(found.uri_template)]

    async def list_prompts(self) -> list[protocol.Prompt]:
        return [found for found in await super().list_prompts() if self.caller.may(self.operations[found.name])]

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> protocol.GetPromptResult | protocol.InputRequiredResult:
        """The library would mask which argument is missing."""
        try:
            return await super().get_prompt(name, arguments, context)
        except ValueError as error:
            raise MCPError(code=protocol.INVALID_PARAMS, message=str(error)) from error

    def _may_read(self, address: str) -> bool:
        return self.caller.may(REGISTRY[self._read_with[address]])

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> protocol.CallToolResult | protocol.InputRequiredResult:
        """What Podium refuses is told to the model; of a defect it learns only that there was one."""
        operation = self.operations.get(name)
        if operation is None:
            raise ToolError(f"This server has no tool {name!r}. It has: {', '.join(self.operations) or 'none'}.")
        try:
            answer = await _while_told(self.caller.ask(operation.name, arguments), context)
        except PodiumError as error:
            raise ToolError(str(error)) from error
        except Exception as error:
            raise UnexpectedToolError(f"{name} met a defect in Podium; its log has the traceback.") from error
        told = protocol.TextContent(type="text", text=json.dumps(answer, ensure_ascii=False, separators=(",", ":")))
        return protocol.CallToolResult(content=[told], structured_content=answer)


async def _while_told(work: Awaitable[dict[str, Any]], context: Context[Any, Any] | None) -> dict[str, Any]:
    """The answer; a client that asked for progress hears every few seconds that a long call is not forgotten."""
    if context is None:
        return await work
    call = asyncio.gather(work)
    try:
        for ticks in count(1):
            if (await asyncio.wait({call}, timeout=PROGRESS_SECONDS))[0]:
                break
            await context.report_progress(ticks * PROGRESS_SECONDS, message=STILL_AT_IT)
        return call.result()[0]
    finally:
        call.cancel()  # who has gone wants no answer


def build(name: str, caller: Caller, *middleware: ServerMiddleware[Any]) -> OperationServer:
    """The server of that name; raises `NotFound`."""
    found: Server | None = next((known for known in NAMES if known == name), None)
    if found is None:
        raise NotFound(f"There is no MCP server {name!r}. Known: {', '.join(NAMES)}.")
    return OperationServer(found, caller, middleware)


def _tool(name: str, operation: Operation) -> protocol.Tool:
    hints = protocol.ToolAnnotations(
        read_only_hint=operation.safety == "read", destructive_hint=operation.safety == "destructive",
        idempotent_hint=operation.idempotent, open_world_hint=False,
    )  # fmt: skip
    return protocol.Tool(
        name=name, title=operation.name.capitalize(), annotations=hints, input_schema=_input_schema(operation),
        description=inspect.cleandoc(operation.call.__doc__ or operation.summary),
        output_schema=operation.output.model_json_schema(mode="serialization"),
    )  # fmt: skip


def _input_schema(operation: Operation) -> dict[str, Any]:
    """The input's schema without what only the command line needs to know."""
    schema = operation.input.model_json_schema()
    for field in schema.get("properties", {}).values():
        for hint in COMMAND_LINE_HINTS:
            field.pop(hint, None)
    return schema


def serve(name: str, ask: Callable[[str, dict[str, Any]], dict[str, Any]], who: Callable[[], Principal]) -> None:
    """Serve one on standard input and output until that ends, as an `.mcp.json` starts it.

    `ask` may block, `who` tells whose tools to offer.
    """

    async def asked(operation: str, fields: dict[str, Any]) -> dict[str, Any]:
        return await asyncio.to_thread(ask, operation, fields)

    asyncio.run(build(name, Caller(asked, who)).run_stdio_async())
