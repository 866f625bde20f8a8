"""How the terminal looks: colours by meaning, marks with a plain form, borderless tables, and how all is printed."""

from typing import Final, NamedTuple

from rich.console import Console, RenderableType
from rich.text import Text

from podium.faces.cli import outlet

GOOD: Final = "green"
ACTIVE: Final = "cyan"
ATTENTION: Final = "yellow"
TROUBLE: Final = "red"
QUIET: Final = "dim"
COMMAND: Final = "bold"
"""Colours are the terminal's own sixteen, so that they fit whatever theme it has; none carries meaning alone."""

STATES: Final = {
    **dict.fromkeys(("active", "busy", "running", "open"), ACTIVE),
    **dict.fromkeys(("passed", "complete", "approved"), GOOD),
    **dict.fromkeys(("in_review", "delayed", "sent_back", "stopped", "paused"), ATTENTION),
    **dict.fromkeys(("dead", "failed", "rejected"), TROUBLE),
    **dict.fromkeys(("waiting", "held", "idle", "cancelled"), QUIET),
}

LABEL_COLUMNS: Final = 12
"""Of the labels at the left of a page: `Development` and a blank."""
WIDE_COLUMNS: Final = 110
"""From here on a table has all its columns; a narrower terminal gets what matters most."""
PIPED_COLUMNS_MAX: Final = 100_000
"""Width of a page that no terminal shows: nothing is wrapped, so that each row stays one line for grep."""


class Marks(NamedTuple):
    """The signs that stand before words."""

    good: str
    warning: str
    bad: str
    then: str
    dot: str
    full: str
    empty: str


FINE: Final = Marks("✓", "!", "✗", "▸", "·", "━", "─")
PLAIN: Final = Marks("+", "!", "x", ">", "-", "=", ".")


class Page(Console):
    """Hands a closed pipe to its caller, or goes on in silence when there is more to do than to tell."""

    def __init__(self, *, silent_when_closed: bool = False) -> None:
        super().__init__(highlight=False)
        self._silent_when_closed = silent_when_closed

    def on_broken_pipe(self) -> None:
        """Rich would end the process here."""
        if not self._silent_when_closed:
            raise BrokenPipeError
        self.quiet = True
        outlet.drop_output()


def is_wide(console: Console) -> bool:
    """Whether there is room for every column; always so in a pipe, where no row is wrapped."""
    return not console.is_terminal or console.width >= WIDE_COLUMNS


def has_colour(console: Console) -> bool:
    """Whether colours can say something here."""
    return console.is_terminal and console.color_system is not None and not console.no_color


def columns_of(console: Console) -> int:
    """How wide a page may be."""
    return console.width if console.is_terminal else PIPED_COLUMNS_MAX


def now(console: Console) -> float:
    """The moment at which the page is drawn, in seconds since the epoch, from the console's own clock."""
    return console.get_datetime().timestamp()


def say(console: Console, *parts: RenderableType) -> None:
    """Print a page: wrapped to a terminal's width; for a pipe or a file one line a row, without trailing blanks."""
    page = [Text(part) if isinstance(part, str) else part for part in parts]
    if console.is_terminal:
        for part in page:
            console.print(part)
        return
    wide = console.options.update(width=PIPED_COLUMNS_MAX)
    for part in page:
        for segments in console.render_lines(part, wide, pad=False):
            console.out("".join(segment.text for segment in segments).rstrip(), highlight=False)
