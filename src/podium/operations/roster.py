"""The fleet as operations look at it: who there is, how large pools are, what waits for them."""

from podium.domain.errors import NotFound
from podium.domain.fleet import Fleet, Instance
from podium.domain.instance import Slot
from podium.operations.context import Context
from podium.store.fleet import read_fleet
from podium.store.looks import lanes_of
from podium.store.rows import Rows

PINS_RELEASED_MAX = 100
"""Of the jobs that are pinned to one instance, so many are released at once."""


def fleet_of(rows: Rows, context: Context) -> Fleet:
    """The fleet on record; of a home where no orchestrator has begun, what it would begin with."""
    fleet = read_fleet(rows)
    for instance in fleet.unfounded(context.slots):
        fleet.put(instance)
    return fleet


def roster(rows: Rows, context: Context) -> list[Slot]:
    """The instances that there are."""
    return [one.slot for one in fleet_of(rows, context).present()]


def attempts_of(rows: Rows) -> dict[str, str]:
    """What each busy instance is at."""
    busy = rows.all("instances_busy")
    return {name: f"{project}/{job}.a{attempt}" for name, project, _, _, _, job, attempt, _ in busy}


def instance_named(fleet: Fleet, name: str, busy: object = None) -> Instance:
    """An instance that is there, or still at work; raises `NotFound`."""
    instance = fleet.instances.get(name)
    if instance is None or (instance.retired and not busy):
        known = ", ".join(one.name for one in fleet.present())
        raise NotFound(f"There is no instance {name!r}. Instances: {known}.")
    return instance


def pins_behind(rows: Rows, fleet: Fleet) -> list[int]:
    """Ready jobs that are pinned to an instance that is busy, drained or gone (SCL-4); at most some for each."""
    busy = attempts_of(rows)
    found: list[int] = []
    for queue, lane, _ in lanes_of(rows):
        if lane.startswith("@") and (lane[1:] in busy or lane[1:] in fleet.closed):
            found += [row[0] for row in rows.all("jobs_ready_first", (queue, lane, PINS_RELEASED_MAX))]
    return found
