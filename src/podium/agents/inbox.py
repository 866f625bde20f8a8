"""What an agent at work has been sent since it began: asked of Podium with the attempt's own credential (COM-1)."""

import http.client
import json
import socket
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from podium.address import socket_address
from podium.credential import VARIABLE

SECONDS_MAX: Final = 3.0
"""An orchestrator that is slow, or away, must not hold up who works."""

_ARRIVED: Final = Path(__file__).with_name("arrived.txt").read_text("utf-8").strip()

Json = dict[str, Any]


class Inbox:
    """The messages of one attempt; each is handed out once, and acknowledged when it has reached the agent."""

    def __init__(self, env: Mapping[str, str], told: Collection[int], folder: Path) -> None:
        self._env = env
        self._given: set[int] = set(told)
        self._unacknowledged: list[int] = []
        self._folder = folder

    def arrived(self) -> str:
        """What to say of messages that are new; they themselves are in a file, as all that others wrote (SEC-2)."""
        found = [one for one in (self._ask("inbox", {}) or {}).get("messages", ()) if one["id"] not in self._given]
        if not found:
            return ""
        numbers = [int(one["id"]) for one in found]
        path = self._folder / f"messages-{numbers[-1]}.json"
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False), "utf-8")
        self._given.update(numbers)
        self._unacknowledged += numbers
        return _ARRIVED.format(count=len(found), s="s" * (len(found) > 1), path=path)

    def acknowledge(self) -> None:
        """What has been handed out does not come again; if nobody takes that now, it is said the next time."""
        while self._unacknowledged and self._ask("messages/ack", {"message": self._unacknowledged[0]}) is not None:
            self._unacknowledged.pop(0)

    def _ask(self, operation: str, asked: Json) -> Json | None:
        """Podium's answer; empty when it refuses, None when nobody can answer now."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._env[VARIABLE]}"}
        port = urlsplit(self._env.get("PODIUM_URL", "")).netloc
        for place in ("", *([port] if port else [])):
            with closing(http.client.HTTPConnection(place or "podium", timeout=SECONDS_MAX)) as connection:
                try:
                    if not place:
                        self._dial(connection)
                    connection.request("POST", f"/v1/operations/{operation}", json.dumps(asked), headers)
                    answer = connection.getresponse()
                    told: Any = json.loads(answer.read())
                except (OSError, http.client.HTTPException, ValueError):
                    continue  # a port outlives an orchestrator also for who works in a sandbox, unlike the socket
                if answer.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
                    return None
                return cast("Json", told) if answer.status < http.HTTPStatus.BAD_REQUEST else {}
        return None

    def _dial(self, connection: http.client.HTTPConnection) -> None:
        """The home's own socket."""
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(SECONDS_MAX)
        with socket_address(Path(self._env["PODIUM_HOME"])) as address:
            connection.sock.connect(address)
