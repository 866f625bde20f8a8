"""Messages, rules and webhooks as an operator meets them: real commands, real rehearsal agents, a real receiver."""

import json
import sys
from pathlib import Path

import pytest

from tests.faces.command_line import CommandLine
from tests.unit.integrations.receiver import SECRET, receiving

SMALL = "# Small\n\n## Features\n\n- Count words: say how many words a text has\n"
RULES = """
[[rules]]
on = "event:genesis_complete"
webhook = "ci"

[[rules]]
on = "event:development_milestone"
webhook = "plain"

[[rules]]
on = "event:project.completed"
notify = "{title} is complete"
"""
DRAFTS = "small has pieces that go out once they are approved: podium deliveries --state draft"
HOOKS = """
[webhooks.ci]
url = "http://localhost:{port}/ci"
secret_env = "HOOK_KEY"
allow_http = true
allow_private = true

[webhooks.plain]
url = "http://localhost:{port}/plain"
secret_file = "hook.key"
format = "flat"
allow_http = true
allow_private = true

[channels.desk]
url_env = "DESK_URL"
takes = ["needs_you", "marketing"]
"""


@pytest.fixture
def podium(tmp_path: Path) -> CommandLine:
    made = CommandLine(tmp_path / "home")
    made.env["HOOK_KEY"] = SECRET
    return made


@pytest.mark.requirement("EVT-3", "EVT-4", "COM-1", "NTF-1")
def test_agents_read_their_messages_and_receivers_get_the_documented_payloads(podium: CommandLine) -> None:
    podium("init", "--pipeline")
    with (podium.home / "pipeline.toml").open("a") as pipeline:
        pipeline.write(RULES)
    key = podium.home / "hook.key"
    key.touch(mode=0o600)
    key.write_text(SECRET)
    with receiving() as receiver, receiving() as desk:
        podium.env["DESK_URL"] = f"json://127.0.0.1:{desk.port}/"
        with (podium.home / "podium.toml").open("a") as configuration:
            configuration.write(HOOKS.format(port=receiver.port))
        assert podium("messages", "send", "all", "Mind the gap", "--from", "ann").returncode == 0
        try:
            assert podium("up").returncode == 0
            podium.ask("run", podium.document("small.md", SMALL))
            podium.until("not any(d['state'] == 'pending' for d in answer['deliveries'])", "deliveries")
            told = [json.loads(request.body)["message"] for request in desk.requests]
            assert [text.splitlines()[0] for text in told] == [DRAFTS], "nothing goes out before somebody has approved"
            landing, *others = podium.ask("deliveries", "--state", "draft")["deliveries"]
            assert len(others) == 2
            assert podium("deliveries", "approve", str(landing["id"])).returncode == 0
            podium.until("not any(d['state'] == 'pending' for d in answer['deliveries'])", "deliveries")
            assert len(desk.requests) == 2
            again = podium("deliveries", "approve", str(landing["id"]))
            assert "is no draft" in again.stderr
            assert len(desk.requests) == 2
        finally:
            podium("down")

    sent = {request.path: json.loads(request.body) for request in receiver.requests}
    assert [request.genuine for request in receiver.requests] == [True, True]
    assert sent["/ci"]["data"]["event"] == "genesis_complete"
    assert set(sent["/plain"]) == {"event", "project_id", "milestone", "deployment_url", "timestamp"}

    messages = {row["to"]: row for row in podium.ask("messages", "list")["messages"]}
    assert set(messages) == {"all", "workflow:development", "workflow:content"}
    readers = set(messages["workflow:development"]["read_by"])
    assert readers
    assert all(name.startswith("dev-") for name in readers)
    assert readers < set(messages["all"]["read_by"])
    assert messages["all"]["sender"] == "ann"
    log = podium("logs", "genesis-01").stdout
    assert "Read a message from ann: Mind the gap" in log
    drafts, notice = podium.ask("notices")["notices"]
    assert (drafts["text"], notice["text"]) == (DRAFTS, "Small is complete")
    assert podium("notices", "dismiss", str(drafts["id"])).returncode == 0
    assert podium.ask("status")["system"]["notices_open"] == 1
    assert podium("notices", "dismiss", str(notice["id"])).returncode == 0
    assert podium.ask("notices")["notices"] == []


@pytest.mark.requirement("CLI-1")
def test_what_cannot_be_said_is_refused_with_what_to_write(podium: CommandLine) -> None:
    podium("init")
    refused = podium("messages", "send", "dev-02", "x")
    assert (refused.returncode, "write instance:NAME" in refused.stderr) == (2, True)
    assert podium("messages", "send", "instance:dev-99", "x").returncode == 2
    assert podium("messages", "send", "all", "x", "--project", "none").returncode == 3
    assert podium("messages", "ack", "7").returncode == 3
    assert podium("deliveries", "replay", "7").returncode == 3
    assert "No deliveries" in podium("deliveries").stdout
    assert "dismiss" in podium("notices", "--help").stdout


@pytest.mark.requirement("SEC-3")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('url = "http://example.com"\nsecret_env = "K"', "webhooks.ci: http:// can be read on its way"),
        ('url = "https://u:hush@example.com"\nsecret_env = "K"', "webhooks.ci: a URL must not hold a user name"),
        ('url = "https://example.com"', "webhooks.ci: give either secret_env"),
        ('url = "https://example.com"\nsecret = "whsec_hush"', "webhooks.ci.secret: Extra inputs are not permitted"),
        ('url = "https://example.com"\nsecret_env = "K"\nformat = "xml"', "webhooks.ci.format"),
    ],
)
def test_a_webhook_that_cannot_be_used_is_refused_on_start(podium: CommandLine, line: str, said: str) -> None:
    podium("init")
    with (podium.home / "podium.toml").open("a") as configuration:
        configuration.write(f"\n[webhooks.ci]\n{line}\n")
    done = podium("status")
    assert (done.returncode, said in done.stderr, "hush" in done.stderr) == (2, True, False), done.stderr
    assert [path.name for path in podium.home.iterdir()] == ["podium.toml"]


def test_a_rule_on_a_webhook_that_is_not_configured_is_refused_with_its_line(podium: CommandLine) -> None:
    podium("init", "--pipeline")
    with (podium.home / "pipeline.toml").open("a") as pipeline:
        pipeline.write(RULES)
    done = podium("status")
    assert done.returncode == 2
    assert "podium.toml has no [webhooks.ci]; it has none" in done.stderr


@pytest.mark.requirement("COM-1")
def test_a_message_wakes_an_idle_instance_which_reads_it(podium: CommandLine) -> None:
    podium("init")
    sleeper = json.dumps([sys.executable, "-c", "import time; time.sleep(600)"])
    with (podium.home / "podium.toml").open("a") as configuration:
        configuration.write(f"\n[agents.sleeper]\ncommand = {sleeper}\n")
    podium.ask("up", "--port", "0")
    try:
        podium.ask("submit", "--title", "Small", "--id", "small", "--brief", "x", "--agent", "sleeper")
        podium.until("any(row['project'] == 'small' for row in answer['instances'])", "instances")
        to_all = podium("messages", "send", "all", "x", "--wake", "--project", "small")
        assert "Name an instance, a role or a workflow" in to_all.stderr
        sent = podium.ask("messages", "send", "role:issues", "which issues?", "--wake", "--project", "small")
        job = sent["job"]
        podium.until(f"any(row['job'] == {job} for row in answer['instances'])", "instances")
        (row,) = [row for row in podium.ask("instances")["instances"] if row["job"] == job]
        assert row["name"] == "genesis-03"
        assert podium.ask("assignment", "--attempt", f"small/{job}.a1")["step"] == "answer"
        inbox = podium.ask("inbox", "--attempt", f"small/{job}.a1")
        assert (inbox["instance"], [m["text"] for m in inbox["messages"]]) == ("genesis-03", ["which issues?"])
        assert podium.ask("project", "small")["workflows"]["genesis"]["state"] == "ANALYZING"
        busy = podium.ask("messages", "send", "role:issues", "and now?", "--wake", "--project", "small")
        assert busy["job"] == 0
    finally:
        assert podium("down").returncode == 0
