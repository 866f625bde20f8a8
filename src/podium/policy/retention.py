"""How long what is over is kept: the limits, and what they say of ages and sizes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

DAY_SECONDS: Final = 86_400.0
HOUR_SECONDS: Final = 3_600
MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Retention:
    """The section `[retention]` of podium.toml; 0 means no limit. The repositories and what was published stay."""

    events_days: float = 90.0
    """Age of the event log; what an open project needs is in its rows, never in the log alone."""
    events_max: int = 2_000_000
    """Events that are kept, whatever their age."""
    counters_days: float = 400.0
    """Age of the hourly counters and waiting times."""
    projects_days: float = 180.0
    """How long after its end a project keeps its jobs, attempts, reviews and artifacts; its summary stays."""
    logs_days: float = 30.0
    """Age of the logs of ended attempts."""
    logs_mib_max: int = 10_240
    """Size of all logs of ended attempts together; the oldest go first."""
    orchestrator_log_mib_max: int = 64
    work_days: float = 30.0
    """How long unfinished and unmerged work (`refs/podium/*`) stays after its project's end."""
    cache_mib_max: int = 20_480
    """Size of the downloads that attempts share; the tool with the largest share loses it first, and fetches anew."""
    deployments_keep: int = 3
    """Deployments of a project that are kept; the current one always is."""

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not 0 <= value < math.inf:
                raise ValueError(f"{limit.name} must be 0 (no limit) or more")


@dataclass(frozen=True, slots=True)
class Removed:
    """What went, or would go, of one kind; `size_bytes` is None where it is not known."""

    kind: str
    count: int
    size_bytes: int | None = None
    names: tuple[str, ...] = ()
    """Of unfinished work: what it was."""


def before(now: float, days: float) -> float:
    """What is older than this has had its days; nothing is where there is no limit."""
    return now - days * DAY_SECONDS if days else -math.inf


def size_cutoff(by_hour: Mapping[int, int], bytes_max: int) -> float:
    """What is older than this goes, so that the youngest of all that fit stay; `by_hour` maps an hour to its bytes."""
    left = bytes_max
    for hour in sorted(by_hour, reverse=True) if bytes_max else ():
        left -= by_hour[hour]
        if left < 0:
            return float((hour + 1) * HOUR_SECONDS)
    return -math.inf
