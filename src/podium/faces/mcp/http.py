"""The five servers over streamable HTTP, for the web application that the composition root puts them into."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from typing import Any, Final

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_REQUEST
from starlette.routing import Router

from podium.domain.access import Principal
from podium.domain.errors import Unauthorized
from podium.faces.mcp.caller import Caller
from podium.faces.mcp.servers import NAMES, build
from podium.operations.catalogue import answered
from podium.operations.context import Context

PATH: Final = "/mcp"
BODY_BYTES_MAX: Final = 16 * 1024 * 1024
"""Of one request; a document that is submitted is the largest."""
NOBODY: Final = "This call has no credential. Send `Authorization: Bearer TOKEN`."

_PRINCIPAL: Final[ContextVar[Principal | None]] = ContextVar("principal", default=None)


def mount(context: Callable[[], Context], names: Iterable[str]) -> Router:
    """All five in one application for below `PATH`; `names` are the hosts that it may be addressed as, on any port.

    Its lifespan is to be entered, once, around all serving. No state is kept between requests: each stands for itself,
    and a client need not notice a restart.
    """

    async def ask(name: str, asked: dict[str, Any]) -> dict[str, Any]:
        return (await answered(name, context(), asked, _present())).model_dump(mode="json")

    async def recognize(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.request is None:
            return await call_next(ctx)
        found = ctx.request.scope.get("state", {}).get("principal")  # whom the middleware before us has recognized
        if not isinstance(found, Principal):
            raise MCPError(code=INVALID_REQUEST, message=NOBODY)
        token = _PRINCIPAL.set(found)
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
    async def lifespan(_: Router) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            for server in servers:
                await stack.enter_async_context(server.session_manager.run())
            yield

    return Router([route for app in apps for route in app.routes], lifespan=lifespan)


def _security(names: Iterable[str]) -> TransportSecuritySettings:
    """A page of another site whose name is made to point here still sends its own."""
    hosts = [f"[{name}]" if ":" in name else name for name in names]
    hosts += [f"{host}:*" for host in hosts]
    origins = [f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts]
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)


def _present() -> Principal:
    found = _PRINCIPAL.get()
    if found is None:
        raise Unauthorized(NOBODY)
    return found
