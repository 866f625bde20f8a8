from dataclasses import asdict

import pytest

from podium.backup.moving import MOVED, Moved
from podium.backup.restoring import Restored
from podium.backup.taking import Taken
from podium.config import DATABASE_VARIABLE
from podium.faces.cli import markup
from podium.faces.cli.render import pull
from podium.operations.projects import ProjectsOutput
from tests.unit.faces import samples
from tests.unit.faces.samples import console, printed
from tests.unit.faces.test_render import page

NOTATION = "[attention]x[/] `y` Label:: a ¦ b\x01good\x02 \x03 \x04 {{ 7 * 7 }}\n% for"


@pytest.mark.parametrize("terminal", [True, False])
def test_what_somebody_wrote_is_never_read_as_a_page(terminal: bool) -> None:
    row = samples.projects()["projects"][0] | {"id": NOTATION, "paused": NOTATION}
    shown = page("projects", samples.plain(ProjectsOutput(projects=[])) | {"projects": [row]}, 400, terminal=terminal)
    assert shown.count("[attention]x[/] `y` Label:: a ¦ bgood   {{ 7 * 7 }} % for") == 2


def test_the_notation_of_a_page() -> None:
    source = "Label::[trouble]bad[/] and `podium up`\n  set in\n\n\nName¦size>\na¦1\nlonger¦22\n\n"
    on = console()
    markup.print_page(on, markup.notation(source))
    assert printed(on).splitlines() == [
        "Label       bad and podium up",
        "  set in",
        "",
        "Name    size",
        "a          1",
        "longer    22",
    ]


def test_lines_stay_lines_only_where_a_page_asks_for_them() -> None:
    answer = samples.why() | {"because": "one\ntwo", "project": "a\nb"}
    shown = page("why", answer)
    assert "Because     one\n            two\n" in shown
    assert "· a b ·" in shown


@pytest.mark.parametrize(
    ("kind", "item", "first", "rejection"),
    [
        ("exhausted", "001-greet", "approve", "go on without it"),
        ("quality", "", "approve", "ends the project"),
        ("blocked", "", "reject", "ends the project; then submit a corrected document"),
        ("blocked", "001-greet", "send-back", "go on without it"),
        ("plan", "", "approve", "do not build it: ends the project"),
    ],
)
def test_advice_says_what_comes_of_each_decision(kind: str, item: str, first: str, rejection: str) -> None:
    shown = page("review list", samples.reviews(samples.review(kind=kind, item=item)), 200)
    typed, *told = [line.strip() for line in shown.splitlines() if "podium review " in line]
    assert typed.startswith(f"podium review {first} 3")
    assert f"podium review reject 3   {rejection}" in (typed, *told)
    assert any("approve" in line for line in (typed, *told)) == (kind != "blocked")


def test_a_path_can_be_copied_as_it_is() -> None:
    assert pull("/my  home/it's/repository") == """git pull '/my  home/it'"'"'s/repository' main"""


def test_what_is_said_of_a_backup_and_of_what_comes_of_it() -> None:
    taken = Taken("home.tar", projects=1, repositories=2, logs=3, events=1200, notes=["work is left out"])
    kept = page("backup", asdict(taken) | {"size_bytes": 2048}, 400).splitlines()
    assert kept[0].startswith("home.tar: 2.0 KiB, with 1 project, 2 repositories, 1,200 events and 3 log files. ")
    assert kept[1:] == ["! work is left out", "To make a home of it: podium restore home.tar --home NEW"]
    made = page("restore", asdict(Restored("/new", "2026-03-01", projects=2, given_back=1)), 400).splitlines()
    assert made[0] == "/new: 2 projects, 0 repositories, 0 deployments and 0 events, as of 2026-03-01."
    assert made[1:2] == ["1 attempt at work then will run again, uncharged."]
    assert made[2].startswith("To go on: podium --home /new up. ")
    moved = page("db move", asdict(Moved({"jobs": 3, "events": 4}, 9)) | {"file": MOVED}, 400).splitlines()
    assert moved[0].startswith(f"Moved 7 rows of 2 tables, up to event 9; each was compared. The file is now {MOVED}.")
    assert moved[1] == f"To go on: set {DATABASE_VARIABLE} to that URL, then podium up."


def test_what_is_said_of_an_orchestrator_that_starts_or_stops() -> None:
    started = {"home": "/h", "pid": 7, "started": True, "url": None}
    assert page("up", started) == "The orchestrator of /h is up (process 7). Next: podium submit FILE.\n"
    served = page("up", started | {"started": False, "url": "http://127.0.0.1:8420"}, 200)
    assert served.startswith(
        "The orchestrator of /h is up already (process 7). It serves http://127.0.0.1:8420 (podium"
    )
    stopped = {"home": "/h", "pid": 7, "stopped": True, "kept": True, "heir": 9}
    told = page("down", stopped, 200)
    assert told.startswith("Stopped. Agents at work go on. Process 9 has taken over: a podium run that watched goes on")
    assert page("down", stopped | {"kept": False, "heir": None}) == "Stopped.\n"
    assert page("down", {"home": "/h", "pid": None, "stopped": False}) == "No orchestrator runs on /h.\n"
