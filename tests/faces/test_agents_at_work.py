"""A real agent in a real run, with the credential that its attempt was handed (SEC-1, COM-1)."""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any, Final

import httpx2
import pytest

from podium.domain.errors import Forbidden
from podium.faces.mcp.servers import NAMES, operations_of
from tests.faces import curious_agent
from tests.faces.command_line import ROOT, CommandLine

pytestmark = pytest.mark.timeout(600)
AGENT_SECONDS_MAX: Final = 400.0
"""It starts a good many processes, on a machine that may have other work."""


class Run:
    """What came of it: what the agent found, and what is left when its attempt has ended."""

    def __init__(self, podium: CommandLine, url: str, found: dict[str, Any], message: int) -> None:
        self.podium = podium
        self.url = url
        self.found = found
        self.message = message

    @property
    def attempt(self) -> str:
        return self.found["whoami"]["attempt"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("agents")
    podium, witness = CommandLine(folder / "home"), folder / "witness"
    os.mkfifo(witness)  # the one thing outside that can be written to from a sandbox
    podium.ask("init")
    command = json.dumps([sys.executable, "-m", "tests.faces.curious_agent"])
    env = f'{{ WITNESS = "{witness}", PYTHONPATH = "{ROOT}" }}'
    with (podium.home / "podium.toml").open("a") as file:
        file.write(f"\n[agents.curious]\ncommand = {command}\nenv = {env}\n")
        file.write(f"[sandbox]\nread = {json.dumps([str(ROOT), str(witness)])}\n")
    url = podium.ask("up", "--port", "0")["url"]
    try:
        for name in ("other", "mine"):
            podium.ask("submit", "--title", name, "--id", name, "--brief", "x", "--agent", "curious")
        # The agent says that it is at work by its note; what is sent from now on did not come with its job.
        podium.until("any(e['type'] == 'attempt.noted' for e in answer['events'])", "events", "--limit", "9999")
        sent = podium.ask("messages", "send", "workflow:genesis", "now: stop using tabs", "--project", "mine")
        found = json.loads(witness.read_text())
        podium.until("answer['reviews']", "project", "mine", seconds=AGENT_SECONDS_MAX)
        yield Run(podium, url, found, sent["message"])
    finally:
        assert podium("down").returncode == 0


@pytest.mark.requirement("SEC-1")
def test_an_agent_sees_its_own_work_and_says_what_it_has_to_say(run: Run) -> None:
    found, attempt = run.found, run.attempt
    names = ["ASSIGNMENT", "ATTEMPT", "HOME", "SESSION", "TOKEN", "URL"]
    assert found["environment"] == [f"PODIUM_{name}" for name in names]
    assert attempt.startswith("mine/")
    assert (found["whoami"]["scope"], found["whoami"]["name"]) == ("attempt", found["assignment"]["instance"])
    assert found["assignment"]["attempt"] == found["note"]["attempt"] == attempt
    assert found["project"]["id"] == "mine"
    events = run.podium.ask("events", "--limit", "9999")["events"]
    notes = [e for e in events if e["type"] == "attempt.noted"]
    assert [note["data"]["text"] for note in notes] == ["I am podium_attempt", "by stdio", "by http"]
    assert {(n["project"], f"{n['project']}/{n['job']}.a{n['attempt']}") for n in notes} == {("mine", attempt)}
    (sent,) = [m for m in run.podium.ask("messages", "list")["messages"] if m["id"] == found["sent"]["message"]]
    assert (sent["sender"], sent["project"]) == (found["whoami"]["name"], "mine")


@pytest.mark.requirement("SEC-1")
def test_an_agent_reaches_nothing_beyond_its_attempt(run: Run) -> None:
    assert run.found["refused"] == dict.fromkeys(curious_agent.FORBIDDEN, 403)
    events = run.podium.ask("events", "--limit", "9999")["events"]
    refused = [e["data"] for e in events if e["type"] == "operation.called" and e["data"]["outcome"] != "done"]
    assert {(call["attempt"], call["outcome"]) for call in refused} == {(run.attempt, "refused: forbidden")}
    writes = {name for name, operation in curious_agent.OPERATORS.items() if operation.safety != "read"}
    assert {"review approve", "scale-up", "restart-instance", "assign-development", "token create"} <= writes
    assert writes <= {call["operation"] for call in refused}
    assert run.podium.ask("token", "list")["tokens"] == []


@pytest.mark.requirement("SEC-1")
def test_no_operation_of_those_who_conduct_is_an_agents_on_any_face(run: Run) -> None:
    """Every one is tried, not a choice of them: one that is added later is tried too."""
    everything = curious_agent.OPERATORS
    assert run.found["rest"] == dict.fromkeys(everything, 403)
    typed = {name for name, operation in everything.items() if "cli" in operation.faces} | curious_agent.TYPED.keys()
    assert run.found["typed"] == dict.fromkeys(typed, Forbidden.exit_code)


@pytest.mark.requirement("SEC-1", "MCP-1")
def test_the_mcp_servers_serve_an_agent_what_its_attempt_opens(run: Run) -> None:
    tools = ["assignment", "inbox", "messages_ack", "messages_send", "note"]
    mine = {"tools": tools, "attempt": run.attempt, "refused": False}
    assert (run.found["mcp"].pop("stdio"), run.found["mcp"].pop("http")) == (mine, mine)
    opened = {"communication": tools, "monitor": ["project", "whoami"]}
    for server in NAMES:
        tried = {tool: found.name for tool, found in operations_of(server).items() if not found.agents}
        for transport in ("stdio", "http"):
            found = run.found["mcp"].pop(f"{server} {transport}")
            assert found["tools"] == opened.get(server, [])
            assert found["refused"].keys() == tried.keys()
            for tool, words in found["refused"].items():
                assert words.startswith(f"An agent at work may not call `{tried[tool]}`:"), (server, transport, words)
    assert run.found["mcp"] == {}


@pytest.mark.requirement("COM-1")
def test_a_message_reaches_an_agent_at_work_once(run: Run) -> None:
    found = run.found
    assert (found["message"]["id"], found["message"]["text"]) == (run.message, "now: stop using tabs")
    assert (found["acknowledged"]["new"], found["left"]) == (True, [])
    (kept,) = [m for m in run.podium.ask("messages", "list")["messages"] if m["id"] == run.message]
    assert kept["read_by"] == [found["whoami"]["name"]]
    assert [m["text"] for m in found["command line"]["messages"]] == ["who mends the tests?"]


@pytest.mark.requirement("SEC-1")
def test_a_credential_dies_with_its_attempt_and_is_in_no_log(run: Run) -> None:
    headers = {"Authorization": f"Bearer {run.found['token']}"}
    for path in ("/v1/assignment", "/v1/project/mine", "/v1/status", "/mcp/communication"):
        answer = httpx2.get(f"{run.url}{path}", headers=headers)
        assert (answer.status_code, "has ended" in answer.json()["detail"]) == (401, True), path
    secret = run.found["token"].removesuffix(run.attempt).encode()
    logs = [path for path in run.podium.home.rglob("*") if path.is_file() and path.name != "run.json"]
    assert any(path.name == "messages.ndjson" for path in logs)
    assert [path for path in logs if secret in path.read_bytes()] == []
    (log,) = run.podium.home.glob(f"attempts/mine/{run.attempt.partition('/')[2]}/messages.ndjson")
    assert "my token is" in log.read_text()
