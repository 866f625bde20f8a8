"""Why does a job stand where it does, and has it stood there for too long? The one place for these words (QUE-6).

Alive and getting on are two things (REC-2): a running attempt that shows no progress is told of, never ended for it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from podium.config import LimitsConfig
from podium.domain.job import Job
from podium.tables import beside


class Cause(NamedTuple):
    """Why a job stands where it does. Kinds without a limit are how things should be, and are never stuck."""

    kind: str
    because: str
    todo: str
    limit: str = ""
    """The setting in `[limits]` beyond which it is stuck."""


class Blocker(NamedTuple):
    """An open job that another waits for."""

    id: int
    workflow: str
    step: str
    item: str
    state: str


class Standing(NamedTuple):
    """A job and what decides whether it moves."""

    job: Job
    since: float
    """When it came to stand so, in steady seconds: a running job's last progress, the moment a delayed one is due."""
    running: bool = True
    """Whether an orchestrator works on this home."""
    pool: frozenset[str] = frozenset()
    """The instances of its queue."""
    idle: frozenset[str] = frozenset()
    """Those of them that have nothing to do."""
    drained: frozenset[str] = frozenset()
    """Those of them that get no work."""
    ahead: int = 0
    """Jobs of its lane that come first."""
    places: int = 0
    """How many chains its project may have open."""
    weight: int = 1
    blockers: Sequence[Blocker] = ()
    heard: bool = True
    """Whether anybody can tell if its running attempt makes progress."""
    tool: tuple[str, float] | None = None
    """The tool that its running attempt waits for, and since when, in steady seconds."""
    timeout_seconds: float = 0.0
    review: int = 0
    review_kind: str = ""
    words: str = ""
    """Why the latest attempt or review came about."""


class Finding(NamedTuple):
    """Something stuck: a job, or with `job` None a whole project. `more` are others with the same cause."""

    kind: str
    project: str
    job: Job | None
    since: float | None
    because: str
    todo: str
    more: int = 0


_WORDS: Final = beside(__file__)

Told = tuple[str, dict[str, Any]]
"""Which cause of `causes.toml` it is, and what its words need besides the job."""


def findings(
    standings: Iterable[Standing], paused: Iterable[tuple[str, float]], stranded: Iterable[str],
    limits: LimitsConfig, now: float,
) -> list[Finding]:  # fmt: skip
    """What is stuck, the longest first. `paused` are projects and since when; in `stranded` ones nothing can move."""
    found: dict[tuple[str, str, str], Finding] = {}
    for standing in sorted(standings, key=lambda standing: standing.since):
        kind, because, todo, name = explain(standing, now)
        limit = 0.0 if kind == "stranded" else getattr(limits, name, None)
        if limit is None or abs(now - standing.since) <= limit:  # a delayed job's moment may be far ahead
            continue
        project = standing.job.project
        same = found.get((kind, project, because))
        since = standing.since if kind != "delayed" else None
        made = Finding(kind, project, standing.job, since, because, todo)
        found[kind, project, because] = made if same is None else same._replace(more=same.more + 1)
    late = [(one, since) for one, since in paused if now - since > limits.stuck_paused_seconds]
    whole = [(one, since, _told("paused", project=one)) for one, since in late]
    whole += [(one, None, _told("stranded", what=f"no job of project {one} could ever move")) for one in stranded]
    for project, since, cause in whole:
        found[cause.kind, project, ""] = Finding(cause.kind, project, None, since, cause.because, cause.todo)
    return sorted(found.values(), key=lambda finding: (finding.since is None, finding.since or 0.0, finding.project))


def explain(at: Standing, now: float) -> Cause:
    """Why the job stands where it does, and what comes next or is to be done."""
    tell = _STATES.get(at.job.state)
    if tell is None:
        return Cause(at.job.state, f"it is {at.job.state}", "nothing more happens to it")
    name, about = tell(at, now)
    return _told(name, at=at, job=at.job, project=at.job.project, **about)


def _told(name: str, **about: Any) -> Cause:
    """The cause as `causes.toml` words it; its kind is the first word of its name."""
    words = {part: text.format(**about) for part, text in _WORDS[name].items()}
    return Cause(name.split(maxsplit=1)[0], **words)


def named(blocker: Blocker) -> str:
    """`12 (development implement 003-greet, in review)`."""
    place = " ".join(filter(None, (blocker.workflow, blocker.step, blocker.item)))
    state = {"dead": "a dead letter"}.get(blocker.state, blocker.state.replace("_", " "))
    return f"{blocker.id} ({place}, {state})"


def _span(seconds: float) -> str:
    for size, unit, most in ((1, "s", 120), (60, "min", 7_200), (3_600, "h", 172_800)):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def _jobs(number: int) -> str:
    return f"{number} job{'s' * (number != 1)}"


def _waiting(at: Standing, _: float) -> Told:
    if not at.blockers:
        return "stranded", {"what": "it waits, and nothing that it waits for is open"}
    first = {blocker.state: blocker for blocker in reversed(at.blockers)}
    if (dead := first.get("dead")) is not None:
        return "behind-dead", {"named": named(dead), "attend": _attend(at.job.project, dead.id, dead.item)}
    if (asked := first.get("in_review")) is not None:
        return "behind-review", {"named": named(asked)}
    names = ", ".join(map(named, at.blockers[:5])) + (", …" if len(at.blockers) > 5 else "")
    return "waiting", {"jobs": _jobs(len(at.blockers)), "names": names}


def _ready(at: Standing, _: float) -> Told:
    job = at.job
    if not at.running:
        return "ready stopped", {}
    if job.lane.startswith("@") and (pin := job.lane[1:]) not in at.idle:
        name = "pinned gone" if pin not in at.pool else "pinned drained" if pin in at.drained else "pinned"
        return name, {"pin": pin}
    if not at.pool:
        return "no-instance", {}
    if at.drained == at.pool:
        return "drained", {}
    if (job.avoid and at.pool - {job.avoid} == frozenset()) or at.idle == frozenset({job.avoid}):
        return "avoided", {"free": "free " * (len(at.pool) > 1)}
    return "ready", {"jobs": _jobs(at.ahead)}


def _delayed(at: Standing, now: float) -> Told:
    left = at.job.ready_at - now
    kind = "delayed" if at.job.attempt else "scheduled"  # a start that somebody chose is nobody's trouble
    if left < 0:
        kind = "delayed due" if at.running else "delayed stopped"
    failed = f"attempt {at.job.attempt} failed, and it is tried again later"
    return kind, {"tried": failed if at.job.attempt else "it is to begin later", "left": _span(abs(left))}


def _running(at: Standing, now: float) -> Told:
    if not at.running or not at.heard:
        return "running" if at.running else "running stopped", {}
    tool = f"; its tool {at.tool[0]} has been at work for {_span(now - at.tool[1])}" if at.tool else ""
    return "silent", {"quiet": _span(now - at.since), "tool": tool, "limit": _span(at.timeout_seconds)}


def _attend(project: str, letter: int, item: str) -> str:
    drop = f"`podium dead-letters drop {letter}` goes on without {item}"
    end = f"the project cannot do without it: `podium cancel {project}` ends the project"
    return f"`podium dead-letters replay {letter}` tries job {letter} again; {drop if item else end}"


_STATES: Final[Mapping[str, Callable[[Standing, float], Told]]] = {
    "waiting": _waiting,
    "held": lambda _, __: ("held", {}),
    "ready": _ready,
    "delayed": _delayed,
    "running": _running,
    "in_review": lambda _, __: ("review", {}),
    "dead": lambda at, _: ("dead", {"attend": _attend(at.job.project, at.job.id, at.job.item)}),
    "paused": lambda _, __: ("paused", {}),
}
