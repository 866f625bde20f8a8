"""When does a workflow get an instance more or one fewer? Signals against thresholds, with a reason (SCL-1, SCL-2)."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from podium.domain.errors import UsageError
from podium.policy.scaling import QUEUE_INSTANCES_MAX, Pool

UTILIZATION_SECONDS: Final = 300.0
"""How far back busy time is looked at."""
WAIT_SECONDS: Final = 1_800.0
"""How far back the waits of what was started are looked at."""
LEAST_SHARE: Final = 0.6
"""Of the instances that a workflow begins with, so many it keeps where `min` is not given: 3 of 5, 2 of 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """`[scaling.workflows.NAME]`: grow when any upper one is passed, shrink when all lower ones are undercut."""

    min: int | None = None
    """Instances that stay; None for 60 % of those that the workflow begins with."""
    max: int | None = None
    """Instances at most; None for those that the workflow begins with."""
    depth_up: int = 10
    depth_down: int = 3
    """Ready jobs."""
    wait_up_seconds: float = 1_800.0
    wait_down_seconds: float = 300.0
    """The mean wait of what was started in the last 30 minutes and of what waits."""
    utilization_up: float = 0.8
    utilization_down: float = 0.3
    """Busy time as a share of all instances' time in the last 5 minutes."""
    cooldown_up_seconds: float = 60.0
    cooldown_down_seconds: float = 600.0
    """From one change of the workflow's size to the next that this policy makes."""

    def __post_init__(self) -> None:
        """Refuse what would oscillate."""
        pairs = ("depth", "wait", "utilization")
        lower = (self.depth_down, self.wait_down_seconds, self.utilization_down)
        upper = (self.depth_up, self.wait_up_seconds, self.utilization_up)
        wrong = [name for name, down, up in zip(pairs, lower, upper, strict=True) if not 0 <= down < up]
        if wrong:
            raise UsageError(f"{wrong[0]}: the lower threshold must be below the upper one, and not below 0.")
        if not 0 <= (self.min or 0) <= (QUEUE_INSTANCES_MAX if self.max is None else self.max) <= QUEUE_INSTANCES_MAX:
            raise UsageError(f"min must not be over max, and max not over {QUEUE_INSTANCES_MAX}.")


@dataclass(frozen=True, slots=True)
class AutoscalerSettings:
    """How often it looks, in seconds, and the thresholds of workflows that do not have the usual ones."""

    interval_seconds: float = 15.0
    workflows: Mapping[str, Thresholds] = field(default_factory=dict[str, Thresholds])


class Look(NamedTuple):
    """One workflow at one moment, from counters."""

    queue: str
    pools: tuple[Pool, ...]
    depth: int
    running: int
    waiting_seconds: float
    """The mean age of what is ready."""
    hours: Mapping[int, tuple[int, float]]
    """Starts of this hour and the one before: their number and their waits together."""
    size: int
    """Its instances that may be given work: who is drained or in quarantine is no capacity."""


class Signals(NamedTuple):
    """What a decision is made on; stored with it."""

    size: int
    depth: int
    wait_seconds: float
    utilization: float
    window_seconds: float
    """How far back it could be looked; less than the whole window after a start."""


class Decision(NamedTuple):
    """What is to be done, and why."""

    action: Literal["up", "down", "hold", "refused"]
    because: str = ""


class Track:
    """What was seen of one workflow lately; a change of its size by anybody begins a cooldown."""

    def __init__(self, now: float) -> None:
        self._seen: deque[tuple[float, Look]] = deque()
        self._changed_at = now
        self.refused = False
        """Whether the last decision was a refusal: it is put on record once, as long as it stands."""

    def signals(self, look: Look, now: float) -> Signals:
        """What this look says, together with those before it."""
        if self._seen and self._seen[-1][1].size != look.size:
            self._changed_at = now
        self._seen.append((now, look))
        while self._seen[0][0] < now - WAIT_SECONDS:
            self._seen.popleft()
        recent = [seen for at, seen in self._seen if at >= now - UTILIZATION_SECONDS]
        slots = sum(seen.size for seen in recent)
        busy = sum(min(seen.running, seen.size) for seen in recent) / slots if slots else 0.0
        first = self._seen[0][1].hours
        starts, waited = look.depth, look.depth * look.waiting_seconds
        for hour, (n, seconds) in look.hours.items():
            n_before, seconds_before = first.get(hour, (0, 0.0))
            starts, waited = starts + n - n_before, waited + seconds - seconds_before
        wait = waited / starts if starts else 0.0
        return Signals(look.size, look.depth, round(wait, 1), round(busy, 3), round(now - self._seen[0][0], 1))

    def quiet_seconds(self, now: float) -> float:
        """Since the last change of its size, or the start."""
        return now - self._changed_at


def bounds(limits: Thresholds, begins_with: int) -> tuple[int, int]:
    """The fewest and the most instances that this policy makes of it."""
    most = begins_with if limits.max is None else limits.max
    least = -int(-begins_with * LEAST_SHARE // 1) if limits.min is None else limits.min
    return min(least, most), most


def decide(seen: Signals, limits: Thresholds, least: int, most: int, quiet_seconds: float, gate: str) -> Decision:
    """What becomes of a workflow's size. `gate` says why nothing may be added now; empty when it may."""
    wait, busy = f"{seen.wait_seconds:.0f} s", f"{seen.utilization:.0%}"
    triggers = (
        (seen.depth > limits.depth_up, f"{seen.depth} jobs wait, over {limits.depth_up}"),
        (seen.wait_seconds > limits.wait_up_seconds, f"they wait {wait}, over {limits.wait_up_seconds:.0f}"),
        (seen.utilization > limits.utilization_up, f"{busy} busy, over {limits.utilization_up:.0%}"),
    )
    if because := "; ".join(text for passed, text in triggers if passed):
        if seen.size >= most:
            return Decision("refused", f"{because}; but {most} instances are the most it may have")
        if quiet_seconds < limits.cooldown_up_seconds:
            return Decision("hold", f"{because}; it was changed {quiet_seconds:.0f} s ago")
        return Decision("refused", f"{because}; but {gate}") if gate else Decision("up", because)
    is_calm = (
        seen.depth < limits.depth_down
        and seen.wait_seconds < limits.wait_down_seconds
        and seen.utilization < limits.utilization_down
    )
    if is_calm and seen.size > least and quiet_seconds >= limits.cooldown_down_seconds:
        return Decision("down", f"{seen.depth} jobs wait; they wait {wait}; {busy} busy")
    return Decision("hold")
