"""Loads the requirement gate for every test run, and says at its end what tests have counted."""

from typing import Any

import pytest

pytest_plugins = ["pytester", "tests.tidy.gate"]
TOLD = "told"
"""The property of a test that holds what it tells: `record_property("told", "812 seeds")`."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line for each thing that was told, whether the test passed or not."""
    stats: dict[str, list[Any]] = terminalreporter.stats
    reports = [report for kind in ("passed", "failed") for report in stats.get(kind, ()) if report.when == "call"]
    for text in [text for report in reports for name, text in report.user_properties if name == TOLD]:
        terminalreporter.line(str(text))
