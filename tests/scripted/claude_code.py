"""The real Claude Code program, run headless against a scripted model; its environment is made here, whole."""

import importlib.util
import json
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from podium.agents.claude.order import UNATTENDED

PACKAGE: Final = "claude_agent_sdk"
RUN_SECONDS_MAX: Final = 90.0


class NoClaudeCode(Exception):
    """The program is not installed; the message says how to install it."""


class TookTooLong(Exception):
    """The program did not end in time, and was ended."""


def program() -> Path:
    """The program that the wheel `claude-agent-sdk` brings; raises `NoClaudeCode`."""
    spec = importlib.util.find_spec(PACKAGE)
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    found = folder / "_bundled" / "claude" if folder else None
    if found is None or not found.is_file():
        raise NoClaudeCode("There is no Claude Code here. `pip install claude-agent-sdk` brings it.")
    return found


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended, and every event that it told."""

    code: int
    events: list[dict[str, Any]]
    errors: str

    def of_type(self, type_: str, subtype: str | None = None) -> list[dict[str, Any]]:
        """The events of a type."""
        wanted = [event for event in self.events if event.get("type") == type_]
        return wanted if subtype is None else [event for event in wanted if event.get("subtype") == subtype]

    @property
    def result(self) -> dict[str, Any]:
        """The last word of the run; raises `LookupError` when there is none."""
        return self.of_type("result")[-1]

    @property
    def begin(self) -> dict[str, Any]:
        """What the session began with: its tools, MCP servers, commands, agents, plugins."""
        return self.of_type("system", "init")[-1]


@dataclass(frozen=True, slots=True)
class ClaudeCode:
    """Claude Code with a folder of its own for all that it keeps, and with nothing of this process's environment."""

    folder: Path
    model_url: str
    path: str
    """Where it finds programs: PATH."""
    more: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the environment."""

    def environment(self) -> dict[str, str]:
        """No network but the model's address, no key, no telemetry, no updates; every tool is offered at once."""
        return {
            **UNATTENDED,
            "PATH": self.path,
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "CLAUDE_CONFIG_DIR": str(self.folder / ".claude"),
            "ANTHROPIC_BASE_URL": self.model_url,
            "ANTHROPIC_API_KEY": "no-key-is-needed",
            **self.more,
        }

    def prompt(self, words: str, *options: str, cwd: Path, seconds: float = RUN_SECONDS_MAX) -> Run:
        """Give it one prompt and wait for its end; raises `TookTooLong`."""
        command = ("-p", words, "--output-format", "stream-json", "--verbose", *options)
        code, output, errors = self.command(*command, cwd=cwd, seconds=seconds)
        events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        return Run(code, events, errors)

    def command(self, *words: str, cwd: Path, seconds: float = RUN_SECONDS_MAX) -> tuple[int, str, str]:
        """Run any command of it: exit code, output, errors; raises `TookTooLong`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with subprocess.Popen(
            [str(program()), *words],
            env=self.environment(),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                output, errors = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                output, errors = process.communicate()
                raise TookTooLong(
                    f"Claude Code did not end within {seconds:.0f} s. It said: {output[-2000:]}{errors[-2000:]}"
                ) from None
        return process.returncode, output, errors
