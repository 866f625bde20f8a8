"""Templates as pages: numbers in words, states with a sign, small charts, and everything from outside escaped."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import jinja2
from markupsafe import Markup

from podium.faces import wording
from podium.faces.sentences import TONES, Works, listed, meaning, message, tone, works_of
from podium.operations.events import EventRow, JobName
from podium.operations.jobs import JobRow
from podium.operations.operation import REGISTRY, Operation

HERE: Final = Path(__file__).parent
TIMELINE_WIDTH: Final = 900.0


def _state(name: str) -> Markup:
    """A state as a sign and its word."""
    shown, meant = wording.one_line(name).replace("_", " ").replace("-", " "), tone(name)
    made = Markup('<span class="state {}"><i aria-hidden="true">{}</i>{}</span>')
    return made.format(meant, TONES[meant]["sign"], shown)


class Bar(NamedTuple):
    """One job of a timeline: where it began to wait and to run, and how wide both are, in units of the drawing."""

    job: JobRow
    waits: tuple[float, float]
    runs: tuple[float, float] | None


class Timeline(NamedTuple):
    """Jobs over time, and the marks of its axis as (place, seconds since the beginning)."""

    bars: list[Bar]
    marks: list[tuple[float, float]]


def timeline(jobs: list[JobRow], now: float) -> Timeline | None:
    """The jobs that have begun to wait for an instance; None where there is none."""
    shown = [job for job in jobs if job.state != "waiting"]
    if not shown:
        return None
    begin = min(min(job.ready_at, job.leased_at or job.ready_at) for job in shown)
    is_over = all(job.state in ("passed", "cancelled") for job in jobs)
    end = max(job.ended_at or job.ready_at for job in shown) if is_over else now
    scale = TIMELINE_WIDTH / max(end - begin, 1.0)
    bars: list[Bar] = []
    for job in shown:
        since, until = min(job.ready_at, job.leased_at or now), job.leased_at or end
        runs = (job.leased_at - begin, max((job.ended_at or end) - job.leased_at, 2 / scale)) if job.leased_at else None
        waits = ((since - begin) * scale, max(0.0, until - since) * scale)
        bars.append(Bar(job, waits, runs and (runs[0] * scale, runs[1] * scale)))
    marks = [(TIMELINE_WIDTH * i / 4, (end - begin) * i / 4) for i in range(5)]
    return Timeline(bars, marks)


def _act(operation: str, label: str = "", key: str = "", **given: Any) -> Markup:
    """A button that opens the form of an operation, with what is known filled in."""
    found = REGISTRY[operation]
    danger = " danger" if found.safety == "destructive" else ""
    told = Markup('<button class="act{}" data-act="{}" data-given="{}" data-key="{}" title="{}">{}</button>')
    return told.format(danger, operation, json.dumps(given), key, found.summary, label or operation)


def _told(event: EventRow, works: Works) -> str:
    return listed(event.model_dump(), works)


def _tone(event: EventRow) -> str:
    return {"attention": "trouble", "good": "good", "": "quiet"}[meaning(event.model_dump())]


def _works(jobs: Iterable[JobName]) -> Works:
    return works_of(job.model_dump() for job in jobs)


def environment() -> jinja2.Environment:
    """The templates, with their words."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    words: dict[str, Any] = {
        "duration": wording.duration, "span": wording.whole_seconds, "figure": wording.figure, "clean": wording.clean,
        "percent": wording.percent, "clock": wording.clock_time, "moment": wording.date_time, "line": wording.one_line,
        "size": wording.size, "state": _state, "told": _told, "tone": _tone, "timeline": timeline, "works": _works,
        "message": message,
    }  # fmt: skip
    made.filters.update(words)
    tools: dict[str, Any] = {"act": _act, "counted": wording.counted}
    made.globals.update(tools)
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
            "choices": [one for kind in kinds for one in kind.get("enum", ())],
            "kind": next((t for t in ("boolean", "integer", "number", "array", "string") if t in types), "string"),
            "said": described.get("description", ""), "required": name in required,
            "positional": described.get("positional", False),
            "plain": name in required or name in ("reason", "notes", "scope"),
        })  # fmt: skip
    return made
