"""Makes the Claude Code plugin's manifests, MCP servers and slash commands from the catalogue.

Agents, skills and the README in src/podium/faces/plugin are written by hand.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo

from podium import __version__
from podium.faces.mcp.prompts import afterwards
from podium.faces.mcp.servers import NAMES, tool_name
from podium.operations.catalogue import REGISTRY
from podium.operations.operation import POSITIONAL, Operation, Server
from tools.command_index import told_as

ROOT: Final = Path(__file__).resolve().parents[1]
PLUGIN: Final = ROOT / "src" / "podium" / "faces" / "plugin"
ABOUT: Final = "Conduct fleets of coding agents with Podium: see the queues, dispatch, boost, review, answer."
OWNER: Final = {"name": "Podium contributors"}
LEFT_OUT: Final = ("by",)
"""A session acts under its own name."""
HEADLESS: Final = "--yes"
FIRST: Final[Mapping[str, str]] = {
    "submit": (
        "If the first argument names a file, read it: its text is `document`, its name is `name`. Prose is a "
        "note: give it as `document` with `source` = `scratch`. Read what you submit: name what is ambiguous before "
        "you send it, and offer `plan_first` when it is more than a handful of features."
    ),
}
"""What a command must know beside the operation's own words."""


def files() -> dict[Path, str]:
    """Every file that is made, with its text."""
    made = {
        PLUGIN / ".claude-plugin" / "plugin.json": _json(
            {
                "name": "podium",
                "displayName": "Podium",
                "version": __version__,
                "description": ABOUT,
                "author": OWNER,
                "license": "Apache-2.0",
                "keywords": ["agents", "orchestration", "queues", "mcp"],
            }
        ),
        PLUGIN / ".claude-plugin" / "marketplace.json": _json(_marketplace("./")),
        ROOT / ".claude-plugin" / "marketplace.json": _json(_marketplace(f"./{PLUGIN.relative_to(ROOT)}")),
        PLUGIN / ".mcp.json": _json(
            {"mcpServers": {name: {"command": "podium", "args": ["mcp", name]} for name in NAMES}}
        ),
    }
    for operation in REGISTRY.values():
        if {"mcp", "cli"} <= operation.faces:
            made[PLUGIN / "commands" / f"{operation.name.replace(' ', '-')}.md"] = _command(operation)
    return made


def full_name(server: Server | None, tool: str) -> str:
    """A tool's name in Claude Code, where the plugin brings the server."""
    return f"mcp__plugin_podium_{server}__{tool}"


def _marketplace(source: str) -> dict[str, Any]:
    plugin = {"name": "podium", "source": source, "description": ABOUT, "category": "orchestration"}
    return {"name": "podium", "owner": OWNER, "metadata": {"description": ABOUT}, "plugins": [plugin]}


def _command(operation: Operation) -> str:
    """The slash command's file."""
    tool = full_name(operation.server, tool_name(operation))
    fields = {name: field for name, field in operation.input.model_fields.items() if name not in LEFT_OUT}
    head: dict[str, Any] = {"description": operation.summary, "argument-hint": " ".join(_hints(fields))}
    if operation.safety != "destructive":  # for what ends something Claude Code asks, each time
        head["allowed-tools"] = ", ".join((tool, *_looks(afterwards(operation))))
    head["disable-model-invocation"] = True
    lines = ["---", *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items() if value), "---"]
    lines += ["", operation.summary, ""]
    if fields:
        lines += ["The person typed: $ARGUMENTS", ""]
    lines += _how(operation, tool, fields)
    if operation.name in FIRST:
        lines += ["", FIRST[operation.name]]
    return "\n".join([*lines, "", afterwards(operation), ""])


def _hints(fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    for name, field in _in_order(fields):
        if field.json_schema_extra == POSITIONAL:
            yield name.upper() if field.is_required() else f"[{name.upper()}]"
        else:
            told = told_as(name, field)
            yield f"[{told.flags[0]}]" if told.kind == "flag" else f"[{told.flags[0]} {told.kind.upper()}]"


def _looks(words: str) -> Iterator[str]:
    """Tools that only read and that the words name."""
    for name in re.findall(r"`([a-z_]+)`", words):
        found = next((operation for operation in REGISTRY.values() if tool_name(operation) == name), None)
        if found is not None and found.safety == "read":
            yield full_name(found.server, name)


def _how(operation: Operation, tool: str, fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    if operation.safety == "destructive":
        asked = full_name("queue", "preview")
        yield f"1. Call `{asked}`: `operation` = `{operation.name}`, `asked` = the input below as JSON. It only counts."
        yield (
            "2. Tell the person in one sentence what would be ended. Go on only after a clear yes; "
            f"`{HEADLESS}` among what was typed is one. Where nobody can answer, stop here and say how to run it again."
        )
        yield f"3. Call `{tool}` once, with:"
    elif fields:
        yield f"Call `{tool}` once, with:"
    else:
        yield f"Call `{tool}`."
        return
    yield ""
    place = 0
    for name, field in _in_order(fields):
        told = told_as(name, field)
        if told.flags:
            where = f"if `{told.flags[0]}` is given"
        else:
            where, place = f"argument {place + 1}, `${place}`", place + 1
        needed = ", needed" if told.required else ""
        yield f"- `{told.name}` ({where}{needed}): {told.help}"
    yield ""
    yield "Leave out what was not given. If something needed is missing, ask for it; never guess an id or a number."
    if "reason" in fields:
        yield "Words at the end that belong to no flag are the reason. It goes on record as theirs: never make one up."


def _in_order(fields: Mapping[str, FieldInfo]) -> list[tuple[str, FieldInfo]]:
    """Those by position first, the reason last."""
    return sorted(fields.items(), key=lambda told: (told[0] == "reason", told[1].json_schema_extra != POSITIONAL))


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
