"""A job's session outlives an attempt that was interrupted: the next goes on with it, on whichever instance."""

import os
import signal
from pathlib import Path
from typing import Final

import pytest

from tests.faces.claude_home import PASSED, attempts, home, job_of, processes, submit
from tests.faces.command_line import CommandLine
from tests.scripted.script import Answer, Asked, Call, Text

HANG: Final = "touch ../tmp/begun && tail -f /dev/null"


class Interrupted:
    """It writes a file and is at work with a tool when it is interrupted; resumed, it looks and passes."""

    def __init__(self) -> None:
        self.resumed: list[Asked] = []
        self.found = ""

    def __call__(self, asked: Asked) -> Answer:
        if "go on where you were" not in asked.prompt:
            return (Call("Bash", {"command": "echo half > half.txt"}), Call("Bash", {"command": HANG}))[asked.turn]
        self.resumed.append(asked)
        if asked.turn == 1:
            self.found = asked.results[-1].text
        return (Call("Bash", {"command": "cat half.txt; git status --short"}), PASSED, Text("done"))[asked.turn]


def hanging(podium: CommandLine) -> Path:
    """The directory of the first attempt, once its tool has begun."""
    podium.until("answer['instances'] and any(i['job'] for i in answer['instances'])", "instances")
    job = job_of(podium)
    attempt = podium.home / "attempts" / "greeter" / f"{job['id']}.a1"
    podium.until(f"__import__('pathlib').Path({str(attempt / 'tmp/begun')!r}).exists()", "status")
    return attempt


@pytest.mark.requirement("INS-5")
@pytest.mark.parametrize("how", ["program", "runner", "restart"])
def test_an_interrupted_session_goes_on_on_another_instance(tmp_path: Path, how: str) -> None:
    script = Interrupted()
    with home(tmp_path, script) as (podium, server):
        submit(podium)
        attempt = hanging(podium)
        job = job_of(podium)
        other = "dev-02" if job["instance"] == "dev-01" else "dev-01"
        podium.ask("pin", str(job["id"]), other)
        if how == "program":
            (claude,) = processes(podium, "claude")
            os.kill(claude, signal.SIGKILL)
        elif how == "runner":
            runner = (attempt / "runner.json").read_text()
            os.kill(int(runner.partition('"pid": ')[2].partition(",")[0].rstrip("}\n ")), signal.SIGKILL)
        else:
            podium.ask("restart-instance", job["instance"], "--yes")
        podium.until("answer['state'] == 'complete'", "project", "greeter")
        first, second = attempts(podium)
        assert (first["verdict"], second["verdict"]) == ("release" if how == "restart" else "retry", "pass")
        assert (first["instance"], second["instance"]) == (job["instance"], other)
        assert first["cost_usd"] is None, "what a killed run has cost is not known"
        assert second["cost_usd"] > 0
        assert not server.troubles, list(server.troubles)
        assert script.found == "half\n?? half.txt"
        said = str(script.resumed[0].body["messages"])
        assert "half.txt" in said, "the conversation is there"
        assert "Your unfinished work has been laid into it" in script.resumed[0].prompt
        assert (podium.home / "projects/greeter/repository/half.txt").read_text() == "half\n"
        assert not list(podium.home.glob("attempts/greeter/*.session")), "it ended with its job"
        assert processes(podium) == []
