"""One event on its way to a webhook, or one text to a channel, what its receiver answered, and what becomes of it."""

from typing import Any, Literal, NamedTuple

State = Literal["draft", "pending", "done", "dead"]
"""A draft is a piece of content that waits for an approval."""


class Delivery(NamedTuple):
    """A row of the outbox that is due. `attempts` have been made before."""

    id: int
    key: str
    """What it is sent under, however often it is tried."""
    webhook: str
    event: dict[str, Any]
    """The event as the log has it: seq, at, type, project, workflow, job, attempt, instance, data."""
    attempts: int
    disabled: bool = False
    """Its receiver has said that it is gone; nothing is sent any more."""


class Answer(NamedTuple):
    """What came of one try. `status` is the HTTP status, None when there was none."""

    status: int | None
    detail: str
    refused: bool = False
    """Podium itself may not send it (a private address, no secret): another try would be the same."""
    retry_after_seconds: float = 0.0


class Outcome(NamedTuple):
    """What becomes of a delivery after a try; `disable` stops its webhook altogether."""

    state: State
    delay_seconds: float
    detail: str
    disable: bool = False
