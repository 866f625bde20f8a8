"""The real Claude Code program with Podium's plugin, before a live orchestrator and a scripted model."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from podium.faces.cli.claude import PLUGIN
from podium.faces.mcp.prompts import COMMANDS
from podium.faces.mcp.servers import tool_name
from podium.operations.catalogue import REGISTRY
from tests.faces.command_line import ROOT, CommandLine
from tests.scripted.claude_code import ClaudeCode, Run, program
from tests.scripted.model_server import ModelServer
from tests.scripted.script import Asked, Call, Script, Text, in_turn
from tools.claude_plugin import full_name

QUEUE: Final = "mcp__plugin_podium_queue__"
MONITOR: Final = "mcp__plugin_podium_monitor__"
WITH_PLUGIN: Final = ("--plugin-dir", str(PLUGIN), "--permission-mode", "dontAsk")
TYPED: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "status": ("", {}),
    "health": ("", {}),
    "metrics": ("--window 7d", {"window": "7d"}),
    "backlog": ("", {}),
    "assign-genesis": ("small genesis-02", {"project": "small", "instance": "genesis-02"}),
    "assign-development": ("small dev-03", {"repository": "small", "instance": "dev-03"}),
    "assign-content": ("small content-02", {"project": "small", "instance": "content-02"}),
    "rebalance": ("--preview", {"preview": True}),
    "scale-up": ("content --to 5", {"workflow": "content", "to": 5}),
    "scale-down": ("development --to 4", {"workflow": "development", "to": 4}),
    "restart-instance": ("dev-02", {"instance": "dev-02"}),
    "priority-boost": ("small --points 3", {"project": "small", "points": 3}),
}
"""The documented commands: what a person types after one, and the input that it means."""


class Session(NamedTuple):
    """Claude Code while it runs, which is given one prompt after another."""

    model: ModelServer
    process: "subprocess.Popen[str]"

    def say(self, words: str, script: Script) -> None:
        """Give it a prompt and hear it to its end; the script must have been enough."""
        self.model.script = script
        self.model.asked.clear()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        told = {"type": "user", "message": {"role": "user", "content": words}}
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        result = next(event for event in map(json.loads, self.process.stdout) if event["type"] == "result")
        assert not self.model.troubles, list(self.model.troubles)
        assert not result["is_error"], result


class Stage(NamedTuple):
    """A live orchestrator with a project that has not begun, and Claude Code in the same folder."""

    podium: CommandLine
    model: ModelServer
    claude: ClaudeCode
    folder: Path

    def say(self, words: str, script: Script, *options: str) -> Run:
        """Give Claude Code a prompt; the script must have been enough."""
        self.model.script = script
        self.model.asked.clear()
        run = self.claude.prompt(words, *(options or WITH_PLUGIN), cwd=self.folder)
        assert not self.model.troubles, list(self.model.troubles)
        assert (run.code, run.result["is_error"]) == (0, False), (run.result, run.errors)
        return run

    @contextmanager
    def session(self, *options: str) -> Generator[Session]:
        """Claude Code with the plugin, which ends with the block."""
        streams = ("-p", "--verbose", "--input-format", "stream-json", "--output-format", "stream-json")
        with subprocess.Popen(
            [program(), *streams, *WITH_PLUGIN, *options], cwd=self.folder, env=self.claude.environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                yield Session(self.model, process)
            finally:
                os.killpg(process.pid, signal.SIGTERM)

    def seen(self) -> Any:
        """What the model was sent as its last tool's answer."""
        return json.loads(self.model.asked[-1].results[-1].text)

    def priority(self) -> int:
        """The project's own, as the command line tells it."""
        return self.podium.ask("project", "small")["priority"]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("claude")
    podium = CommandLine(folder / ".podium")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    assert podium("init", "--claude").returncode == 0
    assert podium("up").returncode == 0
    try:
        podium.ask("submit", "--title", "Small", "--feature", "Count words", "--not-before", "2h")
        with ModelServer(in_turn()) as model:
            yield Stage(podium, model, ClaudeCode(folder / "claude", model.url, path), folder)
    finally:
        podium("down")


def tell(asked: Asked) -> Text:
    """The model repeats what the tool answered."""
    return Text(asked.results[-1].text)


def typed(pattern: str, asked: Asked) -> str:
    """What stands in the prompt; a model that cannot find it cannot go on."""
    found = re.search(pattern, asked.prompt)
    assert found is not None, asked.prompt
    return found[1]


@pytest.mark.requirement("MCP-2")
@pytest.mark.parametrize("path", [PLUGIN, ROOT], ids=["plugin", "repository"])
def test_the_official_validator_passes_the_plugin_and_both_marketplaces(stage: Stage, path: Path) -> None:
    code, output, errors = stage.claude.command("plugin", "validate", str(path), "--strict", cwd=stage.folder)
    assert code == 0, output + errors


@pytest.mark.requirement("MCP-2", "CMD-1")
def test_a_session_looks_with_a_slash_command(stage: Stage) -> None:
    run = stage.say("/podium:status", in_turn(Call(f"{MONITOR}status"), tell))
    assert stage.seen()["system"]["projects_open"] == 1
    assert json.loads(run.result["result"]) == stage.seen()
    assert {"podium:orchestrator", "podium:reviewer"} <= set(run.begin["agents"])
    assert {"podium:conduct-podium", "podium:answer-reviews", "podium:unblock"} <= set(run.begin["skills"])
    servers = {server["name"] for server in run.begin["mcp_servers"]}
    names = ("queue", "monitor", "github", "communication", "scaling")
    assert servers == {f"plugin:podium:{name}" for name in names}
    whole = json.dumps(list(stage.model.asked[0].messages))
    assert "Podium: you are the orchestrator" in whole, "CLAUDE.md, as init wrote it, reaches the model"


@pytest.mark.requirement("MCP-2", "CMD-1")
def test_a_session_boosts_a_project_with_a_slash_command(stage: Stage) -> None:
    before = stage.priority()

    def boost(asked: Asked) -> Call:
        points = int(typed(r"The person typed: .*--points (\d+)", asked))
        project = typed(r"`project` \(argument 1, `([a-z]+)`", asked)
        return Call(f"{QUEUE}priority_boost", {"project": project, "points": points, "reason": "a customer waits"})

    words = "/podium:priority-boost small --points 7 a customer waits"
    stage.say(words, in_turn(boost, Call(f"{QUEUE}backlog"), Text("done")))
    assert stage.model.asked[1].results[0].text.startswith('{"project":"small","action":"boost"')
    assert not stage.model.asked[2].results[0].is_error, "the prompt names this tool, so the command allows it"
    assert stage.priority() == before + 7
    log = stage.podium.ask("events", "--limit", "1000")["events"]
    boosts = [event["data"] for event in log if event["type"] == "operator.boost"]
    assert [data["points"] for data in boosts if data.get("reason") == "a customer waits"] == [7]


@pytest.mark.requirement("MCP-2", "CMD-1")
@pytest.mark.parametrize("destructive", [False, True])
def test_a_session_carries_out_each_documented_command(stage: Stage, destructive: bool) -> None:
    """Typed as a slash command, called as a tool with the permission that the command itself gives, and on record."""
    names = [name for name in COMMANDS if (REGISTRY[name].safety == "destructive") == destructive]
    tools = {name: full_name(REGISTRY[name].server, tool_name(REGISTRY[name])) for name in names}
    # A person says yes to what the preview counts: no command may.
    more = ("--allowedTools", ",".join((f"{QUEUE}preview", *tools.values()))) if destructive else ()
    with stage.session(*more) as session:
        for name in names:
            operation, (words, asked), tool = REGISTRY[name], TYPED[name], tools[name]
            preview = Call(f"{QUEUE}preview", {"operation": name, "asked": json.dumps(asked)})
            before = stage.podium.ask("events", "--limit", "1")["last"]
            session.say(
                f"/podium:{name} {words}".strip(), in_turn(*[preview][: int(destructive)], Call(tool, asked), tell)
            )
            assert f"`{tool}`" in stage.model.asked[0].prompt
            assert words in stage.model.asked[0].prompt
            assert stage.seen().keys() == operation.output.model_fields.keys()
            events = stage.podium.ask("events", "--after", str(before), "--limit", "1000")["events"]
            called = [event["data"] for event in events if event["type"] == "operation.called"]
            told = [(call["operation"], call["by"], call["outcome"]) for call in called]
            assert told == ([] if operation.safety == "read" else [(name, "operator", "done")])


@pytest.mark.timeout(400)
@pytest.mark.requirement("MCP-2")
def test_a_session_conducts_a_project_from_its_document_to_its_end(stage: Stage) -> None:
    """It submits, approves the plan that waits for it, and sees what was made; real commits, by the rehearsal."""

    def list_reviews(asked: Asked) -> Call:
        assert json.loads(asked.results[-1].text)["project"] == "conducted"
        stage.podium.until("answer['reviews']", "review", "list", "--project", "conducted")
        return Call(f"{QUEUE}review_list", {"project": "conducted"})

    def approve(asked: Asked) -> Call:
        (review,) = json.loads(asked.results[-1].text)["reviews"]
        return Call(f"{QUEUE}review_approve", {"review": review["id"], "notes": "as asked"})

    def look(_: Asked) -> Call:
        stage.podium.until("answer['state'] != 'open'", "project", "conducted", seconds=300)
        return Call(f"{MONITOR}project", {"project": "conducted"})

    document = "# Conducted\n\nSmall.\n\n## Features\n\n- Count words: say how many words a text has\n"
    asked = {"document": document, "id": "conducted", "agent": "rehearsal", "plan_first": True}
    tools = ",".join((f"{QUEUE}submit", f"{QUEUE}review_list", f"{QUEUE}review_approve", f"{MONITOR}project"))
    script = in_turn(Call(f"{QUEUE}submit", asked), list_reviews, approve, look, tell)
    stage.say("/podium:submit conducted.md --plan", script, *WITH_PLUGIN, "--allowedTools", tools)
    assert (stage.seen()["id"], stage.seen()["state"]) == ("conducted", "complete")
    assert len(stage.podium.ask("outputs", "conducted")["outputs"]) > 0


@pytest.mark.requirement("MCP-2")
def test_what_ends_something_is_counted_and_then_needs_a_permission_that_no_command_gives(stage: Stage) -> None:
    asked = {"project": "small"}
    preview = Call(f"{QUEUE}preview", {"operation": "cancel", "asked": json.dumps(asked)})
    run = stage.say(
        "/podium:cancel small", in_turn(preview, Call(f"{QUEUE}cancel", asked), tell), *WITH_PLUGIN,
        "--allowedTools", f"{QUEUE}preview",
    )  # fmt: skip
    assert json.loads(stage.model.asked[1].results[0].text)["counts"]["project"] == 1
    assert [denied["tool_name"] for denied in run.result["permission_denials"]] == [f"{QUEUE}cancel"]
    assert stage.podium.ask("project", "small")["state"] == "open"


@pytest.mark.requirement("MCP-1", "MCP-2")
def test_a_prompt_and_a_tool_of_a_server_work_without_the_plugin(stage: Stage) -> None:
    servers = stage.folder / "servers.json"
    servers.write_text(json.dumps({"mcpServers": {"queue": {"command": "podium", "args": ["mcp", "queue"]}}}))
    before = stage.priority()

    def boost(asked: Asked) -> Call:
        return Call("mcp__queue__priority_boost", {"project": typed(r"project = '([a-z]+)'", asked), "points": 5})

    stage.say(
        "/mcp__queue__priority_boost small 5", in_turn(boost, tell), "--mcp-config", str(servers),
        "--strict-mcp-config", "--permission-mode", "dontAsk", "--allowedTools", "mcp__queue__*",
    )  # fmt: skip
    assert stage.model.asked[0].prompt.endswith("tell where the project stands now.")
    assert stage.seen()["action"] == "boost"
    assert stage.priority() == before + 5


@pytest.mark.requirement("MCP-2")
def test_the_plugin_is_installed_from_the_folder_that_init_names(stage: Stage) -> None:
    said = " ".join(stage.podium.ask("init", "--claude")["notes"])
    (words,) = re.findall(r"claude (plugin marketplace add \S+)", said)
    for command in (words.split(), ["plugin", "install", "podium@podium"]):
        code, output, errors = stage.claude.command(*command, cwd=stage.folder)
        assert code == 0, output + errors
    assert "podium@podium" in stage.claude.command("plugin", "list", cwd=stage.folder)[1]
