"""Templates as pages: numbers in words, states with a sign, small charts, and everything from outside escaped."""

import json
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup

from podium.faces import wording
from podium.operations.operation import REGISTRY, Operation

HERE: Final = Path(__file__).parent
SPARK_WIDTH: Final = 120
SPARK_HEIGHT: Final = 28

TONES: Final = {
    "good": "passed complete approved ok ready met idle pass",
    "active": "active busy running open starting",
    "attention": "in_review delayed sent_back stopped paused drained retiring waiting-on-human stuck draining warning"
    " quarantined",
    "trouble": "dead failed rejected crashed problem missed",
    "quiet": "waiting held cancelled",
}
"""What the colour of a state's sign means, and the states that have it."""
SIGNS: Final = {"good": "✓", "active": "▶", "attention": "!", "trouble": "✕", "quiet": "·"}
"""No meaning hangs on colour alone."""
_TONE_OF: Final = {state: tone for tone, states in TONES.items() for state in states.split()}


def _state(name: str) -> Markup:
    """A state as a sign and its word."""
    tone = _TONE_OF.get(name, "quiet")
    shown = wording.one_line(name).replace("_", " ").replace("-", " ")
    return Markup('<span class="state {}"><i aria-hidden="true">{}</i>{}</span>').format(tone, SIGNS[tone], shown)


def _spark(values: list[float], label: str) -> Markup:
    """A small line of values, with a text for those who cannot see it."""
    top, step = max(values, default=0.0) or 1.0, SPARK_WIDTH / max(1, len(values) - 1)
    points = " ".join(
        f"{i * step:.1f},{SPARK_HEIGHT - 2 - v / top * (SPARK_HEIGHT - 4):.1f}" for i, v in enumerate(values)
    )
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}" preserveAspectRatio="none">'
        '<polyline points="{}"/></svg>'
    ).format(SPARK_WIDTH, SPARK_HEIGHT, label, points)


def _act(operation: str, label: str = "", key: str = "", **given: Any) -> Markup:
    """A button that opens the form of an operation, with what is known filled in."""
    found = REGISTRY[operation]
    danger = " danger" if found.safety == "destructive" else ""
    told = Markup('<button class="act{}" data-act="{}" data-given="{}" data-key="{}" title="{}">{}</button>')
    return told.format(danger, operation, json.dumps(given), key, found.summary, label or operation)


def _sentence(data: dict[str, Any]) -> str:
    """What an event says beside its type, on one line."""
    return "  ".join(
        f"{name}={wording.one_line(value, 160)}" for name, value in data.items() if value not in ("", None)
    )


def environment() -> jinja2.Environment:
    """The templates, with their words."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {
        "duration": wording.duration, "span": wording.whole_seconds, "figure": wording.figure,
        "percent": wording.percent, "clock": wording.clock_time, "moment": wording.date_time,
        "line": wording.one_line, "state": _state, "sentence": _sentence, "clean": wording.clean,
    }  # fmt: skip
    made.globals.update({"spark": _spark, "act": _act, "counted": wording.counted})
    return made


def fields_of(operation: Operation, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of an operation's form, those that are given already hidden; what is rarely asked comes folded."""
    schema = operation.input.model_json_schema()
    required = schema.get("required", [])
    made: list[dict[str, Any]] = []
    for name, described in schema["properties"].items():
        kinds: list[dict[str, Any]] = [described, *described.get("anyOf", ())]
        types = {kind["type"] for kind in kinds if "type" in kind}
        made.append({
            "name": name, "given": given.get(name, described.get("default")), "fixed": name in given,
            "choices": next((kind["enum"] for kind in kinds if "enum" in kind), []),
            "kind": next((t for t in ("boolean", "integer", "number", "array", "string") if t in types), "string"),
            "said": described.get("description", ""), "required": name in required,
            "positional": described.get("positional", False),
            "plain": name in required or name in ("reason", "notes"),
        })  # fmt: skip
    return made
