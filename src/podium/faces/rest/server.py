"""Serves the application beside the engine: on the home's socket always, and on a port where one is asked for."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

import uvicorn
from starlette.datastructures import Headers
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from podium import credential
from podium.address import SOCKET, socket_address, url_of
from podium.domain.access import Principal
from podium.faces.rest.app import Mounted, build
from podium.faces.rest.guard import LOOPBACK, Guard, Sessions
from podium.faces.rest.stream import EventStream, Feed, begin_at
from podium.operations.context import Context
from podium.operations.tokens import caller
from podium.workspace.layout import Home
from podium.workspace.publishing import site

SOCKET_HOST: Final = frozenset({"podium"})
"""Whom the command line addresses over the home's socket."""
SOCKET_RETRY_SECONDS: Final = 2.0
WAITING_BYTES_MAX: Final = 4 * 1024
"""In a connection that takes nothing, before its answer waits."""
SENT_BYTES_MAX: Final = 64 * 1024
"""Of an answer that the system holds for a reader; it would take megabytes, and each new event with them."""
DOMAIN: Final = "localhost"
"""Browsers take every name below it for this machine (RFC 6761); none of Podium's cookies goes there."""

_log = logging.getLogger(__name__)


class Server:
    """One application, two doors.

    `committed` is done after the next commit; `port` is a socket that listens.
    """

    def __init__(
        self,
        context: Callable[[], Context],
        committed: Callable[[], Awaitable[None]],
        port: socket.socket | None = None,
        mounts: Sequence[Mounted] = (),
        pages: Sequence[BaseRoute] = (),
    ) -> None:
        self._home = context().home
        self._port = port
        self._mounts = mounts
        mine = credential.ensure(self._home)
        self.url = url_of(port) if port else None
        sessions = Sessions(credential.key(mine, "session"), context().clock.wall)

        def stream(request: Request) -> Response | None:
            begin = begin_at(request)
            is_wanted = "text/event-stream" in request.headers.get("accept", "")
            return EventStream(feed, begin, request.state.ask_again) if is_wanted else None

        feed = Feed(context().store.read, committed, context().clock)
        app = build(context, sessions, mounts, self.url, stream, pages)

        async def authenticate(presented: str) -> Principal:
            return await caller(context(), mine, presented)

        bound = {str(port.getsockname()[0])} if port else set[str]()
        names = LOOPBACK | bound | {name.lower() for name in context().config.server.hosts}
        self._socket = _uvicorn(Guard(app, SOCKET_HOST, authenticate, sessions))
        self._tcp = _uvicorn(Sites(Guard(app, names, authenticate, sessions), Home(self._home)))

    async def serve(self, sleep: Callable[[float], Any]) -> None:
        """Serve until cancelled, the socket also when there was no room to make it at first."""
        async with AsyncExitStack() as stack:
            for mounted in self._mounts:
                await stack.enter_async_context(mounted.lifespan())
            doors = [self._serve_socket(sleep)]
            if self._port is not None:
                doors.append(self._tcp._serve([self._port]))  # pyright: ignore[reportPrivateUsage] - serve() would take the signals
            await asyncio.gather(*doors)

    async def _serve_socket(self, sleep: Callable[[float], Any]) -> None:
        while True:
            try:
                return await self._serve_home()
            except OSError as error:
                _log.warning("the socket cannot be made: %s; agents go on, and it is tried again", error)
            await sleep(SOCKET_RETRY_SECONDS)

    async def _serve_home(self) -> None:
        path = self._home / SOCKET
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            with socket_address(self._home) as address:
                listener.bind(address)  # the command line's umask keeps other users out, as the home's rights do
            try:
                await self._socket._serve([listener])  # pyright: ignore[reportPrivateUsage] - serve() would take the signals
            finally:
                path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Sites:
    """ASGI before everything else: PROJECT.localhost is that project's site, every other host is Podium's."""

    app: ASGIApp
    home: Home

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file, or hand on."""
        project, _, domain = Headers(scope=scope).get("host", "").partition(":")[0].lower().partition(".")
        answer = self.app
        if domain == DOMAIN:
            found = await asyncio.to_thread(site, self.home, project)
            nothing = PlainTextResponse("There is nothing here.\n", 404)
            answer = ExceptionMiddleware(StaticFiles(directory=found, html=True) if found else nothing)
        await answer(scope, receive, send)


class _Connection(H11Protocol):
    """Keeps little for a reader that does not read: an answer waits in its own place, not in the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin."""
        super().connection_made(transport)
        door = transport.get_extra_info("socket")
        door.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT_BYTES_MAX)
        transport.set_write_buffer_limits(high=WAITING_BYTES_MAX)


def _uvicorn(app: ASGIApp) -> uvicorn.Server:
    config = uvicorn.Config(
        app, http=_Connection, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2,
        ws="none", server_header=False,
    )  # fmt: skip
    return uvicorn.Server(config)
