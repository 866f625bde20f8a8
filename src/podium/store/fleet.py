"""Laws of the fleet: pools grow, shrink and move, queues and instances are drained, attempts ended; all on record."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from podium.domain.command import Dispatch
from podium.domain.errors import Conflict, NotFound
from podium.domain.fleet import (
    EVERYTHING,
    Change,
    Drain,
    Drained,
    Fleet,
    Found,
    Instance,
    Rebalance,
    Resize,
    Resized,
    Restart,
    Route,
    by_number,
)
from podium.domain.job import PODIUM_QUEUE
from podium.policy import scaling
from podium.policy.rebalance import proposal
from podium.policy.routing import STRATEGIES
from podium.policy.scaling import Pool
from podium.store.batch import Batch
from podium.store.rows import Rows
from podium.store.writing import LANE

PINS_RELEASED_MAX: Final = 100
"""Of the jobs that are pinned to one instance, so many are released at once."""


def read_fleet(rows: Rows) -> Fleet:
    """All that is on record about instances and queues."""
    fleet = Fleet()
    for name, queue, role, drained, retired, ending in rows.all("instances_all"):
        fleet.put(Instance(name, queue, role, bool(drained), bool(retired), ending))
    for queue, drained, strategy in rows.all("queue_settings"):
        if drained:
            fleet.drained.add(queue)
        if strategy:
            fleet.strategies[queue] = strategy
    return fleet


def admitted(batch: Batch, offers: list[Dispatch]) -> list[Dispatch]:
    """The offers without whom no work may be given to, and with the strategies that operators chose."""
    fleet = batch.fleet
    if fleet.closed or fleet.drained:
        offers = [replace(o, slots=tuple(filter(fleet.may_lease, o.slots))) for o in offers]
    if fleet.strategies:
        offers = [replace(o, strategies={**o.strategies, **fleet.strategies}) for o in offers]
    return offers


def found(batch: Batch, command: Found) -> None:
    """The first sizes of pools that are not on record yet."""
    for instance in batch.fleet.unfounded(command.slots):
        _put(batch, instance)


def _put(batch: Batch, instance: Instance) -> None:
    batch.fleet.put(instance)
    row = (*instance[:3], int(instance.drained), int(instance.retired), instance.ending)
    batch.effects["instance_put"].append(row)


# --- sizes -----------------------------------------------------------------------------------------------------------


def pools_of(rows: Rows, fleet: Fleet) -> tuple[list[Pool], dict[str, int]]:
    """Every workflow's pools with what waits for each, from counters; and the jobs at work by queue.

    A role that jobs wait for and nobody has is a pool without instances. Podium's own steps are not for moving.
    """
    sizes: dict[tuple[str, str], int] = {}
    for one in fleet.instances.values():
        sizes[one.queue, one.role] = sizes.get((one.queue, one.role), 0) + (not one.retired)
    at_work = {row[0] for row in rows.all("instances_busy")}
    busy = Counter((one.queue, one.role) for one in fleet.present() if one.name in at_work)
    waiting: dict[tuple[str, str], int] = {}
    running: dict[str, int] = {}
    for subject, state, n in rows.all("tally_all"):
        queue, _, lane = subject.removeprefix(LANE).partition("/")
        if subject.startswith(LANE) and state == "ready" and n > 0 and lane and not lane.startswith("@"):
            waiting[queue, lane] = n
            sizes.setdefault((queue, lane), 0)
        elif state == "running":
            running[subject] = n
    pools = [Pool(*key, size, waiting.get(key, 0), busy[key]) for key, size in sizes.items()]
    return [pool for pool in pools if pool.queue != PODIUM_QUEUE], running


def movable(pools: Iterable[Pool], fleet: Fleet) -> list[Pool]:
    """Pools between which instances may move: whose queue somebody drained is left as it is."""
    return [pool for pool in pools if pool.queue not in fleet.drained]


def resize(batch: Batch, command: Resize) -> Resized:
    """Give a workflow's pools another size."""
    queue, fleet = command.queue, batch.fleet
    if queue == PODIUM_QUEUE:
        raise Conflict("Podium's own steps (merge, deploy, publish) have a fixed number of hands. Name a workflow.")
    if queue not in fleet.queues():
        known = ", ".join(name for name in fleet.queues() if name != PODIUM_QUEUE)
        raise NotFound(f"There is no workflow {queue!r} with instances. Workflows: {known}.")
    have = len(fleet.present(queue, command.role))
    difference = command.by_count if command.to is None else command.to - have
    mine = [pool for pool in pools_of(batch.rows, fleet)[0] if pool.queue == queue]
    if difference * command.sign < 0:
        verb = "scale-down" if command.sign > 0 else "scale-up"
        raise Conflict(f"{queue} has {have} instances. For {command.to}: `podium {verb} {queue} --to {command.to}`.")
    return _carry_out(batch, Resized(tuple(scaling.resize(queue, mine, difference, command.role))), command)


def rebalance(batch: Batch, command: Rebalance) -> Resized:
    """Move instances to where most work waits for each."""
    pools, running = pools_of(batch.rows, batch.fleet)
    done = _carry_out(batch, proposal(movable(pools, batch.fleet), running), command)
    return done._replace(unpinned=tuple(_release(batch, job, command) for job in pins_behind(batch.rows, batch.fleet)))


def pins_behind(rows: Rows, fleet: Fleet) -> list[int]:
    """Ready jobs that are pinned to an instance that is busy, drained or gone (SCL-4); at most some for each."""
    busy = {row[0] for row in rows.all("instances_busy")}
    found: list[int] = []
    for subject, _, n in rows.all("tally_all"):
        queue, _, lane = subject.removeprefix(LANE).partition("/")
        is_pinned = subject.startswith(LANE) and n > 0 and lane.startswith("@")
        if is_pinned and (lane[1:] in busy or lane[1:] in fleet.closed):
            found += [row[0] for row in rows.all("jobs_ready_first", (queue, lane, PINS_RELEASED_MAX))]
    return found


def _release(batch: Batch, number: int, command: Rebalance) -> int:
    job = batch.need(number)
    if job.state == "ready" and job.lane.startswith("@"):
        batch.tell("operator.unpin", job, by=command.by, reason=command.reason or f"{job.lane[1:]} cannot take it now")
        batch.reorder(job, lane=batch.step_of(job).role)
    return number


def _carry_out(batch: Batch, done: Resized, command: Resize | Rebalance) -> Resized:
    attempts = _attempts(batch)
    for change in sorted(done.changes, key=lambda change: change.after - change.before):  # who leaves makes room first
        started, left = (), ()
        if change.after > change.before:
            started = _start(batch, change)
        else:
            left = _leave(batch, change)
        working = tuple(name for name in left if batch.is_busy(name))
        ended: tuple[str, ...] = ()
        if isinstance(command, Resize) and command.now:
            ended = tuple(_end(batch, name, attempts) for name in working if name in attempts)
        batch.emit(
            "pool.resized", "", queue=change.queue, role=change.role, before=change.before, size=change.after,
            started=started, retired=left, ended=ended, by=command.by, reason=command.reason, because=change.because,
        )  # fmt: skip
        done = done._replace(
            started=done.started + started, retired=done.retired + left,
            finishing=done.finishing + tuple(name for name in working if not ended), ended=done.ended + ended,
        )  # fmt: skip
    return done


def _start(batch: Batch, change: Change) -> tuple[str, ...]:
    """New instances; those of the same pool that have left come back first, so names stay few and mean one role."""
    fleet = batch.fleet
    gone = [i for i in fleet.instances.values() if i.retired and (i.queue, i.role) == (change.queue, change.role)]
    gone.sort(key=by_number)
    names: list[str] = []
    for _ in range(change.after - change.before):
        name = gone.pop(0).name if gone else fleet.next_name(change.queue)
        _put(batch, Instance(name, change.queue, change.role))
        names.append(name)
    return tuple(names)


def _leave(batch: Batch, change: Change) -> tuple[str, ...]:
    """Instances leave their pool: the free ones first, of those the drained ones, and the highest number."""
    mine = sorted(batch.fleet.present(change.queue, change.role), key=by_number, reverse=True)
    mine.sort(key=lambda instance: (batch.is_busy(instance.name), not instance.drained))
    leaving = mine[: change.before - change.after]
    for instance in leaving:
        _put(batch, instance._replace(retired=True))
    return tuple(instance.name for instance in leaving)


# --- attempts --------------------------------------------------------------------------------------------------------


def _attempts(batch: Batch) -> Mapping[str, str]:
    """What each busy instance is at, as the last commit has it: one that has ended since is ended by nobody."""
    busy = batch.rows.all("instances_busy")
    return {name: f"{project}/{job}.a{attempt}" for name, project, _, _, _, job, attempt, _ in busy}


def _end(batch: Batch, name: str, attempts: Mapping[str, str]) -> str:
    """Have the engine end what the instance does; the job is given back when its processes are gone."""
    _put(batch, batch.fleet.instances[name]._replace(ending=attempts[name]))
    return attempts[name]


def restart(batch: Batch, command: Restart) -> str:
    """End what an instance does, so that it begins anew."""
    attempts = _attempts(batch)
    known = batch.fleet.instances.get(command.instance)
    if known is None or (known.retired and known.name not in attempts):
        names = ", ".join(one.name for one in batch.fleet.present())
        raise NotFound(f"There is no instance {command.instance!r}. Instances: {names}.")
    attempt = _end(batch, command.instance, attempts) if command.instance in attempts else ""
    told = {"instance": command.instance, "by": command.by, "reason": command.reason}
    batch.emit("instance.restarted", attempt.rpartition("/")[0], **told, ended=attempt)
    return attempt


# --- queues ----------------------------------------------------------------------------------------------------------


def drain(batch: Batch, command: Drain) -> Drained:
    """Close a queue, an instance or all queues to new work, or open them; what is as it should be is left alone."""
    fleet, target = batch.fleet, command.target
    event = "drained" if command.drained else "undrained"
    told = {"by": command.by, "reason": command.reason}
    if target in fleet.queues() or target == EVERYTHING:
        wanted = fleet.queues() if target == EVERYTHING else [target]
        queues = [queue for queue in wanted if (queue in fleet.drained) is not command.drained]
        for queue in queues:
            (fleet.drained.add if command.drained else fleet.drained.discard)(queue)
            _put_queue(batch, queue)
            batch.emit(f"queue.{event}", "", queue=queue, **told)
        names = [one.name for queue in wanted for one in fleet.present(queue)]
        return Drained(tuple(queues), (), tuple(filter(batch.is_busy, names)))
    if target not in fleet.instances or fleet.instances[target].retired:
        known = ", ".join((EVERYTHING, *fleet.queues(), *(one.name for one in fleet.present())))
        raise NotFound(f"There is no queue and no instance {target!r}. Known: {known}.")
    instance = fleet.instances[target]
    changed = () if instance.drained is command.drained else (target,)
    if changed:
        _put(batch, instance._replace(drained=command.drained))
        batch.emit(f"instance.{event}", "", instance=target, **told)
    return Drained((), changed, tuple(filter(batch.is_busy, (target,))))


def route(batch: Batch, command: Route) -> str:
    """Choose how a queue's work is routed, from the next lease on."""
    fleet = batch.fleet
    if command.queue not in fleet.queues():
        raise NotFound(f"There is no queue {command.queue!r} with instances. Queues: {', '.join(fleet.queues())}.")
    if command.strategy not in STRATEGIES:
        raise NotFound(f"There is no strategy {command.strategy!r}. Strategies: {', '.join(STRATEGIES)}.")
    before = fleet.strategies.get(command.queue, "")
    if before != command.strategy:
        fleet.strategies[command.queue] = command.strategy
        _put_queue(batch, command.queue)
        told = {"strategy": command.strategy, "before": before, "by": command.by, "reason": command.reason}
        batch.emit("queue.routed", "", queue=command.queue, **told)
    return before


def _put_queue(batch: Batch, queue: str) -> None:
    row = (queue, int(queue in batch.fleet.drained), batch.fleet.strategies.get(queue, ""))
    batch.effects["queue_setting_put"].append(row)
