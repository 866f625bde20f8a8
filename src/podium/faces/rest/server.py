"""Serves the application beside the engine: on the home's socket always, and on a port where one is asked for."""

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from podium import credential
from podium.address import SOCKET, socket_address
from podium.domain.access import Principal
from podium.faces.rest.app import Mounted, build
from podium.faces.rest.guard import LOOPBACK, Guard
from podium.faces.rest.sessions import Sessions
from podium.operations.callers import caller
from podium.operations.context import Context

SOCKET_HOST: Final = frozenset({"podium"})
"""Whom the command line addresses over the home's socket."""
SOCKET_RETRY_SECONDS: Final = 2.0

_log = logging.getLogger(__name__)


class Server:
    """One application, two doors. `port` is a socket that listens; `hosts` are further names that lead to it."""

    def __init__(
        self,
        home: Path,
        context: Callable[[], Context],
        wall: Callable[[], float],
        port: socket.socket | None = None,
        hosts: Sequence[str] = (),
        mounts: Sequence[Mounted] = (),
    ) -> None:
        self._home = home
        self._port = port
        self._mounts = mounts
        mine = credential.ensure(home)
        self.url = _url(port) if port else None
        sessions = Sessions(credential.key(mine, "session"), wall)
        app = build(context, sessions, mounts, self.url)

        async def authenticate(presented: str) -> Principal:
            return await caller(context(), mine, presented)

        bound = {str(port.getsockname()[0])} if port else set[str]()
        names = LOOPBACK | bound | {name.lower() for name in hosts}
        self._socket = _uvicorn(Guard(app, SOCKET_HOST, authenticate, sessions))
        self._tcp = _uvicorn(Guard(app, names, authenticate, sessions))

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


def _url(port: socket.socket) -> str:
    bound: str
    bound, number = port.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, bound)  # noqa: S104 - a browser here reaches it so
    return f"http://[{host}]:{number}" if ":" in host else f"http://{host}:{number}"


def _uvicorn(app: ASGIApp) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
            ws="none",
            server_header=False,
        )
    )
