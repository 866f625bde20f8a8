"""A disk that is full at any moment: writes say when to try again, reads go on, and all heals by itself (REC-9)."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from podium.runner.spec import Limits
from tests.crash.ballast import Ballast, passed_in_namespace, small_disk
from tests.crash.verdicts import ask, charged, judge
from tests.faces.command_line import CommandLine
from tests.unit.runner.stage import PASSED, Stage, is_alive, shell

pytestmark = [pytest.mark.requirement("REC-9"), pytest.mark.timeout(300)]

FEATURES = 2
DOCUMENT = "# {}\n<!-- rehearsal: seconds=0.2 -->\n\n## Features\n\n" + "".join(
    f"- Feature {letter} counts {letter} words\n" for letter in "abcdefgh"[:FEATURES]
)
MOMENTS = (
    ("genesis", "analyze"),
    ("genesis", "scaffold"),
    ("development", "implement"),
    ("development", "merge"),
    ("development", "deploy"),
    ("content", "publish"),
)
HELD_SECONDS = 1.0
"""How long the disk stays full: commits, agents' ends and passes of the mirror fall into it."""
PATIENCE_SECONDS = 120.0


def write(podium: CommandLine, title: str) -> str:
    """A document outside of the small disk."""
    path = podium.home.parents[1] / f"{title.lower()}.md"
    path.write_text(DOCUMENT.format(title))
    return str(path)


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: {what}"
        time.sleep(0.02)


def has_begun(home: Path, workflow: str, step: str) -> bool:
    return ask(home, "SELECT count(*) FROM job WHERE workflow = ? AND step = ? AND attempt > 0", workflow, step) > 0


def open_projects(home: Path) -> int:
    return ask(home, "SELECT count(*) FROM project WHERE state = 'open'")


def refuses_and_answers(podium: CommandLine, document: str) -> None:
    refused = podium("submit", document, "--idempotency-key", "while full")
    assert (refused.returncode, "ree space" in refused.stderr) == (6, True), refused.stdout + refused.stderr
    for words in (["status"], ["projects"], ["logs", "genesis-01"]):
        done = podium(*words)
        assert (done.returncode, done.stderr) == (0, ""), words


@pytest.mark.parametrize("of_files", [False, True], ids=["bytes", "files"])
def test_a_disk_that_is_full_at_any_moment_costs_nothing(
    tmp_path: Path, request: pytest.FixtureRequest, of_files: bool
) -> None:
    if passed_in_namespace(request.node.nodeid):
        return
    with small_disk(tmp_path / "disk", files=3000 if of_files else 20_000) as disk:
        podium = CommandLine(disk / "home")
        document = write(podium, "Full")
        pid = podium.ask("up")["pid"]
        try:
            podium.ask("submit", document)
            for workflow, step in MOMENTS[1::3] if of_files else MOMENTS:
                until(lambda w=workflow, s=step: has_begun(podium.home, w, s), f"{workflow} {step} begins")
                with Ballast(disk, of_files=of_files):
                    if step == "implement":
                        refuses_and_answers(podium, document)
                    time.sleep(HELD_SECONDS)
            until(lambda: open_projects(podium.home) == 0, "the project ends")
            assert podium.ask("up")["pid"] == pid, "the orchestrator did not go on"
        finally:
            podium("down")
        assert judge(podium.home, {"full": FEATURES})[:3] == ([], [], [])
        assert charged(podium.home) == []


def test_an_orchestrator_begins_and_dies_on_a_full_disk(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if passed_in_namespace(request.node.nodeid):
        return
    with small_disk(tmp_path / "disk") as disk:
        podium = CommandLine(disk / "home")
        document = write(podium, "Full")
        with Ballast(disk):
            for words in (["submit", document], ["up"], ["run", document], ["init"]):
                refused = podium(*words)
                assert (refused.returncode, refused.stderr.count("Traceback")) == (6, 0), refused.stderr
            assert podium("status").returncode == 3, "there is no home yet"
        podium.ask("submit", document)
        with Ballast(disk):
            refuses_and_answers_when_stopped(podium, document)
        pid = podium.ask("up")["pid"]
        try:
            until(lambda: has_begun(podium.home, "development", "tests"), "development begins")
            with Ballast(disk):
                os.kill(pid, signal.SIGKILL)
                assert podium("status").returncode == 0
                assert podium.ask("up")["pid"] != pid
                refuses_and_answers(podium, document)
            until(lambda: open_projects(podium.home) == 0, "the project ends")
        finally:
            podium("down")
        assert judge(podium.home, {"full": FEATURES})[:3] == ([], [], [])
        assert charged(podium.home) == []


def refuses_and_answers_when_stopped(podium: CommandLine, document: str) -> None:
    for words in (["submit", document, "--idempotency-key", "while full"], ["up"]):
        refused = podium(*words)
        assert (refused.returncode, refused.stderr.count("Traceback")) == (6, 0), refused.stderr
    for words in (["status"], ["projects"]):
        assert podium(*words).returncode == 0, words


def test_a_gate_that_had_no_room_is_asked_again(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if passed_in_namespace(request.node.nodeid):
        return
    with small_disk(tmp_path / "disk", "16m") as disk:
        stage = Stage(disk)
        go, fifo = stage.root / "go", stage.fifo()
        gate = f"echo $$ >{fifo}; until [ -e {go} ]; do sleep 0.02; done; "
        gate += "head -c 2000000 /dev/zero >$TMPDIR/large || exit 1; rm $TMPDIR/large"
        runner = stage.start("echo a >a.txt\n" + PASSED, gates=(shell(gate),))
        pid = int(stage.hear())
        with Ballast(disk):
            go.touch()
            until(lambda: not is_alive(pid), "the gate ends")
            time.sleep(HELD_SECONDS)
            assert runner.poll() is None, "it waits for room"
        assert int(stage.hear()) != pid
        assert runner.wait(PATIENCE_SECONDS) == 0
        report = stage.report()
        assert [result["outcome"] for result in report["gates"]] == ["passed"]
        assert not report["is_environment"]
        assert stage.files(report["commit"]) == {"README.md", "a.txt"}


@pytest.mark.parametrize("whose", ["the agent's", "somebody else's"])
def test_an_agent_that_fills_the_disk_itself_is_charged(
    tmp_path: Path, request: pytest.FixtureRequest, whose: str
) -> None:
    if passed_in_namespace(request.node.nodeid):
        return
    with small_disk(tmp_path / "disk", "16m") as disk:
        stage = Stage(disk)
        script = (
            f"echo a >a.txt; echo in >{stage.fifo()}; cat {stage.fifo()}; head -c 1000000000 /dev/zero >large; exit 1\n"
        )
        runner = stage.start(script, limits=Limits(room_seconds_max=60.0))
        assert stage.hear() == "in"
        with Ballast(disk) if whose != "the agent's" else nullcontext():
            stage.fifo().write_text("go")
            time.sleep(HELD_SECONDS)
        assert runner.wait(PATIENCE_SECONDS) == 0
        assert stage.messages(), "whole lines alone are kept"
        report = stage.report()
        is_own = whose == "the agent's"
        assert report["is_environment"] != is_own
        assert report["detail"].startswith("it filled the disk." if is_own else "there is no room on the disk.")
        assert stage.files(report["salvage"]) - {"large"} == {"README.md", "a.txt"}, "the rest of its work is kept"


@pytest.mark.parametrize("what", ["agent", "gate"])
def test_room_that_is_back_before_anybody_looks_was_missing_all_the_same(
    tmp_path: Path, request: pytest.FixtureRequest, what: str
) -> None:
    if passed_in_namespace(request.node.nodeid):
        return
    with small_disk(tmp_path / "disk", "16m") as disk:
        stage = Stage(disk)
        tried = stage.root / "tried"
        hurt = f"if [ ! -e {tried} ]; then echo in >{stage.fifo()}; cat {stage.fifo()}; touch {tried}; exit 1; fi\n"
        script, gates = (hurt, ()) if what == "agent" else ("echo a >a.txt\n" + PASSED, (shell(hurt),))
        runner = stage.start(script, gates=gates)
        assert stage.hear() == "in"
        with Ballast(disk):
            time.sleep(HELD_SECONDS)
        stage.fifo().write_text("there is room again")
        assert runner.wait(PATIENCE_SECONDS) == 0
        report = stage.report()
        if what == "agent":
            assert (report["ending"], report["is_environment"]) == ("crashed", True)
            assert report["detail"].startswith("there is no room on the disk.")
        else:
            assert [result["outcome"] for result in report["gates"]] == ["passed"]
            assert not report["is_environment"]
