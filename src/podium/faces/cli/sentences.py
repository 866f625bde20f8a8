"""Events in words: what the log says of each, as one sentence for a person, and nothing that it does not say."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from podium.domain import lifecycle
from podium.domain.attempt import Ending
from podium.domain.pipeline import workflow_of
from podium.faces.cli.wording import duration, one_line
from podium.faces.cli.wording import work as named

REASON_CHARS_MAX: Final = 160
FEEDBACK_CHARS_MAX: Final = 90
_CHARS_MAX: Final = {"text": FEEDBACK_CHARS_MAX}


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


_TOLD: Final[Mapping[str, Any]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def doing(work: Work) -> str:
    """What an instance does that has this work: `implements 003-greet`."""
    return _words(work, 0) or f"works on {named(work.step, work.item)}"


def _done(work: Work) -> str:
    return _words(work, 1) or f"{named(work.step, work.item)} passed"


def _words(work: Work, tense: int) -> str:
    """The words for a step that is used as the shipped pipeline uses it: with an item or without."""
    found = _TOLD["steps"].get(f"{workflow_of(work.workflow)}.{work.step}")
    if found is None or ("{}" in found[tense]) != bool(work.item):
        return ""
    return found[tense].format(one_line(work.item))


class _Told:
    """One event as the sentences ask it."""

    def __init__(self, event: Mapping[str, Any], works: Works) -> None:
        self.event = event
        self.data: Mapping[str, Any] = event["data"]
        self.who = one_line(event["instance"]) or "an instance"
        self.work = works.get(event["job"])
        self.job = named(self.work.step, self.work.item) if self.work else f"job {event['job']}"
        self.doing = doing(self.work) if self.work else f"works on {self.job}"
        self.done = _done(self.work) if self.work else f"{self.job} passed"
        self.subject = one_line(self.work.item) if self.work and self.work.item else self.job

    def say(self, name: str, chars_max: int = REASON_CHARS_MAX) -> str:
        """A text of the event's data on one line; empty when it has none."""
        value = self.data.get(name)
        return "" if value is None else one_line(value, chars_max)

    def __getitem__(self, name: str) -> str:
        """What a text of the table has in braces."""
        if name in ("project", "workflow"):
            return one_line(self.event[name])
        if name in ("who", "job"):
            return str(getattr(self, name))
        if name == "somebody":
            return self.say("by") or "somebody"
        return self.because() if name == "because" else self.say(name, _CHARS_MAX.get(name, REASON_CHARS_MAX))

    def because(self, name: str = "reason") -> str:
        """The text with a colon before it."""
        reason = self.say(name).rstrip(" :;,")
        return f": {reason}" if reason else ""


def _project_created(told: _Told) -> str:
    agent = told.say("agent")
    return f"{one_line(told.event['project'])} submitted" + (f" for {agent} agents" if agent else "")


def _project_admitted(told: _Told) -> str:
    waited = told.data.get("waited")
    after = f" after {duration(waited)} in the input queue" if isinstance(waited, int | float) else ""
    return f"{one_line(told.event['project'])} begins{after}{told.because()}"


def _project_completed(told: _Told) -> str:
    seconds = told.data.get("seconds")
    after = f" after {duration(seconds)}" if isinstance(seconds, int | float) else ""
    return f"{one_line(told.event['project'])} is complete{after}"


def _workflow_state(told: _Told) -> str:
    workflow, before, after = one_line(told.event["workflow"]), told.say("from"), told.say("to")
    order = list(lifecycle.WORKFLOWS.get(workflow_of(workflow), ()))
    back = before in order and after in order and order.index(after) < order.index(before)
    return f"{workflow} goes back to {after}" if back else f"{workflow} is {after}"


def _leased(told: _Told) -> str:
    attempt = told.event["attempt"]
    return f"{told.who} {told.doing}" + (f" (attempt {attempt})" if attempt > 1 else "")


def _passed(told: _Told) -> str:
    summary = told.say("summary")
    return f"{told.job} accepted ({summary})" if summary.startswith("approved by ") else told.done


_ENDINGS: Final = {
    str(Ending.CRASHED): "crashed",
    str(Ending.TIMED_OUT): "ran out of time",
    str(Ending.LOST): "was lost",
    str(Ending.COULD_NOT_START): "could not start",
    str(Ending.FINISHED): "ended without a result",
}


def _retried(told: _Told) -> str:
    ending, _, detail = told.say("reason").partition(": ")
    if ending in _ENDINGS:
        happened = f"{told.who} {_ENDINGS[ending]}" + (f" ({detail})" if detail else "")
    else:
        happened = f"{told.who} did not get through{told.because()}"
    delay = told.data.get("delay")
    later = f" in {duration(delay)}" if isinstance(delay, int | float) and delay > 0 else ""
    return f"{happened}; its job runs again{later}" + (f" ({told.job})" if told.work else "")


def _reworked(told: _Told) -> str:
    reason, feedback = told.say("reason"), told.say("feedback", FEEDBACK_CHARS_MAX)
    if reason == "sent back by the reviewer":
        return f"{told.who} sends {told.subject} back to {told.say('to')}" + (f": {feedback}" if feedback else "")
    said = f" – {feedback}" if feedback and not reason.startswith("gate failed") else ""
    return f"{told.subject} goes back to {told.say('to')}: {reason}{said}"


def _decided(told: _Told) -> str:
    verdict = told.say("verdict")
    words = {"approve": "approved", "reject": "rejected", "send_back": "sent back"}.get(verdict, verdict)
    return f"{told.say('by') or 'somebody'} {words} review {told.say('review')}{told.because('notes')}"


def _genesis_complete(told: _Told) -> str:
    issues = told.data.get("issues_created")
    return "genesis complete" + (f": {issues} issue{'s' * (issues != 1)} to build" if isinstance(issues, int) else "")


def _milestone(told: _Told) -> str:
    url = told.say("deployment_url")
    return f"development milestone: {told.say('milestone') or 'reached'}" + (f" at {url}" if url else "")


def _operator(told: _Told) -> str:
    """What an operator did, to what, and why."""
    action = told.event["type"].removeprefix("operator.")
    what = told.job if told.event["job"] else one_line(told.event["project"])
    if action == "assign":
        what = f"{told.say('workflow')} of {what} to {told.say('instance') or 'all its instances'}"
    return f"{told.say('by') or 'somebody'}: {action} {what}{told.because()}"


def _called(told: _Told) -> str | None:
    """Who asked for what; when it was done, what happened says so itself."""
    if told.say("outcome") == "done":
        return None
    return f"{told.say('by')} asked for {told.say('operation')}: {told.say('outcome')}"


def _scaled(told: _Told) -> str | None:
    """A refusal; what was done is told by the pools."""
    refused = told.say("action") == "refused"
    return f"{told.say('workflow')} gets no more instances: {told.say('because')}" if refused else None


_SENTENCES: Final[Mapping[str, Callable[[_Told], str | None]]] = MappingProxyType(
    {
        "project.created": _project_created,
        "project.admitted": _project_admitted,
        "project.completed": _project_completed,
        "workflow.state": _workflow_state,
        "job.leased": _leased,
        "job.passed": _passed,
        "job.retried": _retried,
        "job.reworked": _reworked,
        "operation.called": _called,
        "scaling.decided": _scaled,
        "review.decided": _decided,
        "genesis_complete": _genesis_complete,
        "development_milestone": _milestone,
    }
)
"""Events whose words depend on more than one text can say; `operator.*` and the plain ones are not among them."""

_TROUBLE: Final = frozenset(
    {"project.failed", "job.retried", "job.escalated", "job.buried", "job.cancelled", "review.opened"}
)
_GOOD: Final = frozenset({"project.completed", "genesis_complete", "development_milestone"})


def sentence(event: Mapping[str, Any], works: Works = NO_WORKS) -> str | None:
    """The event (a row of the operation `events`) in words; None when it is not worth a line, or of an unknown type."""
    type_, told = event["type"], _Told(event, works)
    tell = _operator if type_.startswith("operator.") else _SENTENCES.get(type_)
    return tell(told) if tell else _TOLD["events"].get(type_, "").format_map(told) or None


def is_trouble(event: Mapping[str, Any]) -> bool:
    """Whether a person should notice this event."""
    return event["type"] in _TROUBLE


def is_good_news(event: Mapping[str, Any]) -> bool:
    """Whether something larger has come to its end."""
    return event["type"] in _GOOD
