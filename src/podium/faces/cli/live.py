"""The views of `podium run`: a calm picture in a terminal, and one line an event where there is none.

Both have the same three methods. `begin` and `end` are called once, `update` about eight times a second with fresh
answers of the operations: `project`, the rows of `instances`, the new rows of `events`, and the rows of `jobs`
whenever there are new jobs (None: as before), from which a job's step and item are known.
"""

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from podium.faces.cli import style
from podium.faces.cli.board import Board, News, Row, Rows
from podium.faces.cli.frame import TONES, frame
from podium.faces.cli.render import show
from podium.faces.cli.run import View
from podium.faces.cli.style import ATTENTION, QUIET
from podium.faces.wording import clock_time, counted, duration, one_line

QUIET_SECONDS_MAX: Final = 60.0
"""After so long without a line the plain view says that it still goes on."""
RESUMED_SECONDS: Final = 5.0
"""A project older than this when the view begins was begun before: its past is summed up in one line."""


class LiveView(View):
    """The picture in a terminal: drawn again in place when something in it has changed, and gone at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._board = Board()
        self._signs = style.marks(console)
        self._shown: list[Text] = []
        self._live = Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop")

    def begin(self, project: Row) -> None:
        """Take the lower part of the terminal; `end` gives it back."""
        self._board.begin(project)
        self._live.start()
        self._draw()

    def update(self, project: Row, instances: Rows, events: Rows, jobs: Rows | None = None) -> None:
        """Show the newest state."""
        self._board.update(project, instances, events, jobs)
        self._draw()

    def _draw(self) -> None:
        columns, lines = self._console.size
        colour = style.has_colour(self._console)
        # One line less than there is: the cursor stands below the picture, and writing in the last line scrolls.
        picture = frame(self._board, style.now(self._console), (columns, lines - 1), self._signs, colour=colour)
        if picture != self._shown:
            self._shown = picture
            self._live.update(Group(*picture), refresh=True)

    def end(self, result: Mapping[str, Any] | None, message: str) -> None:
        """Replace the picture by the summary; harmless when it never began, or has ended."""
        self._live.stop()
        show_summary(self._console, self._board, result, message)


class PlainView(View):
    """One line for every event that is worth it, with the time of day: for pipes, files and dumb terminals."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._board = Board()
        self._begun_at = 0.0
        self._spoke_at = 0.0
        self._skipped = 0
        self._is_resumed = False

    def begin(self, project: Row) -> None:
        """Say whose run this is."""
        self._board.begin(project)
        self._begun_at = style.now(self._console)
        self._is_resumed = self._begun_at - project["created_at"] > RESUMED_SECONDS
        goes_on = " goes on" if self._is_resumed else ""
        self._print(
            self._begun_at, Text(f"{one_line(project['title'])} ({one_line(project['id'])}){goes_on}", style="bold")
        )

    def update(self, project: Row, instances: Rows, events: Rows, jobs: Rows | None = None) -> None:
        """Print what has happened since."""
        news = self._board.update(project, instances, events, jobs)
        now = style.now(self._console)
        fresh = [item for item in news if not self._is_resumed or item.at >= self._begun_at]
        self._skipped += len(news) - len(fresh)
        if self._skipped and (fresh or not events):
            said = f"{counted(self._skipped, 'earlier event')}: podium project {one_line(project['id'])}"
            self._print(self._begun_at, Text(said, style=QUIET))
            self._skipped = 0
        for item in fresh:
            self._print(item.at, _told(item))
        for number in self._board.new_reviews:
            typed = f"needs you: podium review approve {number} (or reject {number}, send-back {number} --notes '…')"
            self._print(now, Text(typed, style=f"bold {ATTENTION}"))
        if now - self._spoke_at >= QUIET_SECONDS_MAX:
            self._print(now, Text(self._still(), style=QUIET))

    def _still(self) -> str:
        done, total = self._board.jobs()
        who = "; ".join(f"{b.instance} {b.doing} ({duration(b.seconds)})" for b in self._board.busy[:3])
        return f"still at it: {done} of {total} jobs done; {who or 'nobody works at this moment'}"

    def _print(self, at: float, text: Text) -> None:
        self._spoke_at = style.now(self._console)
        self._console.print(Text.assemble((f"{clock_time(at)}  ", QUIET), text), soft_wrap=True, highlight=False)

    def end(self, result: Mapping[str, Any] | None, message: str) -> None:
        """Say how it ended."""
        show_summary(self._console, self._board, result, message)


def _told(item: News) -> Text:
    return Text(item.text, style=TONES[item.tone])


def show_summary(console: Console, board: Board, result: Mapping[str, Any] | None, message: str) -> None:
    """The last words: what was built, where it is, what it took, and what to do next; without a result the message."""
    if result is None:
        style.say(console, "", one_line(message) or "No result is known.")
        return
    seconds = result["elapsed_seconds"]
    if seconds is None and "created_at" in board.project:
        seconds = style.now(console) - board.project["created_at"]
    told = {"result": result, "message": message, "built": board.built(), "seconds": seconds}
    style.say(console, "")
    show(console, "run", told | {"state": board.project.get("state")})
