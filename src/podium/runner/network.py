"""The only way out of a sandbox: listeners made inside, served by a process outside that knows who may be reached.

A sandbox has a network of its own with nothing in it but loopback. As a program inside, this module listens there,
hands the listening sockets out over a descriptor (unix(7), SCM_RIGHTS: they stay in the network where they were made)
and becomes the agent. As a child of the runner it serves them: one is a proxy for HTTP, each of the others leads to one
port of this machine. It ends with the runner, not with the orchestrator.
"""

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

LINK_FD = 4
"""Where the program inside finds the descriptor."""
NOT_FOUND = 127
"""The exit status when there is no such program inside, as a shell's."""
HEAD_BYTES_MAX = 64 << 10
READ_BYTES = 64 << 10
CONNECT_SECONDS = 30.0
SHORT_SECONDS = 0.05
"""Before the next try to serve somebody when the process is short of something."""
LISTENERS_MAX = 200
WEB_PORTS = (80, 443)
"""What an entry without a port allows."""
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
TRUSTED = "!"
"""At the end of an entry: a name that may lead to a private address, too."""
_REFUSED = "HTTP/1.1 {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}"


def split(place: str) -> tuple[str, int]:
    """The host, in lower case, and the port of `host` or `host:port`; 0 when it has none."""
    host, colon, port = place.rpartition(":")
    if colon and port.isdecimal() and (":" not in host or host.startswith("[")):
        return host.lower(), int(port)
    return place.lower(), 0


def loopback_ports(allow: Sequence[str]) -> list[int]:
    """The ports of this machine that are reached inside under the same numbers."""
    return sorted({port for host, port in map(split, map(_place, allow)) if host in LOOPBACK and port})


def addresses(allow: Sequence[str], host: str, port: int) -> list[str]:
    """Where a place that is allowed leads, each address checked: what is reached is what was checked (SEC-3).

    A name answers for itself alone: it must not lead to this machine's neighbours, unless its entry says that it may.
    Raises PermissionError, and OSError when nobody knows the name.
    """
    from podium.web_address import is_public

    found = [str(told[4][0]) for told in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)]
    is_literal = host.strip("[]") in found or host.lower() in LOOPBACK
    if is_literal or any(entry.endswith(TRUSTED) for entry in allowing(allow, host, port)):
        return found
    if private := [address for address in found if not is_public(address)]:
        raise PermissionError(f"it leads to the private address {private[0]}")
    return found


def _place(entry: str) -> str:
    return entry.removesuffix(TRUSTED)


def allowing(allow: Sequence[str], host: str, port: int) -> list[str]:
    """Those that hold the place, such as `example.com`, `*.example.com` or `example.com:8443`."""
    return [entry for entry in allow if _fits(*split(_place(entry)), host.lower(), port)]


def _fits(name: str, only: int, host: str, port: int) -> bool:
    fits = host.endswith(name[1:]) if name.startswith("*.") else host == name
    return fits and (port == only or (not only and port in WEB_PORTS))


def begin(allow: Sequence[str], become_child: Callable[[], None]) -> int:
    """Start the process that serves a sandbox, as a child; the descriptor for the program inside. Raises OSError."""
    mine, theirs = socket.socketpair()
    if os.fork() == 0:
        try:
            theirs.close()
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            become_child()
            _serve(mine, allow)
        finally:
            os._exit(0)
    mine.close()
    return theirs.detach()


def _serve(link: socket.socket, allow: Sequence[str]) -> None:
    import threading

    _, fds, _, _ = socket.recv_fds(link, 1, LISTENERS_MAX)
    link.close()
    targets = dict(zip(fds, (None, *loopback_ports(allow)), strict=True))
    listeners = [socket.socket(fileno=fd) for fd in fds]
    for listener in listeners:
        listener.setblocking(False)  # whoever has gone before being served holds up nobody
    while True:
        for listener in select.select(listeners, [], [])[0]:
            try:
                near, _ = listener.accept()
                told = near, allow, targets[listener.fileno()]
                threading.Thread(target=_connection, args=told, daemon=True).start()
            except (OSError, RuntimeError):  # no descriptor or no thread is left: those that end make room
                time.sleep(SHORT_SECONDS)


def _connection(near: socket.socket, allow: Sequence[str], port: int | None) -> None:
    """Serve one connection from inside to its end."""
    import threading

    with near:
        try:
            near.settimeout(CONNECT_SECONDS)
            far, first = (_reached(["127.0.0.1"], port), b"") if port else _asked(near, allow)
        except (OSError, ValueError):
            return
        with far:
            near.settimeout(None)
            far.settimeout(None)
            back = threading.Thread(target=_copy, args=(far, near), daemon=True)
            back.start()
            _copy(near, far, first)
            back.join()


def _reached(found: Sequence[str], port: int) -> socket.socket:
    """A connection to the first of these addresses that answers. Raises OSError."""
    error = OSError("nobody knows where it is")
    for address in found:
        try:
            return socket.create_connection((address, port), CONNECT_SECONDS)
        except OSError as why:
            error = why
    raise error


def _asked(near: socket.socket, allow: Sequence[str]) -> tuple[socket.socket, bytes]:
    """A connection to the place that a client asks the proxy for (RFC 9110, 9.3.6), and what goes there first.

    Raises ValueError and OSError; a client that asked has been told why.
    """
    said = b""
    while b"\r\n\r\n" not in said:
        chunk = near.recv(READ_BYTES)
        said += chunk
        if not chunk or len(said) > HEAD_BYTES_MAX:
            raise ValueError("no request")
    head, _, rest = said.partition(b"\r\n\r\n")
    request, *fields = head.decode("latin-1").split("\r\n")
    method, url, version = request.split(" ")
    is_tunnel = method == "CONNECT"
    place, slash, path = (url, "", "") if is_tunnel else url.partition("://")[2].partition("/")
    host, port = split(place)
    if not allowing(allow, host, port or 80):
        raise _refusal(near, "403 Forbidden", f"Podium's sandbox does not let this agent reach {place}.")
    port = port if is_tunnel else port or 80
    try:
        far = _reached(addresses(allow, host, port), port)
    except OSError as error:
        status = "403 Forbidden" if isinstance(error, PermissionError) else "502 Bad Gateway"
        raise _refusal(near, status, f"{host}:{port} cannot be reached: {error}.") from error
    if is_tunnel:
        near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return far, rest
    kept = [field for field in fields if not field.lower().startswith(("proxy-", "connection:", "keep-alive:"))]
    lines = [f"{method} /{path if slash else ''} {version}", *kept, "Connection: close", "", ""]
    return far, "\r\n".join(lines).encode("latin-1") + rest


def _refusal(near: socket.socket, status: str, why: str) -> OSError:
    """Tell the client, and what to raise."""
    said = f"{why} See [sandbox] allow in podium.toml.\n"
    near.sendall(_REFUSED.format(status, len(said), said).encode("latin-1", "replace"))
    return OSError(why)


def _copy(source: socket.socket, sink: socket.socket, first: bytes = b"") -> None:
    try:
        sink.sendall(first)
        while chunk := source.recv(READ_BYTES):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
    except OSError:  # one side is gone, which ends both
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def main(arguments: list[str]) -> None:
    """Inside: listen on the given ports, hand the listeners out, and become the program after them."""
    count = int(arguments[0])
    ports, argv = arguments[1 : count + 1], arguments[count + 1 :]
    listeners: list[Any] = [socket.create_server(("127.0.0.1", int(port))) for port in ("0", *ports)]
    with socket.socket(fileno=LINK_FD) as link:
        socket.send_fds(link, [b"x"], [listener.fileno() for listener in listeners])
    proxy = f"http://127.0.0.1:{listeners[0].getsockname()[1]}"
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        os.environ[name] = proxy
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost"
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
        sys.exit(NOT_FOUND)


if __name__ == "__main__":
    main(sys.argv[1:])
