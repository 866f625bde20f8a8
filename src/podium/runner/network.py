"""The only way out of a sandbox: listeners made inside, served by a process outside that knows who may be reached.

A sandbox has a network of its own with nothing in it but loopback. As a program inside, this module listens there,
hands the listening sockets out over a descriptor (unix(7), SCM_RIGHTS: they stay in the network where they were made)
and becomes the agent. As a child of the runner it serves them (`proxy`). It ends with the runner, not with the
orchestrator.
"""

import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

LINK_FD = 4
"""Where the program inside finds the descriptor."""
NOT_FOUND = 127
"""The exit status when there is no such program inside, as a shell's."""
LISTENERS_MAX = 200
WEB_PORTS = (80, 443)
"""What an entry without a port allows."""
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
TRUSTED = "!"
"""At the end of an entry: a name that may lead to a private address, too."""


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
            _, fds, _, _ = socket.recv_fds(mine, 1, LISTENERS_MAX)
            mine.close()
            # What serves takes its time to load, and most programs reach nobody.
            if fds and select.select(fds, [], []):
                from podium.runner import proxy

                proxy.run(fds, allow)
        finally:
            os._exit(0)
    mine.close()
    return theirs.detach()


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
