"""Reads a typed request from JSON or TOML text; errors name the line and the field."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from podium.domain.errors import InvalidRequest
from podium.domain.toml_lines import line_of
from podium.operations.operation import COMPLAINTS_MAX, complaints
from podium.operations.request import FEATURE_KINDS, ProjectRequest

Place = Sequence[int | str]
"""Where in the request: `features`, 3, `title`."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def read(text: str, name: str) -> dict[str, Any]:
    """The fields that the file gives, checked; raises `InvalidRequest`. `name` decides what it is: .json or .toml."""
    parse, line = KINDS[name[-5:].lower()]
    try:
        raw = parse(text)
    except (ValueError, RecursionError) as error:  # both libraries name the line themselves
        raise InvalidRequest(f"{name} is not valid {name[-4:].upper()}: {str(error).rstrip('.')}.") from None
    if not isinstance(raw, dict):
        raise InvalidRequest(f"{name} holds no project request: it must be one object with a title and features.")
    try:
        return ProjectRequest.model_validate(raw).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        wrong = complaints(error)
        told = [f"{name}, line {line(text, place)}: {_field(place)}{why}" for place, why in wrong[:COMPLAINTS_MAX]]
        told += [f"… and {len(wrong) - COMPLAINTS_MAX:,} more."] if len(wrong) > COMPLAINTS_MAX else []
        raise InvalidRequest("\n".join(told)) from None


def _field(place: Place) -> str:
    """A place as people say it: `feature 4, title: `."""
    match _written(place):
        case ["features", int(number), *rest]:
            return ", ".join([f"feature {number + 1}", *map(str, rest[:1])]) + ": "
        case [field, *_]:
            return f"{field}: "
        case _:
            return ""


def _written(place: Place) -> list[int | str]:
    """A place without the names of kinds, which are not in the file."""
    return [part for i, part in enumerate(place) if i != len(("features", 0)) or part not in FEATURE_KINDS]


def _toml_line(text: str, place: Place) -> int:
    match _written(place):
        case ["features", int(number), *rest] if re.search(r"(?m)^\s*\[\[\s*features\s*\]\]", text):
            return line_of(text, "features", number, str(rest[0]) if rest else "")
        case [field, *_]:
            return line_of(text, "", 0, str(field))
        case _:
            return 1


def _json_line(text: str, place: Place) -> int:
    """The line where the innermost part of `place` that is there begins."""
    wanted = tuple(_written(place))
    stack: list[int | str | None] = []  # the key or index at each depth; None where a key is still to come
    best, length = 0, 0
    for found in _TOKEN.finditer(text):
        sign = found[0]
        if sign in ("}", "]"):
            stack.pop()
        elif sign == ",":
            stack[-1] = stack[-1] + 1 if isinstance(stack[-1], int) else None
        elif sign != ":":
            if stack and stack[-1] is None:
                stack[-1] = json.loads(sign)
            here = tuple(stack)
            if len(here) > length and here == wanted[: len(here)]:
                best, length = found.start(), len(here)
            if sign in ("{", "["):
                stack.append(None if sign == "{" else 0)
    return text.count("\n", 0, best) + 1


Reader = tuple[Callable[[str], Any], Callable[[str, Place], int]]
KINDS: Final[Mapping[str, Reader]] = {".json": (json.loads, _json_line), ".toml": (tomllib.loads, _toml_line)}
"""By a file name's extension: how to parse it, and how to find the line of a place in it."""
