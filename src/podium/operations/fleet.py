"""The fleet by hand: pools grow and shrink, instances move, are drained or restarted; each with a reason, on record."""

from podium.domain.errors import UsageError
from podium.domain.fleet import Drain, Drained, Fleet, Rebalance, Resize, Resized, Restart
from podium.domain.instance import Slot
from podium.operations.context import Context
from podium.operations.operation import Input, Output, argument, operation, option
from podium.policy.rebalance import proposal
from podium.policy.scaling import QUEUE_INSTANCES_MAX
from podium.store.fleet import movable, pins_behind, pools_of, read_fleet
from podium.store.rows import Rows


def fleet_of(rows: Rows, context: Context) -> Fleet:
    """The fleet on record; of a home where no orchestrator has begun, what it would begin with."""
    fleet = read_fleet(rows)
    for instance in fleet.unfounded(context.slots):
        fleet.put(instance)
    return fleet


async def roster(context: Context) -> list[Slot]:
    """The instances that there are."""
    return await context.store.read(lambda rows: [one.slot for one in fleet_of(rows, context).present()])


class FleetAction(Input):
    """Why something is done."""

    reason: str = option("", "Why, for the record.", max_length=1000)


class ScaleInput(FleetAction):
    """Which pools, and how large they become."""

    workflow: str = argument("The workflow, such as development.")
    role: str = option("", "Only its pool of this role; else the roles are chosen by what waits.", max_length=100)
    count: int | None = option(
        None, "By how many; 1 if neither this nor --to is given.", ge=1, le=QUEUE_INSTANCES_MAX,
        json_schema_extra={"flags": ["--by", "--count"]},
    )  # fmt: skip
    to: int | None = option(None, "To how many in all, instead.", ge=0, le=QUEUE_INSTANCES_MAX)


class ScaleDownInput(ScaleInput):
    """Which pools become how small, and whether work in progress is ended for it."""

    now: bool = option(False, "End the attempts of those that leave; their jobs are given back uncharged.")


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


def _told(done: Resized, *, preview: bool = False) -> FleetOutput:
    return FleetOutput(
        pools=[
            PoolChange(workflow=c.queue, role=c.role, before=c.before, after=c.after, because=c.because)
            for c in done.changes
        ],
        moves=[
            InstanceMove(workflow=m.queue, role=m.role, to_workflow=m.to_queue, to_role=m.to_role, because=m.because)
            for m in done.moves
        ],
        started=list(done.started),
        retired=list(done.retired),
        finishing=list(done.finishing),
        attempts_ended=list(done.ended),
        jobs_unpinned=list(done.unpinned),
        preview=preview,
    )


@operation("scale-up", safety="write", server="scaling", example="podium scale-up development --by 2 --role features")
async def scale_up(context: Context, asked: ScaleInput) -> FleetOutput:
    """Give a workflow more instances; they are given work at once, and stay after a restart."""
    return await _scale(context, asked, 1)


@operation("scale-down", safety="destructive", server="scaling", example="podium scale-down content --to 1")
async def scale_down(context: Context, asked: ScaleDownInput) -> FleetOutput:
    """Give a workflow fewer instances: free ones leave first, busy ones when their attempt has ended."""
    return await _scale(context, asked, -1, now=asked.now)


async def _scale(context: Context, asked: ScaleInput, sign: int, *, now: bool = False) -> FleetOutput:
    if asked.to is not None and asked.count is not None:
        raise UsageError("Give either --by or --to, not both.")
    who = context.named("")
    by_count = sign * (asked.count or 1)
    await _require_role(context, asked)
    command = Resize(asked.workflow, asked.role, by_count, asked.to, sign, now, who, asked.reason)
    done: Resized = await context.submit(command)
    return _told(done)


async def _require_role(context: Context, asked: ScaleInput) -> None:
    """A role that no step asks for and no pool has is a slip of the pen."""
    if not asked.role:
        return
    fleet = await context.store.read(lambda rows: fleet_of(rows, context))
    workflow = context.pipeline.workflows.get(asked.workflow)
    roles = {one.role for one in fleet.instances.values() if one.queue == asked.workflow}
    roles |= {step.role for step in workflow.steps if not step.action} if workflow else set()
    if roles and asked.role not in roles:
        raise UsageError(f"{asked.workflow} has no role {asked.role!r}. Roles: {', '.join(sorted(roles))}.")


class RebalanceInput(FleetAction):
    """Whether to do it or only to tell."""

    preview: bool = option(
        False, "Only show what would be done.", json_schema_extra={"flags": ["--preview", "--dry-run"]}
    )


@operation("rebalance", safety="write", server="scaling", example="podium rebalance --preview")
async def rebalance(context: Context, asked: RebalanceInput) -> FleetOutput:
    """Move instances between workflows to where most work waits for each; their number stays the same.

    Pins to an instance that is busy, drained or gone are released.
    """
    if asked.preview:
        return await context.store.read(lambda rows: _proposal(rows, context))
    done: Resized = await context.submit(Rebalance(context.named(""), asked.reason))
    return _told(done)


def _proposal(rows: Rows, context: Context) -> FleetOutput:
    fleet = fleet_of(rows, context)
    pools, running = pools_of(rows, fleet)
    done = proposal(movable(pools, fleet), running)
    return _told(done._replace(unpinned=tuple(pins_behind(rows, fleet))), preview=True)


class RestartInput(FleetAction):
    """Which instance."""

    instance: str = argument("The instance's name.")


class RestartOutput(Output):
    """What was ended."""

    instance: str
    attempt: str | None
    """Its job is given back uncharged as soon as the attempt's processes are gone; null when it did nothing."""


@operation("restart-instance", safety="destructive", server="scaling", example="podium restart-instance dev-02")
async def restart_instance(context: Context, asked: RestartInput) -> RestartOutput:
    """End what an instance does and give its job back, uncharged; the instance is free again."""
    attempt: str = await context.submit(Restart(asked.instance, context.named(""), asked.reason))
    return RestartOutput(instance=asked.instance, attempt=attempt or None)


class DrainInput(FleetAction):
    """What is closed or opened."""

    target: str = argument("A queue, an instance, or all.")


class DrainOutput(Output):
    """What was closed or opened by this; what was so before is not named."""

    queues: list[str]
    instances: list[str]
    finishing: list[str]
    """Instances there that still work; what they do goes on to its end."""


@operation(
    "drain", safety="write", idempotent=True, server="scaling", example="podium drain dev-02 --reason 'new disk'"
)
async def drain(context: Context, asked: DrainInput) -> DrainOutput:
    """Give a queue, an instance or everything no new work; what runs goes on to its end."""
    return await _drain(context, asked, drained=True)


@operation("undrain", safety="write", idempotent=True, server="scaling", example="podium undrain dev-02")
async def undrain(context: Context, asked: DrainInput) -> DrainOutput:
    """Give a drained queue, an instance or everything work again."""
    return await _drain(context, asked, drained=False)


async def _drain(context: Context, asked: DrainInput, *, drained: bool) -> DrainOutput:
    done: Drained = await context.submit(Drain(asked.target, drained, context.named(""), asked.reason))
    return DrainOutput(queues=list(done.queues), instances=list(done.instances), finishing=list(done.finishing))
