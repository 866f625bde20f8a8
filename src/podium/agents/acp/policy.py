"""Which of the tools that an agent asks for its role may use; roles say it as Claude Code does: `Bash(git log *)`.

ACP names the kind of a tool, where it works and what it is given, in words that are the agent's own
(https://agentclientprotocol.com/protocol/tool-calls): what cannot be recognized is refused.
"""

import re
import shlex
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, cast

from podium.agents.rehearsal.protocol import Told

WRITES: Final = frozenset({"edit", "delete", "move"})
READS: Final = frozenset({"read", "search"})
ALWAYS: Final = frozenset({"think"})
_JOINS: Final = re.compile(r"\s*(?:&&|\|\||[;|&\n])\s*")
"""Between the commands of one line; each of them has to be allowed."""
_WORDS: Final = re.compile(r"[^A-Za-z0-9]+")
_PLACES: Final = re.compile("path|file|uri|source|destination|target|folder|director")
"""In the names of what a tool is given that says where it works."""
_HIDES: Final = re.compile(r"[`<>]|\$\(")
"""In what a pattern allows: a command in a command, or a file that is written."""


def is_allowed(tools: Sequence[str], folders: Sequence[Path], server: str, call: Told) -> bool:
    """Whether a role with these tools may make the call; files are read in all folders, and written in the first."""
    kind, paths, command = call.text("kind") or "other", _paths(call), _command(call.object("rawInput"))
    if kind in ALWAYS:
        return True
    if kind in READS:
        return (kind == "search" or bool(paths)) and all(_is_within(path, folders) for path in paths)
    if kind in WRITES:
        return bool({"Edit", "Write"} & set(tools) and paths) and all(_is_within(path, folders[:1]) for path in paths)
    if kind == "execute":
        return _may_run(tools, command)
    if kind == "fetch":
        return "WebFetch" in tools or "WebSearch" in tools
    if paths and all(_is_within(path, folders[1:]) for path in paths):
        return True  # an agent that asks whether it may look outside of the clone at all
    return _is_of(server, call.text("title")) and not command


def _is_of(server: str, title: str) -> bool:
    """Whether the title names a tool of that MCP server, as agents write it: before the tool, or behind it."""
    words = [word for word in _WORDS.split(title) if word not in ("", "Tool", "mcp")]
    return words[:1] == [server] or title.endswith(f"({server} MCP Server)")


def _paths(call: Told) -> list[Path]:
    """The files that a call names: where it says it works, and what its input calls a path."""
    given = call.object("rawInput")
    named = [row.text("path") for row in call.objects("locations")]
    for name in filter(lambda name: _PLACES.search(name.lower()), given):
        named += [given.text(name), *given.texts(name)]
    return [Path(name) for name in named if name]


def _is_within(path: Path, folders: Sequence[Path]) -> bool:
    """Links are followed: a repository may hold one that leads out of it."""
    real = (Path.cwd() / path).resolve()
    return any(real.is_relative_to(folder.resolve()) for folder in folders)


def _command(given: Told) -> str:
    """What is to be run, as one line."""
    command = given.get("command")
    if isinstance(command, list):
        words = [str(word) for word in cast("list[object]", command)]
        is_shell = len(words) == 3 and words[1] in ("-c", "-lc")
        return words[2] if is_shell else shlex.join(words)
    return given.text("command")


def _may_run(tools: Sequence[str], command: str) -> bool:
    if not command or "Bash" in tools:
        return bool(command)
    patterns = [tool[len("Bash(") : -1] for tool in tools if tool.startswith("Bash(")]
    parts = [part for part in _JOINS.split(command.strip()) if part]
    return not _HIDES.search(command) and all(any(_fits(part, one) for one in patterns) for part in parts)


def _fits(part: str, pattern: str) -> bool:
    return fnmatchcase(part, pattern) or part == pattern.removesuffix(" *")
