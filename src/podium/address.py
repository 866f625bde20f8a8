"""Where a home is, and where its orchestrator listens: a unix socket in it, whatever its path's length, and a port."""

import os
import re
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from podium.domain.errors import Unavailable, UsageError
from podium.refusals import refusal

NODE_VARIABLE: Final = "PODIUM_NODE"
NODE: Final = os.environ.get(NODE_VARIABLE, "")
"""This process's node among those that share a home and a database (docs/nodes.md); empty where there is one."""
SOCKET: Final = f"podium{NODE and '-' + NODE}.sock"
LOCK: Final = f"lock{NODE and '-' + NODE}"
"""Held by the home's orchestrator, or by that of its node, from its start to the end of its process."""
ORCHESTRATOR_LOG: Final = f"orchestrator{NODE and '-' + NODE}.log"
"""In the home: what an orchestrator in the background says."""
HOME_BYTES_MAX: Final = 480
"""SQLite opens no path of more than 512 bytes, of which the names of its own files take some."""
SUN_PATH_BYTES_MAX: Final = 100
BACKLOG: Final = 2048
"""Connections that wait to be accepted."""


def home_path(given: str | None = None) -> Path:
    """The home: `--home`, else `PODIUM_HOME`, else `.podium` in the current folder; raises `UsageError`."""
    if not re.fullmatch(r"[a-z0-9]?|[a-z0-9][a-z0-9-]{0,38}[a-z0-9]", NODE):
        raise UsageError(f"{NODE_VARIABLE}={NODE!r} is no node's name: letters a to z, digits and `-`, at most 40.")
    home = Path(given or os.environ.get("PODIUM_HOME") or ".podium").expanduser().absolute()
    try:
        size = len(str(home).encode())
    except UnicodeEncodeError:
        told = os.fsencode(home).decode("utf-8", "replace")
        raise UsageError(refusal("unreadable home", told=told)) from None
    if size > HOME_BYTES_MAX:
        raise UsageError(refusal("long home", size=size, most=HOME_BYTES_MAX))
    return home


@contextmanager
def socket_address(home: Path) -> Generator[str]:
    """The socket's path, short enough for the kernel, while the block lasts; raises `OSError` without such a folder.

    A long home is reached through its open folder (Linux).
    """
    path = str(home / SOCKET)
    if len(os.fsencode(path)) <= SUN_PATH_BYTES_MAX:
        yield path
        return
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address; raises `Unavailable` when that is taken or is not this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise Unavailable(f"Podium cannot listen on {host}: {error}. Give another with --host.") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # whoever has vanished is noticed in the end
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise Unavailable(refusal("taken port", host=host, port=port, why=error.strerror)) from None
    return listener


def url_of(listener: socket.socket) -> str:
    """Where a browser or a program on this machine reaches a socket that listens."""
    bound: str
    bound, number = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, bound)  # noqa: S104 - so it is reached from here
    return f"http://[{host}]:{number}" if ":" in host else f"http://{host}:{number}"
