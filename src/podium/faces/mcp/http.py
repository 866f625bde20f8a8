"""The five servers over streamable HTTP, for the web application that the composition root puts them into."""

from collections.abc import AsyncGenerator, Callable, Iterable, MutableMapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from typing import Any, Final, NamedTuple

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_REQUEST
from starlette.routing import Router
from starlette.types import ASGIApp

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


class Mounted(NamedTuple):
    """The servers, ready to be served."""

    path: str
    """Below which `app` is to be mounted."""
    app: ASGIApp
    """Has `/queue` and the others."""
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
    names: Iterable[str],
    principal: Callable[[MutableMapping[str, Any]], Principal] = principal_in,
) -> Mounted:
    """All five in one application; `names` are the hosts that it may be addressed as, on any port.

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

    servers = [build(name, Caller(ask, _present), recognize) for name in NAMES]
    security = _security(names)
    apps = [
        server.streamable_http_app(
            streamable_http_path=f"/{server.name}",
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

    return Mounted(PATH, Router(routes=[route for app in apps for route in app.routes]), lifespan)


def _security(names: Iterable[str]) -> TransportSecuritySettings:
    """A page of another site whose name is made to point here still sends its own."""
    hosts = [f"[{name}]" if ":" in name else name for name in names]
    hosts += [f"{host}:*" for host in hosts]
    origins = [f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts]
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)


def _present() -> Principal:
    found = _PRINCIPAL.get()
    if found is None:
        raise Unauthorized("Nobody is known to make this call.")
    return found
