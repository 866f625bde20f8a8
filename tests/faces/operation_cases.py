"""One case for each operation, asked through every face by test_every_face: a new operation needs one line here.

What is in braces is a subject that `staging` makes: for a read one that all faces share, for a write one of its own.
"""

from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Case:
    """What an operation is asked, and what must come of it whichever way it is asked."""

    asked: dict[str, Any]
    told: dict[str, Any] = field(default_factory=dict[str, Any])
    """A part of the answer, subjects in braces."""
    refused: str = ""
    """A part of the words, where there is nothing that it could be done to."""
    varies: tuple[str, ...] = ()
    """Fields, at any depth, that differ from one call to the next: numbers given anew, ages, figures of the machine."""
    not_on: tuple[str, ...] = ()
    """Faces that have the operation in a form of their own."""


FLEET: Final = ("pools", "started", "retired", "finishing")
"""There is one fleet: what the first face has changed, the others find so."""
CASES: Final = {
    "assign-content": Case({"project": "{later}", "instance": "content-01"}, {"instance": "content-01", "jobs": 0}),
    "assign-development": Case({"repository": "{later}", "instance": "dev-02"}, {"workflow": "development"}),
    "assign-genesis": Case({"project": "{later}", "instance": "genesis-01"}, {"action": "assign"}),
    "assignment": Case({"attempt": "{attempt}"}, {"attempt": "{attempt}", "step": "analyze", "role": "analysis"}),
    "backlog": Case({}, {"projects_waiting": 0}, varies=("next_due_seconds", "oldest_seconds", "paused_seconds")),
    "bottleneck": Case({}, varies=("seconds", "machine", "expected_wait_seconds", "review_oldest_seconds", "because")),
    "budget": Case({"project": "{later}", "budget_usd": 20.5}, {"action": "budget", "jobs": 0}),
    "cancel": Case({"project": "{later}", "reason": "not needed"}, {"action": "cancel", "project": "{later}"}),
    "cancel-job": Case({"job": "{p.job}"}, {"action": "cancel", "project": "{p}", "jobs": 2}),
    "dead-letters": Case({"project": "{q}"}, varies=("dead_seconds",)),
    "dead-letters drop": Case({"job": "{q.dead}", "reason": "not worth it"}, {"action": "drop", "project": "{q}"}),
    "dead-letters replay": Case({"job": "{q.dead}"}, {"action": "replay", "jobs": 1}),
    "dead-letters replay-all": Case({"project": "{q}", "count": 1}, {"project": "{q}", "dead": 0, "replayed": 1}),
    "deliveries": Case({"webhook": "hook", "limit": 3}),
    "deliveries approve": Case({"delivery": "{n.draft}"}, {"webhook": "channel:social"}, varies=("delivery",)),
    "deliveries replay": Case({"delivery": "{n.delivery}"}, {"webhook": "hook"}),
    "diff": Case({"job": "{p.job}"}, {"project": "{p}", "base": None, "files": []}),
    "disk": Case({}, varies=("bytes", "total_bytes", "files", "free_bytes")),
    "doctor": Case({}, varies=("detail", "reason")),
    "drain": Case({"target": "content", "reason": "new disk"}, varies=("queues",)),
    "events": Case({"after": 3, "limit": 5, "named": True}, {"reset": False, "horizon": 1}, varies=("last",)),
    "github deliveries": Case({}, {"deliveries": []}),
    "health": Case({}, varies=("detail", "busy_seconds", "silent_seconds", "signals")),
    "inbox": Case({"attempt": "{attempt}"}, {"messages": []}),
    "instances": Case({}, varies=("busy_seconds", "silent_seconds", "signals")),
    "jobs": Case({"project": "{p}"}, {"project": "{p}"}),
    "log": Case({"instance": "{attempt}"}, {"attempt": "{attempt}"}, varies=("lines", "start", "end", "size")),
    "logs": Case({"instance": "{attempt}"}, {"not_kept": 0}, not_on=("cli",)),  # there it follows the files
    "messages ack": Case({"message": "{n.message}"}, {"new": True, "message": "{n.message}"}),
    "messages list": Case({"to": "role:marketing"}, {"messages": []}),
    "messages send": Case(
        {"to": "role:features", "text": "Hello", "from": "bob"}, {"to": "role:features"}, varies=("message",)
    ),
    "metrics": Case({"window": "7d"}, {"window": "7d"}, varies=("utilization", "projects_per_hour", "until")),
    "note": Case({"text": "Mind the gap", "attempt": "{attempt}"}, {"attempt": "{attempt}"}, varies=("event",)),
    "notices": Case({"limit": 3}),
    "notices dismiss": Case({"notice": "{n.notice}"}, {"notice": "{n.notice}"}, varies=("left",)),
    "outputs": Case({"project": "{old}"}, {"project": "{old}"}),
    "nodes": Case({}, {"nodes": []}),
    "pause": Case({"project": "{later}", "reason": "wait"}, {"action": "pause", "project": "{later}"}),
    "pin": Case({"job": "{p.pinned}", "instance": "dev-02"}, {"action": "pin", "jobs": 1}),
    "plan": Case({"project": "{p}"}, {"project": "{p}"}),
    "preview": Case({"operation": "cancel", "asked": "{}"}, refused="project"),
    "priority-boost": Case({"project": "{later}", "points": 100}, {"action": "boost", "project": "{later}"}),
    "project": Case({"project": "{p}"}, {"id": "{p}", "state": "open"}),
    "projects": Case({"limit": 5, "before": 1e12}),
    "prune": Case({"dry_run": True}, {"dry_run": True, "more": False}),
    "queues": Case({}, varies=("oldest_seconds", "in_per_hour", "out_per_hour")),
    "rebalance": Case({}, varies=(*FLEET, "moves")),
    "release": Case({"project": "{old}", "version": "v2"}, {"run": "content@2", "created": True}),
    "restart-instance": Case({"instance": "dev-02"}, varies=("attempt", "job", "project")),
    "resume": Case({"project": "{q}"}, {"action": "resume", "project": "{q}"}),
    "retry": Case({"job": "{p.job}", "reason": "again"}, {"action": "retry", "project": "{p}"}),
    "review approve": Case({"review": "{p.review}"}, {"verdict": "approve", "project": "{p}"}),
    "review list": Case({"project": "{p}"}, varies=("age_seconds",)),
    "review reject": Case({"review": "{p.review}", "notes": "no"}, {"verdict": "reject"}),
    "review send-back": Case({"review": "{p.review}", "notes": "commas"}, {"verdict": "send-back"}),
    "scale-down": Case({"workflow": "content", "to": 2}, varies=FLEET),
    "scale-up": Case({"workflow": "content", "to": 4}, varies=FLEET),
    "scaling decisions": Case({"workflow": "development"}, {"decisions": []}),
    "simulate": Case(
        {"hours": 0.5, "features": 1, "compare": "scaling.enabled=true,false"}, {"recorded_per_hour": None}
    ),
    "status": Case({}, varies=("oldest_seconds", "throughput_per_hour", "average_pipeline_seconds")),
    "strategy": Case({"queue": "content", "strategy": "least-loaded"}, varies=("was", "before")),
    "settings": Case({}, varies=("file",)),
    "stuck": Case({}, varies=("seconds", "since", "for_seconds")),
    "submit": Case(
        {"title": "Tiny", "brief": "x", "not_before": "2h"}, {"created": True}, varies=("project", "begins_at")
    ),
    "targets": Case({}, {"window_hours": 24}, varies=("actual",)),
    "swap": Case({"target": "content"}, {"agents": [], "instances": [], "attempts_ended": []}),
    "token create": Case({"scope": "read", "name": "ci"}, {"scope": "read"}, varies=("id", "token")),
    "token list": Case({}),
    "token revoke": Case({"id": "00000000"}, refused="There is no token 00000000."),
    "undrain": Case({"target": "content-01"}),
    "unpin": Case({"job": "{p.pinned}"}, {"action": "unpin", "jobs": 1}),
    "whoami": Case({}, {"name": "operator", "scope": "admin", "attempt": ""}),
    "why": Case({"job": "{q.dead}"}, {"state": "dead", "project": "{q}"}),
}
