"""A complete project through all three workflows by a real ACP agent from npm, before a scripted model."""

import json
from pathlib import Path

import pytest

from tests.conformance import npm_agents
from tests.faces.command_line import CommandLine
from tests.faces.test_claude_agent import DOCUMENT, PROJECT_SECONDS, STEPS, with_fewer_steps
from tests.scripted import claude_code
from tests.scripted.model_server import ModelServer
from tests.scripted.script import Answer, Asked, Call, Text


def model(asked: Asked) -> Answer:
    """Does each step's work with the agent's own tools, and ends with the result in its last message."""
    if not asked.tools:
        return Text("A title")
    body = json.dumps(asked.body)
    step = next(name for name in STEPS if "Do the step `{1}` of {0},".format(*name.split("/")) in body)
    clone = body.partition("/home/told/")[0].rpartition("- ")[2] + "/clone"
    calls = [
        Call("Write", {"file_path": f"{clone}/{path}", "content": text}) for path, text in STEPS[step].files.items()
    ]
    if step == "development/implement":
        commit = "git add --all && git commit --quiet --message 'Do the step'"
        calls.append(Call("Bash", {"command": commit, "description": "Commit"}))
    assert not any(result.is_error for result in asked.results), asked.results
    result = {"verdict": "passed", "summary": step, "artifacts": list(STEPS[step].artifacts)}
    return calls[asked.turn] if asked.turn < len(calls) else Text(f"```json\n{json.dumps(result)}\n```\n")


@pytest.mark.timeout(240)
@pytest.mark.requirement("INS-2")
def test_a_complete_project(tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / "home")
    with_fewer_steps(podium)
    program = tmp_path / "claude-agent-acp"
    try:
        program.write_text('#!/bin/sh\nexec {} {} "$@"\n'.format(*npm_agents.claude_agent_acp()))
    except npm_agents.NoAgents as error:
        pytest.skip(str(error))
    program.chmod(0o700)
    with ModelServer(model) as server:
        env = {"ANTHROPIC_API_KEY": "key-4711", "ANTHROPIC_BASE_URL": server.url}
        env |= {"CLAUDE_CODE_EXECUTABLE": str(claude_code.program())}
        rows = "".join(f"{name} = {json.dumps(value)}\n" for name, value in env.items())
        table = (
            f'pipeline = "pipeline.toml"\n[agents.it]\nacp = "claude"\nprogram = "{program}"\n[agents.it.env]\n{rows}'
        )
        shown = json.dumps([str(npm_agents.NODE), str(npm_agents.FOLDER)])
        (podium.home / "podium.toml").write_text(f"{table}[sandbox]\nread = {shown}\n")
        assert podium.ask("doctor")["agents"]["acp"]["usable"] is True
        document = podium.document("greeter.md", DOCUMENT)
        running = podium.begin(
            "run", document, "--agent", "it", "--budget-usd", "900", "--timeout", str(PROJECT_SECONDS), "--json"
        )
        said, _ = running.communicate(timeout=2 * PROJECT_SECONDS)
        assert not server.troubles
    run = json.loads(said)
    assert set(run["workflows"].values()) == {"GENESIS_COMPLETE", "DEV_COMPLETE", "CONTENT_COMPLETE"}
    assert {output["kind"] for output in run["outputs"]} == {"application", "documentation", "marketing"}
    assert run["jobs"]["reworked"] == 0
    (project,) = podium.ask("projects")["projects"]
    assert podium.ask("project", project["id"])["spend"]["budget_usd"] == 900
