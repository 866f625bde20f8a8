"""How the terminal looks: colours by meaning, marks with a plain form, borderless tables, and how all is printed."""

from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.style import Style
from rich.table import Column, Table
from rich.text import Text

from podium.faces.cli.wording import one_line, verbatim

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


def marks(console: Console) -> Marks:
    """The signs that this console's encoding can show."""
    return PLAIN if console.options.ascii_only else FINE


def left(name: str) -> Column:
    """A column of short words, never wrapped."""
    return Column(name, no_wrap=True)


def right(name: str) -> Column:
    """A column of figures."""
    return Column(name, no_wrap=True, justify="right")


def flowing(name: str) -> Column:
    """A column of text that is wrapped where a terminal is narrow."""
    return Column(name, overflow="fold")


def table(*columns: Column) -> Table:
    """A table of aligned columns without any border."""
    return Table(*columns, box=None, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style=QUIET)


def row(table: Table, *cells: str | Text) -> None:
    """Add a row; nothing in it is read as markup or as the name of an emoji."""
    table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))


def count(number: int, colour: str = "") -> Text:
    """A count; nothing is quiet, so that what there is stands out."""
    return Text(f"{number:,}", style=colour if number else QUIET)


def state(name: str) -> Text:
    """A state in its colour; `in_review` reads `in review`."""
    return Text(one_line(name).replace("_", " "), style=STATES.get(name, ""))


def line(*parts: str | tuple[str, str] | Text) -> Text:
    """A line put together of plain words, (words, style) and texts; nothing in it is read as markup."""
    return Text.assemble(*parts)


def fine(console: Console, *parts: str | tuple[str, str] | Text) -> Text:
    """A line that begins with the sign of what is good."""
    return line((f"{marks(console).good} ", GOOD), *parts)


def next_step(typed: str, what: str = "") -> Text:
    """What to type next, set in below what was told, and what that does."""
    return line("  ", command(typed), f"   {what}" if what else "")


def hanging(before: Text, *parts: str | tuple[str, str] | Text) -> Table:
    """Words behind others; where a terminal wraps them, they stay to the right of those."""
    grid = Table.grid()
    grid.add_column(no_wrap=True, width=before.cell_len)
    grid.add_column(overflow="fold")
    grid.add_row(before, line(*parts))
    return grid


def labelled(label: str, *parts: str | tuple[str, str] | Text) -> Table:
    """Words with their label in a column of its own."""
    return hanging(Text(label.ljust(LABEL_COLUMNS), style="bold"), *parts)


def needs_you(console: Console, what: str, typed: str) -> Table:
    """What only a person can do, with what to type."""
    return labelled("Needs you", (f"{marks(console).warning} {what}   ", ATTENTION), command(typed))


def command(words: str) -> tuple[str, str]:
    """Something to type."""
    return words, COMMAND


def dotted(console: Console, *parts: str | tuple[str, str]) -> Text:
    """Words with a dot between them; what is empty is left out."""
    return Text(f" {marks(console).dot} ").join(
        Text(*part) if isinstance(part, tuple) else Text(part) for part in parts if part and part[0]
    )


def indented(part: RenderableType, columns: int = 2) -> Padding:
    """A part of a page, set in."""
    return Padding(part, (0, 0, 0, columns))


def link(target: str, shown: str = "") -> Text:
    """An address or an absolute path that a terminal may open when it is clicked."""
    plain = verbatim(target)
    address = plain if "://" in plain else Path(plain).as_uri() if plain.startswith("/") else ""
    return Text(shown or plain, style=Style(link=address) if address else "")


def short_path(path: str) -> str:
    """A path as it is shortest to type: from the current folder, when it is below it."""
    here = f"{Path.cwd()}/"
    plain = verbatim(path)
    return plain.removeprefix(here) if plain.startswith(here) else plain


def is_wide(console: Console) -> bool:
    """Whether there is room for every column; always so in a pipe, where no row is wrapped."""
    return not console.is_terminal or console.width >= WIDE_COLUMNS


def has_colour(console: Console) -> bool:
    """Whether colours can say something here."""
    return console.is_terminal and console.color_system is not None and not console.no_color


def columns_of(console: Console) -> int:
    """How wide a page may be."""
    return console.width if console.is_terminal else PIPED_COLUMNS_MAX


def place(path: str, url: str | None = None) -> Text:
    """Where something can be opened: its address, or its path as it is shortest to type."""
    if url and url.startswith("file://"):
        return link(url, short_path(unquote(urlsplit(url).path)))
    return link(url) if url else link(path, short_path(path))


def now(console: Console) -> float:
    """The moment at which the page is drawn, in seconds since the epoch, from the console's own clock."""
    return console.get_datetime().timestamp()


def done(console: Console, said: str, typed: str = "", what: str = "") -> None:
    """Print that something was done, and below it what to type next."""
    say(console, fine(console, said), *([next_step(typed, what)] if typed else []))


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
