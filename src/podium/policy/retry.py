"""When does a charged failure run again? At once the first time, then with exponential backoff and jitter (REC-3)."""

from typing import Final

BASE_SECONDS: Final = 2.0
FACTOR: Final = 4.0
CAP_SECONDS: Final = 300.0
JITTER: Final = 0.5
"""Up to this share is taken off, so that many that failed together do not come back together."""


def delay_seconds(failures: int, chance: float) -> float:
    """Seconds to wait after the `failures`-th failure in a row (1 is the first).

    `chance` is a random number in [0, 1).
    """
    if failures <= 1:
        return 0.0
    full = min(CAP_SECONDS, BASE_SECONDS * FACTOR ** min(failures - 2, 16))
    return full * (1.0 - JITTER * chance)
