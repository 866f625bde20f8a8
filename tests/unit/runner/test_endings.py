"""However an agent ends, the report says so, its work is saved and nothing of it goes on running."""

import json
import os
import select
import signal

import pytest

from podium.domain.attempt import Ending
from podium.runner import attempt
from podium.runner.spec import Limits, attempt_seconds_max
from tests.unit.runner.stage import PASSED, WAIT_SECONDS, Stage, is_alive, says


def test_the_runner_knows_the_domains_endings() -> None:
    own = {attempt.FINISHED, attempt.CRASHED, attempt.TIMED_OUT, attempt.CANCELLED, attempt.COULD_NOT_START}
    assert own == {str(ending) for ending in Ending} - {"lost"}


def test_work_is_delivered_with_its_result(stage: Stage) -> None:
    report = stage.run("echo hi >new.txt\n" + PASSED)
    assert (report["ending"], report["verdict"], report["summary"]) == ("finished", "passed", "Did it")
    assert report["salvage"] is None
    assert report["started_at"] <= report["ended_at"]
    assert stage.files(report["commit"]) == {"README.md", "new.txt"}


def test_nothing_done_delivers_nothing(stage: Stage) -> None:
    report = stage.run(PASSED)
    assert report["ending"] == "finished"
    assert report["commit"] is None
    assert not (stage.directory / "delivery.bundle").exists()


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        ("exit 3", "exit status 3"),
        (PASSED + "exit 3", "exit status 3"),
        ("kill -KILL $$", "killed by SIGKILL"),
        (PASSED + "kill -SEGV $$", "killed by SIGSEGV"),
        ("echo done", "ended without a result"),
        ("""echo '{"type": "result", "verdict": "splendid"}'""", "ended without a result"),
    ],
)
@pytest.mark.requirement("REC-1")
def test_an_agent_that_gives_no_good_result_has_crashed(stage: Stage, script: str, detail: str) -> None:
    report = stage.run("echo half >half.txt\n" + script)
    assert (report["ending"], report["detail"]) == ("crashed", detail)
    assert report["commit"] is None
    assert "half.txt" in stage.files(report["salvage"])
    assert report["gates"] == []


def test_a_missing_program_could_not_start(stage: Stage) -> None:
    report = stage.run("", argv=("no-such-agent",))
    assert report["ending"] == "could-not-start"
    assert "no-such-agent: no such program on PATH" in report["detail"]


def test_a_program_that_is_none_could_not_start(stage: Stage) -> None:
    report = stage.run("", argv=(str(stage.repository / "README.md"),))
    assert (report["ending"], report["verdict"]) == ("could-not-start", None)
    assert "Permission denied" in report["detail"]


def test_a_base_that_is_not_there_could_not_start(stage: Stage) -> None:
    report = stage.run(PASSED, base="1" * 40)
    assert report["ending"] == "could-not-start"
    assert "clone" in report["detail"]


def test_an_unusable_spec_is_reported(stage: Stage) -> None:
    (stage.directory / "run.json").write_text("[]")
    assert stage.start_again().wait(WAIT_SECONDS) == 0
    assert stage.report()["ending"] == "could-not-start"


def test_a_verdict_of_failed_is_no_crash_and_its_work_is_kept_aside(stage: Stage) -> None:
    report = stage.run("""echo x >x.txt; echo '{"type": "result", "verdict": "failed", "summary": "no"}'""")
    assert (report["ending"], report["verdict"], report["commit"]) == ("finished", "failed", None)
    assert "x.txt" in stage.files(report["salvage"])


def test_a_deadline_ends_the_agent(stage: Stage) -> None:
    report = stage.run("echo x >x.txt; sleep 1000", timeout_seconds=0.3)
    assert (report["ending"], report["detail"]) == ("timed-out", "ended after 0.3 s")
    assert "x.txt" in stage.files(report["salvage"])


@pytest.mark.parametrize(("timeout", "grace"), [(WAIT_SECONDS, 0.2), (0.3, 1000.0)])
def test_a_result_counts_although_its_agent_lingers(stage: Stage, timeout: float, grace: float) -> None:
    limits = Limits(grace_seconds=0.1, result_grace_seconds=grace)
    script = "echo x >x.txt\n" + PASSED + "trap '' TERM; while :; do sleep 1000; done"
    report = stage.run(script, timeout_seconds=timeout, limits=limits)
    assert (report["ending"], report["verdict"], report["detail"]) == ("finished", "passed", "")
    assert "x.txt" in stage.files(report["commit"])
    assert any("did not exit" in text for text in stage.texts("runner"))


@pytest.mark.requirement("REC-9")
def test_a_machine_without_git_is_to_blame(stage: Stage) -> None:
    report = stage.run(PASSED, path="/nowhere")
    assert (report["ending"], report["is_environment"]) == ("could-not-start", True)


def test_git_has_a_limited_time(stage: Stage) -> None:
    slow = stage.root / "slow-git"
    slow.mkdir()
    (slow / "git").write_text("#!/bin/sh\nexec sleep 1000\n")
    (slow / "git").chmod(0o700)
    limits = Limits(grace_seconds=0.1, git_seconds_max=0.2)
    report = stage.run(PASSED, path=f"{slow}:/usr/bin:/bin", limits=limits)
    assert (report["ending"], report["is_environment"]) == ("could-not-start", False)
    assert "timed-out" in report["detail"]


def test_a_whole_attempt_is_bounded() -> None:
    limits = Limits(grace_seconds=1.0, kill_seconds_max=9.0, git_seconds_max=100.0, room_seconds_max=7.0)
    assert attempt_seconds_max(60.0, (), limits) == 60 + 3 * 100 + 7 + 4 * 10
    assert attempt_seconds_max(60.0, (5.0, 7.0), limits) == 60 + 12 + 3 * 100 + 7 + 6 * 10


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_runner_cancels(stage: Stage, number: signal.Signals) -> None:
    runner = stage.start(f"echo x >x.txt; trap '' TERM INT; echo $$ >{stage.fifo()}; while :; do sleep 1000; done")
    agent = int(stage.hear())
    runner.send_signal(number)
    assert runner.wait(WAIT_SECONDS) == 0
    report = stage.report()
    assert report["ending"] == "cancelled"
    assert "x.txt" in stage.files(report["salvage"])
    assert not is_alive(agent)


def test_a_signal_before_the_agent_starts_cancels(stage: Stage) -> None:
    fifo = stage.fifo()
    slow = stage.root / "slow-git"
    slow.mkdir()
    (slow / "git").write_text(f"#!/bin/sh\necho git >{fifo}\nexec sleep 1000\n")
    (slow / "git").chmod(0o700)
    runner = stage.start(PASSED, path=f"{slow}:/usr/bin:/bin")
    assert stage.hear() == "git"
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(WAIT_SECONDS) == 0
    assert stage.report()["ending"] == "cancelled"


@pytest.mark.requirement("INS-4")
@pytest.mark.parametrize(
    "escape",
    [
        "$sleeper &",
        "setsid $sleeper &",
        "setsid $sleeper stubborn &",
        "(setsid sh -c '$sleeper & $sleeper & wait' &) &",
        "cd / && exec env -i setsid $sleeper stubborn &",
    ],
)
@pytest.mark.parametrize("end", [PASSED, "kill -KILL $$", "echo up >$fifo; sleep 1000"])
def test_no_descendant_is_left(stage: Stage, escape: str, end: str) -> None:
    pids, sleeper = stage.root / "pids", stage.root / "sleeper"
    sleeper.write_text(
        f'#!/bin/sh\n[ "$1" ] && trap "" TERM HUP\necho $$ >>{pids}\nwhile :; do /bin/sleep 1000; done\n'
    )
    sleeper.chmod(0o700)
    wanted = escape.count("$sleeper")
    begun = f"until [ -s {pids} ] && [ $(wc -l <{pids}) = {wanted} ]; do sleep 0.01; done\n"
    script = escape.replace("$sleeper", str(sleeper)) + "\n" + begun + end.replace("$fifo", str(stage.fifo()))
    runner = stage.start(script)
    if "$fifo" in end:
        assert stage.hear() == "up"
        runner.terminate()
    assert runner.wait(WAIT_SECONDS) == 0
    assert stage.report()["ending"] in {"finished", "crashed", "cancelled"}
    left = [pid for pid in map(int, pids.read_text().split()) if is_alive(pid)]
    assert len(pids.read_text().split()) == wanted
    assert not left


def test_a_descendant_that_holds_the_pipes_delays_nothing(stage: Stage) -> None:
    report = stage.run("setsid sleep 1000 &\n" + PASSED, timeout_seconds=WAIT_SECONDS)
    assert report["ending"] == "finished"
    assert report["ended_at"] - report["started_at"] < WAIT_SECONDS / 2


def test_the_agent_dies_with_its_runner(stage: Stage) -> None:
    runner = stage.start(f"echo $$ >{stage.fifo()}; exec sleep 1000")
    agent = int(stage.hear())
    fd = os.pidfd_open(agent)
    runner.kill()
    runner.wait(WAIT_SECONDS)
    ended, _, _ = select.select([fd], [], [], WAIT_SECONDS)
    os.close(fd)
    assert ended
    assert not (stage.directory / "exit.json").exists()


def test_too_many_artifacts_end_the_attempt(stage: Stage) -> None:
    many = says([{"type": "artifact", "kind": "issue", "key": f"{n}"} for n in range(4)])
    report = stage.run(many + "sleep 1000", limits=Limits(grace_seconds=0.1, artifacts_max=3))
    assert report["ending"] == "crashed"
    assert "more than 3 artifacts" in report["detail"]


def test_as_many_artifacts_as_may_be_still_take_a_result(stage: Stage) -> None:
    many = says([{"type": "artifact", "kind": "issue", "key": f"{n}"} for n in range(3)])
    report = stage.run(many + PASSED, limits=Limits(artifacts_max=3))
    assert (report["ending"], report["verdict"], len(report["artifacts"])) == ("finished", "passed", 3)


def test_an_attempt_runs_once(stage: Stage) -> None:
    stage.run("echo x >>x.txt\n" + PASSED)
    before = (stage.directory / "exit.json").read_bytes()
    assert stage.start_again().wait(WAIT_SECONDS) == 0
    assert (stage.directory / "exit.json").read_bytes() == before
    assert (stage.clone / "x.txt").read_text() == "x\n"


@pytest.mark.requirement("REC-8")
def test_a_revoked_attempt_never_starts(stage: Stage) -> None:
    (stage.directory / "revoked").touch()
    assert stage.start("echo x >x.txt\n" + PASSED).wait(WAIT_SECONDS) == 0
    assert not (stage.directory / "exit.json").exists()
    assert not (stage.directory / "runner.json").exists()
    assert not (stage.clone / ".git").exists()


@pytest.mark.requirement("REC-8")
def test_a_second_runner_does_nothing(stage: Stage) -> None:
    first = stage.start(f"echo one >{stage.fifo()}; sleep 1000")
    assert stage.hear() == "one"
    assert stage.start_again().wait(WAIT_SECONDS) == 0
    assert not (stage.directory / "exit.json").exists()
    assert json.loads((stage.directory / "runner.json").read_text())["pid"] == first.pid
    first.terminate()
    assert first.wait(WAIT_SECONDS) == 0


def test_salvage_saves_what_a_dead_runner_left(stage: Stage) -> None:
    runner = stage.start(f"echo x >x.txt; echo go >{stage.fifo()}; exec sleep 1000")
    stage.hear()
    runner.kill()
    runner.wait(WAIT_SECONDS)
    (stage.directory / "revoked").touch()
    assert stage.start_again("--salvage").wait(WAIT_SECONDS) == 0
    commit = json.loads((stage.directory / "salvage.json").read_text())["commit"]
    assert "x.txt" in stage.files(commit)
    assert not (stage.directory / "exit.json").exists()


def test_salvage_of_nothing_is_nothing(stage: Stage) -> None:
    runner = stage.start(f"echo go >{stage.fifo()}; exec sleep 1000")
    stage.hear()
    runner.kill()
    runner.wait(WAIT_SECONDS)
    assert stage.start_again("--salvage").wait(WAIT_SECONDS) == 0
    assert json.loads((stage.directory / "salvage.json").read_text()) == {"commit": None}
