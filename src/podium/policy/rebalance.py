"""Between which pools should instances move? A pure proposal that keeps the total and ends when nothing is gained.

Instances help within their workflow, whatever their role, so only moves from workflow to workflow gain anything.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from podium.policy.scaling import QUEUE_INSTANCES_MAX, Pool, grown, shrunk


class Move(NamedTuple):
    """One instance fewer in one pool, one more in another, and why."""

    queue: str
    role: str
    to_queue: str
    to_role: str
    because: str


def rebalance(pools: Sequence[Pool], running: Mapping[str, int]) -> list[Move]:
    """Moves of one instance each, in order; `running` has the jobs at work by queue.

    A workflow's load is its jobs, at work or waiting for a role, for each of its instances. One gets an instance while
    it has more jobs than instances, from the workflow that is least loaded with one fewer, if that one then is less
    loaded than the other was. So the greatest load only falls, which ends; a workflow always keeps one instance.
    """
    flows: dict[str, list[Pool]] = {}
    for pool in pools:
        flows.setdefault(pool.queue, []).append(pool)
    jobs = {queue: running.get(queue, 0) + sum(pool.waiting for pool in mine) for queue, mine in flows.items()}
    moves: list[Move] = []
    while (move := _next(flows, jobs)) is not None:
        moves.append(move)
        _count(flows[move.queue], move.role, -1)
        _count(flows[move.to_queue], move.to_role, 1)
    return moves


def _next(flows: Mapping[str, list[Pool]], jobs: Mapping[str, int]) -> Move | None:
    """The move that helps most; None when no move does."""
    sizes = {queue: sum(pool.size for pool in pools) for queue, pools in flows.items()}
    short = [queue for queue, size in sizes.items() if size < jobs[queue] and size < QUEUE_INSTANCES_MAX]
    if not short:
        return None
    to = min(short, key=lambda queue: (-_load(jobs[queue], sizes[queue]), queue))
    able = [queue for queue, size in sizes.items() if size > 1 and queue != to]
    if not able:
        return None
    giver = min(able, key=lambda queue: (_load(jobs[queue], sizes[queue] - 1), queue))
    if _load(jobs[giver], sizes[giver] - 1) >= _load(jobs[to], sizes[to]):
        return None
    because = f"{to} has {jobs[to]} jobs for {sizes[to]} instances, {giver} {jobs[giver]} for {sizes[giver]}"
    return Move(giver, shrunk(flows[giver])[0], to, grown(flows[to])[0], because)


def _load(jobs: int, size: int) -> float:
    return jobs / size if size else float("inf") if jobs else 0.0


def _count(pools: list[Pool], role: str, more: int) -> None:
    """Change one pool's size."""
    for i, pool in enumerate(pools):
        if pool.role == role:
            pools[i] = pool._replace(size=pool.size + more)
