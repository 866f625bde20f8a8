"""When is a webhook tried again, and when is it given up? Over hours, at growing distances, with jitter (EVT-2)."""

from typing import Final

from podium.domain.delivery import Answer, Delivery, Outcome

BASE_SECONDS: Final = 5.0
FACTOR: Final = 4.0
CAP_SECONDS: Final = 4 * 3600.0
ATTEMPTS_MAX: Final = 10
"""With the pauses between them, about fourteen hours: longer than a receiver's bad night."""
JITTER: Final = 0.25
"""Up to this share is taken off, so that a receiver that comes back is not met by everything at once."""
GONE: Final = 410


def delay_seconds(attempts: int, chance: float) -> float:
    """Seconds to wait after the `attempts`-th failed try (1 is the first); `chance` is random in [0, 1)."""
    return min(CAP_SECONDS, BASE_SECONDS * FACTOR ** min(attempts - 1, 16)) * (1.0 - JITTER * chance)


def decide(delivery: Delivery, answer: Answer, chance: float) -> Outcome:
    """What becomes of a delivery; a redirect is a failure like any other, since nobody follows it."""
    attempts = delivery.attempts + 1
    if answer.refused:
        return Outcome("dead", 0.0, answer.detail)
    if answer.status is not None and 200 <= answer.status < 300:
        return Outcome("done", 0.0, answer.detail)
    if answer.status == GONE:
        return Outcome("dead", 0.0, "its receiver is gone (410): nothing more is sent to it", disable=True)
    if attempts >= ATTEMPTS_MAX:
        return Outcome("dead", 0.0, f"given up after {attempts} tries: {answer.detail}")
    asked = min(answer.retry_after_seconds, CAP_SECONDS)
    return Outcome("pending", max(delay_seconds(attempts, chance), asked), answer.detail)
