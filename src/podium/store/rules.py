"""Rules at work: what a state or an event sets off besides a workflow, as rows of the same transaction (EVT-4)."""

import json
from typing import Any, Final

import orjson

from podium.domain.message import TEXT_CHARS_MAX
from podium.domain.pipeline import Rule
from podium.domain.rule_file import asked, fill
from podium.store.batch import Batch
from podium.store.messages import post

NOTICES_MAX: Final = 1_000
"""Notices that are kept; a new one takes the place of the oldest."""
_FIELDS: Final = ("seq", "at", "type", "project", "workflow", "job", "attempt", "instance", "data")

_SAID: Final = {
    "state": "to", "review": "review", "reason": "reason", "issues": "issues_created", "url": "deployment_url",
}  # fmt: skip
"""What a text may ask for of an event's data, and what it is called there."""

Told = tuple[Any, ...]
"""An event as the batch holds it: `_FIELDS`, the data as JSON."""


def act(batch: Batch, rule: Rule, event: Told, key: str) -> None:
    """Message, notice or delivery; `key` is the same for the same cause, so that nothing is sent twice."""
    told: dict[str, Any] = dict(zip(_FIELDS, (*event[:-1], json.loads(event[-1])), strict=True))
    if rule.webhook:
        row = (key, rule.webhook, orjson.dumps(told).decode(), batch.now, batch.wall, "pending")
        batch.writes["delivery_insert"].append(row)
        return
    text = fill(rule.notify or rule.text, _values(batch, told, rule.notify or rule.text))[:TEXT_CHARS_MAX]
    if rule.to:
        post(batch, rule.to, text, f"rule on {rule.on}", told["project"], key)
    elif not (rule.needs_you and told["data"].get("review") in batch.decided):  # sent back before anybody was asked
        notice(batch, key, text, project=told["project"], job=told["job"], needs_you=rule.needs_you)


def notice(batch: Batch, key: str, text: str, *, project: str = "", job: int = 0, needs_you: bool = False) -> None:
    """Tell people something, once for its key."""
    batch.writes["notice_insert"].append((key, project, job, int(needs_you), text, batch.wall))
    batch.writes["notice_trim"] = [(NOTICES_MAX,)]
    if needs_you:
        reach(batch, "needs_you", f"notice/{key}", project, job, text=text)


def reach(batch: Batch, what: str, key: str, project: str, job: int, **data: object) -> None:
    """Put what people are told where they are into the outbox, for each channel that takes it; once for its key."""
    told = dict(zip(_FIELDS, (0, batch.wall, what, project, "", job, 0, "", data), strict=True))
    for name, state in batch.hot.limits.channels(what):
        row = (f"{key}@{name}", f"channel:{name}", orjson.dumps(told).decode(), batch.now, batch.wall, state)
        batch.writes["delivery_insert"].append(row)
        if state == "draft":  # of no project: its end is no answer
            asks = f"{project} has pieces that go out once they are approved: podium deliveries --state draft"
            notice(batch, "drafts/" + "/".join(key.split("/")[1:3]), asks, needs_you=True)


def _values(batch: Batch, told: dict[str, Any], text: str) -> dict[str, str]:
    found = {name: told[name] or None for name in ("project", "workflow", "job", "instance")}
    found |= {name: told["data"].get(key) for name, key in _SAID.items()} | {"event": told["type"]}
    found["title"] = _title(batch, told["project"]) if "title" in asked(text) else None
    return {name: str(value) for name, value in found.items() if value is not None}


def _title(batch: Batch, project: str) -> str:
    """The project's title, also when it is made in this batch."""
    here = [row[1] for row in batch.writes["project_insert"] if row[0] == project]
    return here[0] if here else batch.rows.one("project_by_id", (project,))[1]
