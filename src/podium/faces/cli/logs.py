"""`podium logs`: the messages of an instance's latest attempts, for people or as NDJSON."""

import threading
from pathlib import Path
from typing import Any, Final

import click
from rich.text import Text

from podium.faces.cli.client import Client
from podium.faces.cli.logview import follow as follow_lines
from podium.faces.cli.logview import render_line, tail
from podium.faces.cli.style import Page
from podium.faces.wording import one_line

NEXT_LOOK_SECONDS: Final = 0.5
ATTEMPTS_PER_LOOK: Final = 20
"""So many attempts may begin and end between two looks without one being missed."""


def show_logs(client: Client, instance: str, *, follow: bool, lines: int, raw: bool, as_json: bool) -> None:
    """Print the latest attempt's log; with `follow`, go on over further attempts until the reader leaves.

    A raw log is NDJSON, for people too.
    """
    never = threading.Event()  # nothing sets it: the reader's interrupt ends the waiting
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
        shown.show(file, never, follow=follow)
    if not follow or "/" in instance:
        return
    while True:
        found = client.call("logs", {**asked, "attempts": ATTEMPTS_PER_LOOK})["files"]
        new = _after(found, shown.last)
        for file in new:
            shown.show(file, never, follow=True)
        if not new:
            shown.wait()
            never.wait(NEXT_LOOK_SECONDS)


def _after(files: list[dict[str, Any]], last: str) -> list[dict[str, Any]]:
    """Those that began after the one shown last; the oldest first, as they are given."""
    names = [file["attempt"] for file in files]
    return files[names.index(last) + 1 :] if last in names else files


class _Log:
    """Prints one attempt after the other."""

    def __init__(self, instance: str, lines: int, *, as_json: bool) -> None:
        self.last = ""
        self._instance = instance
        self._lines = lines
        self._as_json = as_json
        self._waits = False
        self._page = Page()

    def say(self, words: str) -> None:
        """Something about the log; a program that reads NDJSON is not told."""
        if not self._as_json:
            self._page.print(Text(one_line(words), style="dim"), soft_wrap=True)

    def wait(self) -> None:
        """Say once that there is nothing new."""
        if not self._waits:
            self.say(f"{self._instance} is idle; waiting for its next attempt (Ctrl-C ends this).")
        self._waits = True

    def show(self, file: dict[str, Any], stop: threading.Event, *, follow: bool) -> None:
        """One attempt's messages; of one at work, until it ends."""
        self._waits = False
        self.last = file["attempt"]
        self.say(file["attempt"] + (f" on {file['instance']}" if file["instance"] else ""))
        path = Path(file["path"])
        found = follow_lines(path, stop, self._lines) if follow and file["running"] else tail(path, self._lines)
        for line in found:
            if self._as_json:
                click.echo(line)
            else:
                render_line(self._page, line)
