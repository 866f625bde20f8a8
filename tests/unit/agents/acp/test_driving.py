"""Podium's ACP agent as a program of its own, before a small real agent of the protocol that runs as another."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

AGENT = Path(__file__).with_name("small_agent.py")
SECONDS = 60.0
ROLE = """---
name: {name}
tools: {tools}
output: note
---
You try things.
"""


class Heard(NamedTuple):
    """What the program said, and how it ended."""

    code: int
    messages: list[dict[str, Any]]
    errors: str

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == type_]

    @property
    def result(self) -> dict[str, Any]:
        (result,) = self.of("result")
        assert self.messages[-1] == result, "the result comes last"
        return result

    @property
    def log(self) -> str:
        return "\n".join(message["text"] for message in self.of("log"))


class Attempt:
    """A clone, a home and an assignment."""

    def __init__(self, tmp_path: Path) -> None:
        self.clone, home, self.podium = tmp_path / "clone", tmp_path / "home", tmp_path / "podium"
        for folder in (self.clone, home, self.podium / "roles"):
            folder.mkdir(parents=True)
        self.assignment = tmp_path / "assignment.json"
        self.env = {
            "PATH": os.defpath, "HOME": str(home), "LANG": "C.UTF-8", "PODIUM_HOME": str(self.podium),
            "PODIUM_ASSIGNMENT": str(self.assignment), "PODIUM_TOKEN": "t",
        }  # fmt: skip
        self.write()

    def write(
        self, prompt: str = "Do it.", tools: str = "Read, Edit, Write, Bash(git log *)", left: float | None = None
    ) -> None:
        """The role, and the job."""
        (self.podium / "roles" / "trying.md").write_text(ROLE.format(name="trying", tools=tools))
        told = {"version": 1, "attempt": "p/1.a1", "role": "trying", "instance": "dev-01", "workflow": "development",
                "step": "try", "prompt": prompt, "project": {"id": "p", "budget_left_usd": left}}  # fmt: skip
        self.assignment.write_text(json.dumps(told))

    def again(self, folder: Path) -> None:
        """The job's next attempt: another clone, another home."""
        self.clone, home = folder / "clone", folder / "home"
        for made in (self.clone, home):
            made.mkdir(parents=True)
        self.env["HOME"] = str(home)

    def start(self, does: str, *options: str) -> "subprocess.Popen[str]":
        command = (sys.executable, "-m", "podium.agents.acp", "--name", "mine", *options, "--", sys.executable)
        return subprocess.Popen(
            [*command, str(AGENT), does], cwd=self.clone, env=self.env, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, does: str, *options: str) -> Heard:
        with self.start(does, *options) as process:
            out, errors = process.communicate(timeout=SECONDS)
        return Heard(process.returncode, [json.loads(line) for line in out.splitlines()], errors)


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    return Attempt(tmp_path)


def test_a_session_becomes_log_progress_spend_artifacts_and_a_result(attempt: Attempt) -> None:
    heard = attempt.run("passes")
    assert heard.code == 0, heard.errors
    assert heard.result["verdict"] == "passed"
    assert heard.result["summary"] == "did it"
    assert heard.result["data"] == {"session": "s1", "refused": []}
    assert [(told["fraction"], told["text"]) for told in heard.of("progress")] == [(0.0, "write"), (1.0, "")]
    told, estimated = heard.of("spend")
    assert told == {"type": "spend", "input_tokens": 10, "output_tokens": 5, "cost_usd": None}
    assert 0.0 < estimated["cost_usd"] < SECONDS / 3600 * 5.0
    assert "usd_per_hour = 5" in heard.log
    assert heard.of("artifact") == [
        {"type": "artifact", "kind": "note", "key": "n", "title": "N", "data": {"n": 1}, "path": "work.txt"}
    ]
    assert "small 1.0 began session s1." in heard.log
    assert "Write work.txt" in heard.log
    assert [(told["name"], told["state"]) for told in heard.of("tool")] == [
        ("Write work.txt", "begun"), ("Write work.txt", "ended"),
    ]  # fmt: skip
    assert {"id", "jsonrpc", "result"} in [told["event"].keys() for told in heard.of("raw")]
    assert (attempt.clone / "work.txt").read_text() == "work\n"


def test_the_session_is_in_the_clone_and_has_podiums_own_server(attempt: Attempt) -> None:
    told = next(m["text"] for m in attempt.run("passes").of("log") if m["text"].startswith("told "))
    assert json.loads(told.removeprefix("told ")) == {"cwd": str(attempt.clone), "servers": ["communication"]}


def test_permissions_are_answered_by_what_the_role_may_do(attempt: Attempt) -> None:
    clone = attempt.clone
    (clone / "leads-out").symlink_to("/etc")
    asked = {
        '{"kind": "edit", "file_path": "a.txt"}': True,
        f'{{"kind": "edit", "path": "{clone}/b.txt"}}': True,
        '{"kind": "edit", "path": "/etc/passwd"}': False,
        '{"kind": "edit", "path": "../out.txt"}': False,
        '{"kind": "edit", "path": "leads-out/passwd"}': False,
        '{"kind": "delete"}': False,
        '{"kind": "read", "path": "/etc/passwd"}': False,
        f'{{"kind": "read", "path": "{attempt.env["HOME"]}/told/x.json"}}': True,
        '{"kind": "search"}': True,
        '{"kind": "think"}': True,
        '{"kind": "execute", "command": "git log --oneline"}': True,
        '{"kind": "execute", "command": ["bash", "-lc", "git log -1 && git log"]}': True,
        '{"kind": "execute", "command": "git log; rm -rf x"}': False,
        '{"kind": "execute", "command": "git log $(rm x)"}': False,
        '{"kind": "execute", "command": "git log > /etc/x"}': False,
        '{"kind": "execute"}': False,
        '{"kind": "fetch", "url": "https://example.com"}': False,
        '{"kind": "other", "title": "mcp__communication__note"}': True,
        '{"kind": "other", "title": "Tool: communication/note"}': True,
        '{"kind": "other", "title": "something"}': False,
        '{"kind": "switch_mode", "title": "yolo"}': False,
        '{"kind": "edit", "path": "last.txt"}': True,
    }
    attempt.write("\n".join(f"ask {line}" for line in asked))
    result = attempt.run("asks").result
    chosen = ["id-allow_once" if is_allowed else "id-reject_once" for is_allowed in asked.values()]
    assert dict(zip(asked, result["feedback"].split(), strict=True)) == dict(zip(asked, chosen, strict=True))
    assert result["verdict"] == "passed", "the last thing that it tried was allowed"
    assert len(result["data"]["refused"]) == list(asked.values()).count(False)


def test_a_role_with_all_of_bash_runs_what_it_likes(attempt: Attempt) -> None:
    attempt.write('ask {"kind": "execute", "command": "make > log; ls"}', tools="Read, Bash, WebFetch")
    assert attempt.run("asks").result["feedback"] == "id-allow_once"
    attempt.write('ask {"kind": "fetch", "url": "https://example.com"}', tools="Read, WebFetch")
    assert attempt.run("asks").result["feedback"] == "id-allow_once"
    attempt.write('ask {"kind": "edit", "path": "x"}', tools="Read")
    assert attempt.run("asks").result["verdict"] == "failed"


def test_what_was_refused_last_has_not_passed(attempt: Attempt) -> None:
    heard = attempt.run("insists")
    assert heard.result["verdict"] == "failed"
    assert "curl example.com" in heard.result["feedback"]
    assert "Not allowed: execute Run" in heard.log


def test_a_result_that_its_schema_refuses_is_asked_for_again(attempt: Attempt) -> None:
    heard = attempt.run("mumbles")
    assert heard.result["verdict"] == "passed"
    assert "There is no JSON object" in heard.log or "It is not JSON" in heard.log
    assert "'splendid' is not one of" in heard.log
    lost = attempt.run("never_says").result
    assert lost["verdict"] == "failed"
    assert lost["summary"] == "The agent ended without its structured result."


@pytest.mark.parametrize("does", ["dies_and_resumes", "dies_and_loads"])
def test_an_agent_that_can_is_taken_up_again_after_it_died(attempt: Attempt, does: str) -> None:
    heard = attempt.run(does)
    assert heard.code == 0, heard.errors
    assert heard.result["summary"] == "did it again"
    assert heard.log.count("its session is taken up again") == 1
    assert "said before" not in heard.log


@pytest.mark.requirement("COM-2", "INS-5", "INS-7")
def test_the_next_attempt_goes_on_with_the_session_where_the_agent_can(attempt: Attempt, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    attempt.env["PODIUM_SESSION"] = str(kept)
    asked = attempt.run("questions")
    assert (asked.result["verdict"], asked.result["data"]["question"]) == ("blocked", True)
    attempt.again(tmp_path / "second")
    heard = attempt.run("dies_and_loads")
    assert heard.result["summary"] == "did it further"
    assert "goes on with session s1" in heard.log
    assert "said before" not in heard.log
    assert [spend["cost_usd"] for spend in asked.of("spend")] == [0.25, 0.0]
    assert [spend["cost_usd"] for spend in heard.of("spend")] == [0.5, 0.0], "a difference"
    assert not kept.exists(), "it ended with a verdict of its own"

    attempt.run("questions")
    (kept / "home" / "sessions.json").unlink()
    attempt.again(tmp_path / "third")
    heard = attempt.run("questions")
    assert "cannot be resumed; it begins anew" in heard.log
    assert heard.result["summary"] == "Which?"


def test_an_agent_that_dies_and_cannot_is_a_crash(attempt: Attempt) -> None:
    heard = attempt.run("dies")
    assert heard.code not in (0, 1), heard.errors
    assert not heard.of("result")
    assert "working" in heard.log


def test_a_stop_is_handed_on_as_the_protocols_cancel(attempt: Attempt) -> None:
    with attempt.start("hangs") as process:
        assert process.stdout is not None
        said = ""
        while "hanging" not in said:
            said = process.stdout.readline()
            assert said, "it ended early"
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=SECONDS)
    assert "cancelled" in out
    assert '"type": "result"' not in out
    assert process.returncode not in (0, 1)


def test_a_budget_cancels_and_blocks(attempt: Attempt) -> None:
    heard = attempt.run("spends", "--budget-usd", "1")
    assert heard.result["verdict"] == "blocked"
    assert "budget" in heard.result["summary"]
    told = sum(spend["cost_usd"] or 0.0 for spend in heard.of("spend"))
    assert 1.0 <= told < 50.0


@pytest.mark.requirement("INS-2", "INS-7")
def test_an_agent_that_tells_no_cost_is_held_by_its_time(attempt: Attempt) -> None:
    heard = attempt.run("hangs", "--budget-usd", "1", "--usd-per-hour", "3600")
    assert heard.result["verdict"] == "blocked"
    assert "budget" in heard.result["summary"]
    assert [spend["cost_usd"] for spend in heard.of("spend") if spend["cost_usd"]] >= [1.0]


def test_an_agent_that_is_free_costs_nothing(attempt: Attempt) -> None:
    heard = attempt.run("passes", "--usd-per-hour", "0")
    assert [spend["cost_usd"] for spend in heard.of("spend")] == [None]


@pytest.mark.requirement("INS-7")
def test_an_attempt_costs_no_more_than_is_left_of_the_project(attempt: Attempt) -> None:
    attempt.write(left=0.5)
    heard = attempt.run("spends", "--budget-usd", "1000")
    assert heard.result["verdict"] == "blocked"
    assert "budget" in heard.result["summary"]


@pytest.mark.parametrize(
    ("does", "verdict", "words"),
    [
        ("refuses", "failed", "The model refuses to go on."),
        ("overloaded", "unavailable", "529"),
        ("unpaid", "blocked", "402"),
        ("broken", "failed", "something odd"),
        ("logged_out", "blocked", "not logged in"),
        ("stranger", "blocked", "version 99"),
    ],
)
def test_what_goes_wrong_is_told_by_whose_fault_it_is(attempt: Attempt, does: str, verdict: str, words: str) -> None:
    heard = attempt.run(does)
    assert heard.result["verdict"] == verdict
    assert words in heard.result["summary"]


def test_a_key_is_taken_without_asking_anybody(attempt: Attempt) -> None:
    assert attempt.run("wants_key").result["verdict"] == "passed"


def test_a_model_is_chosen_where_the_agent_lets_one(attempt: Attempt) -> None:
    assert "model model=large" in attempt.run("chooses", "--model", "large").log
    refused = attempt.run("passes", "--model", "large").result
    assert refused["verdict"] == "blocked"
    assert "lets nobody choose its model" in refused["summary"]


def test_a_program_that_is_not_there_blocks(attempt: Attempt) -> None:
    heard = attempt.run("passes", "--program", "/nowhere/agent")
    assert heard.result["verdict"] == "blocked"
    assert "could not be started" in heard.result["summary"]
