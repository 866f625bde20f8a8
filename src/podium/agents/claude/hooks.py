"""What the program tells by its `http` hooks while it works: signs of life, and the way its messages reach it (COM-1).

The endpoint is this attempt's own: it listens on loopback where the program runs, inside the sandbox when there is one,
and hears whoever has the attempt's credential (https://code.claude.com/docs/en/hooks).
"""

import hmac
import json
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import Any, Final, cast

from podium.agents.inbox import Inbox, Json
from podium.agents.rehearsal.protocol import Messages
from podium.credential import VARIABLE

BEGUN: Final = "PreToolUse"
ENDED: Final = ("PostToolUse", "PostToolUseFailure")
RESULT: Final = "StructuredOutput"
"""The tool that ends the work: what comes after it is for the next one."""
HOOK_SECONDS: Final = 10
"""How long the program waits for an answer; without one it goes on."""
READ_SECONDS: Final = 2.0
BODY_BYTES_MAX: Final = 32 << 20


class Hooks(TCPServer):
    """Serves the hooks of one run, in the caller's own loop: `handle_request` when its descriptor is readable."""

    request_queue_size = 64
    timeout = 0

    def __init__(self, messages: Messages, inbox: Inbox, env: Mapping[str, str]) -> None:
        self._messages = messages
        self._token = env[VARIABLE]
        self.inbox = inbox
        super().__init__(("127.0.0.1", 0), _Handler)

    def settings(self) -> str:
        """For `--settings`: the credential is named there, and taken from the program's environment."""
        hook = {
            "type": "http", "url": f"http://127.0.0.1:{self.server_address[1]}/", "timeout": HOOK_SECONDS,
            "headers": {"Authorization": f"Bearer ${VARIABLE}"}, "allowedEnvVars": [VARIABLE],
        }  # fmt: skip
        return json.dumps({"hooks": {event: [{"hooks": [hook]}] for event in (BEGUN, *ENDED)}})

    def is_allowed(self, presented: str) -> bool:
        """Whether a call has the attempt's credential."""
        return hmac.compare_digest(presented.encode("utf-8", "replace"), f"Bearer {self._token}".encode())

    def hear(self, event: Json) -> Json:
        """Take in one event; the answer may say something to the model."""
        name, tool, id_ = (str(event.get(field, "")) for field in ("hook_event_name", "tool_name", "tool_use_id"))
        if not tool or not id_ or name not in (BEGUN, *ENDED):
            return {}
        self._messages.tool(id_, tool, begun=name == BEGUN)
        said = self.inbox.arrived() if name != BEGUN and tool != RESULT else ""
        if said:
            self._messages.log(said)
        return {"hookSpecificOutput": {"hookEventName": name, "additionalContext": said}} if said else {}


class _Handler(BaseHTTPRequestHandler):
    """One call: an event as JSON in, an answer out."""

    server: Hooks  # pyright: ignore[reportIncompatibleVariableOverride] - no other makes handlers
    timeout = READ_SECONDS

    def do_POST(self) -> None:
        """Answer, and then tell Podium what has been delivered."""
        size = self.headers.get("Content-Length", "")
        if not self.server.is_allowed(self.headers.get("Authorization", "")):
            return self.send_error(HTTPStatus.UNAUTHORIZED)
        if not size.isdecimal() or int(size) > BODY_BYTES_MAX:
            return self.send_error(HTTPStatus.BAD_REQUEST)
        try:
            event: Any = json.loads(self.rfile.read(int(size)))
        except ValueError:
            return self.send_error(HTTPStatus.BAD_REQUEST)
        answer = json.dumps(self.server.hear(cast("Json", event) if isinstance(event, dict) else {})).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        return self.server.inbox.acknowledge()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Nothing is said of a call: what comes of it is in the log."""
