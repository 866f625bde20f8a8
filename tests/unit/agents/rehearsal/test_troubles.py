"""Rehearsed trouble: what the directive says, and that the trouble is real."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from podium.agents.rehearsal.stage import Troubles, parse_troubles, read_troubles, strikes
from tests.unit.agents.rehearsal.playhouse import Json, Playhouse, environment, git

FEATURES = "# Echo\n\n## Features\n\n- Sort words\n- Count words\n"

PlayedGenesis = Callable[[str], tuple[Playhouse, Json, Json]]


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Playhouse, list[Json]]:
    playhouse = Playhouse(tmp_path_factory.mktemp("echo"), FEATURES)
    return playhouse, playhouse.genesis()


@pytest.fixture
def played_genesis(tmp_path: Path, laid_out: tuple[Playhouse, list[Json]]) -> PlayedGenesis:
    """Give a copy of the laid-out project whose document now asks for trouble, and its two issues."""
    original, (one, two) = laid_out

    def copy(directive: str) -> tuple[Playhouse, Json, Json]:
        folder = tmp_path / "echo"
        shutil.copytree(original.main, folder / "main")
        playhouse = replace(original, folder=folder, artifacts=list(original.artifacts))
        playhouse.document.write_text(f"{FEATURES}\n<!-- rehearsal: {directive} -->\n", "utf-8")
        return playhouse, one, two

    return copy


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("<!-- rehearsal: seconds=0.5 rework=003 -->", Troubles(0.5, rework=frozenset({"003"}))),
        ("<!-- rehearsal: crash=1,2 hang=4 -->", Troubles(crash=frozenset({"1", "2"}), hang=frozenset({"4"}))),
        ("<!-- rehearsal: seconds=1e9 -->", Troubles(60.0)),
        ("<!-- rehearsal: seconds=soon odd= = x -->", Troubles()),
        ("```\n<!-- rehearsal: crash=1 -->\n```", Troubles()),
        ("    <!-- rehearsal: crash=1 -->", Troubles()),
        ("<!-- a comment -->", Troubles()),
    ],
)
def test_directives_are_read(line: str, expected: Troubles) -> None:
    assert parse_troubles(f"# Title\n\n{line}\n") == expected


def test_a_missing_document_asks_for_no_trouble(tmp_path: Path) -> None:
    assert read_troubles(tmp_path / "none.md") == Troubles()


def test_an_issue_is_struck_by_number_or_key() -> None:
    assert strikes(frozenset({"3"}), "003-greet")
    assert strikes(frozenset({"003-greet"}), "003-greet")
    assert not strikes(frozenset({"30", "implement"}), "003-greet")


def test_review_catches_the_fault_and_feedback_mends_it(played_genesis: PlayedGenesis) -> None:
    playhouse, issue, _ = played_genesis("rework=1")
    tests = playhouse.passed(playhouse.play("development", "tests", issue))
    first = playhouse.passed(playhouse.play("development", "implement", issue, tests.clone))
    caught = playhouse.play("development", "review", issue, first.clone)
    assert caught.verdict == "rework"
    assert "f001_sort_words.py" in caught.result["feedback"]
    assert "TODO" in caught.result["feedback"]

    feedback = [caught.result["feedback"]]
    second = playhouse.passed(playhouse.play("development", "implement", issue, first.clone, feedback))
    assert "Answers the feedback:" in git(second.clone, "log", "-1", "--format=%b")
    assert "Revised after feedback:" in (second.clone / "src/echo/features/f001_sort_words.py").read_text("utf-8")
    assert playhouse.play("development", "review", issue, second.clone).verdict == "passed"


def test_review_sends_back_what_breaks_another_feature(played_genesis: PlayedGenesis) -> None:
    playhouse, one, two = played_genesis("")
    playhouse.develop_all([one])
    tests = playhouse.passed(playhouse.play("development", "tests", two))
    other = tests.clone / "src/echo/features/f001_sort_words.py"
    other.write_text(other.read_text("utf-8").replace("sorted(", "list("), "utf-8")
    meddling = playhouse.play("development", "implement", two, tests.clone)
    git(meddling.clone, "pull", "--quiet", str(tests.clone), "HEAD")
    (meddling.clone / other.relative_to(tests.clone)).write_text(other.read_text("utf-8"), "utf-8")
    git(meddling.clone, "commit", "--quiet", "--all", "--message=meddle\n\nIssue: 002-count-words")
    review = playhouse.play("development", "review", two, meddling.clone)
    assert review.verdict == "rework"
    assert "The test suite fails" in review.result["feedback"]


def test_review_sends_back_what_is_missing(played_genesis: PlayedGenesis) -> None:
    playhouse, issue, _ = played_genesis("")
    review = playhouse.play("development", "review", issue)
    assert review.verdict == "rework"
    assert "tests/test_001_sort_words.py is missing." in review.result["feedback"]


def test_a_crash_leaves_unfinished_work_and_happens_once(played_genesis: PlayedGenesis) -> None:
    playhouse, issue, _ = played_genesis("crash=001")
    tests = playhouse.passed(playhouse.play("development", "tests", issue))
    crashed = playhouse.play("development", "implement", issue, tests.clone)
    assert crashed.status == -signal.SIGKILL
    assert crashed.of_type("result") == []
    assert "f001_sort_words.py" in git(crashed.clone, "status", "--porcelain")
    playhouse.passed(playhouse.play("development", "implement", issue, tests.clone, attempt=2))


def test_a_hang_goes_on_until_it_is_ended(played_genesis: PlayedGenesis) -> None:
    playhouse, issue, _ = played_genesis("hang=001")
    failed = playhouse.play("development", "implement", {**issue, "key": "002-x"})
    assert failed.status == 0, "only the named issue hangs"
    assignment = failed.clone.with_suffix(".json")
    assignment.write_text(assignment.read_text("utf-8").replace("002-x", issue["key"]), "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "podium.agents.rehearsal"],
        cwd=failed.clone,
        env={**environment(playhouse.folder), "PODIUM_ASSIGNMENT": str(assignment)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert any("Rehearsing a hang" in line for line in process.stdout)
        assert process.poll() is None
        os.kill(process.pid, signal.SIGTERM)
    assert process.returncode == -signal.SIGTERM


@pytest.mark.parametrize(("directive", "step"), [("fail=1", "implement"), ("fail=performance", "performance")])
def test_a_step_fails_when_asked_to(played_genesis: PlayedGenesis, directive: str, step: str) -> None:
    playhouse, issue, _ = played_genesis(directive)
    played = playhouse.play("development", step, issue)
    assert (played.status, played.verdict) == (0, "failed")
    assert "asked" in played.result["summary"]
