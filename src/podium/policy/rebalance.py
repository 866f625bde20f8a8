"""Between which pools should instances move? A pure proposal that keeps the total and ends when nothing is gained.

Instances help within their workflow, whatever their role, so only moves from workflow to workflow gain anything.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from podium.policy.scaling import QUEUE_INSTANCES_MAX, Pool, grown, shrunk


class Move(NamedTuple):
    """One instance fewer in one pool, one more in another, and why."""

    queue: str
    role: str
    to_queue: str
    to_role: str
    because: str


def rebalance(pools: Sequence[Pool], running: Mapping[str, int], seconds: Mapping[str, float]) -> list[Move]:
    """Moves of one instance each, in order; `running` has the jobs at work by queue, `seconds` what a job takes there.

    A workflow's load is the wait that is expected of its jobs, at work or waiting for a role: their seconds for each of
    its instances. One gets an instance while it has more jobs than instances, from the workflow that is least loaded
    with one fewer, if that one then is less loaded than the other was. So the greatest load only falls, which ends; a
    workflow always keeps one instance. Where nobody knows yet what a job takes, it counts like the others.
    """
    usual = sum(seconds.values()) / len(seconds) if seconds else 1.0
    flows: dict[str, dict[str, Pool]] = {}
    jobs: Counter[str] = Counter(running)
    for pool in pools:
        flows.setdefault(pool.queue, {})[pool.role] = pool
        jobs[pool.queue] += pool.waiting
    moves: list[Move] = []
    while (move := _next(flows, jobs, lambda queue: seconds.get(queue, usual))) is not None:
        moves.append(move)
        for queue, role, more in ((move.queue, move.role, -1), (move.to_queue, move.to_role, 1)):
            flows[queue][role] = flows[queue][role].grown_by(more)
    return moves


def _next(
    flows: Mapping[str, Mapping[str, Pool]], jobs: Mapping[str, int], seconds: Callable[[str], float]
) -> Move | None:
    """The move that helps most; None when no move does."""
    sizes = {queue: sum(pool.size for pool in pools.values()) for queue, pools in flows.items()}

    def load(queue: str, fewer: int = 0) -> float:
        size = sizes[queue] - fewer
        return jobs[queue] * seconds(queue) / size if size else float("inf") if jobs[queue] else 0.0

    short = [queue for queue, size in sizes.items() if size < jobs[queue] and size < QUEUE_INSTANCES_MAX]
    if not short:
        return None
    to = min(short, key=lambda queue: (-load(queue), queue))
    able = [queue for queue, size in sizes.items() if size > 1 and queue != to]
    if not able:
        return None
    giver = min(able, key=lambda queue: (load(queue, 1), queue))
    if load(giver, 1) >= load(to):
        return None
    because = (
        f"{to} has {jobs[to]} jobs of {seconds(to):.0f} s for {sizes[to]} instances, "
        f"{giver} {jobs[giver]} of {seconds(giver):.0f} s for {sizes[giver]}"
    )
    return Move(giver, shrunk(flows[giver].values())[0], to, grown(flows[to].values())[0], because)
