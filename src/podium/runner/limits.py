"""Every bound the runner keeps, by name and unit; a host may tighten them in `run.json`."""

from collections.abc import Iterable
from typing import NamedTuple


class Limits(NamedTuple):
    """Bounds on one attempt's output and endings."""

    line_bytes_max: int = 8 << 20
    """A longer line is cut, with a mark. A plan of 5,000 features is one line, with six bytes for many a letter."""
    log_bytes_max: int = 64 << 20
    """Beyond it messages are dropped, with one line that says so; results still count."""
    artifacts_max: int = 6_000
    """More than the issues that one project may have, so that too many of them are told, and mended, as just that."""
    artifact_bytes_max: int = 32 << 20
    """All artifacts and results together, as JSON; an agent that sends more is ended."""
    gate_output_bytes_max: int = 8 << 10
    """The last part of a gate's output, kept in its result."""
    grace_seconds: float = 2.0
    """From SIGTERM to SIGKILL."""
    kill_seconds_max: float = 30.0
    """How long SIGKILL is repeated before the runner gives up on a process that cannot die."""
    git_seconds_max: float = 300.0
    """For all git commands of one phase: making the clone, delivering, saving what could not be delivered."""
    result_grace_seconds: float = 10.0
    """From an agent's result to its end, when it does not exit by itself."""
    room_seconds_max: float = 600.0
    """How long an attempt that has done its work waits, in all, for room on a full disk to deliver it."""


GIT_PHASES_MAX = 3


def attempt_seconds_max(timeout_seconds: float, gates: Iterable[float], limits: Limits = Limits()) -> float:  # noqa: B008 - immutable
    """How long a runner may take for a whole attempt: its agent's and gates' time, git's, waiting for room, endings.

    `gates` are the timeouts of the gates that run a command, in seconds.
    """
    timeouts = tuple(gates)
    ending = limits.grace_seconds + limits.kill_seconds_max
    git = GIT_PHASES_MAX * limits.git_seconds_max
    waiting = git + limits.room_seconds_max
    return timeout_seconds + sum(timeouts) + waiting + (1 + len(timeouts) + GIT_PHASES_MAX) * ending
