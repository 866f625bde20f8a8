"""The real Claude Code's hooks: what it tells while a tool is at work, and how a message reaches it (COM-1, REC-2)."""

import json
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from tests.faces.claude_home import PASSED, attempts, home, job_of, processes, submit
from tests.scripted.script import Answer, Asked, Call, Text

BUILD: Final = "mkfifo ../tmp/go && touch ../tmp/begun && read word < ../tmp/go"
"""A long build: it says nothing until somebody lets it end."""


class Told:
    """Its build takes long; it reads what it is told then."""

    def __init__(self) -> None:
        self.notices: list[str] = []
        self.read = ""

    def __call__(self, asked: Asked) -> Answer:
        last = json.dumps(asked.messages[-1])
        if asked.turn == 1:
            self.notices = re.findall(r"Before you go on, read (\S+\.json)\.", last)
            return Call("Read", {"file_path": self.notices[0]})
        if asked.turn == 2:
            self.read = asked.results[-1].text
        return (Call("Bash", {"command": BUILD}), Text(""), PASSED, Text("done"))[asked.turn]


def freed(asked: Asked) -> Answer:
    """Its build takes long; then it passes."""
    return (Call("Bash", {"command": BUILD}), PASSED, Text("done"))[asked.turn]


@pytest.mark.requirement("INS-8", "INS-2")
def test_it_works_on_while_its_orchestrator_is_killed_and_a_new_one_adopts_its_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with home(tmp_path, freed) as (podium, server):
        submit(podium)
        podium.until("any(i['job'] for i in answer['instances'])", "instances")
        attempt = podium.home / "attempts" / "greeter" / f"{job_of(podium)['id']}.a1"
        podium.until(f"__import__('pathlib').Path({str(attempt / 'tmp/begun')!r}).exists()", "status")
        (claude,) = processes(podium, "claude")
        os.kill(int((podium.home / "lock").read_text()), signal.SIGKILL)
        begun = time.monotonic()
        podium.ask("up")
        up = time.monotonic() - begun
        podium.until("any(e['type'] == 'job.adopted' for e in answer['events'])", "events", "--limit", "9999")
        adopted = time.monotonic() - begun
        assert processes(podium, "claude") == [claude], "nobody else works on it, and it was not disturbed"
        with (attempt / "tmp/go").open("w") as go:
            go.write("on\n")
        podium.until("answer['state'] == 'complete'", "project", "greeter")
        assert not server.troubles, list(server.troubles)
        (only,) = attempts(podium)
        assert (only["verdict"], only["cost_usd"] > 0) == ("pass", True)
        assert processes(podium) == []
    with capsys.disabled():
        sys.stdout.write(f"\nadopted {adopted:.2f} s after the kill, of which `podium up` took {up:.2f} s\n")


@pytest.mark.requirement("COM-1", "REC-2", "SEC-2", "INS-5")
def test_a_message_reaches_a_busy_agent_between_two_tools_and_a_long_tool_is_no_silence(tmp_path: Path) -> None:
    script = Told()
    with home(tmp_path, script) as (podium, server):
        submit(podium)
        podium.until("any(i['job'] for i in answer['instances'])", "instances")
        job = job_of(podium)
        attempt = podium.home / "attempts" / "greeter" / f"{job['id']}.a1"
        podium.until(f"__import__('pathlib').Path({str(attempt / 'tmp/begun')!r}).exists()", "status")
        (tool,) = json.loads((attempt / "tools.json").read_text())["tools"]
        assert tool[0] == "Bash"
        assert "its tool Bash has been at work for" in podium.ask("why", str(job["id"]))["because"]
        sent = podium.ask("messages", "send", f"instance:{job['instance']}", "Stop using tabs.", "--from", "ann")
        with (attempt / "tmp/go").open("w") as go:
            go.write("on\n")
        podium.until("answer['state'] == 'complete'", "project", "greeter")
        assert not server.troubles, list(server.troubles)
        assert len(script.notices) == 1, "it is told once"
        assert "Stop using tabs." in script.read
        assert not any("Stop using tabs." in asked.system for asked in server.asked), "others' words are no orders"
        (kept,) = podium.ask("messages", "list")["messages"]
        assert (kept["id"], kept["read_by"]) == (sent["message"], [job["instance"]])
        told = [e for e in podium.ask("events", "--limit", "9999")["events"] if e["type"] == "message.delivered"]
        assert [(e["data"]["messages"], e["data"]["by"]) for e in told] == [([sent["message"]], job["instance"])]

        raw = [json.loads(line)["event"] for line in podium("logs", job["instance"], "--raw").stdout.splitlines()]
        assert (raw[0]["type"], raw[0]["subtype"], raw[-1]["type"]) == ("system", "init", "result")
        assert [json.loads(podium("logs", job["instance"], "--raw", "-n", "1").stdout)["event"]] == raw[-1:]
        assert "no-key-is-needed" not in (attempt / "raw.ndjson").read_text()
