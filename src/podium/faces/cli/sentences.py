"""Events in words: what the log says of each, as one sentence for a person, and nothing that it does not say."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from podium.domain import lifecycle
from podium.domain.attempt import Ending
from podium.domain.pipeline import workflow_of
from podium.faces.cli.wording import duration, one_line
from podium.faces.cli.wording import work as named

REASON_CHARS_MAX: Final = 160
FEEDBACK_CHARS_MAX: Final = 90


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


_WORDS: Final[Mapping[tuple[str, str], tuple[str, str]]] = MappingProxyType(
    {
        ("genesis", "analyze"): ("analyzes the document", "document analyzed"),
        ("genesis", "scaffold"): ("scaffolds the repository", "repository scaffolded"),
        ("genesis", "issues"): ("writes the issues", "issues written"),
        ("genesis", "found"): ("merges scaffold and issues", "scaffold and issues merged"),
        ("development", "tests"): ("writes tests for {}", "tests for {} written"),
        ("development", "implement"): ("implements {}", "{} implemented"),
        ("development", "review"): ("reviews {}", "{} passed review"),
        ("development", "merge"): ("merges {}", "{} merged"),
        ("development", "performance"): ("measures performance", "performance measured"),
        ("development", "ci"): ("prepares the delivery", "delivery prepared"),
        ("development", "deploy"): ("deploys", "deployed"),
        ("content", "analyze"): ("writes the content brief", "content brief written"),
        ("content", "documentation"): ("writes the documentation", "documentation written"),
        ("content", "marketing"): ("writes the marketing pieces", "marketing pieces written"),
        ("content", "social"): ("writes the posts", "posts written"),
        ("content", "optimize"): ("edits all pieces", "all pieces edited"),
        ("content", "publish"): ("publishes", "published"),
    }
)
"""The shipped pipeline's steps: (what an instance does, what has been done); any other step is called by its name."""


def doing(work: Work) -> str:
    """What an instance does that has this work: `implements 003-greet`."""
    return _words(work, 0) or f"works on {named(work.step, work.item)}"


def _done(work: Work) -> str:
    return _words(work, 1) or f"{named(work.step, work.item)} passed"


def _words(work: Work, tense: int) -> str:
    """The words for a step that is used as the shipped pipeline uses it: with an item or without."""
    found = _WORDS.get((workflow_of(work.workflow), work.step))
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


def _workflow_requested(told: _Told) -> str:
    run, version = one_line(told.event["workflow"]), told.say("version")
    return f"{told.say('by') or 'somebody'} asks for {run}, for {version}{told.because()}"


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


def _resized(told: _Told) -> str:
    return f"{told.say('queue')} ({told.say('role')}) has {told.say('size')} instances{told.because()}"


def _noted(told: _Told) -> str:
    return f"{told.who} notes: {told.say('text', FEEDBACK_CHARS_MAX)}"


def _message_sent(told: _Told) -> str:
    return f"{told.say('by') or 'somebody'} to {told.say('to')}: {told.say('text', FEEDBACK_CHARS_MAX)}"


def _nothing(_: _Told) -> None:
    return None


_SENTENCES: Final[Mapping[str, Callable[[_Told], str | None]]] = MappingProxyType(
    {
        "project.created": _project_created,
        "project.waiting": lambda told: f"{one_line(told.event['project'])} waits in the input queue{told.because()}",
        "project.admitted": _project_admitted,
        "project.completed": _project_completed,
        "project.cancelled": lambda told: f"{one_line(told.event['project'])} is cancelled{told.because()}",
        "project.pruned": lambda told: f"{one_line(told.event['project'])} is now only a summary: its jobs were pruned",
        **{
            f"operator.{action}": _operator
            for action in ("assign", "boost", "cancel", "drop", "pause", "pin", "replay", "resume", "retry", "unpin")
        },
        "project.failed": lambda told: f"{one_line(told.event['project'])} has failed{told.because()}",
        "project.reopened": lambda told: f"{one_line(told.event['project'])} is open again for {told.say('version')}",
        "workflow.requested": _workflow_requested,
        "workflow.cancelled": lambda told: f"{one_line(told.event['workflow'])} is given up{told.because()}",
        "workflow.state": _workflow_state,
        "job.leased": _leased,
        "job.adopted": lambda told: f"{told.who} was found at work after a restart, and goes on with {told.job}",
        "job.passed": _passed,
        "job.retried": _retried,
        "job.reworked": _reworked,
        "job.released": lambda told: f"{told.job} is given back and waits again{told.because()}",
        "job.escalated": lambda told: f"{told.job} is put before a reviewer{told.because()}",
        "job.buried": lambda told: f"{told.job} is a dead letter{told.because()}",
        "job.replayed": lambda told: f"{told.job} is tried again; it was a dead letter",
        "job.cancelled": lambda told: f"{told.job} dropped{told.because()}",
        # The procedure has five steps; a person wants to know what happened, and that the instance is there again.
        "recovery.detected": _nothing,  # job.retried, job.released, job.escalated or job.buried says what happened
        "recovery.checked": _nothing,
        "recovery.restarted": lambda told: f"{told.who} is back",
        "recovery.reassigned": _nothing,
        "recovery.updated": _nothing,
        "operation.called": _called,
        "pool.resized": _resized,
        "queue.drained": lambda told: f"{told.say('queue')} gets no new work{told.because()}",
        "queue.undrained": lambda told: f"{told.say('queue')} is given work again{told.because()}",
        "queue.routed": lambda told: f"{told.say('queue')} is routed {told.say('strategy')}{told.because()}",
        "instance.drained": lambda told: f"{told.say('instance')} gets no new work{told.because()}",
        "instance.undrained": lambda told: f"{told.say('instance')} is given work again{told.because()}",
        "instance.restarted": lambda told: f"{told.say('by')} restarts {told.say('instance')}{told.because()}",
        "token.created": lambda told: f"{told.say('by')} makes the token {told.say('token')} ({told.say('scope')})",
        "token.revoked": lambda told: f"{told.say('by')} revokes the token {told.say('token')}",
        "attempt.noted": _noted,
        "message.sent": _message_sent,
        "message.delivered": _nothing,  # `podium messages list` says who has read what
        "review.opened": lambda told: f"review {told.say('review')} opened for {told.job}",
        "review.decided": _decided,
        "genesis_complete": _genesis_complete,
        "development_milestone": _milestone,
    }
)

_TROUBLE: Final = frozenset(
    {"project.failed", "job.retried", "job.escalated", "job.buried", "job.cancelled", "review.opened"}
)
_GOOD: Final = frozenset({"project.completed", "genesis_complete", "development_milestone"})


def sentence(event: Mapping[str, Any], works: Works = NO_WORKS) -> str | None:
    """The event (a row of the operation `events`) in words; None when it is not worth a line, or of an unknown type."""
    tell = _SENTENCES.get(event["type"])
    return tell(_Told(event, works)) if tell else None


def is_trouble(event: Mapping[str, Any]) -> bool:
    """Whether a person should notice this event."""
    return event["type"] in _TROUBLE


def is_good_news(event: Mapping[str, Any]) -> bool:
    """Whether something larger has come to its end."""
    return event["type"] in _GOOD
