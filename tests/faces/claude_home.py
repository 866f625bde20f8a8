"""A home whose one workflow has one step, done by the real Claude Code before a scripted model."""

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.faces.command_line import CommandLine
from tests.scripted.claude_code import program
from tests.scripted.model_server import ModelServer
from tests.scripted.script import Call, Script

PIPELINE: Final = """
name = "small"
start = "work"

[workflows.work]
states = ["NEW", "WORKING", "DONE"]
roles = ["features"]
instances = { dev-01 = "features", dev-02 = "features" }

[[workflows.work.steps]]
id = "implement"
state = "WORKING"
waiting = "NEW"
role = "features"
prompt = "Write it."

[[workflows.work.steps]]
id = "merge"
state = "WORKING"
after = ["implement"]
action = "merge"
"""
DOCUMENT: Final = "# Greeter\n\nA program that greets.\n"
PASSED: Final = Call("StructuredOutput", {"verdict": "passed", "summary": "done"})
CREDENTIAL: Final = {"ANTHROPIC_API_KEY": "no-key-is-needed", "CLAUDE_CODE_MAX_RETRIES": "0"}


@contextmanager
def home(folder: Path, script: Script, options: str = "", **env: str) -> Generator[tuple[CommandLine, ModelServer]]:
    """An orchestrator that runs, with what [agents.claude] holds besides."""
    podium = CommandLine(folder / "home")
    podium.ask("init")
    (podium.home / "small.toml").write_text(PIPELINE)
    with ModelServer(script) as server:
        given = {"ANTHROPIC_BASE_URL": server.url, **CREDENTIAL, **env}
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in given.items())
        settings = podium.home / "podium.toml"
        agent = f"[agents.claude]\nprogram = {json.dumps(str(program()))}\n{options}\n[agents.claude.env]\n{lines}\n"
        settings.write_text(f'pipeline = "small.toml"\nsweep_seconds = 0.5\n\n{agent}')
        podium.ask("up")
        try:
            yield podium, server
        finally:
            podium("down")


def submit(podium: CommandLine, name: str = "greeter", *options: str) -> None:
    podium.ask("submit", podium.document(f"{name}.md", DOCUMENT), "--id", name, "--agent", "claude", *options)


def job_of(podium: CommandLine, project: str = "greeter") -> dict[str, Any]:
    """The project's job for an agent."""
    return next(job for job in podium.look("jobs", project)["jobs"] if job["step"] == "implement")


def attempts(podium: CommandLine, project: str = "greeter") -> list[dict[str, Any]]:
    """What is known of all attempts at the project's job for an agent."""
    job = job_of(podium, project)
    return podium.look("why", str(job["id"]))["attempts"]


def processes(podium: CommandLine, program_name: str = "") -> list[int]:
    """The living processes of this home's attempts, of that name."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                environment = (entry / "environ").read_bytes()
                is_named = program_name in (entry / "comm").read_text()
            except OSError:
                continue
            if (
                is_named
                and f"PODIUM_HOME={podium.home}\0".encode() in environment
                and b"PODIUM_ATTEMPT=" in environment
            ):
                found.append(int(entry.name))
    return found
