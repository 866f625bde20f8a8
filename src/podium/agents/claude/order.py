"""What the program is started with: files of what others wrote, the prompt that names them, flags and environment."""

import json
import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from podium.agents.claude import roles
from podium.agents.claude.roles import Json, Role
from podium.agents.job_session import JobSession
from podium.tables import beside

SERVER: Final = "communication"
LEAST_USD: Final = 0.01
"""The smallest budget: the program takes no 0."""
_DATA: Final = beside(__file__)
OPTIONS: Final[Mapping[str, Mapping[str, str | float]]] = _DATA["options"]
TOLD: Final[Mapping[str, str]] = _DATA["told"]
UNATTENDED: Final[Mapping[str, str]] = _DATA["env"]
"""For unattended work; what `[agents.claude.env]` says goes before it."""


class Order(NamedTuple):
    """One start of the program."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    prompt: str
    is_last: bool
    """Whether it may use up what is left of the project's budget, and no more."""


def options(agent: str) -> ArgumentParser:
    """The options of an agent's module, by which podium.toml reaches it; each is of its default's type."""
    parser = ArgumentParser(prog=f"podium.agents.{agent}")
    for name, default in OPTIONS[agent].items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    return parser


def within_project(assignment: Json, budget_usd: float) -> float:
    """What one attempt may cost, and no more than is left of its project's budget."""
    left = assignment.get("project", {}).get("budget_left_usd")
    return budget_usd if left is None else min(budget_usd, max(left, LEAST_USD))


def make(
    assignment: Json, chosen: Namespace, env: Mapping[str, str], clone: Path, session: JobSession, settings: str = ""
) -> Order:
    """Write the files, and say how to start, or go on. `chosen` is what podium.toml says, as options of the module.

    Raises UsageError for a role's file, and OSError.
    """
    role, config = roles.of(assignment, env), session.folder / "claude"
    private = Path(env["HOME"])
    told = told_folder(env)
    servers = private / "mcp.json"
    servers.write_text(json.dumps({"mcpServers": {SERVER: server(env)} if "PODIUM_TOKEN" in env else {}}), "utf-8")
    budget = within_project(assignment, chosen.budget_usd)
    choices = {"--model": role.model or chosen.model, "--fallback-model": chosen.fallback_model}
    choices |= {"--max-turns": chosen.max_turns, "--resume": session.id, "--settings": settings}
    argv = (
        chosen.program, "-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "dontAsk",
        "--tools", ",".join(dict.fromkeys(tool.partition("(")[0] for tool in role.tools)),
        "--allowedTools", *_allowed(role, clone), f"mcp__{SERVER}",
        # A repository's own settings may hold hooks and permissions: they are read from this attempt's folder alone.
        "--setting-sources", "user", "--strict-mcp-config", "--mcp-config", str(servers),
        "--add-dir", str(told), "--append-system-prompt", role.prompt,
        "--json-schema", json.dumps(roles.result_schema(role)),
        "--max-budget-usd", f"{session.totals.cost_usd + budget:g}",  # it counts what the session has used before
        *(part for flag, value in choices.items() if value for part in (flag, str(value))),
    )  # fmt: skip
    (config / "settings.json").unlink(missing_ok=True)  # an earlier attempt gives this one no hooks
    unfinished = session.put_back(str(assignment.get("unfinished") or ""), clone)
    text = Path(__file__).with_name("resume.txt" if session.id else "begin.txt")
    prompt = filled(text, assignment, told, clone=clone, unfinished=unfinished)
    is_last = budget < chosen.budget_usd
    return Order(argv, {**UNATTENDED, "CLAUDE_CONFIG_DIR": str(config), **env}, prompt, is_last)


def filled(text: Path, assignment: Json, told: Path, **more: object) -> str:
    """A prompt from its file; what others wrote is written into files that it names."""
    about = {name: assignment.get(name) for name in ("instance", "step", "workflow", "role")}
    files = "\n".join(f"- {path}: {meaning}" for path, meaning in write_told(assignment, told))
    asks = str(assignment.get("prompt", "")).strip()
    return text.read_text("utf-8").format(**about, prompt=asks, files=files, **more)


def _allowed(role: Role, clone: Path) -> list[str]:
    """Files are written in the clone alone; a rule for `Edit` covers every tool that writes files, `//` is the root.

    Reading needs no rule: the clone and the folder of files are allowed, all else is refused.
    """
    writes = [f"Edit(/{clone}/**)"] if {"Edit", "Write"} & set(role.tools) else []
    return [*writes, *(tool for tool in role.tools if tool not in {"Read", "Edit", "Write"})]


def server(env: Mapping[str, str]) -> Json:
    """Podium's server for attempts: the credential is this attempt's alone."""
    passed = {name: env[name] for name in ("PODIUM_TOKEN", "PODIUM_HOME", "PODIUM_URL", "PATH", "HOME") if name in env}
    return {"command": sys.executable, "args": ["-I", "-m", "podium", "mcp", SERVER], "env": passed}


def told_folder(env: Mapping[str, str]) -> Path:
    """Where files of what others wrote are, for this attempt alone."""
    told = Path(env["HOME"]) / "told"
    told.mkdir(mode=0o700, exist_ok=True)
    return told


def write_told(assignment: Json, folder: Path) -> list[tuple[Path, str]]:
    """A file for each text that others wrote, with what it is; those that there is nothing in are left out."""
    written: list[tuple[Path, str]] = []
    document = assignment.get("document")
    if document and Path(document).is_file():
        shutil.copyfile(document, folder / "document.md")
        written.append((folder / "document.md", "the requirement document"))
    for name, meaning in TOLD.items():
        if content := assignment.get(name):
            written.append((folder / f"{name}.json", meaning))
            written[-1][0].write_text(json.dumps(content, indent=1, ensure_ascii=False), "utf-8")
    if feedback := assignment.get("feedback"):
        written.append((folder / "feedback.md", "what reviews and gates said of earlier tries, newest last"))
        written[-1][0].write_text("\n\n---\n\n".join(map(str, feedback)), "utf-8")
    return written
