"""The configuration that is in force, key by key, where each value comes from, and the rules (docs/rules.md)."""

import tomllib
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final, Literal, cast

from podium.config import FILE
from podium.operations.context import Context
from podium.operations.operation import Nothing, Output, operation

HIDDEN: Final = "…"
"""Stands for a value of an agent's environment, which may be a credential."""


class SettingRow(Output):
    """One key of podium.toml."""

    key: str
    value: Any
    source: Literal["default", "podium.toml"]
    pending: Any = None
    """What the file says by now, where that differs: it is in force after a restart."""


class RuleRow(Output):
    """One rule of the home's pipeline: what it waits for, and the one thing that it does then."""

    on: str
    does: str
    what: str


class SettingsOutput(Output):
    """Every setting, and every rule."""

    file: str
    settings: list[SettingRow]
    rules: list[RuleRow]


@operation("settings")
async def settings(context: Context, asked: Nothing) -> SettingsOutput:
    """Show what is configured, key by key, and where each value comes from."""
    path = context.home / FILE
    written = dict(_flat(tomllib.loads(path.read_text("utf-8")) if path.exists() else {}))
    rows: list[SettingRow] = []
    for key, value in _flat(context.config.model_dump(mode="json")):
        pending = written[key] if written.get(key, value) != value else None
        source = "podium.toml" if key in written else "default"
        rows.append(SettingRow(key=key, value=value, source=source, pending=pending))
    return SettingsOutput(file=str(path), settings=rows, rules=[_rule(asdict(one)) for one in context.pipeline.rules])


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, inner in cast("dict[str, Any]", value).items():
            yield from _flat(inner, f"{key}.{name}".lstrip("."))
    else:
        yield key, HIDDEN if key.startswith("agents.") and ".env." in key else value


def _rule(rule: dict[str, Any]) -> RuleRow:
    does = next(name for name in ("enqueue", "notify", "webhook", "to") if rule[name])
    what = f"{rule[does]}: {rule['text']}" if does == "to" else rule[does]
    return RuleRow(on=rule["on"], does={"to": "send"}.get(does, does), what=what)
