"""A real HTTP server on loopback that checks signatures with the library's own verification, and answers as told."""

import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G"


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    genuine: bool


@dataclass
class Receiver:
    """What has come in, and what is answered: a status, and headers; 0 hangs up without an answer."""

    port: int = 0
    requests: list[Received] = field(default_factory=list[Received])
    answer: Callable[[int], tuple[int, dict[str, str]]] = lambda _: (204, {})
    hold: threading.Event = field(default_factory=threading.Event)
    """Set to answer at once."""


@contextmanager
def receiving(tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Generator[Receiver]:
    """Serve until the block ends."""
    receiver = Receiver()
    receiver.hold.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {key.lower(): value for key, value in self.headers.items()}
            receiver.requests.append(Received(self.path, headers, body, _is_genuine(body, headers)))
            number = len(receiver.requests)
            receiver.hold.wait(30)
            status, more = receiver.answer(number)
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            for key, value in more.items():
                self.send_header(key, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with ThreadingHTTPServer((host, 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.hold.set()
            server.shutdown()
            thread.join()


def _is_genuine(body: bytes, headers: dict[str, str]) -> bool:
    try:
        Webhook(SECRET).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True
