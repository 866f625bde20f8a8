"""An agent that is driven by ACP, as a user has it: podium.toml, `init`, `doctor`, `run` and `logs`."""

import json
import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.faces.command_line import CommandLine

AGENT = Path(__file__).parents[1] / "unit" / "agents" / "acp" / "small_agent.py"
SECRET = "sk-canary-of-this-agent"
CANARY = "canary-of-the-orchestrator"


@pytest.fixture
def podium(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


@pytest.mark.requirement("INS-5")
def test_an_agent_by_acp_is_named_in_podium_toml_and_its_log_is_ndjson_without_its_secret(podium: CommandLine) -> None:
    podium("init", "--agent", "rehearsal")
    command = json.dumps([sys.executable, str(AGENT), "leaks"])
    table = f'[agents.small]\nacp = {command}\nenv = {{ SMALL_API_KEY = "{SECRET}" }}\n'
    (podium.home / "podium.toml").write_text(table)
    podium.env["CANARY"] = CANARY
    podium("up")
    try:
        document = podium.document("small.md", "# Small\n\n## Features\n\n- Count words\n")
        assert podium.ask("submit", document, "--agent", "small")["project"] == "small"
        told = podium.until("any(e['type'] == 'job.reworked' for e in answer['events'])", "events")["events"]
    finally:
        podium("down")
    attempt = next(f"small/{event['job']}.a1" for event in told if event["type"] == "job.reworked")
    done = podium("logs", attempt, "--json")
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    said = next(message["text"] for message in messages if message.get("text", "").startswith("key "))
    assert SECRET not in done.stdout
    assert CANARY not in done.stdout
    assert "SMALL_API_KEY" in said
    assert "CANARY" not in said
    assert any(message.get("verdict") == "failed" for message in messages)
    shown = podium("logs", attempt).stdout
    assert "small 1.0 began session s1." in shown
    assert SECRET not in shown + podium("events", "--json").stdout


def test_what_cannot_be_is_refused_with_what_to_do(podium: CommandLine) -> None:
    podium("init")
    file = podium.home / "podium.toml"
    for text, words in {
        '[agents.x]\nacp = "emacs"\n': "is none of claude, codex, gemini, opencode",
        '[agents.claude]\nacp = "claude"\n': "a name of its own",
        '[agents.x]\nacp = "gemini"\ncommand = ["y"]\n': "without command",
        '[agents.x]\ncommand = ["y"]\nmodel = "z"\n': "and for acp",
    }.items():
        file.write_text(text)
        refused = podium("run", podium.document("small.md", "# Small\n"))
        assert (refused.returncode, words in refused.stderr) == (2, True), refused.stderr


def typed(podium: CommandLine, answers: dict[bytes, str], *words: str) -> str:
    """Answer each question at a terminal when it is asked; all that was said."""
    mine, its = pty.openpty()
    command = [sys.executable, "-m", "podium", *words]
    said = b""
    with subprocess.Popen(
        command, env=podium.env, cwd=podium.home.parent, stdin=its, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        for question, answer in answers.items():
            while not said.endswith(question):
                letter = process.stdout.read(1)
                assert letter, said
                said += letter
            os.write(mine, f"{answer}\n".encode())
        said += process.stdout.read()
        echoed = os.read(mine, 10_000)
    os.close(mine)
    os.close(its)
    assert process.returncode == 0, said
    return (said + echoed).decode()


@pytest.mark.parametrize(("agent", "variable"), [("claude", "ANTHROPIC_API_KEY"), ("opencode", "OPENAI_API_KEY")])
def test_init_takes_a_credential_at_a_terminal_and_shows_it_nowhere(
    podium: CommandLine, agent: str, variable: str
) -> None:
    said = typed(podium, {b"[later]: ": variable, b"as you type): ": SECRET}, "init", "--agent", agent)
    file = podium.home / "podium.toml"
    written = tomllib.loads(file.read_text())
    assert written["agents"][agent]["env"] == {variable: SECRET}
    assert written["agents"][agent].get("acp") == (agent if agent == "opencode" else None)
    assert file.stat().st_mode & 0o077 == 0
    assert "claude setup-token" in said
    assert SECRET not in said
    told = podium("doctor", "--json")
    assert SECRET not in told.stdout
    assert {"usable", "version", "reason"} <= json.loads(told.stdout)["agents"]["acp"].keys()


def test_init_asks_nobody_who_cannot_answer(podium: CommandLine) -> None:
    notes = podium.ask("init", "--agent", "gemini")["notes"]
    assert "set one of GEMINI_API_KEY, GOOGLE_API_KEY in [agents.gemini.env]" in " ".join(notes)
    written = tomllib.loads((podium.home / "podium.toml").read_text())
    assert (written["agent"], written["agents"]) == ("gemini", {"gemini": {"acp": "gemini"}})
