"""The fleet by hand: pools grow and shrink, instances move, are drained or restarted; each with a reason, on record."""

from collections.abc import Sequence
from typing import Final

from podium.domain import fleet as domain
from podium.domain.command import Steer
from podium.domain.errors import Conflict, NotFound, UsageError
from podium.domain.fleet import Drain, Resize, Resized, Restart
from podium.domain.job import PODIUM_QUEUE
from podium.operations.context import Context
from podium.operations.operation import Change, Output, argument, of_store, operation, option
from podium.operations.roster import attempts_of, fleet_of, instance_named, pins_behind
from podium.policy.rebalance import Move, rebalance as proposed
from podium.policy.scaling import QUEUE_INSTANCES_MAX, Pool, resize
from podium.store.batch import HOUR_SECONDS
from podium.store.looks import pools_of, seconds_of_jobs
from podium.store.rows import Rows

EVERYTHING: Final = "all"
"""Names every queue at once."""


class ScaleInput(Change):
    """Which pools, and how large they become."""

    workflow: str = argument()
    """The workflow, such as development."""
    role: str = option("", max_length=100)
    """Only its pool of this role; else the roles are chosen by what waits."""
    count: int | None = option(None, ge=1, le=QUEUE_INSTANCES_MAX, json_schema_extra={"flags": ["--by", "--count"]})
    """By how many; 1 if neither this nor --to is given."""
    to: int | None = option(None, ge=0, le=QUEUE_INSTANCES_MAX)
    """To how many in all, instead."""


class ScaleDownInput(ScaleInput):
    """Which pools become how small, and whether work in progress is ended for it."""

    now: bool = False
    """End the attempts of those that leave; their jobs are given back uncharged."""


class PoolChange(Output):
    """One pool's new size."""

    workflow: str
    role: str
    before: int
    after: int
    because: str
    """Why this pool and no other."""


class InstanceMove(Output):
    """One instance fewer here, one more there."""

    workflow: str
    role: str
    to_workflow: str
    to_role: str
    because: str


class FleetOutput(Output):
    """What became of the pools."""

    pools: list[PoolChange]
    moves: list[InstanceMove]
    started: list[str]
    """Instances that can be given work from now on."""
    retired: list[str]
    """Instances that are given no more work."""
    finishing: list[str]
    """Of the retired, those that still work, and leave at the end of their attempt."""
    attempts_ended: list[str]
    jobs_unpinned: list[int]
    """Jobs that were pinned to an instance that is busy, drained or gone."""
    preview: bool = False
    """Nothing was changed."""


def _answer(
    changes: Sequence[domain.Change], done: Resized, moves: Sequence[Move] = (), unpinned: Sequence[int] = ()
) -> FleetOutput:
    return FleetOutput(
        pools=[PoolChange.like(c, workflow=c.queue) for c in changes],
        moves=[InstanceMove.like(m, workflow=m.queue, to_workflow=m.to_queue) for m in moves],
        started=list(done.started), retired=list(done.retired), attempts_ended=list(done.ended),
        finishing=[] if done.ended else list(done.working), jobs_unpinned=list(unpinned),
    )  # fmt: skip


@operation("scale-up")
async def scale_up(context: Context, asked: ScaleInput) -> FleetOutput:
    """Give a workflow more instances; they are given work at once, and stay after a restart."""
    return await _scale(context, asked, 1)


def _leaving(rows: Rows, context: Context, asked: ScaleDownInput) -> dict[str, int]:
    fleet, busy, leaving, ended = fleet_of(rows, context), attempts_of(rows), 0, 0
    for change in changes_for(rows, context, asked, -1):
        here = fleet.present(change.queue, change.role)
        leaving += change.before - change.after
        ended += max(0, change.before - change.after - sum(one.name not in busy for one in here))
    return {"instance": leaving, "running attempt": ended if asked.now else 0}


@operation("scale-down", of_store(_leaving))
async def scale_down(context: Context, asked: ScaleDownInput) -> FleetOutput:
    """Give a workflow fewer instances: free ones leave first, busy ones when their attempt has ended."""
    return await _scale(context, asked, -1, now=asked.now)


async def _scale(context: Context, asked: ScaleInput, sign: int, *, now: bool = False) -> FleetOutput:
    if asked.to is not None and asked.count is not None:
        raise UsageError("Give either --by or --to, not both.")
    changes = await context.store.read(lambda rows: changes_for(rows, context, asked, sign))
    done: Resized = await context.submit(Resize(changes, now, by=context.named(""), reason=asked.reason))
    return _answer(changes, done)


def changes_for(rows: Rows, context: Context, asked: ScaleInput, sign: int) -> tuple[domain.Change, ...]:
    """What is asked for, pool by pool; raises NotFound, UsageError or Conflict."""
    fleet, queue, role = fleet_of(rows, context), asked.workflow, asked.role
    if queue == PODIUM_QUEUE:
        raise Conflict("Podium's own steps (merge, deploy, publish) have a fixed number of hands. Name a workflow.")
    if queue not in fleet.queues():
        known = ", ".join(name for name in fleet.queues() if name != PODIUM_QUEUE)
        raise NotFound(f"There is no workflow {queue!r} with instances. Workflows: {known}.")
    workflow = context.pipeline.workflows.get(queue)
    roles = {one.role for one in fleet.instances.values() if one.queue == queue}
    roles |= {step.role for step in workflow.steps if not step.action} if workflow else set()
    if role and role not in roles:
        raise UsageError(f"{queue} has no role {role!r}. Roles: {', '.join(sorted(roles))}.")
    have = len(fleet.present(queue, role))
    difference = sign * (asked.count or 1) if asked.to is None else asked.to - have
    if difference * sign < 0:
        verb = "scale-down" if sign > 0 else "scale-up"
        raise Conflict(f"{queue} has {have} instances. For {asked.to}: `podium {verb} {queue} --to {asked.to}`.")
    pools = [pool for pool in pools_of(rows, fleet)[0] if pool.queue == queue]
    return tuple(resize(queue, pools, difference, role))


class RebalanceInput(Change):
    """Whether to do it or only to tell."""

    preview: bool = option(False, json_schema_extra={"flags": ["--preview", "--dry-run"]})
    """Only show what would be done."""


@operation("rebalance")
async def rebalance(context: Context, asked: RebalanceInput) -> FleetOutput:
    """Move instances between workflows to where most work waits for each; their number stays the same.

    Pins to an instance that is busy, drained or gone are released.
    """
    moves, changes, pinned = await context.store.read(lambda rows: _proposal(rows, context))
    if asked.preview:
        return _answer(changes, Resized(), moves, pinned).model_copy(update={"preview": True})
    who = context.named("")
    for job in pinned:
        await context.submit(Steer("unpin", job=job, by=who, reason=asked.reason or "its instance cannot take it now"))
    done = Resized()
    if changes:
        done = await context.submit(Resize(changes, by=who, reason=asked.reason))
    return _answer(changes, done, moves, pinned)


def _proposal(rows: Rows, context: Context) -> tuple[list[Move], tuple[domain.Change, ...], list[int]]:
    """Moves, the size that each pool then has, and jobs to unpin. Whose queue somebody drained is left as it is."""
    fleet = fleet_of(rows, context)
    pools, running = pools_of(rows, fleet)
    seconds = seconds_of_jobs(rows, int(context.clock.wall() // HOUR_SECONDS) - 24)
    moves = proposed([pool for pool in pools if pool.queue not in fleet.drained], running, seconds)
    return moves, changes_of(moves, pools), pins_behind(rows, fleet)


def changes_of(moves: Sequence[Move], pools: Sequence[Pool]) -> tuple[domain.Change, ...]:
    """The sizes of pools that moves change."""
    before = {(pool.queue, pool.role): pool.size for pool in pools}
    after, why = dict(before), dict[tuple[str, str], str]()
    for move in moves:
        for pool, more in (((move.queue, move.role), -1), ((move.to_queue, move.to_role), 1)):
            after[pool] += more
            why[pool] = move.because
    changed = (pool for pool in why if before[pool] != after[pool])
    return tuple(domain.Change(*pool, before[pool], after[pool], why[pool]) for pool in changed)


class RestartInput(Change):
    """Which instance."""

    instance: str = argument()
    """The instance's name."""


class RestartOutput(Output):
    """What was ended."""

    instance: str
    attempt: str | None
    """Its job is given back uncharged as soon as the attempt's processes are gone; null when it did nothing."""


def _at_work(rows: Rows, context: Context, asked: RestartInput) -> dict[str, int]:
    return {"running attempt": int(asked.instance in attempts_of(rows))}


@operation("restart-instance", of_store(_at_work))
async def restart_instance(context: Context, asked: RestartInput) -> RestartOutput:
    """End what an instance does and give its job back, uncharged; the instance is free again."""

    def read(rows: Rows) -> str:
        attempt = attempts_of(rows).get(asked.instance, "")
        instance_named(fleet_of(rows, context), asked.instance, attempt)
        return attempt

    attempt = await context.store.read(read)
    await context.submit(Restart(asked.instance, attempt, by=context.named(""), reason=asked.reason))
    return RestartOutput(instance=asked.instance, attempt=attempt or None)


class DrainInput(Change):
    """What is closed or opened."""

    target: str = argument()
    """A queue, an instance, or all."""


class DrainOutput(Output):
    """What was closed or opened by this; what was so before is not named."""

    queues: list[str]
    instances: list[str]
    finishing: list[str]
    """Instances there that still work; what they do goes on to its end."""


@operation("drain")
async def drain(context: Context, asked: DrainInput) -> DrainOutput:
    """Give a queue, an instance or everything no new work; what runs goes on to its end."""
    return await _drain(context, asked, drained=True)


@operation("undrain")
async def undrain(context: Context, asked: DrainInput) -> DrainOutput:
    """Give a drained queue, an instance or everything work again."""
    return await _drain(context, asked, drained=False)


async def _drain(context: Context, asked: DrainInput, *, drained: bool) -> DrainOutput:
    queues, names, busy = await context.store.read(lambda rows: target_of(rows, context, asked.target))
    instances = () if queues else tuple(names)
    order = Drain(drained, queues, instances, by=context.named(""), reason=asked.reason)
    news: tuple[str, ...] = await context.submit(order)
    changed = [name for name in instances if name in news]
    finishing = [name for name in names if name in busy]
    return DrainOutput(queues=[name for name in queues if name in news], instances=changed, finishing=finishing)


def target_of(rows: Rows, context: Context, target: str) -> tuple[tuple[str, ...], list[str], dict[str, str]]:
    """The queues of that name, the instances there or the one of that name, and what those at work are at."""
    fleet = fleet_of(rows, context)
    queues = tuple(queue for queue in fleet.queues() if target in (EVERYTHING, queue))
    names = [one.name for one in fleet.present() if (one.queue in queues if queues else one.name == target)]
    if not (queues or names):
        known = ", ".join((EVERYTHING, *fleet.queues(), *(one.name for one in fleet.present())))
        raise NotFound(f"There is no queue and no instance {target!r}. Known: {known}.")
    return queues, names, {name: attempt for name, attempt in attempts_of(rows).items() if name in names}
