"""What scaling looks at, in constant time: from counters, never by counting what waits."""

from collections import Counter

from podium.domain.fleet import Fleet
from podium.domain.job import PODIUM_QUEUE
from podium.policy.autoscaling import Look
from podium.policy.scaling import Pool
from podium.store.batch import HOUR_SECONDS
from podium.store.fleet import read_fleet
from podium.store.rows import Rows
from podium.store.writing import LANE


def pools_of(rows: Rows, fleet: Fleet) -> tuple[list[Pool], dict[str, int]]:
    """Every workflow's pools with what waits for each, from counters; and the jobs at work by queue.

    A role that jobs wait for and nobody has is a pool without instances. Podium's own steps are not for moving.
    """
    sizes = Counter({(one.queue, one.role): 0 for one in fleet.instances.values()})
    sizes.update((one.queue, one.role) for one in fleet.present())
    at_work = {row[0] for row in rows.all("instances_busy")}
    busy = Counter((one.queue, one.role) for one in fleet.present() if one.name in at_work)
    waiting = {(queue, lane): n for queue, lane, n in lanes_of(rows) if lane and not lane.startswith("@")}
    for key in waiting:
        sizes.setdefault(key, 0)
    running = {subject: n for subject, state, n in rows.all("tally_all") if state == "running"}
    pools = [Pool(*key, size, waiting.get(key, 0), busy[key]) for key, size in sizes.items()]
    return [pool for pool in pools if pool.queue != PODIUM_QUEUE], running


def lanes_of(rows: Rows) -> list[tuple[str, str, int]]:
    """(queue, lane, ready jobs) of every lane where something waits, from counters."""
    found = [(subject.removeprefix(LANE), n) for subject, _, n in rows.all("tally_all") if subject.startswith(LANE)]
    return [(queue, lane, n) for place, n in found if n > 0 for queue, _, lane in (place.partition("/"),)]


def looks(rows: Rows, now: float, wall: float) -> list[Look]:
    """Every workflow that has instances, or had; `now` in steady seconds, `wall` since the epoch."""
    fleet = read_fleet(rows)
    pools, running = pools_of(rows, fleet)
    ready = {subject: n for subject, state, n in rows.all("tally_all") if state == "ready"}
    since, found = int(wall // HOUR_SECONDS) - 1, list[Look]()
    for queue in dict.fromkeys(pool.queue for pool in pools if pool.queue not in fleet.drained):
        depth = ready.get(queue, 0)
        (age,) = rows.one("ready_age", (now, queue)) if depth else (0.0,)
        hours = {hour: (n, total) for hour, n, total in rows.all("hourly_of_metric", (f"queue.{queue}.started", since))}
        mine = tuple(pool for pool in pools if pool.queue == queue)
        size = sum(one.name not in fleet.closed for one in fleet.present(queue))
        found.append(Look(queue, mine, depth, running.get(queue, 0), age, hours, size))
    return found


def seconds_of_jobs(rows: Rows, since_hour: int) -> dict[str, float]:
    """What an attempt took on average since that hour, by queue."""
    sums = {metric: (n, total) for metric, n, total in rows.all("hourly_since", (since_hour,)) if n}
    busy = {metric.split(".")[1]: found for metric, found in sums.items() if metric.endswith(".busy")}
    return {queue: total / n for queue, (n, total) in busy.items()}
