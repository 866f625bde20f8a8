"""Reads what a runner wrote at the end of an attempt, trusting none of its fields."""

from collections.abc import Mapping
from typing import Any, cast

from podium.domain.attempt import Artifact, Ending, GateOutcome, GateResult, Report, Spend

Json = Mapping[str, Any]


def report(content: Json) -> Report:
    """The report in an `exit.json`; raises ValueError, TypeError or KeyError when it is none."""
    spend: Json | None = content.get("spend")
    return Report(
        ending=Ending(content["ending"]),
        detail=_text(content, "detail"),
        verdict=_text(content, "verdict") or None,
        summary=_text(content, "summary"),
        feedback=_text(content, "feedback"),
        data=dict(content.get("data") or {}),
        artifacts=tuple(_artifact(made) for made in _objects(content, "artifacts")),
        gates=tuple(_gate(result) for result in _objects(content, "gates")),
        commit=_text(content, "commit") or None,
        spend=Spend(int(spend["input_tokens"]), int(spend["output_tokens"]), spend["cost_usd"]) if spend else None,
        is_environment=content.get("is_environment") is True,
    )


def _artifact(made: Json) -> Artifact:
    path = _text(made, "path") or None
    return Artifact(
        _text(made, "kind"), _text(made, "key"), _text(made, "title"), dict(made["data"]), path, _text(made, "step")
    )


def _gate(result: Json) -> GateResult:
    return GateResult(
        _text(result, "name"), GateOutcome(result["outcome"]), _text(result, "detail"), float(result["seconds"])
    )


def _text(content: Json, name: str) -> str:
    value = content.get(name)
    return value if isinstance(value, str) else ""


def _objects(content: Json, name: str) -> list[Json]:
    value = content.get(name)
    found = cast("list[Any]", value) if isinstance(value, list) else []
    return [item for item in found if isinstance(item, dict)]
