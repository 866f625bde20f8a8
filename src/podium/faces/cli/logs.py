"""`podium logs`: an attempt's messages, for people or as NDJSON: the last lines without loading all, and new ones."""

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
from rich.console import Console
from rich.text import Text

from podium.faces.cli.client import Client
from podium.faces.cli.markup import COLOURS, QUIET, Page
from podium.faces.sentences import SOURCE_CHARS_MAX, message
from podium.faces.wording import one_line

LINES: Final = 200
LOOK_SECONDS: Final = 0.2
BLOCK_BYTES: Final = 1 << 16
TAIL_BYTES_MAX: Final = 64 << 20
"""Read backwards in search of the last lines; a log of this size that has fewer is shown from there."""
LINE_BYTES_MAX: Final = 8 << 20
"""A line that is still not ended after this much is handed on as it is."""
NEXT_LOOK_SECONDS: Final = 0.5
ATTEMPTS_PER_LOOK: Final = 20
"""So many attempts may begin and end between two looks without one being missed."""
EXIT_FILE: Final = "exit.json"
"""Beside the log; the runner writes it last, so no message comes after it."""
TIME_COLUMNS: Final = 8


def tail(path: Path, lines: int = LINES) -> list[str]:
    """The last lines, the oldest first, also one that was cut off by the writer's end; none where there is no file."""
    now = threading.Event()
    now.set()
    with suppress(OSError):
        return list(deque(follow(path, now, lines), lines))
    return []


def follow(path: Path, stop: threading.Event, lines: int = LINES) -> Iterator[str]:
    """The last lines, then each further one when it is complete; waits for a file that is not there yet.

    Ends when `stop` is set, or when the attempt has ended (the runner has written its `exit.json`, or the folder is
    gone); what was written until then, also a line without an end, is yielded first.
    """
    while not path.exists():
        if stop.wait(LOOK_SECONDS) or path.with_name(EXIT_FILE).exists():
            return
    with path.open("rb") as file:
        found, at = _last_lines(file, lines)
        yield from found
        file.seek(at)
        held = b""
        while True:
            # Asked before reading, so that the last words are not missed.
            is_over = stop.is_set() or path.with_name(EXIT_FILE).exists() or not path.parent.exists()
            *complete, held = (held + file.read(LINE_BYTES_MAX)).split(b"\n")
            yield from (_text(line) for line in complete)
            if is_over or len(held) >= LINE_BYTES_MAX:
                if held:
                    yield _text(held)
                held = b""
            if is_over:
                return
            if os.fstat(file.fileno()).st_size < file.tell():
                file.seek(0)  # somebody has emptied it: what is written now is new
                held = b""
            if not complete:
                stop.wait(LOOK_SECONDS)


def _last_lines(file: BinaryIO, lines: int) -> tuple[list[str], int]:
    """The last complete lines, and the position behind them; reads blocks from the end."""
    at = end = file.seek(0, os.SEEK_END)
    blocks: list[bytes] = []
    breaks = 0
    while at > max(0, end - TAIL_BYTES_MAX) and breaks <= lines:
        size = min(BLOCK_BYTES, at)
        at -= size
        file.seek(at)
        blocks.append(file.read(size))
        breaks += blocks[-1].count(b"\n")
    content = b"".join(reversed(blocks))
    *complete, rest = content.split(b"\n")
    if at > 0:
        complete = complete[1:]  # it begins in the middle of a line
    return [_text(line) for line in complete[-lines:]] if lines else [], end - len(rest)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")


# --- for people ------------------------------------------------------------------------------------------------------


def render_line(console: Console, line: str) -> None:
    """Print one line of the log: time, who speaks, words; further lines of a message stand below its first."""
    time, source, text, meaning = message(line)
    margin = Text.assemble((time.ljust(TIME_COLUMNS), QUIET), "  ", (source.ljust(SOURCE_CHARS_MAX), QUIET), " ")
    for number, part in enumerate(text.split("\n")):
        before = margin if number == 0 else Text(" " * (TIME_COLUMNS + 2) if part else "")
        console.print(Text.assemble(before, (part, COLOURS.get(meaning, ""))), soft_wrap=True, highlight=False)


# --- the command ------------------------------------------------------------------------------------------------------


def show_logs(client: Client, instance: str, *, follow: bool, lines: int, raw: bool, as_json: bool) -> None:
    """Print the latest attempt's log; with `follow`, go on over further attempts until the reader leaves.

    A raw log is NDJSON, for people too.
    """
    shown, asked = _Log(instance, lines, as_json=as_json or raw), {"instance": instance, "raw": raw}
    answer = client.call("logs", asked)
    files = answer["files"]
    if not files and raw:
        click.echo(f"{instance} has no raw log: `podium logs {instance}` shows all that its agent said.", err=True)
    elif not files and answer["not_kept"]:
        shown.say(f"The log of {instance} is no longer kept (podium.toml: [retention] logs_days, logs_mib_max).")
    elif not files and not follow:
        shown.say(f"{instance} has no attempt on record. `podium instances` shows who works.")
    for file in files:
        shown.show(file, to_its_end=follow)
    if not follow or "/" in instance:
        return
    while True:
        found = client.call("logs", {**asked, "attempts": ATTEMPTS_PER_LOOK})["files"]
        new = _after(found, shown.last)
        for file in new:
            shown.show(file, to_its_end=True)
        if not new:
            shown.wait()


def _after(files: list[dict[str, Any]], last: str) -> list[dict[str, Any]]:
    """Those that began after the one shown last; the oldest first, as they are given."""
    names = [file["attempt"] for file in files]
    return files[names.index(last) + 1 :] if last in names else files


class _Log:
    """Prints one attempt after the other."""

    def __init__(self, instance: str, lines: int, *, as_json: bool) -> None:
        self.last = ""
        self._instance, self._lines, self._as_json = instance, lines, as_json
        self._waits = False
        self._never = threading.Event()
        """Nothing sets it: the reader's interrupt ends the waiting."""
        self._page = Page()

    def say(self, words: str) -> None:
        """Something about the log; a program that reads NDJSON is not told."""
        if not self._as_json:
            self._page.print(Text(one_line(words), style="dim"), soft_wrap=True)

    def wait(self) -> None:
        """Wait for something new; say so once."""
        if not self._waits:
            self.say(f"{self._instance} is idle; waiting for its next attempt (Ctrl-C ends this).")
        self._waits = True
        self._never.wait(NEXT_LOOK_SECONDS)

    def show(self, file: dict[str, Any], *, to_its_end: bool) -> None:
        """One attempt's messages; of one at work, also those to come."""
        self._waits = False
        self.last = file["attempt"]
        self.say(file["attempt"] + (f" on {file['instance']}" if file["instance"] else ""))
        path = Path(file["path"])
        follows = to_its_end and file["running"]
        for line in follow(path, self._never, self._lines) if follows else tail(path, self._lines):
            if self._as_json:
                click.echo(line)
            else:
                render_line(self._page, line)
