"""The endpoint that hears the program's hooks: whoever lacks the attempt's credential is not heard."""

import http.client
import io
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from podium.agents.claude.hooks import Hooks
from podium.agents.inbox import Inbox
from podium.agents.rehearsal.protocol import Messages

SECONDS = 30.0


class Served:
    """One endpoint, for an attempt whose Podium is away."""

    def __init__(self, folder: Path) -> None:
        self.out = io.StringIO()
        env = {"PODIUM_TOKEN": "t", "PODIUM_HOME": str(folder)}
        self.hooks = Hooks(Messages(self.out), Inbox(env, (), folder), env)

    def post(self, body: bytes, presented: str = "t") -> tuple[int, Any]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.hooks.server_address[1], timeout=SECONDS)) as call:
            call.request("POST", "/", body, {"Authorization": f"Bearer {presented}"})
            answer = call.getresponse()
            return answer.status, answer.read()

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    with made.hooks:
        thread = threading.Thread(target=made.hooks.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            made.hooks.shutdown()
            thread.join(SECONDS)


@pytest.mark.requirement("SEC-1")
def test_only_the_attempts_own_credential_is_heard(served: Served) -> None:
    event = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_use_id": "t1"}
    assert served.post(json.dumps(event).encode(), "another")[0] == 401
    assert served.said() == []
    assert served.post(json.dumps(event).encode()) == (200, b"{}")
    ended = {**event, "hook_event_name": "PostToolUseFailure"}
    assert served.post(json.dumps(ended).encode()) == (200, b"{}"), "an orchestrator that is away holds up nobody"
    assert [(told["type"], told["name"], told["state"]) for told in served.said()] == [
        ("tool", "Bash", "begun"), ("tool", "Bash", "ended"),
    ]  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"hook_event_name": "Stop"}', b'{"tool_name": 7}'])
def test_what_is_no_event_does_nothing(served: Served, body: bytes) -> None:
    status, _ = served.post(body)
    assert status in (200, 400)
    assert served.said() == []


def test_its_settings_name_the_credential_and_do_not_hold_it(served: Served) -> None:
    settings = json.loads(served.hooks.settings())
    (hook,) = settings["hooks"]["PostToolUse"][0]["hooks"]
    assert hook["headers"] == {"Authorization": "Bearer $PODIUM_TOKEN"}
    assert hook["allowedEnvVars"] == ["PODIUM_TOKEN"]
