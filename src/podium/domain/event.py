"""What happened: the append-only log's record and the closed list of its types."""

from typing import Any, Final, NamedTuple


class Event(NamedTuple):
    """One line of the log. `seq` is gapless and in commit order; `at` is wall-clock seconds since the epoch."""

    seq: int
    at: float
    type: str
    project: str
    workflow: str
    job: int
    attempt: int
    instance: str
    data: dict[str, Any]


_KINDS: Final = {
    "project": "created waiting admitted completed reopened failed cancelled pruned overspent",
    "workflow": "requested state cancelled",
    "job": "leased adopted passed retried reworked released escalated cancelled buried replayed woken",
    "attempt": "noted",
    "recovery": "detected checked restarted reassigned updated",
    "review": "opened decided",
    "message": "sent delivered",
    "operator": "assign boost budget cancel drop fail pause pin replay resume retry unpin",
    "operation": "called",
    "instance": "drained undrained restarted quarantined swapped",
    "pool": "resized",
    "queue": "drained undrained routed",
    "scaling": "decided",
    "token": "created revoked",
    "provider": "held",
    "breaker": "opened closed",
}
DOCUMENTED: Final = ("genesis_complete", "development_milestone")
"""The events whose data is a documented payload, verbatim (EVT-3)."""
TYPES: Final = frozenset({f"{kind}.{what}" for kind, all_ in _KINDS.items() for what in all_.split()} | {*DOCUMENTED})
"""Every event type; the store refuses another (a misspelt event is one that no subscriber hears)."""
