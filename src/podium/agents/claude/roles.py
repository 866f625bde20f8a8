"""Roles as Markdown files with front matter, in the layout that Claude Code users know for agents.

A role of the home (`roles/NAME.md` in it, and before that `roles/PROJECT/NAME.md`) goes before the shipped one;
`other.md` serves roles of one's own pipeline.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from podium.domain.errors import UsageError

SHIPPED: Final = Path(__file__).with_name("roles")
RESULT: Final = Path(__file__).with_name("result.schema.json")
OTHER: Final = "other"
GROUND_RULES: Final = "ground-rules.md"
INHERIT: Final = "inherit"
ANY: Final = "any"
"""As the kind of an output: whatever the step asks for."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_FRONT_MATTER = re.compile(r"---\n(?P<head>.*?)\n---\n(?P<body>.*)", re.DOTALL)
_TOOL = re.compile(r"[^,()]+(?:\([^)]*\))?")
_KNOWN: Final = frozenset({"name", "description", "tools", "model", "output"})

Json = dict[str, Any]


class Role(NamedTuple):
    """What one role is told, may do and hands over."""

    name: str
    prompt: str
    tools: tuple[str, ...]
    """As Claude Code writes permissions: `Read`, `Bash(git log *)`."""
    model: str
    """Empty for the program's own choice."""
    output: dict[str, Json]
    """The kinds of artifact that it may hand over, each with the JSON schema of its data."""


def load(name: str, home: Path | None, project: str = "") -> Role:
    """The role called `name`; raises UsageError when its file is not what a role's file must be."""
    folders = (home / "roles" / project, home / "roles", SHIPPED) if home else (SHIPPED,)
    names = (name, OTHER) if _NAME.fullmatch(name) else (OTHER,)
    path = _first(folder / f"{one}.md" for one in names for folder in folders)
    rules = _first(folder / GROUND_RULES for folder in folders)
    return parse(path, rules.read_text("utf-8").strip())


def of(assignment: Json, env: Mapping[str, str]) -> Role:
    """The role of an attempt, by its home's files; raises UsageError."""
    home, project = env.get("PODIUM_HOME"), str(assignment.get("project", {}).get("id", ""))
    return load(str(assignment.get("role", "")), Path(home) if home else None, project)


def parse(path: Path, ground_rules: str = "") -> Role:
    """Read a role's file; raises UsageError."""
    found = _FRONT_MATTER.fullmatch(path.read_text("utf-8"))
    if found is None:
        raise UsageError(f"{path} does not begin with front matter: lines of `key: value` between two lines `---`.")
    head = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in found["head"].split("\n"))}
    if head.keys() - _KNOWN or not head.get("tools"):
        raise UsageError(f"{path}: the front matter holds {', '.join(sorted(_KNOWN))} and nothing else; give `tools`.")
    model = head.get("model", INHERIT)
    prompt = f"{ground_rules}\n\n{found['body'].strip()}".strip()
    output = {kind: _data_schema(kind, path.parent) for kind in _listed(head.get("output", ""))}
    own_model = "" if model == INHERIT else model
    return Role(head.get("name", path.stem), prompt, _listed(head["tools"]), own_model, output)


def result_schema(role: Role) -> Json:
    """What the program must answer at its end: the result and artifacts of the command protocol."""
    schema: Json = json.loads(RESULT.read_text("utf-8"))
    one: Json = schema["properties"]["artifacts"]["items"]
    kinds = [
        {
            **one,
            "properties": {**one["properties"], **({} if kind == ANY else {"kind": {"const": kind}}), "data": data},
            "required": [*one["required"], *(["data"] if data.get("required") else [])],
        }
        for kind, data in role.output.items()
    ]
    schema["properties"]["artifacts"] = {"type": "array", **({"items": {"anyOf": kinds}} if kinds else {"maxItems": 0})}
    schema["required"] += ["artifacts"] if kinds else []
    return schema


def _data_schema(kind: str, folder: Path) -> Json:
    """The schema of a kind's data, from `KIND.schema.json` beside the role or among the shipped ones."""
    candidates = (place / f"{kind}.schema.json" for place in (folder, SHIPPED))
    path = next((path for path in candidates if path.is_file()), None)
    return json.loads(path.read_text("utf-8")) if path else {"type": "object"}


def _first(paths: Iterable[Path]) -> Path:
    return next(path for path in paths if path.is_file())


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part for found in _TOOL.findall(value) if (part := found.strip()))
