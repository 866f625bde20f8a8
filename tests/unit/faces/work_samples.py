"""Answers about an attempt at work; see `samples`."""

from typing import Any

from podium.operations.attempts import AssignmentOutput
from podium.operations.diff import DiffFile, DiffOutput, GateRow
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


PATCH = "@@ -1,2 +1,2 @@\n-a = 1\n+a = 2\n \x1b[31mb = [bold]3[/]"


def diff(**more: Any) -> Answer:
    files = [
        DiffFile(path="src/a.py", added=1, removed=1, patch=PATCH, cut=True),
        DiffFile(path="logo.png", added=None, removed=None, patch="", cut=False),
    ]
    gates = [
        GateRow(name="tests", outcome="failed", detail="It ended with status 1.\nE  assert 1 == 2", seconds=3.2),
        GateRow(name="lint", outcome="passed", detail="", seconds=0.0),
    ]
    told: dict[str, Any] = {
        "job": 12, "project": "p", "attempt": "p/12.a1", "commit": "b" * 40, "base": "a" * 40, "unfinished": False,
        "summary": "Greets by name", "feedback": "Handle\ncommas", "gates": gates, "files_total": 3, "added": 1,
        "removed": 1, "files": files,
    }  # fmt: skip
    return plain(DiffOutput(**told | more))


def diffs() -> list[Answer]:
    """With a change, without one, and one that is not kept."""
    nothing: dict[str, Any] = {"files": [], "gates": [], "base": None}
    return [diff(), diff(**nothing, commit=None, attempt=""), diff(**nothing)]
