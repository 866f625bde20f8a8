"""A scripted model on loopback that speaks Anthropic's Messages API: real coding agents run with no key and no cost.

Reference: https://docs.anthropic.com/en/api/messages and its streaming events.
"""

import json
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Final, Self
from urllib.parse import urlsplit

from tests.scripted.script import Answer, Asked, Call, Cut, Failure, Script, Silence, Text, Unscripted

REQUESTS_KEPT_MAX: Final = 2_000
BODY_BYTES_MAX: Final = 64 * 1024 * 1024
SILENCE_SECONDS_MAX: Final = 600.0
READ_SECONDS: Final = 60.0
"""How long a connection may be idle."""
POLL_SECONDS: Final = 0.05
"""How soon the end is noticed."""
PIECE_CHARS: Final = 400
"""Of what is streamed at once."""
TOKEN_CHARS: Final = 4
"""Usage is counted by length, so that a script's usage is the same on every run."""

Event = Mapping[str, Any]


class ModelServer:
    """Serves a script while the block lasts. `asked` has every request, `troubles` what the script had no answer to."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: Final[deque[Asked]] = deque(maxlen=REQUESTS_KEPT_MAX)
        self.troubles: Final[deque[str]] = deque(maxlen=REQUESTS_KEPT_MAX)
        self.closing: Final = threading.Event()
        self.numbers: Final = count(1)
        self._server: Final = _Server(("127.0.0.1", 0), _Handler, self)
        self._thread: Final = threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="scripted model", daemon=True
        )

    @property
    def url(self) -> str:
        """For ANTHROPIC_BASE_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, asked: Asked) -> Answer:
        """The script's answer; without one the agent is told so, and it does not try again."""
        self.asked.append(asked)
        try:
            return self.script(asked)
        except Unscripted as error:
            self.troubles.append(str(error))
            return Failure(400, "invalid_request_error", str(error))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], handler: type["_Handler"], model: ModelServer) -> None:
        self.model = model
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An agent that goes away is no trouble; a script that breaks is told to whoever asks for `troubles`."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            self.model.troubles.append(f"{type(error).__name__}: {error}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = READ_SECONDS
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] # the library names the base class

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Nothing: what was asked is in `ModelServer.asked`."""

    def do_HEAD(self) -> None:
        """Agents look whether anybody is there."""
        self._send(200, {})

    def do_GET(self) -> None:
        """There is nothing to read."""
        self._fail(Failure(404, "not_found_error", f"the scripted model has no {self.path}"))

    def do_POST(self) -> None:
        """The Messages API."""
        size = int(self.headers.get("Content-Length") or 0)
        if size > BODY_BYTES_MAX:
            self._fail(Failure(413, "request_too_large", f"at most {BODY_BYTES_MAX:,} bytes"))
            return
        body = json.loads(self.rfile.read(size) or b"{}")
        path = urlsplit(self.path).path
        if path == "/v1/messages/count_tokens":
            self._send(200, {"input_tokens": _tokens(body)})
        elif path == "/v1/messages":
            self._answer(body)
        else:
            self._fail(Failure(404, "not_found_error", f"the scripted model has no {path}"))

    def _answer(self, body: dict[str, Any]) -> None:
        model = self.server.model
        answer = model.answer(Asked(body))
        if isinstance(answer, Failure):
            self._fail(answer)
            return
        blocks = () if isinstance(answer, Silence) else _blocks(answer.blocks if isinstance(answer, Cut) else answer)
        message = _message(blocks, body, next(model.numbers))
        if not body.get("stream"):
            self._send(200, message)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        events = list(_events(message))
        whole = 1 if isinstance(answer, Silence) else len(events) // 2 if isinstance(answer, Cut) else len(events)
        for event in events[:whole]:
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()
        if isinstance(answer, Silence):
            model.closing.wait(SILENCE_SECONDS_MAX)

    def _fail(self, failure: Failure) -> None:
        later = failure.retry_after_seconds
        headers = {**({} if later is None else {"retry-after": str(later)}), **failure.headers}
        error = {"type": failure.kind, "message": failure.message}
        self._send(failure.status, {"type": "error", "error": error}, headers)

    def _send(self, status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _blocks(answer: Text | Call | Sequence[Text | Call]) -> Sequence[Text | Call]:
    return (answer,) if isinstance(answer, Text | Call) else answer


def _message(blocks: Sequence[Text | Call], body: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The whole answer as the API has it."""
    content: list[dict[str, Any]] = [
        {"type": "text", "text": block.text}
        if isinstance(block, Text)
        else {"type": "tool_use", "id": f"toolu_{number:06d}{n:02d}", "name": block.tool, "input": dict(block.input)}
        for n, block in enumerate(blocks)
    ]
    calls = any(isinstance(block, Call) for block in blocks)
    return {
        "id": f"msg_{number:06d}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", ""),
        "content": content,
        "stop_reason": "tool_use" if calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": _tokens(body), "output_tokens": _tokens(content)},
    }


def _events(message: dict[str, Any]) -> Iterator[Event]:
    """The same answer as it is streamed."""
    begin: Event = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 0}}
    yield {"type": "message_start", "message": begin}
    for index, block in enumerate(message["content"]):
        is_text = block["type"] == "text"
        part, kind = ("text", "text_delta") if is_text else ("partial_json", "input_json_delta")
        empty: Event = {**block, "text": ""} if is_text else {**block, "input": {}}
        whole = block["text"] if is_text else json.dumps(block["input"])
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        for piece in (whole[at : at + PIECE_CHARS] for at in range(0, len(whole), PIECE_CHARS)):
            yield {"type": "content_block_delta", "index": index, "delta": {"type": kind, part: piece}}
        yield {"type": "content_block_stop", "index": index}
    end = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": message["usage"]["output_tokens"]}}
    yield {"type": "message_stop"}


def _tokens(said: Any) -> int:
    return max(1, len(json.dumps(said)) // TOKEN_CHARS)
