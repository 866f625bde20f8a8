"""Every bound the runner keeps, by name and unit; a host may tighten them in `run.json`."""

from typing import NamedTuple


class Limits(NamedTuple):
    """Bounds on one attempt's output and endings."""

    line_bytes_max: int = 1 << 20
    """A longer line is cut, with a mark."""
    log_bytes_max: int = 64 << 20
    """Beyond it messages are dropped, with one line that says so; results still count."""
    artifacts_max: int = 5_000
    artifact_bytes_max: int = 32 << 20
    """All artifacts and results together, as JSON; an agent that sends more is ended."""
    gate_output_bytes_max: int = 8 << 10
    """The last part of a gate's output, kept in its result."""
    grace_seconds: float = 2.0
    """From SIGTERM to SIGKILL."""
    kill_seconds_max: float = 30.0
    """How long SIGKILL is repeated before the runner gives up on a process that cannot die."""
    git_seconds_max: float = 300.0
