"""The requirement gate itself: a full run fails when what is called proven did not pass, also under xdist."""

import pytest

from tests.tidy.source import ROOT

LIST = """
AAA-1 = { text = "first", status = "proven" }
AAA-2 = { text = "second", status = "open", reason = "later" }
"""
TESTS = """
import pytest

@pytest.mark.requirement("AAA-1")
@pytest.mark.parametrize("good", %s)
def test_first(good):
    assert good or pytest.skip()

@pytest.mark.requirement("AAA-2")
def test_second():
    pass
"""
NOTHING_PASSED = "[False]"
ONE_PASSED = "[True, False]"


def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, outcomes: str, *arguments: str) -> pytest.RunResult:
    pytester.mkdir("docs").joinpath("requirements.toml").write_text(LIST)
    pytester.makepyfile(TESTS % outcomes)
    pytester.makeini("[pytest]\nmarkers = requirement: an id\n")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # for the workers
    return pytester.runpytest_inprocess("-p", "tests.tidy.gate", *arguments)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_full_run_fails_without_proof(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: str) -> None:
    result = run(pytester, monkeypatch, NOTHING_PASSED, "--prove", "-n", workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*called proven*", "  AAA-1", "hint: still open*", "  AAA-2"])


def test_full_run_passes_with_proof(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(pytester, monkeypatch, ONE_PASSED, "--prove", "-n", "2")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*called proven*")


def test_partial_run_asks_for_no_proof(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(pytester, monkeypatch, NOTHING_PASSED).ret == pytest.ExitCode.OK
