"""Every operation's answer as a page for a person: what needs somebody comes first, what to type stands beside it.

A page is a template in `pages/`, in the notation of `markup`: plain aligned text that can be piped, without borders,
one row a line, with `–` for what nobody knows. Every text of an answer is made safe for a terminal before a template
sees it.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote, unquote, urlsplit

from jinja2 import Environment, FunctionLoader, StrictUndefined
from rich.console import Console

from podium.faces import sentences, wording
from podium.faces.cli import markup, outlet
from podium.faces.cli.lanes import tracks
from podium.faces.cli.markup import styled
from podium.faces.sentences import NO_WORKS, Works, listed, meaning, sentence, works_of
from podium.faces.wording import UNKNOWN, clean, one_line
from podium.tables import beside

PAGES: Final = Path(__file__).with_name("pages")
_PAGES: Final = beside(__file__)
SAME: Final = {operation: page for page, operations in _PAGES.items() for operation in operations}
"""The page of an operation that has none of its own."""
LINE: Final = "\v"
"""A line's end inside a value: a blank, unless the page asks for lines."""
BARS: Final = ("▁▂▃▄▅▆▇█", "_.-=+*#@")
BARS_MAX: Final = 48
"""Of a longer window, the latest spans."""


def show(console: Console, name: str, answer: Mapping[str, Any]) -> None:
    """Print the page of that name; `logs` alone has a command of its own (logs)."""
    markup.print_page(console, page(console, name, answer))


def tell(name: str, answer: Mapping[str, Any], *, as_json: bool) -> None:
    """What came of a command: a document for a program, the page of that name for a person."""
    if as_json:
        outlet.print_json(answer)
    else:
        show(markup.Page(), name, answer)


def page(console: Console, name: str, answer: Mapping[str, Any]) -> str:
    """The page of that name in the notation of `markup`, for a console of that width and those colours."""

    def lanes(workflows: Mapping[str, Any]) -> list[tuple[str, str]]:
        columns = markup.columns_of(console) - markup.LABEL_COLUMNS
        return tracks(workflows, columns, colour=markup.has_colour(console))

    answer = _safe(answer)
    return _environment().get_template(SAME.get(name, name)).render(
        **answer, answer=answer, operation=name, now=markup.now(console), wide=markup.is_wide(console), lanes=lanes,
        bars=BARS[console.options.ascii_only],
    )  # fmt: skip


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(_source), undefined=StrictUndefined, line_statement_prefix="%",
        keep_trailing_newline=True, finalize=_told,
        autoescape=False,  # noqa: S701 - a terminal is no browser; `_safe` is its escaping
    )  # fmt: skip
    words = "ago clock_time counted date_time duration figure one_line percent size whole_seconds work"
    own = (begun, clone, count, dotted, lines, listed, message, multiline, place, pull, sparkline, state, styled, told)
    filters = {name: getattr(wording, name) for name in words.split()} | {do.__name__: do for do in (*own, works_of)}
    cast("dict[str, Any]", made.filters).update(filters)
    return made


def _source(name: str) -> str:
    path = name if "/" in name else f"pages/{name.replace(' ', '_')}"
    return markup.notation((Path(__file__).parent / f"{path}.txt").read_text("utf-8"))


def _told(value: Any) -> Any:
    """What stands on the page for a value."""
    return UNKNOWN if value is None else value.replace(LINE, " ") if isinstance(value, str) else value


def _safe(value: Any) -> Any:
    """All texts of an answer, without what could steer a terminal."""
    if isinstance(value, str):
        return clean(value).replace("\t", " ").replace("\n", LINE)
    if isinstance(value, dict):
        return {_safe(key): _safe(part) for key, part in cast("dict[Any, Any]", value).items()}
    return [_safe(part) for part in cast("list[Any]", value)] if isinstance(value, list) else value


# --- what templates use beside `wording` -----------------------------------------------------------------------------


def count(number: int, colour: str = "") -> str:
    """A count; nothing is quiet, so that what there is stands out."""
    return styled(f"{number:,}", colour if number else "quiet")


def state(name: str) -> str:
    """A state in its colour; `in_review` reads `in review`."""
    return styled(one_line(name).replace("_", " "), sentences.tone(name))


def dotted(parts: Iterable[Any]) -> str:
    """Words with a dot between them; what is empty is left out."""
    return " · ".join(str(part) for part in parts if part)


def lines(value: str) -> list[str]:
    """The lines of a text; of an empty one, an empty line."""
    return value.strip().split(LINE)


def multiline(value: str) -> str:
    """A text with its lines as they are."""
    return value.replace(LINE, markup.BREAK)


def told(event: Mapping[str, Any], works: Works = NO_WORKS) -> str:
    """An event in words, in the colour of what it means; empty for one that is not worth a line."""
    words = sentence(event, works)
    return styled(words, meaning(event)) if words else ""


def message(line: str) -> str:
    """A line of an attempt's log: time, who speaks, words."""
    time, source, text, colour = sentences.message(line)
    return f"{styled(f'{time:8}  {source:9} ', 'quiet')}{markup.LABEL}{styled(one_line(text), colour)}"


def short_path(path: str) -> str:
    """A path as it is shortest to type: from the current folder, when it is below it."""
    return path.removeprefix(f"{Path.cwd()}/")


def place(path: str, url: str | None = None) -> str:
    """Where something can be opened, as a link: its address, or its path as it is shortest to type."""
    shown, target = url or short_path(path), url or path
    if target.startswith("file://"):
        shown = short_path(unquote(urlsplit(target).path))
    if "://" not in target:
        target = Path(target).as_uri() if target.startswith("/") else ""
    return styled(shown, f"link {quote(target, safe=':/?&=#%@+,;~[]')}" if target else "")


def clone(repository: str, folder: str) -> str:
    """The command that makes somebody's own copy of a project."""
    return f"git clone {shlex.quote(short_path(repository))} {folder}"


def pull(repository: str) -> str:
    """The command that brings a project's work into somebody's own checkout."""
    return f"git pull {shlex.quote(repository)} main"


def begun(metrics: Mapping[str, Any], lane: str = "") -> list[int]:
    """Attempts begun in each span, the present one last; nothing where there is nothing to compare with."""
    rows, width, last = metrics["spans"], metrics["span_seconds"], round(metrics["until"])
    by_span = {row["at"]: row["started"].get(lane, 0) if lane else sum(row["started"].values()) for row in rows}
    first = max(round(metrics["since"]), last - last % width - (BARS_MAX - 1) * width)
    return [by_span.get(at, 0) for at in range(first, last + 1, width)] if len(rows) > 1 else []


def sparkline(values: Sequence[float], bars: str, most: float = 0.0) -> str:
    """Figures as bars, `most` (or else the largest) at full height; nothing is blank."""
    most = most or max(values, default=0)
    return "".join(bars[int(value * (len(bars) - 1) / most)] if value else " " for value in values)
