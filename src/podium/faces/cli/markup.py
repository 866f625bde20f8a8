"""The small language of the pages: colours, commands, labels and tables in plain text, made a terminal's and printed.

A template in `pages/` has `[attention]words[/]` for a meaning's colour, backquotes around what can be typed, `Label::`
before words that keep to the right of it, `¦` between the cells of a row (a column of figures ends with `>` in the
head, one that is wrapped with `~`), and blanks before what is set in. While a page is made each of these is a control
character, which no value from outside can hold (`wording.clean`): so nothing that somebody wrote is read as markup.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from podium.faces.cli import outlet

BEGIN, END, CELL, LABEL, BREAK, EMPTY = map(chr, range(1, 7))
"""Around a style's name (none: the last one ends), between cells, behind a label, a line's end, for an empty line."""
ATTENTION: Final = "yellow"
QUIET: Final = "dim"
COLOURS: Final = {
    "good": "green", "active": "cyan", "attention": ATTENTION, "trouble": "red", "quiet": QUIET, "command": "bold",
}  # fmt: skip
"""Colours are the terminal's own sixteen, so that they fit whatever theme it has; none carries meaning alone."""
LABEL_COLUMNS: Final = 12
"""Of the labels at the left of a page: `Development` and a blank."""
WIDE_COLUMNS: Final = 110
"""From here on a table has all its columns; a narrower terminal gets what matters most."""
PIPED_COLUMNS_MAX: Final = 100_000
"""Width of a page that no terminal shows: nothing is wrapped, so that each row stays one line for grep."""
THEN: Final = "▸"
"""Between what comes one after the other."""
FINE: Final = f"✓✗{THEN}·━─"
PLAIN: Final = "+x>-=."
"""The signs that stand before words, and what stands for each where a console's encoding lacks it."""
_NOTATION: Final = (
    (re.compile(r"`([^`\n]+)`"), r"[command]\1[/]"),
    (re.compile(rf"\[({'|'.join(COLOURS)}|bold|(?=/))/?\]"), rf"{BEGIN}\1{END}"),
    (re.compile("::"), LABEL),
    (re.compile("¦"), CELL),
    (re.compile(r"^\n", re.MULTILINE), f"{EMPTY}\n"),  # Jinja drops empty ones beside its statements
)
_TAG: Final = re.compile(f"{BEGIN}([^{END}]*){END}")
_PLAIN: Final = str.maketrans(FINE, PLAIN)


def notation(template: str) -> str:
    """A template's source with its notation as control characters."""
    for written, meant in _NOTATION:
        template = written.sub(meant, template)
    return template


def styled(words: object, name: str) -> str:
    """Words in a style: the name of a meaning, or what Rich calls one."""
    return f"{BEGIN}{name}{END}{words}{BEGIN}{END}" if name else str(words)


def text(marked: str) -> Text:
    """Marked words as a text."""
    made, begun = Text(), list[tuple[str, int]]()
    for number, part in enumerate(_TAG.split(marked)):
        if number % 2 == 0:
            made.append(part.replace(BREAK, "\n"))
        elif part:
            begun.append((COLOURS.get(part, part), len(made)))
        else:
            made.stylize(*begun.pop())
    return made


def print_page(console: Console, page: str) -> None:
    """Print a page; signs that the console's encoding lacks have a plain form."""
    say(console, *laid_out(page.translate(_PLAIN) if console.options.ascii_only else page))


def laid_out(page: str) -> Iterator[RenderableType]:
    """The parts of a page; several empty lines are one, and none stands at its ends."""
    lines = re.sub(rf"\n(?:{EMPTY}?\n)+", "\n\n", page).strip(f"{EMPTY}\n").split("\n")
    for is_table, rows in groupby(lines, lambda line: CELL in line):
        if is_table:
            yield _table(rows)
        else:
            yield from map(_line, rows)


def _line(line: str) -> RenderableType:
    words = line.lstrip(" ")
    label, mark, rest = words.partition(LABEL)
    part = _hanging(text(label), text(rest)) if mark else text(words)
    return Padding(part, (0, 0, 0, len(line) - len(words)), expand=False) if line != words else part


def _hanging(label: Text, words: Text) -> RenderableType:
    """Words with their label in a column of its own."""
    label.stylize("bold")
    label.pad_right(max(0, LABEL_COLUMNS - label.cell_len))
    grid = Table.grid()
    grid.add_column(no_wrap=True, width=label.cell_len)
    grid.add_column(overflow="fold")
    grid.add_row(label, words)
    return grid


def _table(rows: Iterable[str]) -> Table:
    """Aligned columns without any border, the first row is the head."""
    head, *cells = (row.split(CELL) for row in rows)
    made = Table(*map(_column, head), box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=QUIET)
    for row in cells:
        made.add_row(*map(text, row))
    return made


def _column(name: str) -> Column:
    if name.endswith("~"):
        return Column(name[:-1], overflow="fold")
    return Column(name.removesuffix(">"), no_wrap=True, justify="right" if name.endswith(">") else "left")


# --- how it is printed ------------------------------------------------------------------------------------------------


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
