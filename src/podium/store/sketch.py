"""The waiting-time sketch: times in buckets that grow, so that a quantile is known from a few counters (QUE-1)."""

import math
from typing import Final

WAIT_BUCKETS_PER_DOUBLING: Final = 4
"""Resolution of the sketch: a quantile is right to within 19 %."""


def wait_bucket(seconds: float) -> int:
    """The sketch's bucket of a waiting time; bucket b covers 1 ms * 2^(b/4) and up."""
    return max(0, math.ceil(math.log2(max(seconds, 0.001) * 1000) * WAIT_BUCKETS_PER_DOUBLING))


def wait_seconds(bucket: int) -> float:
    """The upper bound of a bucket of the sketch."""
    return 2.0 ** (bucket / WAIT_BUCKETS_PER_DOUBLING) / 1000
