"""What goes into an attempt and what comes out of it: assignment, report, gate results, artifacts, spend."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from podium.domain.message import Message

Json = dict[str, Any]


class Ending(StrEnum):
    """How an attempt's process ended, before anybody judges what it made."""

    FINISHED = "finished"
    CRASHED = "crashed"
    TIMED_OUT = "timed-out"
    CANCELLED = "cancelled"
    LOST = "lost"
    """Its runner is gone and left no report (host died, killed between lease and start)."""
    COULD_NOT_START = "could-not-start"


class GateOutcome(StrEnum):
    """PIP-8: everything but `passed` fails closed."""

    PASSED = "passed"
    FAILED = "failed"
    COULD_NOT_RUN = "could-not-run"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate's verdict, with the last lines of what it printed."""

    name: str
    outcome: GateOutcome
    detail: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Artifact:
    """Something a job made: a plan, an issue, a piece of documentation. `path` is relative to the repository."""

    kind: str
    key: str
    title: str
    data: Json = field(default_factory=dict)
    path: str | None = None
    step: str = ""
    run: str = ""
    """Which run of a workflow made it, such as `content@2`; known of what the store holds."""


@dataclass(frozen=True, slots=True)
class Spend:
    """What an attempt used up; `cost_usd` is None when nobody knows it (never 0 for unknown)."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of an attempt after its end; made by a host, judged by `policy.verdict`."""

    ending: Ending
    detail: str = ""
    """For people: exit status, signal, or why it could not start."""
    verdict: str | None = None
    """The agent's own word: passed, failed, rework or blocked; None when it gave none."""
    summary: str = ""
    feedback: str = ""
    data: Json = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    gates: tuple[GateResult, ...] = ()
    commit: str | None = None
    """The delivered commit, when there is a change."""
    spend: Spend | None = None
    is_environment: bool = False
    """The machine is at fault (disk full, no memory), never the agent, whose word this is not (REC-9)."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Everything an agent is told about its job; written as JSON for agents outside the process."""

    attempt: str
    """`project/job.aN` (see `Lease.name`)."""
    job: int
    number: int
    project: Json
    workflow: str
    step: str
    role: str
    instance: str
    agent: str
    """The agent's name, or `podium:ACTION` for Podium's own steps."""
    item: Json | None
    prompt: str
    document: str
    """The text the project was made from; untrusted, to be given to an agent as a file of data."""
    artifacts: tuple[Artifact, ...]
    feedback: tuple[str, ...]
    bases: tuple[str, ...]
    """Commits of the jobs this one stands on; empty means the project's main branch."""
    gates: tuple[Json, ...]
    timeout_seconds: float
    run: str = ""
    """Which run of the workflow it is, such as `content@2`."""
    increment: Json | None = None
    """For a further run: the `version` it is for, and the `reason`."""
    messages: tuple[Message, ...] = ()
    """What the instance was told since its last job; it counts as read when this attempt has finished (COM-1)."""
