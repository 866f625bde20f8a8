"""The list of what Podium must do, docs/requirements.toml, and the markers by which tests lay claim to its lines."""

import ast
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from tests.tidy.source import Module

FILE: Final = "docs/requirements.toml"
MARKER: Final = "requirement"


@dataclass(frozen=True)
class Requirement:
    """One line of the list."""

    id: str
    text: str
    status: Literal["proven", "open"]
    reason: str = ""
    """Why it is still open."""


@dataclass(frozen=True)
class Claim:
    """A marker in a test file: `@pytest.mark.requirement("PIP-1")`."""

    where: str
    ids: tuple[str, ...]
    literal: bool
    """Whether all its arguments are plain strings, so that a reader can search for them."""


def load(root: Path) -> dict[str, Requirement]:
    """The list of the repository at `root`, by id."""
    entries: dict[str, dict[str, Any]] = tomllib.loads((root / FILE).read_text())
    return {id_: Requirement(id=id_, **entry) for id_, entry in entries.items()}


def problems(entry: Requirement) -> list[str]:
    """What is wrong with a line of the list."""
    found: list[str] = []
    if not re.fullmatch(r"[A-Z]{3}-[1-9]\d*", entry.id):
        found.append("an id is three capitals, a hyphen and a number")
    if not entry.text.strip():
        found.append("it says nothing")
    if entry.status not in ("proven", "open"):
        found.append("its status is neither proven nor open")
    if (entry.status == "open") != bool(entry.reason.strip()):
        found.append("an open requirement has a reason, a proven one has none")
    return found


def claims(tests: Iterable[Module]) -> list[Claim]:
    """Every requirement marker in these test files, however it is attached."""
    found: list[Claim] = []
    for module in tests:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == f"pytest.mark.{MARKER}":
                ids = tuple(
                    argument.value
                    for argument in node.args
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                )
                literal = bool(ids) and len(ids) == len(node.args) and not node.keywords
                found.append(Claim(f"{module.path}:{node.lineno}", ids, literal))
    return found
