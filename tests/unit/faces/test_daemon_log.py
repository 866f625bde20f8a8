"""What the orchestrator logs is one JSON object a line, and names the attempt that it is about (MET-1)."""

import json
import logging
from typing import Any

import pytest

from podium.faces.cli.daemon import _Lines


def line(message: str, *arguments: Any, error: BaseException | None = None) -> dict[str, Any]:
    told = (type(error), error, None) if error else None
    record = logging.LogRecord("podium.hosts", logging.WARNING, "x.py", 1, message, arguments, told)
    record.created = 1_000_000_000.0
    shown = _Lines().format(record)
    assert "\n" not in shown
    return json.loads(shown)


@pytest.mark.requirement("MET-1")
def test_a_line_names_its_attempt() -> None:
    assert line("unfinished work of %s could not be saved: %s", "hello/12.a3", OSError("full")) == {
        "at": "2001-09-09T01:46:40.000+00:00",
        "level": "warning",
        "logger": "podium.hosts",
        "message": "unfinished work of hello/12.a3 could not be saved: full",
        "project": "hello",
        "job": 12,
        "attempt": 3,
    }


@pytest.mark.requirement("MET-1")
def test_what_names_no_attempt_has_no_ids_and_an_error_is_whole() -> None:
    told = line("two\nlines %d", 7, error=ValueError("broken"))
    assert told["message"] == "two\nlines 7"
    assert told["error"].endswith("ValueError: broken")
    assert "job" not in told
