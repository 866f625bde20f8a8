"""pytest plugin: a full run fails when a requirement that the list calls proven did not pass in it.

`./dev test` without arguments is a full run; it passes `--prove`. A requirement has passed when at least one test that
carries its id passed and none failed.
"""

from collections.abc import Iterable
from typing import Final

import pytest

from tests.tidy.requirements import FILE, MARKER, Requirement, load


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--prove`."""
    parser.addoption("--prove", action="store_true", help=f"fail unless every proven line of {FILE} passed in this run")


def pytest_configure(config: pytest.Config) -> None:
    """Watches from the process that sees every report: with xdist, the controller."""
    if config.getoption("--prove") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Gate(load(config.rootpath)), "requirement-gate")


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Puts a test's requirement ids where its reports carry them, also out of an xdist worker."""
    for item in items:
        ids = [str(id_) for mark in item.iter_markers(MARKER) for id_ in mark.args]
        item.user_properties += [(MARKER, id_) for id_ in ids]


class Gate:
    """Collects outcomes by requirement, and judges them at the end of the run."""

    def __init__(self, requirements: dict[str, Requirement]) -> None:
        self.requirements: Final = requirements
        self.passed: Final[set[str]] = set()
        self.failed: Final[set[str]] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes one phase of one test; set-up and clean-up can fail a requirement, but not prove it."""
        ids = {str(value) for name, value in report.user_properties if name == MARKER}
        if report.failed:
            self.failed.update(ids)
        elif report.passed and report.when == "call":
            self.passed.update(ids)

    def unproven(self) -> list[str]:
        """The ids that the list calls proven and this run did not prove."""
        proven = {id_ for id_, entry in self.requirements.items() if entry.status == "proven"}
        return sorted(proven - (self.passed - self.failed))

    def provable(self) -> list[str]:
        """The ids that the list calls open although tests carry them and passed."""
        still_open = {id_ for id_, entry in self.requirements.items() if entry.status == "open"}
        return sorted(still_open & (self.passed - self.failed))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turns a run that passed into a failed one; worse results stay."""
        if session.exitstatus == pytest.ExitCode.OK and self.unproven():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Says what is not proven, and hints at what might be."""
        if unproven := self.unproven():
            terminalreporter.section("requirements", red=True)
            terminalreporter.line(f"called proven in {FILE}, but no test that carries the id passed, or one failed:")
            terminalreporter.line("  " + " ".join(unproven))
        if provable := self.provable():
            terminalreporter.line(f"hint: still open in {FILE}, though tests that carry the id passed:")
            terminalreporter.line("  " + " ".join(provable))
