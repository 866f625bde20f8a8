"""Every kind of input on the command line, with real processes: notes, typed requests, keys, delays, any script."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from podium.app import RealWorld
from podium.faces.cli.client import Client
from tests.faces.command_line import CommandLine

NOTE = "Guest book for the museum\nGreet visitors by name\nCount the visitors\n"
TITLES = (
    "\u062f\u0641\u062a\u0631 \u202eevil\u202c ספר אורחים",
    "访客留言簿" * 2_000,
    "📒👩‍👩‍👧‍👦 Z̷̡͓a̸l̶g̵o̴ e\u0301\u0301",
    "?!",
    "Same title",
    "Same title",
    '\'"""\' \\ `$(x)` {0} %s <b> ../../etc [x](y)',
)


@pytest.fixture
def podium(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


@pytest.mark.requirement("INT-1", "INT-3")
def test_a_note_becomes_a_finished_project(podium: CommandLine) -> None:
    done = podium("run", "-", "--json", stdin=NOTE.encode())
    assert done.returncode == 0, done.stderr
    project = podium.ask("project", json.loads(done.stdout)["project"]["id"])
    assert (project["title"], project["source"]) == ("Guest book for the museum", "scratch:")
    assert {f["title"] for f in podium.ask("plan", project["id"])["features"]} == {
        "Greet visitors by name",
        "Count the visitors",
    }


@pytest.mark.requirement("INT-1", "INT-3")
def test_a_request_in_every_script_is_built_and_kept_as_given(podium: CommandLine) -> None:
    request = {
        "title": "📒 访客",
        "type": "astrolabe",
        "complexity": "tiny",
        "features": [*({"title": title, "acceptance": [title[:99]]} for title in TITLES[:-1]), TITLES[-1]],
    }
    file = podium.document("request.json", json.dumps(request))
    result = podium.ask("run", file, "--priority", "70")
    assert result["workflows"]["content"] == "CONTENT_COMPLETE"
    assert result["jobs"]["failed"] == 0
    project = podium.ask("project", result["project"]["id"])
    assert (project["type"], project["complexity"], project["title"]) == ("astrolabe", "tiny", "📒 访客")
    assert project["source"] == "request:request.json"
    assert podium.ask("projects")["projects"][0]["priority"] == 70
    features = podium.ask("plan", project["id"])["features"]
    assert len({feature["key"] for feature in features}) == len(TITLES)
    assert [f["title"] for f in features if f["title"].startswith("Same")] == ["Same title"] * 2


@pytest.mark.requirement("INT-1")
def test_flags_alone_are_a_request_and_win_over_a_file(podium: CommandLine) -> None:
    asked = ("submit", "--title", "Guest book", "--brief", "For guests.", "--feature", "Greet", "--feature", "Count")
    made = podium.ask(*asked, "--type", "web")
    project = podium.ask("project", made["project"])
    assert (made["project"], project["source"], project["type"]) == ("guest-book", "request:", "web")
    file = podium.document("r.toml", 'title = "From the file"\nfeatures = ["one"]\npriority = 3\n')
    assert podium.ask("submit", file, "--title", "From the flag")["project"] == "from-the-flag"
    assert podium.ask("projects")["projects"][0]["priority"] == 3


@pytest.mark.requirement("INT-1")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["submit"], "nothing says what to build"),
        (["run", "--title", "T"], "nothing says what to build"),
        (["submit", "-", "--feature", "x"], "not both"),
        (["submit", "r.json"], "r.json, line 3: feature 2, depends_on: These features wait for each other"),
        (["submit", "--title", "T", "--brief", "b", "--not-before", "soon"], "is no time. Give how long"),
        (["submit", "--title", "T" * 201, "--brief", "b"], "title: String should have at most 200 characters"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_field(podium: CommandLine, words: list[str], said: str) -> None:
    podium.document("r.json", '{"title": "T", "features": [\n"a",\n{"title": "b", "depends_on": [2]}]}')
    done = podium(*words, stdin=b"note")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not podium.home.exists() or podium.ask("projects")["projects"] == []


@pytest.mark.requirement("INT-2")
def test_twenty_submissions_at_once_under_one_key_are_one_project(podium: CommandLine) -> None:
    podium.ask("up")
    try:
        asked = {"title": "Once", "features": ["one"], "idempotency_key": "order-7"}

        def submit(_: int) -> dict[str, Any]:
            return Client(podium.home, RealWorld).ask("submit", asked)

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(submit, range(20)))
        assert {answer["project"] for answer in answers} == {"once"}
        assert [answer["created"] for answer in answers].count(True) == 1
        assert all(answer["notes"] == [] for answer in answers)
        assert len(podium.ask("projects")["projects"]) == 1
    finally:
        podium("down")


@pytest.mark.requirement("INT-2")
def test_other_input_under_the_same_key_is_answered_with_the_first_and_told_so(podium: CommandLine) -> None:
    first = podium.ask("submit", "--title", "A", "--brief", "b", "--idempotency-key", "k")
    same = podium.ask("submit", "--title", "A", "--brief", "b", "--idempotency-key", "k")
    other = podium.ask("submit", podium.document("other.md", "# B\n\nOther."), "--idempotency-key", "k")
    assert (first["created"], same["created"], same["notes"]) == (True, False, [])
    assert (other["project"], other["created"], other["title"]) == ("a", False, "A")
    assert "used before for another input" in other["notes"][0]
    assert len(podium.ask("projects")["projects"]) == 1


@pytest.mark.requirement("QUE-7")
def test_a_project_begins_at_its_time_and_says_so_until_then(podium: CommandLine) -> None:
    far = podium.ask("submit", "--title", "Far", "--feature", "one", "--not-before", "2h")
    project, backlog = podium.ask("project", "far"), podium.ask("backlog")
    assert project["begins_at"] == pytest.approx(far["begins_at"], abs=1)
    assert (backlog["delayed"], 7000 < backlog["next_due_seconds"] < 7200) == (1, True)
    why = podium.ask("why", "1")
    assert (why["state"], "to begin later" in why["because"]) == ("delayed", True)
    assert "in 1 h 59 m" in podium("project", "far").stdout
    past = podium.ask("submit", "--title", "Past", "--feature", "one", "--not-before", "2001-01-01T00:00Z")
    assert (past["begins_at"], "is past" in past["notes"][0]) == (None, True)
    podium("cancel", "past", "--yes")

    stopped = podium("run", "--title", "Near", "--feature", "Count words", "--not-before", "2s", "--plan", "--json")
    assert (stopped.returncode, json.loads(stopped.stdout)["workflows"]) == (8, {"genesis": "PLANNED"})
    mine = [event for event in podium.ask("events", "--limit", "1000")["events"] if event["project"] == "near"]
    leased = next(event["at"] for event in mine if event["type"] == "job.leased")
    assert leased >= mine[0]["data"]["begins_at"] - 0.01
    assert leased >= mine[0]["at"] + 1.5
    assert podium.ask("project", "far")["state"] == "open"
