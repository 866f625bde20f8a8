"""In which order do ready jobs wait? Priority with linear ageing, then first come first served (QUE-2)."""

from typing import Final

AGEING_SECONDS: Final = 60.0
"""One point of priority is worth this much waiting; so 50 points more is 50 minutes' head start, never starvation."""


PRIORITY_MIN: Final = -1000
PRIORITY_MAX: Final = 1000


def rank(ready_at: float, priority: int, ageing_seconds: float = AGEING_SECONDS) -> float:
    """A job's place in its queue, smaller first.

    Ageing is linear, so two jobs' order never changes while they wait: the rank is fixed and an index is the order.
    """
    return ready_at - priority * ageing_seconds


AHEAD_POINTS: Final = 15
AHEAD_POINTS_MAX: Final = 60
"""What each item that waits for a job's chain adds to its priority: about the time that one takes, within bounds."""


def with_ahead(priority: int, ahead: int) -> int:
    """A job's priority when so many items wait for its chain, one after the other (PRF-1).

    What lies on the longest way is then begun before other work of the project that has waited no longer than that.
    """
    return priority_bounded(priority + min(ahead * AHEAD_POINTS, AHEAD_POINTS_MAX))


def priority_bounded(value: int) -> int:
    """A priority within what an operator's boosts may make of it."""
    return max(PRIORITY_MIN, min(PRIORITY_MAX, value))


def priority(base: int, business_value: int, boost: int = 0) -> int:
    """A job's priority from its project's priority and business value (each 0 to 100) and an operator's boost."""
    return base + business_value // 2 + boost
