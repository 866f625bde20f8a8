"""One picture of a run, as lines that fit a terminal exactly: nothing wraps, nothing scrolls."""

from typing import Any, Final

from rich.text import Text

from podium.faces.cli.board import Board, Busy, News
from podium.faces.cli.lanes import tracks
from podium.faces.cli.markup import text
from podium.faces.cli.style import ACTIVE, ATTENTION, COMMAND, GOOD, LABEL_COLUMNS, QUIET, TROUBLE, Marks
from podium.faces.wording import clock_time, counted, one_line, whole_seconds

NEWS_LINES: Final = 6
SECONDS_COLUMNS: Final = 10
BAR_COLUMNS_MIN: Final = 10
TONES: Final = {"trouble": ATTENTION, "good": GOOD, "": ""}


def frame(board: Board, now: float, size: tuple[int, int], signs: Marks, *, colour: bool = True) -> list[Text]:
    """The picture, at most `size` (columns, lines); what matters least is left out first."""
    columns, lines = size
    top = [_header(board.project, now, columns), Text(), *_needs_you(board, columns, signs)]
    lanes = tracks(board.project["workflows"], columns - LABEL_COLUMNS, signs, colour=colour)
    top += [_labelled(name.title(), text(track)) for name, track in lanes]
    top += [Text(), _bar(board, len(lanes), columns, signs), Text()]
    room = lines - len(top)
    busy_lines = max(1, min(board.busy_most, max(room - NEWS_LINES - 1, room // 2)))
    picture = [*top, *_now(board, busy_lines, columns)]
    news_lines = min(NEWS_LINES, lines - len(picture) - 1)
    if news_lines > 0:
        picture += [Text(), *_lately(list(board.news)[-news_lines:], news_lines, columns)]
    return [_fitted(line, columns) for line in picture[:lines]]


def _fitted(line: Text, columns: int) -> Text:
    line.no_wrap = True
    line.truncate(columns, overflow="ellipsis")
    return line


def _labelled(label: str, body: Text) -> Text:
    return Text.assemble((label.ljust(LABEL_COLUMNS), "bold" if label else ""), body)


def _header(project: Any, now: float, columns: int) -> Text:
    """The title at the left, id and elapsed time at the right."""
    ended = project["ended_at"]
    elapsed = whole_seconds((ended if ended is not None else now) - project["created_at"])
    right = Text.assemble((f"{one_line(project['id'])}  ", QUIET), elapsed)
    left = Text.assemble(("podium  ", QUIET), (one_line(project["title"]), "bold"))
    left.truncate(max(10, columns - right.cell_len - 2), overflow="ellipsis")
    gap = columns - left.cell_len - right.cell_len
    return Text.assemble(left, " " * max(2, gap), right)


def _needs_you(board: Board, columns: int, signs: Marks) -> list[Text]:
    """The newest open review with what to type; several are in the list."""
    dead = _dead(board, columns, signs)
    waiting = board.project["jobs"].get("in_review", 0)
    if not waiting:
        return [*dead, Text()] if dead else []
    words = Text(f"{signs.warning} {counted(waiting, 'review')} to decide   ", style=ATTENTION)
    if waiting == 1 and len(board.reviews) == 1:
        ((number, work),) = board.reviews.items()
        words = Text(f"{signs.warning} review {number}: {work}", style=ATTENTION)
        typed = Text.assemble((f"podium review approve {number}", COMMAND), "  or  reject, send-back", style="")
        return [*dead, _labelled("Needs you", words), _labelled("", typed), Text()]
    typed = Text(f"podium review list --project {one_line(board.project['id'])}", style=COMMAND)
    return [*dead, *_asked(words, typed, columns), Text()]


def _dead(board: Board, columns: int, signs: Marks) -> list[Text]:
    """Dead letters with what to type."""
    number = board.project["jobs"].get("dead", 0)
    words = Text(f"{signs.bad} {counted(number, 'dead letter')}   ", style=TROUBLE)
    typed = Text(f"podium dead-letters --project {one_line(board.project['id'])}", style=COMMAND)
    return _asked(words, typed, columns) if number else []


def _asked(words: Text, typed: Text, columns: int) -> list[Text]:
    """What is needed and what to type, on one line where there is room."""
    fits = LABEL_COLUMNS + words.cell_len + typed.cell_len <= columns
    parts = [Text.assemble(words, typed)] if fits else [words, typed]
    return [_labelled("" if i else "Needs you", part) for i, part in enumerate(parts)]


def _bar(board: Board, lanes: int, columns: int, signs: Marks) -> Text:
    """How far it is, and how many jobs are done; `+` while workflows that bring more have not begun."""
    done, total = board.jobs()
    more = "+" if len(board.project["workflows"]) < lanes and board.project["state"] == "open" else ""
    label = f"  {done:,} of {total:,}{more} jobs"
    width = max(BAR_COLUMNS_MIN, columns - LABEL_COLUMNS - len(label))
    full = min(width, int(width * board.progress(lanes) + 1e-9))
    colour = {"complete": GOOD, "failed": TROUBLE}.get(board.project["state"], ACTIVE)
    bar = Text.assemble((signs.full * full, colour), (signs.empty * (width - full), QUIET), label)
    return _labelled("Done", bar)


def _now(board: Board, lines: int, columns: int) -> list[Text]:
    """Who does what, for how long; as many lines as asked, so that what stands below stays where it is."""
    busy = board.busy
    shown = busy if len(busy) <= lines else busy[: lines - 1]
    name_columns = max((len(b.instance) for b in shown), default=0)
    role_columns = max((len(b.role) for b in shown), default=0)
    rows = [_busy_line(b, name_columns, role_columns, columns - LABEL_COLUMNS) for b in shown]
    if len(busy) > len(shown):
        rest = counted(len(busy) - len(shown), "more instance" if shown else "instance")
        rows.append(Text(f"and {rest}" if shown else f"{rest} at work", style=QUIET))
    if not rows:
        rows.append(Text(_idle(board), style=QUIET))
    rows += [Text()] * (lines - len(rows))
    return [_labelled("" if i else "Now", row) for i, row in enumerate(rows)]


def _idle(board: Board) -> str:
    """Why nobody works on it at this moment."""
    counts: dict[str, int] = board.project["jobs"]
    if board.project["state"] != "open":
        return f"the project is {one_line(board.project['state'])}"
    if counts.get("ready"):
        return f"{counted(counts['ready'], 'job')} ready for the next free instance"
    if counts.get("delayed"):
        return f"{counted(counts['delayed'], 'job')} to be tried again soon"
    if counts.get("in_review"):
        return "nobody: it waits for a decision"
    return "nobody: it waits for somebody to see to its dead letters" if counts.get("dead") else "nobody"


def _busy_line(busy: Busy, name_columns: int, role_columns: int, columns: int) -> Text:
    left = Text.assemble(
        (busy.instance.ljust(name_columns), ACTIVE), "  ", (busy.role.ljust(role_columns), QUIET), "  ", busy.doing
    )
    left.truncate(max(1, columns - SECONDS_COLUMNS), overflow="ellipsis", pad=True)
    return Text.assemble(left, (whole_seconds(busy.seconds).rjust(SECONDS_COLUMNS), QUIET))


def _lately(news: list[News], lines: int, columns: int) -> list[Text]:
    """The last events in words, the newest at the bottom; as many lines as asked."""
    rows = [Text.assemble((f"{clock_time(at)}  ", QUIET), (words, TONES[tone])) for at, words, tone in news]
    for row in rows:
        row.truncate(max(1, columns - LABEL_COLUMNS), overflow="ellipsis")
    rows += [Text()] * (lines - len(rows))
    return [_labelled("" if i else "Lately", row) for i, row in enumerate(rows)]
