"""What callers ask of the store, as values; the group commit gathers them and answers each after one fsync."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from podium.domain.attempt import Report
from podium.domain.delivery import Outcome
from podium.domain.fleet import FleetCommand
from podium.domain.instance import Slot
from podium.domain.project import Project

VerdictKind = Literal["pass", "retry", "rework", "escalate", "bury", "release"]


class Verdict(NamedTuple):
    """What becomes of a job after an attempt, decided by `policy.verdict` and carried out by the store."""

    kind: VerdictKind
    reason: str
    delay_seconds: float = 0.0
    """How long a retry waits; 0 starts it at once."""
    target: str = ""
    """For rework: the step that gets the work back."""
    feedback: str = ""
    resets_at: float = 0.0
    """For a retry: when the provider said that it answers again, in wall-clock seconds; 0 for not at all."""
    charged: bool = True
    """For a retry: whether it counts against the step's attempts."""
    review: str = ""
    """For an escalation: `quality`, `exhausted`, `blocked`, `question`, `approval` (the store itself opens `plan`)."""


class Submit(NamedTuple):
    """A new project. Answer: `Submitted`, or Unavailable raised when too many wait to begin.

    The same idempotency key again answers with the first project.
    """

    project: Project
    document: str
    pipeline_text: str
    idempotency_key: str = ""
    resume: bool = False
    """With a key: only a project that is still open counts as the same; an ended one makes room for a new one."""
    plan_first: bool = False
    """Stop after the plan, for a person to approve it (PIP-10)."""
    exact: bool = False
    """The id was chosen: another project of that id is a Conflict, not a reason for a number behind it."""
    not_before: float = 0.0
    """Steady seconds before which its first jobs are given to nobody (QUE-7); 0 for at once."""
    hold: str = ""
    """Why it begins paused, until somebody resumes it (SEC-2); empty where it does not."""


class Submitted(NamedTuple):
    """The project's id, and whether this call made it."""

    project: str
    created: bool


class Start(NamedTuple):
    """One more run of a workflow for a new version of a project (PIP-4). Answer: `Started`.

    The same version again answers with its run and starts nothing. Raises NotFound, Conflict or UsageError.
    """

    project: str
    workflow: str
    version: str = ""
    """Needed from a caller; empty is the first run, which a submission or a rule begins."""
    by: str = "operator"
    reason: str = ""


class Started(NamedTuple):
    """The run's name, such as `content@2`, and whether this call began it."""

    run: str
    created: bool


class Dispatch(NamedTuple):
    """Give ready jobs to these free instances. Answer: a tuple of `Lease`, empty when nothing fits."""

    slots: tuple[Slot, ...]
    strategies: Mapping[str, str] = MappingProxyType({})


class Complete(NamedTuple):
    """The end of one attempt. Answer: True, or False when the fence (`attempt`) is stale and nothing was written."""

    job: int
    attempt: int
    verdict: Verdict
    report: Report
    commit: str | None = None


class Wake(NamedTuple):
    """Make delayed jobs ready that are due. Answer: steady seconds of the next one due, or None."""


class Decide(NamedTuple):
    """A reviewer's word on an open review. Answer: the review's project id."""

    review: int
    verdict: Literal["approve", "reject", "send_back"]
    by: str
    notes: str = ""


SteerAction = Literal[
    "pin", "unpin", "boost", "pause", "resume", "cancel", "retry", "fail", "replay", "drop", "assign", "budget"
]


class Steer(NamedTuple):
    """An operator's hand on a project or one of its jobs (QUE-5). Answer: `Steered`; raises NotFound or Conflict."""

    action: SteerAction
    project: str = ""
    job: int = 0
    instance: str = ""
    """For pin and assign; empty for an assignment that is taken back."""
    points: int = 0
    """For boost: added to the priority, may be negative."""
    by: str = "operator"
    reason: str = ""
    workflow: str = ""
    """For assign: whose work, begun or to come."""
    budget_usd: float | None = None
    """For budget: what the project may cost in all; None for no limit."""


class Steered(NamedTuple):
    """What was touched: the project, how many jobs, and the attempts that lost their lease."""

    project: str
    jobs: int
    revoked: tuple[str, ...] = ()


class Adopted(NamedTuple):
    """An attempt goes on under another orchestrator than the one that began it; for the log alone. Answer: None."""

    job: int
    attempt: int
    instance: str


class Note(NamedTuple):
    """What an agent at work wants on record. Answer: the event's number; raises Conflict when the fence is stale."""

    job: int
    attempt: int
    text: str


class Audit(NamedTuple):
    """What somebody asked for, for the record. Answer: None."""

    operation: str
    by: str
    attempt: str
    given: Mapping[str, Any]
    outcome: str


class IssueToken(NamedTuple):
    """A new credential, of which only the digest is kept. Answer: None."""

    id: str
    name: str
    scope: str
    digest: str
    by: str
    expires_wall: float | None = None


class RevokeToken(NamedTuple):
    """A credential opens nothing any more, at once. Answer: None; raises NotFound or Conflict."""

    id: str
    by: str


class Send(NamedTuple):
    """A message into an inbox (COM-1). Answer: `Sent`; raises NotFound or Conflict."""

    to: str
    text: str
    sender: str
    project: str = ""
    wake: bool = False
    """Give an idle instance a job for reading it, instead of letting it wait for the next one."""


class Sent(NamedTuple):
    """The message's number, and the job that reads it; 0 where nobody was woken."""

    message: int
    job: int = 0


class Acknowledge(NamedTuple):
    """Somebody has read a message: `instance`, or everybody it is for where none is named. Answer: whether it was new.

    Raises NotFound or Conflict.
    """

    message: int
    instance: str = ""
    by: str = "operator"


class Dismiss(NamedTuple):
    """A person has taken note of a notice, and with `older` of all before it. Raises NotFound."""

    notice: int
    older: bool = False
    by: str = "operator"


class Settle(NamedTuple):
    """What came of the try after `attempts` others. Answer: False when somebody else was first: nothing is written."""

    delivery: int
    attempts: int
    outcome: Outcome


class Replay(NamedTuple):
    """Deliver once more what has ended, and let its webhook go on. Answer: the webhook; NotFound or Conflict."""

    delivery: int
    draft: bool = False
    """Deliver what waits for an approval instead."""


class Arrive(NamedTuple):
    """What came from another service, or what is known of a thing of ours there, with what it sets off (GIT-1, GIT-5).

    Answer: the answers of `effects`, or None for a key that was there before: then nothing is done. With `again` what
    is known under the key is replaced.
    """

    key: str
    kind: str
    about: Mapping[str, Any]
    project: str = ""
    effects: tuple["Command", ...] = ()
    notice: str = ""
    """What a person is to be told and to do about it; `{project}` stands for the project that it became."""
    again: bool = False


class Answered(NamedTuple):
    """How a service outside has answered: well, or in trouble for a reason; its breaker counts. Answer: None."""

    name: str
    reason: str = ""
    seconds: float = 0.0
    """For which it has asked to be left alone; 0 where it has not."""


class Prune(NamedTuple):
    """Remove the next rows of one kind that are over their limit (EVT-5). Answer: `Pruned`."""

    kind: Literal["events", "counters", "projects"]
    before: float
    """Events: wall-clock seconds. Counters: hours since the epoch. Projects: steady seconds of their end."""
    keep: int = 0
    """For events: how many stay, whatever their age; 0 is no limit."""
    rows_max: int = 2_000


class Pruned(NamedTuple):
    """Rows that went (of projects: their jobs), projects that went whole, and whether more is to go."""

    rows: int
    more: bool = False
    projects: int = 0


Talk = Send | Acknowledge | Dismiss | Settle | Replay | Note | Arrive | Answered
"""What is said to instances, people and receivers; no job changes."""

Access = Audit | IssueToken | RevokeToken
"""Who may do what, and who did."""

Command = Submit | Start | Dispatch | Complete | Wake | Decide | Steer | Adopted | Prune | Talk | Access | FleetCommand
