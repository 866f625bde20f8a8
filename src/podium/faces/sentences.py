"""Events and agents' messages in words: what a log says of each, for a person, and nothing that it does not say."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, cast

from jinja2 import Environment, Template, Undefined

from podium.domain import lifecycle
from podium.domain.pipeline import workflow_of
from podium.faces.wording import clean, clock_time, duration, figure, one_line, work as named
from podium.tables import beside

REASON_CHARS_MAX: Final = 160
FEEDBACK_CHARS_MAX: Final = 90
SOURCE_CHARS_MAX: Final = 9
_CHARS_MAX: Final[Mapping[str, int]] = dict.fromkeys(("text", "feedback"), FEEDBACK_CHARS_MAX)


class Work(NamedTuple):
    """A job's place in its pipeline, which events do not carry."""

    workflow: str
    step: str
    item: str


Works = Mapping[int, Work]
"""From a job's number to its work."""

NO_WORKS: Final[Works] = MappingProxyType({})


def works_of(jobs: Iterable[Mapping[str, Any]]) -> dict[int, Work]:
    """The map that sentences need, from rows of the operation `jobs`."""
    return {row["id"]: Work(row["workflow"], row["step"], row["item"]) for row in jobs}


_TOLD: Final[Mapping[str, Any]] = beside(__file__)


def doing(work: Work) -> str:
    """What an instance does that has this work: `implements 003-greet`."""
    return _words(work, 0) or f"works on {named(work.step, work.item)}"


def _words(work: Work, tense: int) -> str:
    """The words for a step that is used as the shipped pipeline uses it: with an item or without."""
    found = _TOLD["steps"].get(f"{workflow_of(work.workflow)}.{work.step}")
    if found is None or ("{}" in found[tense]) != bool(work.item):
        return ""
    return found[tense].format(one_line(work.item))


@cache
def _template(kind: str, type_: str) -> Template:
    made = Environment(autoescape=False)  # noqa: S701 - a terminal is no browser; `_short` and `clean` make texts safe
    cast("dict[str, Any]", made.filters).update(duration=duration, figure=figure, line=_short, colon=_after_colon)
    return made.from_string(_TOLD[kind].get(type_, ""), {"endings": _TOLD["endings"]})


def _short(value: object, chars_max: int = REASON_CHARS_MAX) -> str:
    return "" if value is None or isinstance(value, Undefined) else one_line(value, chars_max)


def _after_colon(text: str) -> str:
    reason = _short(text).rstrip(" :;,")
    return f": {reason}" if reason else ""


def _told(event: Mapping[str, Any], works: Works) -> dict[str, Any]:
    """What the text of an event may speak of."""
    data: Mapping[str, Any] = event["data"]
    work = works.get(event["job"])
    job = named(work.step, work.item) if work else f"job {event['job']}"
    said = {name: _short(value, _CHARS_MAX.get(name, REASON_CHARS_MAX)) for name, value in data.items()}
    order = list(lifecycle.WORKFLOWS.get(workflow_of(event["workflow"]), ()))
    before, after = (order.index(said.get(name, "")) if said.get(name) in order else -1 for name in ("from", "to"))
    return {
        "reason": "", "summary": "", "action": event["type"].removeprefix("operator."), **said,
        "project": one_line(event["project"]), "workflow": one_line(event["workflow"]), "job": job,
        "who": one_line(event["instance"]) or "an instance", "attempt": event["attempt"], "is_known": work is not None,
        "doing": doing(work) if work else f"works on {job}",
        "done": (_words(work, 1) if work else "") or f"{job} passed",
        "subject": one_line(work.item) if work and work.item else job, "somebody": said.get("by") or "somebody",
        "because": _after_colon(said.get("reason", "")), "goes_back": 0 <= after < before,
        "data": data, "event": event,
    }  # fmt: skip


TONES: Final[Mapping[str, Any]] = beside(__file__, "states.toml")
_TONE_OF: Final = {state: tone for tone, told in TONES.items() for state in told["states"]}


def tone(state: str) -> str:
    """What the colour of a state says."""
    return _TONE_OF.get(state, "quiet")


def sentence(event: Mapping[str, Any], works: Works = NO_WORKS) -> str | None:
    """The event (a row of the operation `events`) in words; None when it is not worth a line, or of an unknown type."""
    text = _template("events", "operator" if event["type"].startswith("operator.") else event["type"])
    return text.render(_told(event, works)) or None


def listed(event: Mapping[str, Any], works: Works = NO_WORKS) -> str:
    """The event in words for a list that leaves none out: also one that is not worth a line, or its bare type."""
    return sentence(event, works) or _template("listed", event["type"]).render(_told(event, works)) or event["type"]


def meaning(event: Mapping[str, Any]) -> str:
    """`attention` for an event that a person should notice, `good` where something larger has come to its end."""
    return _TOLD["meanings"].get(event["type"], "")


class Message(NamedTuple):
    """A line of an attempt's log as it is shown."""

    time: str
    """Of day; empty for a line that tells none."""
    source: str
    text: str
    meaning: str
    """As of an event; also `trouble`, `active` and `quiet`."""


def message(line: str) -> Message:
    """A line of an attempt's log in words; one that is no message is shown as it stands."""
    try:
        told: Any = json.loads(line)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        return Message("", "?", clean(line), "quiet")
    said = cast("dict[str, Any]", told)
    at, stream, type_ = said.pop("at", None), str(said.pop("stream", "?")), str(said.get("type"))
    is_known = type_ in _TOLD["messages"]
    text = _template("messages", type_).render(said) if is_known else json.dumps(said, ensure_ascii=False)
    time = clock_time(at) if isinstance(at, int | float) else ""
    source = one_line("agent" if stream == "stdout" else stream, SOURCE_CHARS_MAX)
    aspect = f"{type_} {said.get('level', said.get('verdict', ''))}".strip()
    return Message(time, source, clean(text).rstrip(), _TOLD["meanings"].get(aspect, "") if is_known else "quiet")
