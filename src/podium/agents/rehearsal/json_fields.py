"""Typed reading of JSON that somebody else wrote: a missing or odd field becomes a default, never a crash."""

from typing import TypeAlias, cast

JsonObject: TypeAlias = dict[str, object]


def text(data: JsonObject, key: str, default: str = "") -> str:
    """Return the string at `key`, or `default` when there is none."""
    value = data.get(key)
    return value if isinstance(value, str) else default


def optional_text(data: JsonObject, key: str) -> str | None:
    """Return the string at `key`, or None when it is missing, null or empty."""
    return text(data, key) or None


def texts(data: JsonObject, key: str) -> tuple[str, ...]:
    """Return the strings of the list at `key`; whatever is not a string is left out."""
    value = data.get(key)
    if not isinstance(value, list):
        return ()
    return tuple(entry for entry in cast("list[object]", value) if isinstance(entry, str))


def nested(data: JsonObject, key: str) -> JsonObject:
    """Return the object at `key`, or an empty one."""
    value = data.get(key)
    return cast("JsonObject", value) if isinstance(value, dict) else {}


def objects(data: JsonObject, key: str) -> tuple[JsonObject, ...]:
    """Return the objects of the list at `key`; whatever is not an object is left out."""
    value = data.get(key)
    if not isinstance(value, list):
        return ()
    return tuple(cast("JsonObject", entry) for entry in cast("list[object]", value) if isinstance(entry, dict))
