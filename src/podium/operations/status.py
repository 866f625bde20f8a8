"""How things stand: the whole at a glance, what waits, and where the numbers come from (QUE-1)."""

from collections import Counter
from typing import Final

from podium.operations import waiting
from podium.operations.context import Context
from podium.operations.operation import Nothing, Output, question
from podium.operations.projects import Spend
from podium.operations.queues import last_hour, of_workflows, ready_lanes, rows_of
from podium.operations.roster import fleet_of
from podium.operations.stuck import look
from podium.policy.breaker import Breaker, State
from podium.store.batch import HOUR_SECONDS
from podium.store.rows import Rows
from podium.store.writing import REVIEW, day_of


class WorkflowStatus(Output):
    """One workflow in projects, and its queue in jobs."""

    queued: int
    active: int
    completed_today: int
    jobs_ready: int
    jobs_running: int
    jobs_held: int
    oldest_seconds: float | None
    """How long the job that waits longest has been ready."""
    wait_p50_seconds: float | None
    wait_p95_seconds: float | None
    started_per_hour: int
    """Jobs given to an instance in the last full and the current hour."""
    drained: bool = False
    """No job of it is given out (`podium undrain`)."""


class HeldProvider(Output):
    """A provider that has said when it answers again: none of its agent's jobs is given out before."""

    agent: str
    since: float
    until: float
    """Both in seconds since the epoch."""
    reason: str


class BreakerRow(Output):
    """A circuit breaker that is not closed: what is behind it waits, uncharged."""

    name: str
    """`provider:AGENT`, `project:ID` or `webhook:NAME`."""
    state: State
    """`half-open` lets one try through at a time, and closes when one succeeds."""
    since: float
    until: float
    """Both in seconds since the epoch; when the next try is let through."""
    reason: str


class SystemStatus(Output):
    """All workflows together; a figure that nobody knows yet is null."""

    orchestrator: str
    throughput_per_hour: float
    average_pipeline_seconds: float | None
    success_rate: float | None
    projects_open: int
    projects_waiting: int
    """Of the open ones, those that have not begun: they are in the input queue."""
    projects_paused: int
    """Of the open ones, those that somebody paused, or whose plan waits for an approval."""
    projects_complete: int
    projects_failed: int
    reviews_open: int
    dead_letters: int
    """Jobs that died as often as they may be tried, and wait for a person."""
    stuck: int
    """Items that have stood still for too long, for whatever reason."""
    notices_open: int
    """What nobody has taken note of."""
    notices_needing_you: int
    """Those of them that wait for a person to act."""
    instances_busy: int
    instances_total: int
    instances_drained: int = 0
    """Of them, those that get no new work, since they or their queue are drained."""
    providers_held: tuple[HeldProvider, ...] = ()
    spend_today: Spend = Spend()
    """What all attempts that ended today (UTC) have used up."""
    breakers: tuple[BreakerRow, ...] = ()
    """Those that are not closed, among them those of `providers_held`."""


class StatusOutput(Output):
    """The overview that every face draws."""

    workflows: dict[str, WorkflowStatus]
    system: SystemStatus


@question("status", seeing=True)
def status(rows: Rows, context: Context, asked: Nothing) -> StatusOutput:
    """Show queues, work in progress and today's results."""
    tally = {(subject, state): n for subject, state, n in rows.all("tally_all")}
    wall = context.clock.wall()
    hour = int(wall // HOUR_SECONDS)
    today = {metric: n for metric, n, _ in rows.all("hourly_since", (hour - hour % 24,))}  # a day begins in UTC
    day = {metric: (n, total) for metric, n, total in rows.all("hourly_since", (hour - 23,))}
    recent = {metric: n for metric, n, _ in rows.all("hourly_since", (hour - 1,))}
    fleet = fleet_of(rows, context)
    workflows: dict[str, WorkflowStatus] = {}
    for row in rows_of(rows, context, of_workflows(context)):
        name, subject = row.queue, f"workflow.{row.queue}"
        workflows[name] = WorkflowStatus.like(
            row, queued=tally.get((subject, "queued"), 0), active=tally.get((subject, "active"), 0),
            completed_today=today.get(f"{subject}.completed", 0), jobs_ready=row.depth, jobs_running=row.running,
            jobs_held=row.held, started_per_hour=recent.get(f"queue.{name}.started", 0),
        )  # fmt: skip
    done, seconds = day.get("project.completed", (0, 0.0))
    failed = day.get("project.failed", (0, 0.0))[0]
    notices, needing = rows.one("notices_open")
    shut = breakers_of(rows, wall)
    busy = sum(n for (_, state), n in tally.items() if state == "running")
    refusing = [row for row in shut if row.state == "open" and row.name.startswith("provider:")]
    held = tuple(HeldProvider.like(row, agent=row.name.removeprefix("provider:")) for row in refusing)
    system = SystemStatus(
        orchestrator="running" if context.running else "stopped",
        throughput_per_hour=round(last_hour(rows, "project.completed", wall), 3),
        average_pipeline_seconds=round(seconds / done, 3) if done else None,
        success_rate=round(done / (done + failed), 4) if done + failed else None,
        projects_open=tally.get(("projects", "open"), 0), projects_paused=rows.one("projects_paused_count")[0],
        projects_complete=tally.get(("projects", "complete"), 0), projects_failed=tally.get(("projects", "failed"), 0),
        projects_waiting=waiting.depth(tally), reviews_open=tally.get((REVIEW, "open"), 0),
        dead_letters=sum(n for (_, state), n in tally.items() if state == "dead"),
        stuck=len(look(rows, context)), notices_open=notices, notices_needing_you=needing, instances_busy=busy,
        instances_total=len(fleet.present()),
        spend_today=next((Spend.of(used) for _, *used in rows.all("spent_by", ("day", day_of(wall)))), Spend()),
        providers_held=held, breakers=shut,
        instances_drained=sum(not fleet.may_lease(one.slot) for one in fleet.present()),
    )  # fmt: skip
    return StatusOutput(workflows=workflows, system=system)


def breakers_of(rows: Rows, wall: float) -> tuple[BreakerRow, ...]:
    """The circuit breakers that are not closed."""
    found: list[BreakerRow] = []
    for name, tokens, openings, _, reason, since, until in rows.all("breakers"):
        state = Breaker(name, tokens, openings, until, reason).state(wall)
        if state != "closed":
            found.append(BreakerRow(name=name, state=state, since=since, until=until, reason=reason))
    return tuple(found)


INPUT_SHOWN_MAX: Final = 20


class BacklogQueue(Output):
    """One queue's waiting jobs, by the role they ask for."""

    queue: str
    lane: str
    jobs: int
    oldest_seconds: float


class PausedProject(Output):
    """A project of which nothing is given out."""

    project: str
    paused_seconds: float
    because: str
    """Who paused it, and why."""


class BacklogOutput(Output):
    """Everything that waits: for an instance, its project's turn, time to pass, a reviewer, or room to begin at all."""

    ready: list[BacklogQueue]
    held: int
    delayed: int
    next_due_seconds: float | None
    """When the first delayed job is due."""
    in_review: int
    projects_waiting: int
    """Projects that have not begun, paused ones included."""
    input: list[waiting.InputRow]
    """The first of them, in the order in which they are let in."""
    paused: list[PausedProject]
    """Projects that somebody paused, the longest first: none of their jobs is given out."""
    jobs_paused: int
    dead: int
    """Dead letters."""


@question("backlog")
def backlog(rows: Rows, context: Context, asked: Nothing) -> BacklogOutput:
    """Show what waits, by queue and role, and for how long."""
    now, totals = context.clock.now(), Counter[str]()
    tally = {(subject, state): n for subject, state, n in rows.all("tally_all")}
    for (subject, state), n in tally.items():
        if not subject.startswith(waiting.WAITING):  # those are projects
            totals[state] += n
    (due,) = rows.one("next_due", (now,))
    paused = rows.all("projects_paused", (INPUT_SHOWN_MAX,))
    return BacklogOutput(
        ready=[BacklogQueue.of((*lane, round(max(0.0, now - at), 3))) for *lane, at in ready_lanes(rows)],
        held=totals["held"], delayed=totals["delayed"], in_review=totals["in_review"], dead=totals["dead"],
        next_due_seconds=round(due - now, 3) if due is not None else None,
        projects_waiting=waiting.depth(tally), jobs_paused=totals["paused"],
        input=waiting.first(rows, context, context.pipeline.start, INPUT_SHOWN_MAX),
        paused=[PausedProject.of((name, round(now - at, 3), because or "")) for name, at, because in paused],
    )  # fmt: skip
