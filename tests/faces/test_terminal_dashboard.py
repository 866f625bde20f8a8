"""The terminal dashboard on a terminal of Textual's own, over a real orchestrator: screens, keys, updates, tokens."""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from podium.app import RealWorld
from podium.faces.cli.client import Client
from podium.faces.cli.dashboard import app
from podium.faces.cli.dashboard.api import reached
from podium.faces.cli.dashboard.app import Dashboard
from podium.faces.cli.dashboard.rows import Rows
from tests.faces.command_line import CommandLine
from tests.faces.orchestrator import Orchestrator

WAIT_SECONDS = 20.0
LOOK_SECONDS = 0.05
SIZE = (120, 40)
OLD_SECONDS = 2.0
KEYS = {"title": "Keys", "brief": "Waits.", "id": "keys", "plan_first": True, "features": ["Turn a key"]}
LATER = {"brief": "Waits.", "not_before": "1d"}

Body = Callable[[Pilot[None]], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orchestrator]:
    """With a plan that waits for an approval, and two projects that begin tomorrow."""
    orchestrator = Orchestrator(tmp_path_factory.mktemp("terminal") / "home")
    for title in ("First", "Second"):
        orchestrator.ask("submit", {"title": title, **LATER})
    yield orchestrator
    orchestrator.close()


def shown(pilot: Pilot[None]) -> str:
    """The terminal as text."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


async def until(pilot: Pilot[None], *words: str, gone: str = "") -> str:
    """The terminal as soon as it shows these words, and others no more."""
    for _ in range(int(WAIT_SECONDS / LOOK_SECONDS)):
        text = shown(pilot)
        if all(word in text for word in words) and not (gone and gone in text):
            return text
        await pilot.pause(LOOK_SECONDS)
    raise AssertionError(f"not within {WAIT_SECONDS} s: {words}, without {gone!r}, in:\n{shown(pilot)}")


def watch(live: Orchestrator, body: Body, url: str | None = None, size: tuple[int, int] = SIZE) -> None:
    """The dashboard, while `body` uses it."""

    async def run() -> None:
        async with (
            reached(Client(live.home, RealWorld), url) as api,
            Dashboard(api).run_test(size=size, notifications=True) as pilot,
        ):
            await body(pilot)

    asyncio.run(run())


@pytest.mark.requirement("DSH-2")
def test_a_review_is_decided_with_keys_alone(live: Orchestrator) -> None:
    live.ask("submit", KEYS)

    async def body(pilot: Pilot[None]) -> None:
        text = await until(pilot, "! review 1", "● live")
        lines = text.splitlines()
        assert lines[0].startswith(" Podium   Overview o   Projects p   Instances i   Review r ! 1")
        assert lines[2].split() == ["Needs", "you", "project", "for", "why"]
        assert lines[3].startswith(" ! review 1 analyze  keys")
        lanes = [
            line.split()[0]
            for line in lines
            if line.startswith((" Genesis ", " Development ", " Content ", " Review "))
        ]
        assert lanes == ["Genesis", "Development", "Content", "Review"]
        assert lines[-1].startswith(" a approve  s send-back  x reject  enter open  g… screen")
        await pilot.press("x")
        await until(pilot, "review reject", "! Reject 1 review", "podium review reject 1")
        await pilot.press("escape", "g", "r")
        await until(pilot, "Review 1 · keys · genesis analyze", gone="Lane")
        await pilot.press("s")
        await until(pilot, "podium review send-back 1")
        await pilot.press(*"mind")
        await until(pilot, "podium review send-back 1 --notes mind")
        await pilot.press("escape", "a", "enter", "enter")
        await until(pilot, "review approve: done", "✓ No review is open.", gone="! review 1")

    watch(live, body)
    (review,) = live.ask("review list", {"all": True})["reviews"]
    assert (review["id"], review["state"]) == (1, "approved")


@pytest.mark.requirement("DSH-2")
def test_what_happens_is_taken_in_without_moving_the_cursor_or_the_focus(live: Orchestrator) -> None:
    async def body(pilot: Pilot[None]) -> None:
        await pilot.press("g", "p")
        await until(pilot, "First", "Second")
        rows = pilot.app.query_one(Rows)
        while rows.subject is None or rows.subject.id != "first":
            await pilot.press("j")
        live.ask("submit", {"title": "Latecomer", **LATER})
        live.ask("pause", {"project": "second"})
        text = await until(pilot, "Latecomer", "paused")
        assert rows.subject.id == "first"
        assert rows.has_focus
        assert "First" in text.rpartition("Project ")[2], "its page is still the one that is shown"
        await pilot.press("enter")
        await until(pilot, "Begins", "analyze", gone="Latecomer")
        await pilot.press("escape")
        await until(pilot, "Latecomer")
        live.ask("resume", {"project": "second"})

    watch(live, body)


@pytest.mark.requirement("DSH-2")
def test_an_instance_shows_its_signals_and_the_end_of_its_log(live: Orchestrator) -> None:
    async def body(pilot: Pilot[None]) -> None:
        await pilot.press("g", "i")
        await until(pilot, "genesis-01", "podium-02", "This is a rehearsal")
        await pilot.press("d")
        await until(pilot, "podium drain genesis-01")
        await pilot.press("enter", "enter")
        await until(pilot, "drain: done", "drained", "d undrain")
        await pilot.press("d", "enter", "enter")
        await until(pilot, "undrain: done", "d drain")

    live.ask("submit", {"title": "Talk", "brief": "x", "id": "talk", "features": ["Say hi"]})
    watch(live, body)


@pytest.mark.requirement("DSH-2")
def test_the_palette_knows_every_action_and_a_new_project_is_a_form(live: Orchestrator) -> None:
    async def body(pilot: Pilot[None]) -> None:
        await until(pilot, "● live")
        await pilot.press("ctrl+k", *"priority-boost")
        await until(pilot, "priority-boost")
        await pilot.press("escape", "?")
        await until(pilot, "g then o, p, i, r")
        await pilot.press("n")
        await until(pilot, "podium submit")
        pilot.app.screen.query_one("#field-title", Input).value = "By hand"
        pilot.app.screen.query_one("#field-features", Input).value = "Wave: say hello"
        await until(pilot, "podium submit --title 'By hand' --feature 'Wave: say hello'")
        while not isinstance(pilot.app.focused, type(pilot.app.screen.query_one("Button"))):
            await pilot.press("enter")
        await pilot.press("enter")
        await until(pilot, "submit: done")

    watch(live, body)
    assert live.ask("project", {"project": "by-hand"})["title"] == "By hand"


@pytest.mark.requirement("DSH-2", "SEC-1", "CLI-1")
def test_another_machine_is_asked_with_a_token_that_opens_what_it_opens(
    live: Orchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODIUM_TOKEN", live.ask("token create", {"scope": "read"})["token"])

    async def body(pilot: Pilot[None]) -> None:
        await until(pilot, "● live", live.url)
        await pilot.press("g", "p")
        await until(pilot, "First")
        await pilot.press("b", "enter", "enter", "enter")
        await until(pilot, "`: its credential has the")

    watch(live, body, url=live.url)


@pytest.mark.requirement("DSH-2")
@pytest.mark.parametrize("size", [(80, 24), (40, 12), (200, 60)])
def test_every_screen_fits_whatever_the_terminal(live: Orchestrator, size: tuple[int, int]) -> None:
    async def body(pilot: Pilot[None]) -> None:
        for key, word in (("o", "Lane"), ("p", "where it stands"), ("i", "genesis-01"), ("r", "Review")):
            await pilot.press("g", key)
            lines = (await until(pilot, word)).splitlines()
            assert len(lines) <= size[1]
            assert max(map(len, lines)) <= size[0]
        await pilot.press("t")
        assert not pilot.app.current_theme.dark

    watch(live, body, size=size)


def test_where_nobody_answers_it_says_so_in_words(tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / "home")
    podium.ask("init")
    told = {(): "No orchestrator runs on this home. Start one:", ("--url", "http://127.0.0.1:9"): "does not answer"}
    for words, reason in told.items():
        done = podium("dashboard", *words)
        assert done.returncode == 6, done.stderr
        assert reason in done.stderr


@pytest.mark.requirement("DSH-2", "INS-5")
def test_words_are_found_in_a_log_and_its_end_is_a_key_away(live: Orchestrator) -> None:
    live.ask("submit", {"title": "Words", "brief": "Waits.", "id": "words", "plan_first": True, "features": ["One"]})
    name = ""
    while not name:
        told = live.ask("events", {"limit": 10_000})["events"]
        name = next((e["instance"] for e in told if (e["type"], e["project"]) == ("job.leased", "words")), "")

    async def body(pilot: Pilot[None]) -> None:
        await pilot.press("g", "i")
        await until(pilot, name)
        rows = pilot.app.query_one(Rows)
        while rows.subject is None or rows.subject.id != name:
            await pilot.press("j")
        await pilot.press("/")
        await until(pilot, "find in the log")
        await pilot.press(*"nowhere", "enter")
        await until(pilot, "Nothing in this log has the words: nowhere")
        await pilot.press("]")
        await until(pilot, "words/", gone="Nothing in this log")

    watch(live, body)


@contextmanager
def restartable(folder: Path) -> Generator[CommandLine]:
    """A home of a test's own, up in the background, with three projects that begin tomorrow."""
    podium = CommandLine(folder / "home")
    podium.ask("init")
    podium.ask("up")
    for title in ("First", "Second", "Third"):
        podium.ask("submit", "--title", title, "--brief", "Waits.", "--not-before", "1d")
    yield podium
    podium("down")


def watch_home(podium: CommandLine, body: Body) -> None:
    """The dashboard of that home, while `body` uses it."""

    async def run() -> None:
        async with (
            reached(Client(podium.home, RealWorld), None) as api,
            Dashboard(api).run_test(size=SIZE, notifications=True) as pilot,
        ):
            await body(pilot)

    asyncio.run(run())


async def turn_to(pilot: Pilot[None], name: str) -> Rows:
    """The list, with the cursor on that row."""
    rows = pilot.app.query_one(Rows)
    while rows.subject is None or rows.subject.id != name:
        await pilot.press("j")
    return rows


@pytest.mark.requirement("DSH-2")
def test_an_open_dashboard_says_that_the_orchestrator_is_away_and_goes_on_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "OLD_SECONDS", OLD_SECONDS)

    async def body(pilot: Pilot[None]) -> None:
        await pilot.press("g", "i")
        await until(pilot, "dev-02", "● live")
        rows = await turn_to(pilot, "dev-02")
        await pilot.press("/", *"nowhere", "enter")
        shows = ("dev-01", "dev-02 development features", "Nothing in this log has the words: nowhere")
        await until(pilot, *shows, "● live")

        await asyncio.to_thread(podium, "down", "--keep")
        await until(pilot, "● reconnecting", *shows)
        text = await until(pilot, "● data ", " s old", *shows)
        assert int(text.partition("● data ")[2].split()[0]) >= OLD_SECONDS
        assert pilot.app.screen.has_class("old")

        await asyncio.to_thread(podium.ask, "up")
        await asyncio.to_thread(podium.ask, "drain", "dev-01")
        text = await until(pilot, "● live", "drained", *shows, gone=" s old")
        assert rows.subject is not None
        assert rows.subject.id == "dev-02"
        assert rows.has_focus
        assert not pilot.app.screen.has_class("old")

    with restartable(tmp_path) as podium:
        watch_home(podium, body)


@pytest.mark.requirement("DSH-2")
def test_while_the_orchestrator_is_away_keys_lead_to_what_was_known_or_to_words_that_say_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "OLD_SECONDS", OLD_SECONDS)

    async def body(pilot: Pilot[None]) -> None:
        await until(pilot, "Lane", "● live")
        await pilot.press("g", "p")
        await until(pilot, "First", "● live")
        await turn_to(pilot, "second")
        await until(pilot, "Second\n second", "analyze", "● live")
        await asyncio.to_thread(podium, "down", "--keep")
        await until(pilot, "● data ")

        await turn_to(pilot, "first")
        text = await until(pilot, "does not answer", "Third", gone="Second\n second")
        assert "First\n first" not in text, "nobody has that page"
        await pilot.press("x")
        await until(pilot, "podium cancel first", "! ", "does not answer")
        await pilot.press("escape", "g", "i")
        await until(pilot, "does not answer", gone="First")
        await pilot.press("g", "o")
        await until(pilot, "Lane", "Genesis", " s old", gone="does not answer")
        await pilot.press("g", "p")
        await until(pilot, "First", "Second", " s old")
        await turn_to(pilot, "first")

        await asyncio.to_thread(podium.ask, "up")
        await until(pilot, "● live", "First\n first", gone="does not answer")
        await asyncio.to_thread(podium.ask, "submit", "--title", "Fourth", "--brief", "x", "--not-before", "1d")
        await until(pilot, "Fourth", "First\n first", "● live")

    with restartable(tmp_path) as podium:
        watch_home(podium, body)
