"""What the command line knows of every operation without loading one: help, completion and parsing read this index.

`tools/generated.py` makes index.json from the catalogue; a tidy test holds it current.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

FILE: Final = Path(__file__).with_name("index.json")


class Parameter(NamedTuple):
    """One field of an operation's input, as it is typed."""

    name: str
    flags: Sequence[str]
    """Empty for one that is given by position."""
    kind: Literal["text", "int", "float", "flag", "choice", "many"]
    help: str
    required: bool
    default: Any
    choices: Sequence[str]


class Entry(NamedTuple):
    """One operation."""

    name: str
    summary: str
    help: str
    safety: Literal["read", "write", "destructive"]
    is_command: bool
    """Whether the command line carries it."""
    parameters: Sequence[Parameter]


@cache
def entries() -> Mapping[str, Entry]:
    """All operations by name."""
    rows: list[list[Any]] = json.loads(FILE.read_bytes())
    entries = (Entry._make(row) for row in rows)
    return {entry.name: entry._replace(parameters=[*map(Parameter._make, entry.parameters)]) for entry in entries}


def commands() -> Mapping[str, Entry]:
    """The operations that the command line carries."""
    return {name: entry for name, entry in entries().items() if entry.is_command}
