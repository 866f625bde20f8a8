"""Every screen of the terminal dashboard as it was drawn before: its words, its layout and its colours.

The home and the clock stand still. After a change that is wanted draw them anew, and look at what git shows:
`DRAW_SCREENS=1 ./dev test tests/faces/test_terminal_screens.py`.
"""

import asyncio
import difflib
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.style import Style
from textual.pilot import Pilot
from textual.widgets import Input

from podium.app import RealWorld
from podium.domain.access import OPERATOR
from podium.domain.command import Command
from podium.domain.errors import NotFound
from podium.faces.cli.client import Client
from podium.faces.cli.dashboard.api import Api
from podium.faces.cli.dashboard.app import Dashboard
from podium.operations.catalogue import answered
from podium.policy.health import Signs
from tests.faces.staging import Stage
from tests.unit.operations.desktop import Desktop

SIZE = (110, 34)
BEGUN = 1_800_000_000.0
BATCH_SECONDS = 40.0
WAIT_SECONDS = 20.0
LOOK_SECONDS = 0.05
CALM_LOOKS = 30
"""So often the same, it is drawn to its end."""
SCREENS = Path(__file__).with_name("screens")
DRAWS = bool(os.environ.get("DRAW_SCREENS"))
SCREEN = {
    "overview": ("g", "o"),
    "projects": ("g", "p", "j"),
    "instances": ("g", "i"),
    "review": ("g", "r"),
    "form": ("g", "r", "x"),
    "help": ("g", "p", "?"),
}
"""The keys that lead to each."""
LOG = (
    {"type": "log", "stream": "stdout", "text": "Reading the issue."},
    {"type": "log", "stream": "stdout", "level": "error", "text": "tests/test_greet.py: 1 failed"},
    {"type": "log", "stream": "stdout", "text": "Ran 12 tests"},
)


class Slow(Stage):
    """Every batch takes a while, as work does."""

    def batch(self, *commands: Command) -> list[Any]:
        self.now += BATCH_SECONDS
        return super().batch(*commands)


class Still(Api):
    """Asks the operations themselves, over a home at which time stands still; nothing happens there."""

    def __init__(self, desktop: Desktop, client: Client) -> None:
        super().__init__(client, httpx2.AsyncClient(), "/home/ann/.podium")
        self._desktop = desktop

    async def ask(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        return (await answered(name, self._desktop.context(), asked, OPERATOR)).model_dump(mode="json")

    async def follow(self, after: int) -> AsyncIterator[int]:
        yield after
        await asyncio.Event().wait()


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """Something for every screen: complete, at work, in review, dead, drained."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.chdir(tmp_path)  # paths are shown from here
    stage = Slow(Path(":memory:"), BEGUN)
    stage.muster()
    made = Desktop(tmp_path, stage)
    for kind, name in (("old", "greeter"), ("p", "notes"), ("q", "clock")):
        stage.make(kind, name)
    asyncio.run(answered("drain", made.context(), {"target": "content-03", "reason": "its key is renewed"}, OPERATOR))
    stage.submit("shop")
    for lease in stage.lease():
        path = tmp_path / "attempts" / lease.name / "messages.ndjson"
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps({"at": stage.now, **line}) + "\n" for line in LOG))
        made.signs[lease.name] = Signs(stage.now + 60, stage.now + 58, stage.now + 30, stage.now + 59)
    stage.now += 65
    yield made
    made.clock.close()
    stage.store.close()


def drawn(pilot: Pilot[None]) -> str:
    """The terminal: its lines, then the colours of each line, one stretch of cells after another."""
    strips = pilot.app.screen._compositor.render_strips()
    lines = [strip.text.rstrip() for strip in strips]
    for number, strip in enumerate(strips, 1):
        cells = [told(segment.style) for segment in strip for _ in range(segment.cell_length)]
        lines.append(" ".join([f"{number}:", *(f"{len([*same])}{style}" for style, same in groupby(cells))]))
    return "\n".join(lines) + "\n"


def told(style: Style | None) -> str:
    """A style in a few signs: `b#e0e0e0/#121212` is bold, with its two colours."""
    assert style is not None
    signs = {"b": style.bold, "d": style.dim, "i": style.italic, "u": style.underline, "r": style.reverse}
    front, back = (colour.get_truecolor().hex if colour else "" for colour in (style.color, style.bgcolor))
    return "".join(sign for sign, is_on in signs.items() if is_on) + f"{front}/{back}"


@pytest.mark.requirement("DSH-2")
@pytest.mark.parametrize("screen", SCREEN)
def test_a_screen_is_drawn_as_it_was(desktop: Desktop, screen: str) -> None:
    path = SCREENS / f"{screen}.txt"

    wanted = path.read_text("utf-8") if path.exists() else ""

    async def run() -> str:
        app = Dashboard(
            Still(desktop, Client(desktop.home, RealWorld)), lambda: datetime.fromtimestamp(desktop.desk.now, UTC)
        )
        async with app.run_test(size=SIZE, notifications=True) as pilot:
            await pilot.press(*SCREEN[screen])
            seen = list[str]()
            while len(seen) < WAIT_SECONDS / LOOK_SECONDS:
                for line in app.screen.query(Input):
                    line.cursor_blink = False
                seen.append(drawn(pilot))
                if {*seen[-CALM_LOOKS:]} == {seen[-1]} if DRAWS and len(seen) > CALM_LOOKS else seen[-1] == wanted:
                    break
                await pilot.pause(LOOK_SECONDS)
            return seen[-1]

    found = asyncio.run(run())
    if DRAWS:
        path.write_text(found, "utf-8")
    else:
        difference = difflib.unified_diff(wanted.splitlines(), found.splitlines(), path.name, "now", lineterm="", n=1)
        assert found == wanted, "\n".join(difference)


@pytest.mark.requirement("DSH-2")
def test_a_row_whose_page_is_refused_says_why_and_the_rest_is_live(desktop: Desktop) -> None:
    class Pruned(Still):
        async def ask(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
            if name == "jobs":
                raise NotFound("Its jobs are no longer kept.")
            return await super().ask(name, asked)

    async def run() -> None:
        app = Dashboard(Pruned(desktop, Client(desktop.home, RealWorld)))
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("g", "p")
            text = ""
            for _ in range(int(WAIT_SECONDS / LOOK_SECONDS)):
                text = drawn(pilot)
                if "Its jobs are no longer kept." in text and "● live" in text and "greeter" in text:
                    return
                await pilot.pause(LOOK_SECONDS)
            raise AssertionError(text)

    asyncio.run(run())
