"""Answers about an attempt at work; see `samples`."""

from typing import Any

from podium.operations.attempts import AssignmentOutput
from podium.operations.messages import InboxOutput, InboxRow
from tests.unit.faces.samples import NOW, Answer, plain


def assignment(**more: Any) -> Answer:
    told: dict[str, Any] = {
        "attempt": "p/12.a1", "project": {"id": "p", "title": "P"}, "workflow": "development", "step": "implement",
        "role": "features", "instance": "dev-02", "item": {"key": "001", "title": "Greet", "data": {}},
        "prompt": "Make the tests pass.", "artifacts": [{"kind": "plan"}], "feedback": ["1. commas"],
        "increment": None, "timeout_seconds": 600.0,
    }  # fmt: skip
    return plain(AssignmentOutput(**told | more))


def inbox(*, empty: bool = False) -> Answer:
    row = InboxRow(id=61, to="all", sender="operator", project="", text="The style guide\nhas changed", at=NOW - 60)
    return plain(InboxOutput(instance="dev-02", messages=[] if empty else [row, row]))
