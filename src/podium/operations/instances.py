"""Instances: who there is and what each is doing."""

from typing import Any, Literal

from podium.domain.fleet import by_number
from podium.operations.context import Context
from podium.operations.operation import Nothing, Output, question
from podium.operations.projects import Spend
from podium.operations.roster import fleet_of
from podium.policy.health import Signs, State, hung_seconds, judge
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
