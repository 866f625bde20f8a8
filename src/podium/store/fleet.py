"""Laws of the fleet: pools grow and shrink, queues and instances are drained, attempts ended; all on record."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from podium.domain.command import Dispatch
from podium.domain.errors import Conflict
from podium.domain.fleet import Change, Drain, Fleet, Found, Instance, Resize, Resized, Restart, Route, by_number
from podium.domain.job import Job
from podium.refusals import refusal
from podium.store.batch import Batch
from podium.store.rows import Rows
from podium.store.rules import notice

QUARANTINE_JOBS: Final = 3
"""An instance that dies at so many different jobs, and finishes none between, gets no more."""


def read_fleet(rows: Rows) -> Fleet:
    """All that is on record about instances and queues."""
    fleet = Fleet()
    for name, queue, role, drained, retired, ending, quarantined in rows.all("instances_all"):
        fleet.put(Instance(name, queue, role, bool(drained), bool(retired), ending, bool(quarantined)))
    for queue, drained, strategy in rows.all("queue_settings"):
        if drained:
            fleet.drained.add(queue)
        if strategy:
            fleet.strategies[queue] = strategy
    return fleet


def admitted(batch: Batch, offers: list[Dispatch]) -> list[Dispatch]:
    """The offers without whom no work may be given to, and with the strategies that operators chose."""
    fleet = batch.hot.fleet
    if fleet.closed or fleet.drained:
        offers = [o._replace(slots=tuple(filter(fleet.may_lease, o.slots))) for o in offers]
    if fleet.strategies:
        offers = [o._replace(strategies={**o.strategies, **fleet.strategies}) for o in offers]
    return offers


def _found(batch: Batch, command: Found) -> None:
    for instance in batch.hot.fleet.unfounded(command.slots):
        _put(batch, instance)


def _put(batch: Batch, instance: Instance) -> None:
    batch.hot.fleet.put(instance)
    batch.writes["instance_put"].append(instance)


def _put_queue(batch: Batch, queue: str) -> None:
    fleet = batch.hot.fleet
    batch.writes["queue_setting_put"].append((queue, queue in fleet.drained, fleet.strategies.get(queue, "")))


def _resize(batch: Batch, command: Resize) -> Resized:
    for queue, role, before, *_ in command.changes:
        if (have := len(batch.hot.fleet.present(queue, role))) != before:
            raise Conflict(refusal("other size", queue=queue, role=role, have=have, before=before))
    if command.decision:
        batch.emit("scaling.decided", "", **command.decision)
    attempts = {row[0]: f"{row[1]}/{row[5]}.a{row[6]}" for row in batch.rows.all("instances_busy")}
    done = Resized()
    for change in sorted(command.changes, key=lambda change: change.after - change.before):
        started, left = _start(batch, change), _leave(batch, change)
        working = tuple(name for name in left if batch.is_busy(name))
        ended = tuple(attempts[name] for name in working if command.now)
        for name in working if command.now else ():
            _put(batch, batch.hot.fleet.instances[name]._replace(ending=attempts[name]))
        told = {"before": change.before, "size": change.after, "because": change.because}
        names = {"started": started, "retired": left, "ended": ended, "by": command.by, "reason": command.reason}
        batch.emit("pool.resized", "", queue=change.queue, role=change.role, **told, **names)
        done = Resized(*(a + b for a, b in zip(done, (started, left, working, ended), strict=True)))
    return done


def _start(batch: Batch, change: Change) -> tuple[str, ...]:
    """New instances; those of the same pool that have left come back first, so names stay few and mean one role."""
    fleet = batch.hot.fleet
    mine = (change.queue, change.role)
    gone = [i for i in fleet.instances.values() if i.retired and not i.drained and (i.queue, i.role) == mine]
    gone.sort(key=by_number)
    names: list[str] = []
    for _ in range(change.after - change.before):
        name = gone.pop(0).name if gone else fleet.next_name(change.queue)
        _put(batch, Instance(name, change.queue, change.role))
        names.append(name)
    return tuple(names)


def _leave(batch: Batch, change: Change) -> tuple[str, ...]:
    """Instances leave their pool: the free ones first, of those the drained ones, and the highest number."""
    mine = sorted(batch.hot.fleet.present(change.queue, change.role), key=by_number, reverse=True)
    mine.sort(key=lambda instance: (batch.is_busy(instance.name), not instance.drained))
    leaving = mine[: max(0, change.before - change.after)]
    for instance in leaving:
        _put(batch, instance._replace(retired=True))
    return tuple(instance.name for instance in leaving)


def _restart(batch: Batch, command: Restart) -> None:
    instance, attempt = batch.hot.fleet.instances[command.instance], command.attempt
    _put(batch, instance._replace(ending=attempt))
    told = {"instance": command.instance, "ended": attempt, "by": command.by, "reason": command.reason}
    told |= {"agents": command.swapped} if command.swapped else {}
    batch.emit("instance.swapped" if command.swapped else "instance.restarted", attempt.rpartition("/")[0], **told)


def died(batch: Batch, job: Job) -> None:
    """An attempt has died: an instance that this happens to at one job after another is at fault, not the jobs (REC-7).

    The last instance of a queue goes on: with it alone, nobody can tell whose fault it is.
    """
    deaths, fleet = batch.hot.deaths, batch.hot.fleet
    jobs = deaths.setdefault(job.instance, set())
    if len(jobs) < QUARANTINE_JOBS:
        jobs.add(job.id)
    one = fleet.instances.get(job.instance)
    if one is None or len(jobs) < QUARANTINE_JOBS or one.name in fleet.closed:
        return
    if any(len(others) > 1 for name, others in deaths.items() if name != one.name):
        return  # they die everywhere: something else is at fault
    if any(other.name != one.name and fleet.may_lease(other.slot) for other in fleet.present(one.queue)):
        del deaths[one.name]
        _put(batch, one._replace(drained=True, quarantined=True))
        because = f"its last attempts at {QUARANTINE_JOBS} jobs died, one after the other"
        batch.tell("instance.quarantined", job, reason=because)
        todo = f"`podium logs {one.name}` shows why, `podium undrain {one.name}` lets it go on"
        key = f"quarantine/{one.name}/{batch.numbers.seq}"
        notice(batch, key, f"{one.name} gets no more work: {because}; {todo}.", needs_you=True)


def _drain(batch: Batch, command: Drain) -> tuple[str, ...]:
    """What is as it should be is left alone."""
    fleet, told = batch.hot.fleet, {"by": command.by, "reason": command.reason}
    event = "drained" if command.drained else "undrained"
    queues = [queue for queue in command.queues if (queue in fleet.drained) is not command.drained]
    for queue in queues:
        (fleet.drained.add if command.drained else fleet.drained.discard)(queue)
        _put_queue(batch, queue)
        batch.emit(f"queue.{event}", "", queue=queue, **told)
    names = [name for name in command.instances if fleet.instances[name].drained is not command.drained]
    for name in names:
        _put(batch, fleet.instances[name]._replace(drained=command.drained, quarantined=False))
        batch.emit(f"instance.{event}", "", instance=name, **told)
    return (*queues, *names)


def _route(batch: Batch, command: Route) -> str:
    before = batch.hot.fleet.strategies.get(command.queue, "")
    if before != command.strategy:
        batch.hot.fleet.strategies[command.queue] = command.strategy
        _put_queue(batch, command.queue)
        told = {"strategy": command.strategy, "before": before, "by": command.by, "reason": command.reason}
        batch.emit("queue.routed", "", queue=command.queue, **told)
    return before


LAWS: Final[Mapping[type[Any], Callable[[Batch, Any], Any]]] = {
    Drain: _drain, Found: _found, Resize: _resize, Restart: _restart, Route: _route,
}  # fmt: skip
"""Who carries out which command."""
