"""Serves the listeners of a sandbox, outside of it: one is a proxy for HTTP, each of the others leads to one port here.

A module of its own, which `network` loads when somebody inside asks for the first time.
"""

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Sequence
from functools import partial

from podium.runner.network import addresses, allowing, loopback_ports, split

HEAD_BYTES_MAX = 64 << 10
READ_BYTES = 64 << 10
CONNECT_SECONDS = 30.0
_HEAD_END = b"\r\n\r\n"
_REFUSED = "HTTP/1.1 {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}"


def run(fds: Sequence[int], allow: Sequence[str]) -> None:
    """Serve the listeners, of which the first is the proxy, until the process is ended."""
    asyncio.run(_serve(fds, allow))


async def _serve(fds: Sequence[int], allow: Sequence[str]) -> None:
    for fd, port in zip(fds, (None, *loopback_ports(allow)), strict=True):
        listener = socket.socket(fileno=fd)
        await asyncio.start_server(partial(_connection, allow, port), sock=listener, limit=HEAD_BYTES_MAX)
    await asyncio.Event().wait()


async def _connection(allow: Sequence[str], port: int | None, near: StreamReader, to_near: StreamWriter) -> None:
    """Serve one connection from inside to its end."""
    ends = [to_near]
    try:
        far, to_far = await (_reached(["127.0.0.1"], port) if port else _asked(near, to_near, allow))
        ends.append(to_far)
        await asyncio.gather(_copy(near, to_far), _copy(far, to_near))
    except (OSError, ValueError, EOFError, asyncio.LimitOverrunError):
        pass  # it asked for nothing, or one side is gone, which ends both
    finally:
        for end in ends:
            end.close()


async def _reached(found: Sequence[str], port: int) -> tuple[StreamReader, StreamWriter]:
    """A connection to the first of these addresses that answers. Raises OSError."""
    error = OSError("nobody knows where it is")
    for address in found:
        try:
            return await asyncio.wait_for(asyncio.open_connection(address, port), CONNECT_SECONDS)
        except OSError as why:
            error = why
    raise error


async def _asked(near: StreamReader, to_near: StreamWriter, allow: Sequence[str]) -> tuple[StreamReader, StreamWriter]:
    """A connection to the place that a client asks the proxy for (RFC 9110, 9.3.6).

    Raises ValueError, EOFError, LimitOverrunError and OSError; a client that asked has been told why.
    """
    head = await asyncio.wait_for(near.readuntil(_HEAD_END), CONNECT_SECONDS)
    request, *fields = head.removesuffix(_HEAD_END).decode("latin-1").split("\r\n")
    method, url, version = request.split(" ")
    is_tunnel = method == "CONNECT"
    place, slash, path = (url, "", "") if is_tunnel else url.partition("://")[2].partition("/")
    host, port = split(place)
    if not allowing(allow, host, port or 80):
        raise _refusal(to_near, "403 Forbidden", f"Podium's sandbox does not let this agent reach {place}.")
    port = port if is_tunnel else port or 80
    try:
        far, to_far = await _reached(await asyncio.to_thread(addresses, allow, host, port), port)
    except OSError as error:
        status = "403 Forbidden" if isinstance(error, PermissionError) else "502 Bad Gateway"
        raise _refusal(to_near, status, f"{host}:{port} cannot be reached: {error}.") from error
    if is_tunnel:
        to_near.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    else:
        kept = [field for field in fields if not field.lower().startswith(("proxy-", "connection:", "keep-alive:"))]
        lines = [f"{method} /{path if slash else ''} {version}", *kept, "Connection: close", "", ""]
        to_far.write("\r\n".join(lines).encode("latin-1"))
    return far, to_far


def _refusal(to_near: StreamWriter, status: str, why: str) -> OSError:
    """Tell the client, and what to raise."""
    said = f"{why} See [sandbox] allow in podium.toml.\n"
    to_near.write(_REFUSED.format(status, len(said), said).encode("latin-1", "replace"))
    return OSError(why)


async def _copy(source: StreamReader, sink: StreamWriter) -> None:
    while chunk := await source.read(READ_BYTES):
        sink.write(chunk)
        await sink.drain()
    sink.write_eof()
