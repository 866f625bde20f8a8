"""The two doors of an orchestrator: the home's socket always, and a port where one is asked for."""

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from podium.address import SOCKET, socket_address

SOCKET_RETRY_SECONDS: Final = 2.0
WAITING_BYTES_MAX: Final = 4 * 1024
"""In a connection that takes nothing, before its answer waits."""
SENT_BYTES_MAX: Final = 64 * 1024
"""Of an answer that the system holds for a reader; it would take megabytes, and each new event with them."""

_log = logging.getLogger(__name__)


class Doors:
    """Serves one application on the home's socket and one on a port, if there is a socket that listens on one."""

    def __init__(self, home: Path, on_socket: ASGIApp, port: socket.socket | None, on_port: ASGIApp) -> None:
        self._home = home
        self._port = port
        self._socket, self._tcp = _uvicorn(on_socket), _uvicorn(on_port)

    async def serve(self, sleep: Callable[[float], Any]) -> None:
        """Serve until cancelled, the socket also when there was no room to make it at first."""
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
        ws="none", server_header=False, interface="asgi3",
    )  # fmt: skip
    return uvicorn.Server(config)
