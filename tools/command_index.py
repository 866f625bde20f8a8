"""Makes the command line's index of operations from the catalogue."""

import inspect
import json
from pathlib import Path
from typing import Literal, cast, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from podium.faces.cli.index import FILE, Entry, Parameter
from podium.operations.catalogue import REGISTRY
from podium.operations.operation import POSITIONAL, Operation

LAST = ("limit", "by", "reason")
"""Fields that many operations have, behind their own."""


def place(name: str) -> int:
    """By which fields are sorted; most stay in the order in which they are declared."""
    return LAST.index(name) + 1 if name in LAST else 0


def files() -> dict[Path, str]:
    """The index: one operation a line, so that two branches that each add one can be merged."""
    rows = ",\n".join(json.dumps(entry_of(operation), ensure_ascii=False) for _, operation in sorted(REGISTRY.items()))
    return {FILE: f"[\n{rows}\n]\n"}


def entry_of(operation: Operation) -> Entry:
    """What the command line must know of one operation."""
    doc = inspect.cleandoc(operation.call.__doc__ or "")
    fields = sorted(operation.input.model_fields.items(), key=lambda told: place(told[0]))
    return Entry(
        operation.name,
        operation.summary,
        f"{doc}\n\nExample: {operation.example}",
        operation.safety,
        "cli" in operation.faces,
        tuple(told_as(name, field) for name, field in fields),
    )


def told_as(name: str, field: FieldInfo) -> Parameter:
    """How a field is typed."""
    by_position = field.json_schema_extra == POSITIONAL
    extra = cast("dict[str, list[str]]", field.json_schema_extra or {})
    flags = extra.get("flags") or [f"--{(field.alias or name).replace('_', '-')}"]
    kind, choices = _kind(field)
    default = None if field.default is PydanticUndefined or field.default == () else field.default
    return Parameter(
        field.alias or name,
        () if by_position else tuple(flags),
        kind,
        field.description or "",
        field.is_required(),
        default,
        choices,
    )


def _kind(field: FieldInfo) -> tuple[Literal["text", "int", "float", "flag", "choice", "many"], tuple[str, ...]]:
    if get_origin(field.annotation) is Literal:
        return "choice", get_args(field.annotation)
    if field.annotation is bool:
        return "flag", ()
    if field.default == ():
        return "many", ()
    told = str(field.annotation)
    return ("int" if "int" in told else "float" if "float" in told else "text"), ()
