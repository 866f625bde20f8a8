"""Why does a job stand where it does, and has it stood there for too long? The one place for these words (QUE-6).

Alive and getting on are two things (REC-2): a running attempt that shows no progress is told of, never ended for it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from podium.config import StuckLimits
from podium.domain.job import Job


class Cause(NamedTuple):
    """Why a job stands where it does. Kinds without a limit are how things should be, and are never stuck."""

    kind: str
    because: str
    todo: str


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


_LIMITS: Final = {
    kind: limit
    for limit, kinds in (
        ("silent_seconds", "silent"), ("ready_seconds", "pinned avoided no-instance drained"),
        ("held_seconds", "held"), ("delayed_seconds", "delayed"), ("paused_seconds", "paused"),
        ("review_seconds", "review behind-review"), ("dead_seconds", "dead behind-dead"),
    )
    for kind in kinds.split()
}  # fmt: skip
"""Every kind of cause that can be stuck, and which limit it has; what is stranded is stuck at once."""


def findings(
    standings: Iterable[Standing],
    paused: Iterable[tuple[str, float]],
    stranded: Iterable[str],
    limits: StuckLimits,
    now: float,
) -> list[Finding]:
    """What is stuck, the longest first. `paused` are projects and since when; in `stranded` ones nothing can move."""
    found: dict[tuple[str, str, str], Finding] = {}
    for standing in sorted(standings, key=lambda standing: standing.since):
        kind, because, todo = explain(standing, now)
        limit = 0.0 if kind == "stranded" else getattr(limits, _LIMITS.get(kind, ""), None)
        if limit is None or abs(now - standing.since) <= limit:  # a delayed job's moment may be far ahead
            continue
        project = standing.job.project
        same = found.get((kind, project, because))
        since = standing.since if kind != "delayed" else None
        made = Finding(kind, project, standing.job, since, because, todo)
        found[kind, project, because] = made if same is None else same._replace(more=same.more + 1)
    whole = [(project, since, _paused(project)) for project, since in paused if now - since > limits.paused_seconds]
    whole += [(project, None, _stranded(f"no job of project {project} could ever move")) for project in stranded]
    for project, since, cause in whole:
        found[cause.kind, project, ""] = Finding(cause.kind, project, None, since, cause.because, cause.todo)
    return sorted(found.values(), key=lambda finding: (finding.since is None, finding.since or 0.0, finding.project))


def explain(at: Standing, now: float) -> Cause:
    """Why the job stands where it does, and what comes next or is to be done."""
    tell = _STATES.get(at.job.state)
    return tell(at, now) if tell else Cause(at.job.state, f"it is {at.job.state}", "nothing more happens to it")


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


def _waiting(at: Standing, _: float) -> Cause:
    if not at.blockers:
        return _stranded("it waits, and nothing that it waits for is open")
    first = {blocker.state: blocker for blocker in reversed(at.blockers)}
    if (dead := first.get("dead")) is not None:
        return Cause("behind-dead", f"it waits for job {named(dead)}", _attend(at.job.project, dead.id, dead.item))
    if (asked := first.get("in_review")) is not None:
        todo = f"decide that one: `podium review list --project {at.job.project}`"
        return Cause("behind-review", f"it waits for job {named(asked)}", todo)
    count = len(at.blockers)
    names = ", ".join(map(named, at.blockers[:5])) + (", …" if count > 5 else "")
    return Cause("waiting", f"it waits for {count} job{'s' * (count != 1)}: {names}", "it starts when they have passed")


def _held(at: Standing, _: float) -> Cause:
    return Cause(
        "held",
        f"its project has {at.places} chains open in {at.job.workflow}, the most a project of weight {at.weight} may "
        "have",
        f"it enters the queue when one of them ends; `podium jobs {at.job.project}` shows what holds them up",
    )


def _ready(at: Standing, _: float) -> Cause:
    job = at.job
    if not at.running:
        return Cause("ready", "no orchestrator runs on this home", "`podium up` starts one")
    if job.lane.startswith("@") and (pin := job.lane[1:]) not in at.idle:
        gone, shut = pin not in at.pool, pin in at.drained
        how = "this home does not have any more" if gone else "is drained" if shut else "has other work"
        because = f"it is pinned to {pin}, which {how}"
        todo = f"`podium unpin {job.id}` lets any instance of {job.queue} have it"
        return Cause("pinned", because, todo if gone or shut else f"it starts when {pin} is free; {todo}")
    if not at.pool:
        return Cause(
            "no-instance", f"no instance works for {job.queue}", f"`podium scale-up {job.queue}` gives it some"
        )
    if at.drained == at.pool:
        because = f"{job.queue} is drained: none of its instances gets work"
        return Cause("drained", because, f"`podium undrain {job.queue}` (or all, or an instance) opens it again")
    if (job.avoid and at.pool - {job.avoid} == frozenset()) or at.idle == frozenset({job.avoid}):
        why = f"the only {'free ' * (len(at.pool) > 1)}instance is {job.avoid}, whose own work it would judge"
        return Cause(
            "avoided", why, f"it starts when another is free; `podium pin {job.id} INSTANCE` decides otherwise"
        )
    because = f"it waits for a free instance; {at.ahead} job{'s' * (at.ahead != 1)} of its role come first"
    return Cause("ready", because, "the next free instance that suits it takes it")


def _delayed(at: Standing, now: float) -> Cause:
    tried = (
        f"attempt {at.job.attempt} failed, and it is tried again later" if at.job.attempt else "it is to begin later"
    )
    left = at.job.ready_at - now
    if left >= 0:
        kind = "delayed" if at.job.attempt else "scheduled"  # a start that somebody chose is nobody's trouble
        return Cause(kind, tried, f"it is due in {_span(left)}")
    todo = "the sweeper wakes it within seconds" if at.running else "`podium up` starts an orchestrator"
    return Cause("delayed", f"{tried}; it has been due for {_span(-left)}", todo)


def _running(at: Standing, now: float) -> Cause:
    job = at.job
    log = f"`podium logs {job.instance} -f` shows its words"
    if not at.running:
        return Cause("running", f"{job.instance} had it when the orchestrator stopped", "`podium up` takes it over")
    if not at.heard:
        return Cause("running", f"{job.instance} has it ({job.routed})", log)
    limit = f"its step's limit of {_span(at.timeout_seconds)} ends it"
    last = f"it is alive, its last sign of progress was {_span(now - at.since)} ago"
    if at.tool:
        last += f"; its tool {at.tool[0]} has been at work for {_span(now - at.tool[1])}"
    return Cause("silent", f"{job.instance} has it ({job.routed}); {last}", f"{log}; {limit}")


def _in_review(at: Standing, _: float) -> Cause:
    because = f"it waits for a reviewer ({at.review_kind}): {at.words}"
    return Cause("review", because, f"`podium review approve|reject|send-back {at.review}`")


def _dead(at: Standing, _: float) -> Cause:
    return Cause("dead", f"it is a dead letter: {at.words}", _attend(at.job.project, at.job.id, at.job.item))


def _attend(project: str, letter: int, item: str) -> str:
    drop = f"`podium dead-letters drop {letter}` goes on without {item}"
    end = f"the project cannot do without it: `podium cancel {project}` ends the project"
    return f"`podium dead-letters replay {letter}` tries job {letter} again; {drop if item else end}"


def _paused(project: str) -> Cause:
    return Cause("paused", "its project is paused", f"`podium resume {project}` gives its work out again")


def _stranded(what: str) -> Cause:
    return Cause(
        "stranded", f"{what}: a defect in Podium", "please report it with the output of `podium events --json`"
    )


_STATES: Final[Mapping[str, Callable[[Standing, float], Cause]]] = {
    "waiting": _waiting,
    "held": _held,
    "ready": _ready,
    "delayed": _delayed,
    "running": _running,
    "in_review": _in_review,
    "dead": _dead,
    "paused": lambda at, _: _paused(at.job.project),
}
