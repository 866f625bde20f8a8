"""The terminal dashboard: four screens, each a list and a page that says more, live over the event stream (DSH-2)."""

import asyncio
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

from rich.console import Console, Group
from textual import events, work
from textual.app import App, ComposeResult, SystemCommand
from textual.containers import VerticalScroll
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import Static

from podium.domain.errors import PodiumError, UsageError
from podium.faces.cli import markup, render
from podium.faces.cli.client import Client
from podium.faces.cli.dashboard.api import Api, reached
from podium.faces.cli.dashboard.form import Find, Form
from podium.faces.cli.dashboard.rows import TOLD, Rows, Subject, call
from podium.faces.cli.index import entries
from podium.faces.wording import clean, one_line, whole_seconds

REFRESH_SECONDS: Final = 0.7
"""After an event, so that a storm of them is one look."""
IDLE_SECONDS: Final = 2.0
"""Ages grow and logs do, without any event."""
OLD_SECONDS: Final = 15.0
RETRY_SECONDS: Final = 2.0
HELP: Final = Path(__file__).with_name("help.txt")
HELP_SECONDS: Final = 60.0

Answers = dict[str, Any]


class View(NamedTuple):
    """One screen: what its templates `rows_NAME` and, where no row's page is shown, `page_NAME` are made of."""

    name: str
    asks: Mapping[str, Mapping[str, Any]]
    """Operations, and what each is asked."""
    is_page: bool = False


VIEWS: Final = {key: View(**told) for key, told in TOLD["views"].items()}


class Dashboard(App[None]):
    """Draws the answers of operations; an action is an operation, too."""

    CSS_PATH = "dashboard.tcss"
    COMMAND_PALETTE_BINDING = "ctrl+k"
    BINDINGS: ClassVar = [("q", "quit", ""), ("escape", "back", "")]
    TITLE = "Podium"

    def __init__(self, api: Api, get_datetime: Callable[[], datetime] | None = None) -> None:
        super().__init__()
        self._api, self._get_datetime = api, get_datetime
        self._view = VIEWS["o"]
        self._answers: Answers = {}
        self._start, self._place = 0, dict[str, Any]()
        """Which page of the log is read; empty for its growing end."""
        self._about: tuple[str, ...] = ()
        """Whose page it is, or will be."""
        self._is_open = self._is_new = self._lead = self._due = self._live = False
        self._last = 0
        self._seen = 0.0

    def compose(self) -> ComposeResult:
        """The head, the list, the page, and what the keys do here."""
        yield Static(id="head")
        yield Rows()
        with VerticalScroll(id="more"):
            yield Static(id="page")
        yield Static(id="keys")

    async def on_mount(self) -> None:
        """Begin to follow."""
        self._next = self.set_timer(IDLE_SECONDS, self.look)
        self._last = (await self._api.ask("events", {"limit": 1}))["last"]
        self.follow()
        self.look()
        self.set_interval(1.0, self._draw_frame)

    # --- what is seen ------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="follow")
    async def follow(self) -> None:
        """Look again soon after each event; come back when the stream ends."""
        with suppress(PodiumError):  # the head says it
            async for seq in self._api.follow(self._last):
                self._live, self._last = True, max(self._last, seq)
                if seq and not self._due:
                    self._due = bool(self.set_timer(REFRESH_SECONDS, self.look))
        self._live = False
        self.set_timer(RETRY_SECONDS, self.follow)

    @work(exclusive=True, group="look")
    async def look(self) -> None:
        """Ask what the screen shows, and take in what has changed; while nobody answers, what was known last stays."""
        view, trouble = self._view, ""
        self._next.stop()
        try:
            for name, asked in view.asks.items():
                after = {"after": max(0, self._last - asked["limit"])} if name == "events" else {}
                self._answers[name.translate(_NAMES)] = await self._api.ask(name, {**asked, **after})
            self._seen = asyncio.get_running_loop().time()
        except PodiumError as error:
            self._live, trouble = False, str(error)
            if not self._seen:
                self.exit(return_code=error.exit_code, message=f"podium: {error}")
        is_known = self._answers.keys() >= {name.translate(_NAMES) for name in view.asks}
        with suppress(NoMatches):  # the reader has left meanwhile
            if view is self._view:
                self.query_one(Rows).take(self._made(f"dashboard/rows_{view.name}", self._answers) if is_known else "")
                await self._say_more("" if is_known else trouble)
            self._draw_frame()
        self._due, self._next = False, self.set_timer(IDLE_SECONDS, self.look)

    async def _say_more(self, trouble: str) -> None:
        """The page beside the list: of the row under the cursor, or the screen's own; or why there is none."""
        subject = self.query_one(Rows).subject
        more, page = self.query_one("#more"), self.query_one("#page", Static)
        if trouble:
            made = clean(trouble)
        elif subject is None or (self._view.is_page and not self._is_open):
            made = self._made(f"dashboard/page_{self._view.name}", self._answers)
        else:
            try:
                made = await self._of(subject)
            except PodiumError as error:
                if not self._is_new:
                    return  # the row's own page stays
                made = clean(error)
        is_log = subject is not None and subject.asks == "log"
        follows = is_log and not self._place and (self._is_new or more.scroll_y >= more.max_scroll_y)
        page.update(Group(*markup.laid_out(made)))
        if follows or self._is_new:
            self.call_after_refresh(more.scroll_end if follows else more.scroll_home, animate=False)
        self._is_new = False

    async def _of(self, subject: Subject) -> str:
        asked = {
            name: await self._api.ask(name, call(name, subject.about) | (self._place if name == "log" else {}))
            for name in subject.asks.split("+")
        }
        self._start = asked.get("log", {}).get("start", 0)
        answers = {**self._answers, **next(iter(asked.values())), "asked": asked, "about": subject._asdict()}
        return self._made(subject.template, {**answers, "at": self._place})

    def _made(self, name: str, answers: Answers) -> str:
        width = max(20, self.query_one("#more").size.width - 2)
        on = Console(width=width, force_terminal=True, color_system="truecolor", get_datetime=self._get_datetime)
        return render.page(on, name, answers)

    def _draw_frame(self) -> None:
        """The first line and the last."""
        age = asyncio.get_running_loop().time() - self._seen
        is_old = self._seen > 0 and age > OLD_SECONDS
        live = f"data {whole_seconds(age)} old" if is_old else "live" if self._live else "reconnecting"
        self.screen_stack[0].set_class(is_old, "old")
        subject = self.query_one(Rows).subject
        acts = {key: operation.split()[-1] for key, operation in subject.acts.items()} if subject else {}
        shown = {"view": self._view.name, "views": {key: view.name for key, view in VIEWS.items()}, "live": live}
        more: Answers = {"place": self._api.place, "acts": acts, "is_open": self._is_open, "status": None}
        for name in ("head", "keys"):
            made = self._made(f"dashboard/page_{name}", {**more, **self._answers, **shown})
            self.query_one(f"#{name}", Static).update(markup.text(made.strip()))

    def on_data_table_row_highlighted(self, event: Rows.RowHighlighted) -> None:
        """Another row: its page. The same one in a list made anew, even in another state, is no other."""
        subject = event.data_table.subject if isinstance(event.data_table, Rows) else None
        if subject and subject[1:] != self._about:
            self._about = subject[1:]
            self._turn_to()

    def _turn_to(self, **place: Any) -> None:
        """A page anew; of a log that place, and its end where none is given."""
        self._place, self._is_new = place, True
        self.look()

    def _find(self, words: str | None) -> None:
        if words is not None:
            self._turn_to(find=words)

    def on_data_table_row_selected(self) -> None:
        """The row's page, as large as it goes."""
        self._open(is_open=True)

    # --- keys --------------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """`g` and a screen's key; else what the row's kind does with it."""
        subject = self.query_one(Rows).subject
        if len(self.screen_stack) > 1:
            return
        key = event.character or ""
        own: dict[str, Callable[[], object]] = {"t": self.action_turn, "?": self.action_tell}
        own["n"] = partial(self.act, "submit")
        if subject and subject.asks == "log":
            own["/"] = partial(self.push_screen, Find(), self._find)
            own["e"] = partial(self._turn_to, find="error")
            own["["] = lambda: self._turn_to(**{**self._place, "before": self._start})
            own["]"] = self._turn_to
        if self._lead or key == "g":
            self._lead = not self._lead
            if key in VIEWS:
                self.show(key)
        elif key in own:
            own[key]()
        elif subject and key in subject.acts:
            self.act(subject.acts[key], subject.id)

    def show(self, key: str) -> None:
        """Another screen."""
        self._view, self._place, self._is_new = VIEWS[key], {}, True
        self._open(is_open=False)

    def act(self, operation: str, about: str | None = None) -> None:
        """Ask what the operation needs, and do it."""
        given = {} if about is None else call(operation, about)
        self.clear_notifications()  # they would lie over the form
        self.push_screen(Form(entries()[operation], given, self._api.ask), self._done)

    def _done(self, operation: str | None) -> None:
        if operation:
            self.notify(f"{one_line(operation)}: done")
            self.look()

    async def action_back(self) -> None:
        """The list again."""
        self._open(is_open=False)

    def _open(self, *, is_open: bool) -> None:
        self._is_open = is_open
        self.screen_stack[0].set_class(is_open, "open")
        self.query_one("#more" if is_open else Rows).focus()
        self.look()

    def action_tell(self) -> None:
        """The keys."""
        self.notify(HELP.read_text("utf-8"), title="Keys", timeout=HELP_SECONDS, markup=False)

    def action_turn(self) -> None:
        """Dark or light."""
        self.theme = "textual-light" if self.current_theme.dark else "textual-dark"

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:  # noqa: ARG002 - as Textual has it
        """The palette: every screen, and every operation that changes something."""
        yield from (SystemCommand(v.name, "Go to this screen", partial(self.show, k)) for k, v in VIEWS.items())
        for name, entry in entries().items():
            if entry.safety != "read" and entry.is_command:
                yield SystemCommand(name, entry.summary, partial(self.act, name))


_NAMES: Final = str.maketrans(" -", "__")


async def serve(client: Client, url: str | None) -> int:
    """Until the reader leaves; the exit code."""
    if url is None:
        client.ask("status", {})  # which knows a home that nobody runs
    async with reached(client, url) as api:
        await api.ask("status", {})  # whoever does not answer says so in words, not on a screen
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise UsageError("The dashboard needs a terminal; `podium status` tells the same in words.")
        app = Dashboard(api)
        await app.run_async()
        return app.return_code or 0
