"""Is an instance well? Three signals of what it runs, a probe before every verdict, and nine states (REC-2).

A process lives, its runner answers, its work gets on: each may be missing alone. An agent that says nothing while its
processes use the CPU works (a long build); a runner that does not answer is no proof of death: only its end is.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

State = Literal[
    "starting", "idle", "busy", "waiting-on-human", "stuck", "draining", "crashed", "quarantined", "stopped"
]
HEARTBEAT_SECONDS_MAX: Final = 30.0
"""A runner that has not answered for so long does not answer; it beats every few seconds."""


class Signs(NamedTuple):
    """When each signal of an attempt was last seen, in steady seconds; None where nobody can tell."""

    process: float | None = None
    """Its runner was alive."""
    heartbeat: float | None = None
    """Its runner said so itself."""
    progress: float | None = None
    """Its agent, its gates or its hooks said something."""
    worked: float | None = None
    """Its processes were seen to use the CPU: the probe of an attempt that says nothing."""
    tool: tuple[str, float] | None = None
    """The tool that its agent waits for, and since when."""


class Vitals(NamedTuple):
    """What an orchestrator sees of all attempts (`Lease.name`), and until when instances rest, in steady seconds."""

    signs: Mapping[str, Signs | None] = MappingProxyType({})
    """None for an attempt that is being started."""
    resting: Mapping[str, float] = MappingProxyType({})


def last_sign(signs: Signs) -> float | None:
    """When a word or work was last seen of an attempt; None where that cannot be told."""
    return max((at for at in (signs.progress, signs.worked) if at is not None), default=None)


def hung_seconds(signs: Signs, now: float) -> float:
    """How long neither a word nor work was seen of it; 0 where that cannot be told."""
    last = last_sign(signs)
    return 0.0 if last is None else max(0.0, now - last)


def judge(
    signs: Signs | None, now: float, silent_seconds: float, *, running: bool, leased: bool = False,
    closed: str = "", rests_seconds: float = 0.0, asked: str = "",
) -> tuple[State, str]:  # fmt: skip
    """One instance's state at one moment, and why.

    `signs` are those of the attempt that it is at, None while that is being started; `running` says whether an
    orchestrator looks after the home at all. `closed` says why it is given no more work: `drained`, `retired`,
    `quarantined`. `rests_seconds` are those still to go, since its last attempts died; `asked` is the review that its
    last job waits for, where that is for a person to answer.
    """
    if leased and running and signs is not None and (why := _stuck(signs, now, silent_seconds)):
        return "stuck", why
    if closed == "quarantined":
        return "quarantined", "its attempts kept dying; `podium undrain` lets it go on"
    if closed:
        return ("draining", "it gets nothing more after this") if leased else ("stopped", f"it is {closed}")
    if leased:
        return ("starting", "") if running and signs is None else ("busy", "")
    if not running:
        return "stopped", "no orchestrator runs on this home"
    if rests_seconds > 0:
        return "crashed", f"its last attempts died; it goes on in {rests_seconds:.0f} s"
    return ("waiting-on-human", f"its last job waits for {asked}") if asked else ("idle", "")


def _stuck(signs: Signs, now: float, silent_seconds: float) -> str:
    if signs.heartbeat is not None and now - signs.heartbeat > HEARTBEAT_SECONDS_MAX:
        return f"its process lives, but its runner has not answered for {now - signs.heartbeat:.0f} s"
    silent = hung_seconds(signs, now)
    return f"it has neither said nor done anything for {silent:.0f} s" if silent > silent_seconds else ""
