"""Instances: who there is and what each is doing, and where its words are kept."""

from typing import Any, Literal

from podium.domain.access import attempt_name
from podium.domain.errors import NotFound
from podium.domain.fleet import by_number
from podium.domain.job import Job
from podium.operations.context import Context
from podium.operations.operation import Input, Nothing, Output, argument, option, question
from podium.operations.projects import Spend
from podium.operations.roster import attempts_of, fleet_of
from podium.policy.health import Signs, State, hung_seconds, judge
from podium.runner.journal import LOG, RAW
from podium.store.looks import pools_of
from podium.store.rows import Rows


class Signals(Output):
    """How many seconds ago each signal of an attempt was seen; null where nobody can tell (REC-2)."""

    process: float | None
    """Its runner's process was alive, by the system's word."""
    heartbeat: float | None
    """Its runner said that it lives."""
    progress: float | None
    """Its agent, its gates or its hooks said something."""
    work: float | None
    """Its processes used the CPU: what tells a silent build from an agent that hangs."""


class InstanceRow(Output):
    """One instance."""

    name: str
    workflow: str
    role: str
    """Its pool is its workflow and role."""
    state: State | Literal["drained", "retiring"]
    """`draining` and `retiring` ones still work: they get nothing more, or leave their pool, when they have ended."""
    because: str = ""
    """Why it is so, where that is worth a word."""
    signals: Signals | None = None
    """Of the attempt that it is at."""
    job: int | None = None
    project: str | None = None
    work: str | None = None
    """Step and item."""
    busy_seconds: float | None = None
    spend: Spend = Spend()
    """What all of its attempts have used up."""
    silent_seconds: float | None = None
    """How long its attempt has neither said nor done anything, once that is longer than `stuck_silent_seconds`."""


class PoolRow(Output):
    """One pool; `podium scale-up` and `scale-down` change its size."""

    workflow: str
    role: str
    size: int
    busy: int
    waiting: int
    """Ready jobs that ask for its role; its workflow's other instances help with them."""


class InstancesOutput(Output):
    """All instances, pool by pool, and the pools."""

    instances: list[InstanceRow]
    pools: list[PoolRow]


@question("instances", seeing=True)
def instances(rows: Rows, context: Context, asked: Nothing) -> InstancesOutput:
    """List instances and what each is doing."""
    vitals, now = context.vitals(), context.clock.now()
    asking = {name: f"review {review}" for name, review in rows.all("instances_asking")}
    busy = {row[0]: row for row in rows.all("instances_busy")}
    spent = {name: Spend.of(used) for name, *used in rows.all("spent_by", ("instance", ""))}
    found: list[InstanceRow] = []
    fleet = fleet_of(rows, context)
    known = sorted(fleet.instances.values(), key=lambda one: (fleet.queues().index(one.queue), by_number(one)))
    for one in known:
        row = busy.get(one.name)
        if one.retired and row is None:
            continue
        attempt = f"{row[1]}/{row[5]}.a{row[6]}" if row else ""
        signs, rests = vitals.signs.get(attempt, Signs()), vitals.resting.get(one.name, now) - now
        shut = "retired" if one.retired else "quarantined" if one.quarantined else "drained"
        closed = "" if fleet.may_lease(one.slot) else shut
        state, because = judge(
            signs, now, context.config.limits.stuck_silent_seconds, running=context.running, leased=row is not None,
            closed=closed, rests_seconds=rests, asked=asking.get(one.name, ""),
        )  # fmt: skip
        words: Any = "retiring" if one.retired else "drained" if closed and state == "stopped" else state
        made = InstanceRow(name=one.name, workflow=one.queue, role=one.role, state=words, because=because)
        made.spend = spent.get(one.name, made.spend)
        if row:
            _, project, _, step, item, job, attempt, leased_at = row
            made.job, made.project = job, project
            made.work = " ".join(filter(None, (step, item, f"(attempt {attempt})" if attempt > 1 else "")))
            made.busy_seconds = round(max(0.0, now - leased_at), 3)
            if signs:
                made.signals = Signals.of([at and round(max(0.0, now - at), 3) for at in signs[:-1]])
            silent = hung_seconds(signs or Signs(), now)
            made.silent_seconds = round(silent, 3) if silent > context.config.limits.stuck_silent_seconds else None
        found.append(made)
    pools = [PoolRow.like(pool, workflow=pool.queue) for pool in pools_of(rows, fleet)[0]]
    return InstancesOutput(instances=found, pools=pools)


class LogsInput(Input):
    """Whose log."""

    instance: str = argument()
    """The instance's name, or an attempt as PROJECT/JOB.aN."""
    attempts: int = option(1, ge=1, le=100)
    """How many of its latest attempts."""
    raw: bool = False
    """What its agent's program said in its own words, such as Claude Code's events."""


class LogFile(Output):
    """The log of one attempt: a file of NDJSON messages on this machine."""

    attempt: str
    instance: str
    path: str
    running: bool


class LogsOutput(Output):
    """The log files of an instance, the oldest first; a face reads and follows them."""

    files: list[LogFile]
    not_kept: int
    """Attempts that would be here, had their logs not been pruned ([retention] logs_days, logs_mib_max)."""


@question("logs")
def logs(rows: Rows, context: Context, asked: LogsInput) -> LogsOutput:
    """Show what an instance's agent said and did."""
    busy = {name: attempt for name, attempt in attempts_of(rows).items() if asked.instance in (name, attempt)}
    files = [_file(context, asked, name, attempt, running=True) for name, attempt in busy.items()]
    if "/" in asked.instance and not files:
        files.append(_file(context, asked, "", asked.instance, running=False))
    elif not files or asked.attempts > 1:
        ended = rows.all("attempt_latest_of_instance", (asked.instance, asked.attempts - len(files)))
        files += [_file(context, asked, asked.instance, f"{p}/{job}.a{n}", running=False) for p, job, n in ended]
    asked_for = len(files) if "/" not in asked.instance or _was(rows, asked.instance) else 0
    files = [file for file in files if file.path]
    fleet = fleet_of(rows, context)
    if not files and not asked_for and asked.instance not in fleet.instances:
        known = ", ".join(one.name for one in fleet.present())
        raise NotFound(f"There is no instance or attempt {asked.instance!r} with a log. Instances: {known}.")
    return LogsOutput(files=files[::-1], not_kept=asked_for - len(files) if asked_for else 0)


def _was(rows: Rows, attempt: str) -> bool:
    """Whether there has been such an attempt, as far as is known: its job may have been pruned."""
    if (told := attempt_name(attempt)) is None:
        return False
    row = rows.one("job_by_id", (told.job,))
    return told.job <= rows.one("numbers")[0] and (row is None or told.number <= Job._make(row).attempt)


def _file(context: Context, asked: LogsInput, instance: str, attempt: str, *, running: bool) -> LogFile:
    """The place of an attempt's log; empty when there is none, or the name leads elsewhere."""
    folder = (context.home / "attempts").resolve()
    path = (folder / attempt / (RAW if asked.raw else LOG)).resolve()
    inside = path.is_relative_to(folder) and (running or path.exists())
    return LogFile(attempt=attempt, instance=instance, path=str(path) if inside else "", running=running)
