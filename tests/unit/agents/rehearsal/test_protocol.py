"""The protocol as the document tells it is the protocol as the agent speaks it."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

from podium.agents.rehearsal.protocol import Messages, Result, read_assignment
from tests.unit.agents.rehearsal.playhouse import SOURCE, Playhouse, environment, git

DOCUMENT = (SOURCE.parent / "docs/command-protocol.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)


def test_the_documents_assignment_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "assignment.json"
    path.write_text(blocks("json")[0], encoding="utf-8")
    assignment = read_assignment(path)
    read = (assignment.text("workflow"), assignment.text("step"), assignment.object("project").text("type"))
    assert read == ("development", "implement", "cli")
    assert assignment.object("item").object("data") == {"acceptance": ["…"]}
    assert assignment.artifact("plan").text("title") == "Hello World"
    assert assignment.artifact("brief") == {}
    assert len(assignment.texts("feedback")) == 1


def test_fields_that_are_missing_or_odd_are_no_reason_to_crash(tmp_path: Path) -> None:
    path = tmp_path / "assignment.json"
    odd = {"version": 1, "item": 7, "artifacts": [None, {"kind": "plan"}], "feedback": "no list", "project": []}
    path.write_text(json.dumps(odd), encoding="utf-8")
    assignment = read_assignment(path)
    assert (assignment.object("item"), assignment.texts("feedback"), assignment.text("document")) == ({}, (), "")
    assert assignment.object("project").text("title") == ""
    assert [made.text("kind") for made in assignment.objects("artifacts")] == ["plan"]


def test_messages_have_the_documents_fields() -> None:
    stream = io.StringIO()
    messages = Messages(stream)
    messages.progress(0.5, "half")
    messages.log("so far")
    messages.artifact("issue", "1-é", "\u2028", {})
    messages.spend(1, 2, 0.5)
    messages.tool("t1", "Bash", begun=True)
    messages.raw({})
    messages.result(Result("rework", "again", "because"))
    said = [json.loads(line) for line in stream.getvalue().splitlines()]
    documented = {message["type"]: list(message) for message in map(json.loads, blocks("json")[1].splitlines())}
    assert [list(message) for message in said] == [documented[message["type"]] for message in said]
    assert said[2]["key"] == "1-é"


def test_the_documents_smallest_agent_works(tmp_path: Path) -> None:
    playhouse = Playhouse(tmp_path / "p", "# T\n")
    path = tmp_path / "assignment.json"
    path.write_text(blocks("json")[0], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", blocks("python")[0]],
        cwd=playhouse.main,
        env={**environment(tmp_path), "PODIUM_ASSIGNMENT": str(path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout)["verdict"] == "passed"
    assert git(playhouse.main, "show", "HEAD:NOTES.md") == "# implement"
