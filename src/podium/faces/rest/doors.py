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


async def serve(
    home: Path, on_socket: ASGIApp, port: socket.socket | None, on_port: ASGIApp, sleep: Callable[[float], Any]
) -> None:
    """Serve one application on the home's socket and one on a port, if a socket listens on one, until cancelled.

    The home's socket is served also when there was no room to make it at first.
    """
    doors = [_serve_home(home, on_socket, sleep)]
    if port is not None:
        doors.append(_serve(on_port, port))
    await asyncio.gather(*doors)


async def _serve_home(home: Path, app: ASGIApp, sleep: Callable[[float], Any]) -> None:
    path = home / SOCKET
    while True:
        try:
            path.unlink(missing_ok=True)
            with socket.socket(socket.AF_UNIX) as listener:
                with socket_address(home) as address:
                    listener.bind(address)  # the command line's umask keeps other users out, as the home's rights do
                try:
                    return await _serve(app, listener)
                finally:
                    path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("the socket cannot be made: %s; agents go on, and it is tried again", error)
        await sleep(SOCKET_RETRY_SECONDS)


class _Connection(H11Protocol):
    """Keeps little for a reader that does not read: an answer waits in its own place, not in the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin."""
        super().connection_made(transport)
        door = transport.get_extra_info("socket")
        door.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT_BYTES_MAX)
        transport.set_write_buffer_limits(high=WAITING_BYTES_MAX)


async def _serve(app: ASGIApp, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app, http=_Connection, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2,
        ws="none", server_header=False, interface="asgi3",
    )  # fmt: skip
    await uvicorn.Server(config)._serve([listener])  # pyright: ignore[reportPrivateUsage] - serve() would take the signals
