"""Which of a workflow's pools grows or shrinks, when only the workflow's size is asked for? A choice that says why.

Roles are preferences: an idle instance helps the other roles of its workflow. So which role a new instance has decides
little, but the one that most work waits for is served best.
"""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from podium.domain.errors import Conflict
from podium.domain.fleet import Change
from podium.refusals import refusal

QUEUE_INSTANCES_MAX: Final = 100
"""Instances of one workflow; each at work is a program with its own clone, so a machine is full long before."""


class Pool(NamedTuple):
    """One pool as these policies see it."""

    queue: str
    role: str
    size: int
    waiting: int = 0
    """Ready jobs that ask for its role; those pinned to an instance are nobody else's work."""
    busy: int = 0
    """Of its instances, those at work."""

    def grown_by(self, more: int) -> "Pool":
        """The pool with so many instances more."""
        return self._replace(size=self.size + more)


def resize(queue: str, pools: Sequence[Pool], difference: int, role: str = "") -> list[Change]:
    """The new sizes of a queue's `pools` that together are larger by `difference` (smaller, when it is negative).

    Only the pool of `role` changes, if one is named. Raises `Conflict` beyond the limits.
    """
    total = sum(pool.size for pool in pools)
    able = [pool for pool in pools if role in ("", pool.role)] or [Pool(queue, role, 0)]
    have = sum(pool.size for pool in able)
    whose = f"{queue} ({role})" if role else queue
    if have + difference < 0:
        raise Conflict(refusal("too few to leave", whose=whose, have=have, fewer=-difference))
    if total + difference > QUEUE_INSTANCES_MAX:
        raise Conflict(refusal("too many", queue=queue, total=total, more=difference, most=QUEUE_INSTANCES_MAX))
    sizes = {pool.role: pool for pool in able}
    why: dict[str, str] = {}
    step, choose = (1, grown) if difference > 0 else (-1, shrunk)
    for _ in range(abs(difference)):
        chosen, because = choose(sizes.values())
        sizes[chosen] = sizes[chosen].grown_by(step)
        why[chosen] = "the role was named" if role else because
    before = {pool.role: pool.size for pool in able}
    return [Change(queue, name, before[name], sizes[name].size, why[name]) for name in sizes if name in why]


def grown(pools: Collection[Pool]) -> tuple[str, str]:
    """The role that gets the next instance: most work would wait for each that it then has."""
    pool = min(pools, key=lambda pool: (-pool.waiting / (pool.size + 1), pool.size))
    return pool.role, _waiting(pool) if pool.waiting else "nothing waits for a role, so the smallest pool grows"


def shrunk(pools: Collection[Pool]) -> tuple[str, str]:
    """The role that gives one up: one with an idle instance, where least work waits for each; of equals, the last."""
    able = reversed([pool for pool in pools if pool.size])
    pool = min(able, key=lambda pool: (pool.size <= pool.busy, pool.waiting / pool.size, -pool.size))
    return pool.role, f"{_waiting(pool)}{', and all are busy' if pool.size <= pool.busy else ''}"


def _waiting(pool: Pool) -> str:
    return f"{pool.waiting or 'no'} job{'s' * (pool.waiting > 1)} wait{'s' * (pool.waiting < 2)} for {pool.role}"
