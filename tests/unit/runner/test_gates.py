"""Gates judge what is delivered, and whatever is not clearly passed fails closed (PIP-8)."""

import os
import resource
import signal
from typing import Any

import pytest

from podium.runner.processes import all_pids
from podium.runner.shortage import used_bytes
from podium.runner.spec import Limits
from tests.unit.runner.stage import PASSED, WAIT_SECONDS, Stage, command, is_alive, only, says, shell

FLOOD_BYTES = 300_000_000

pytestmark = pytest.mark.requirement("PIP-8")


@pytest.mark.parametrize(
    ("gate", "outcome", "detail"),
    [
        (shell("exit 0"), "passed", "exit status 0"),
        (shell("echo reason >&2; exit 1"), "failed", "reason"),
        (shell("exit 2"), "could-not-run", "exit status 2"),
        (shell("exit 5"), "could-not-run", "exit status 5"),
        (shell("no-such-tool"), "could-not-run", "exit status 127"),
        (shell("exit 126"), "could-not-run", "exit status 126"),
        (shell("kill -KILL $$"), "could-not-run", "killed by SIGKILL"),
        (command("no-such-tool"), "could-not-run", "no such program on PATH"),
        (command("./README.md"), "could-not-run", "Permission denied"),
        (command("nul\0"), "could-not-run", ""),
        (command(), "could-not-run", "no command"),
        ({"kind": "command", "name": "check"}, "could-not-run", "command"),
        ({"kind": "magic", "name": "check"}, "could-not-run", "magic"),
        (shell("sleep 1000", timeout_seconds=0.2), "could-not-run", "ended after 0.2 s"),
        (shell("exit 1", expect="failed"), "passed", "exit status 1"),
        (shell("exit 0", expect="failed"), "failed", "exit status 0"),
        (shell("exit 2", expect="failed"), "could-not-run", "exit status 2"),
        (command("{python}", "-c", "import sys; print(sys.version_info.major)"), "passed", "3"),
    ],
)
def test_a_command_answers_with_its_exit_status(stage: Stage, gate: dict[str, Any], outcome: str, detail: str) -> None:
    result = only(stage.run("echo a >a.txt\n" + PASSED, gates=(gate,)))
    assert (result["name"], result["outcome"]) == ("check", outcome)
    assert detail in result["detail"]
    assert any(text.startswith(f"check: {outcome}") for text in stage.texts("gate"))


@pytest.mark.parametrize(
    ("script", "outcome"),
    [("echo a >a.txt\n", "passed"), ("", "failed"), ("git commit -q --allow-empty -m x\n", "failed")],
)
def test_done_without_a_change_fails(stage: Stage, script: str, outcome: str) -> None:
    assert only(stage.run(script + PASSED, gates=({"kind": "change", "name": "new"},)))["outcome"] == outcome


@pytest.mark.parametrize(
    ("require", "outcome"),
    [
        (["plan"], "passed"),
        (["plan", "count"], "passed"),
        (["nothing"], "failed"),
        (["empty"], "failed"),
        (["none"], "failed"),
    ],
)
def test_a_result_must_hold_what_is_required(stage: Stage, require: list[str], outcome: str) -> None:
    said: list[dict[str, Any]] = [
        {"type": "artifact", "kind": "plan", "key": "plan"},
        {"type": "result", "verdict": "passed", "data": {"count": 0, "empty": [], "none": None}},
    ]
    script = says(said).removesuffix(PASSED)
    gate = {"kind": "result", "name": "holds", "require": require}
    assert only(stage.run(script, gates=(gate,)))["outcome"] == outcome


PLANTED = {
    "a missing interpreter": "printf '#!/nowhere/sh\\nexit 0\\n' >tool; chmod +x tool\n",
    "no program at all": "head -c 1000 /dev/urandom >tool; chmod +x tool\n",
    "not executable": "printf '#!/bin/sh\\nexit 0\\n' >tool\n",
    "a folder": "mkdir tool; echo a >tool/a.txt\n",
    "a circle of links": "ln -s other tool; ln -s tool other\n",
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_program_that_cannot_run_has_not_passed(stage: Stage, what: str) -> None:
    result = only(stage.run(PLANTED[what] + PASSED, gates=(command("./tool"),)))
    assert (result["outcome"], "could not be started" in result["detail"]) == ("could-not-run", True), result


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ("kill -SEGV $$", "could-not-run"),
        ("kill -TERM $$", "could-not-run"),
        ("exit 143", "could-not-run"),
        ("exec >&- 2>&-; exit 1", "failed"),
        ("cat; exit 1", "failed"),
        ("printf '\\377\\376\\000\\033[31m\\r'; exit 0", "passed"),
        ("head -c 100000 /dev/urandom; exit 1", "failed"),
        ("kill -TERM $PPID; sleep 1000", "cancelled"),
    ],
)
def test_odd_endings_and_bytes_are_judged(stage: Stage, script: str, outcome: str) -> None:
    report = stage.run("echo a >a.txt\n" + PASSED, gates=(shell(script),))
    if outcome == "cancelled":  # to ask the runner to stop is no way to pass
        assert (report["ending"], report["commit"]) == ("cancelled", None)
    else:
        assert only(report)["outcome"] == outcome
        assert "\0" not in only(report)["detail"]


def test_a_gate_that_kills_its_judge_leaves_no_verdict(stage: Stage) -> None:
    runner = stage.start("echo a >a.txt\n" + PASSED, gates=(shell("kill -KILL $PPID; exit 0"),))
    assert runner.wait(WAIT_SECONDS) == -signal.SIGKILL
    assert not (stage.directory / "exit.json").exists()


HANGS = {
    "ignores the signal": "trap '' TERM HUP INT; while :; do sleep 1000; done",
    "is stopped": "kill -STOP $$",
    "has forked away": "(setsid sh -c '(trap \"\" TERM; sleep 1000) & exec sleep 1000' &) ; sleep 1000",
    "floods": "trap '' TERM; cat /dev/zero",
}


@pytest.mark.parametrize("how", HANGS)
def test_a_gate_that_hangs_ends_soon_after_its_limit(stage: Stage, how: str) -> None:
    gate = shell(HANGS[how], timeout_seconds=0.3)
    result = only(stage.run(PASSED, gates=(gate,), limits=Limits()))
    assert (result["outcome"], result["detail"].splitlines()[0]) == ("could-not-run", "It was ended after 0.3 s.")
    assert result["seconds"] < 0.3 + 10
    assert not [pid for pid in all_pids() if stage.tag_of(pid)], "nothing of it is left"


@pytest.mark.parametrize("of", ["gate", "agent"])
def test_a_flood_without_an_end_of_line_takes_bounded_memory_and_disk(stage: Stage, of: str) -> None:
    flood = f"head -c {FLOOD_BYTES} /dev/zero; head -c {FLOOD_BYTES} /dev/zero >&2\n"
    script, gates = (flood + "echo\n" + PASSED, ()) if of == "agent" else (PASSED, (shell(flood),))
    runner = stage.start(script, gates=gates)
    _, status, usage = os.wait4(runner.pid, 0)
    runner.returncode = status
    assert status == 0
    inherited = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # a child's peak begins with its parent's: fork(2)
    assert usage.ru_maxrss < inherited + FLOOD_BYTES // 1024 // 4, "KiB of memory"
    assert used_bytes(stage.directory) < 16 << 20
    report = stage.report()
    assert (report["ending"], report["verdict"]) == ("finished", "passed")
    assert [result["outcome"] for result in report["gates"]] == ["passed"] * len(gates)


def test_approval_is_not_the_runners_to_give(stage: Stage) -> None:
    assert stage.run(PASSED, gates=({"kind": "approval", "name": "lead"},))["gates"] == []


def test_gates_are_not_asked_about_work_that_did_not_pass(stage: Stage) -> None:
    script = """echo '{"type": "result", "verdict": "rework", "feedback": "no"}'"""
    assert stage.run(script, gates=(shell("exit 0"),))["gates"] == []


def test_output_of_a_gate_is_bounded_to_its_end(stage: Stage) -> None:
    gate = shell("yes | head -c 50000000; echo the end")
    result = only(stage.run(PASSED, gates=(gate,), limits=Limits(gate_output_bytes_max=1000)))
    assert result["outcome"] == "passed"
    assert len(result["detail"]) < 1100
    assert result["detail"].endswith("the end")


@pytest.mark.parametrize("status", [0, 1])
def test_a_gate_that_forks_away_is_ended_with_its_answer(stage: Stage, status: int) -> None:
    pids = stage.root / "pids"
    hidden = f"setsid sh -c 'echo $$ >{pids}; sleep 1000' & until [ -s {pids} ]; do sleep 0.01; done; exit {status}"
    result = only(stage.run(PASSED, gates=(shell(hidden),)))
    assert result["outcome"] == ("failed" if status else "passed")
    assert not is_alive(int(pids.read_text()))


def test_what_gates_write_is_not_delivered(stage: Stage) -> None:
    gate = shell("echo g >gate.txt; git add gate.txt; git -c user.name=g commit --quiet -m gate; true")
    program = command("{python}", "-c", "import module")
    report = stage.run("echo 'x = 1' >module.py\n" + PASSED, gates=(gate, program))
    assert [result["outcome"] for result in report["gates"]] == ["passed", "passed"]
    assert stage.files(report["commit"]) == {"README.md", "module.py"}
    assert not (stage.clone / "__pycache__").exists()


def test_gates_see_what_is_delivered(stage: Stage) -> None:
    gate = shell('test -z "$(git status --porcelain)" && git show HEAD:left.txt')
    report = stage.run("echo over >left.txt\n" + PASSED, gates=(gate,))
    assert only(report)["outcome"] == "passed"
    assert only(report)["detail"].endswith("over")


def test_a_gate_finds_no_program_in_the_clone(stage: Stage) -> None:
    script = "printf '#!/bin/sh\\nexit 0\\n' >checker; chmod +x checker\n" + PASSED
    assert only(stage.run(script, gates=(command("checker"),)))["outcome"] == "could-not-run"


def test_a_request_to_stop_ends_the_gates_too(stage: Stage) -> None:
    gates = (shell(f"echo in >{stage.fifo()}; sleep 1000"), shell("exit 0", name="second"))
    runner = stage.start("echo a >a.txt\n" + PASSED, gates=gates)
    assert stage.hear() == "in"
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(20) == 0
    report = stage.report()
    assert (report["ending"], report["commit"]) == ("cancelled", None)
    assert [result["outcome"] for result in report["gates"]] == ["could-not-run"]
    assert "a.txt" in stage.files(report["salvage"])
