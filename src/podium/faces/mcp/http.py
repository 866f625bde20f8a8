"""The five servers over streamable HTTP, for the web application that the composition root puts them into."""

from collections.abc import AsyncGenerator, Callable, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_REQUEST
from starlette.routing import BaseRoute

from podium.domain.access import Principal
from podium.domain.errors import PodiumError, Unauthorized
from podium.faces.mcp.caller import Caller
from podium.faces.mcp.servers import NAMES, build
from podium.operations.catalogue import operation_named
from podium.operations.context import Context
from podium.operations.invoke import invoke
from podium.operations.operation import understood

PATH: Final = "/mcp"
BODY_BYTES_MAX: Final = 16 * 1024 * 1024
"""Of one request; a document that is submitted is the largest."""

_PRINCIPAL: Final[ContextVar[Principal | None]] = ContextVar("principal", default=None)


@dataclass(frozen=True, slots=True)
class Mounted:
    """The servers, ready to be served."""

    routes: Sequence[BaseRoute]
    """`/mcp/queue` and the others."""
    lifespan: Callable[[], AbstractAsyncContextManager[None]]
    """To be entered, once, around all serving."""


def principal_in(scope: MutableMapping[str, Any]) -> Principal:
    """Whom the middleware before us has recognized; raises `Unauthorized`."""
    found = scope.get("state", {}).get("principal")
    if not isinstance(found, Principal):
        raise Unauthorized("This call has no credential. Send `Authorization: Bearer TOKEN`.")
    return found


def mount(
    context: Callable[[], Context],
    hosts: Sequence[str],
    origins: Sequence[str],
    principal: Callable[[MutableMapping[str, Any]], Principal] = principal_in,
) -> Mounted:
    """All five. `hosts` and `origins` are the values of those headers that are served, such as `127.0.0.1:8080`.

    No state is kept between requests: each stands for itself, and a client need not notice a restart.
    """

    async def ask(name: str, asked: dict[str, Any]) -> dict[str, Any]:
        operation = operation_named(name)
        answer = await invoke(operation, context(), understood(operation, asked), _present())
        return answer.model_dump(mode="json")

    async def recognize(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.request is None:
            return await call_next(ctx)
        try:
            token = _PRINCIPAL.set(principal(ctx.request.scope))
        except PodiumError as error:
            raise MCPError(code=INVALID_REQUEST, message=str(error)) from error
        try:
            return await call_next(ctx)
        finally:
            _PRINCIPAL.reset(token)

    security = TransportSecuritySettings(allowed_hosts=list(hosts), allowed_origins=list(origins))
    servers = [build(name, Caller(ask, _present), recognize) for name in NAMES]
    apps = [
        server.streamable_http_app(
            streamable_http_path=f"{PATH}/{server.name}",
            stateless_http=True,
            max_request_body_size=BODY_BYTES_MAX,
            transport_security=security,
        )
        for server in servers
    ]

    @asynccontextmanager
    async def lifespan() -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            for server in servers:
                await stack.enter_async_context(server.session_manager.run())
            yield

    return Mounted([route for app in apps for route in app.routes], lifespan)


def _present() -> Principal:
    found = _PRINCIPAL.get()
    if found is None:
        raise Unauthorized("Nobody is known to make this call.")
    return found
