"""Where the command line's words go: standard output that may be narrow, plain ASCII, full, or closed by its reader."""

import io
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import click


def prepare_output() -> None:
    """Whatever cannot be written in the output's encoding becomes a question mark, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def drop_output() -> None:
    """Nobody reads standard output any more: what is still buffered, and all that follows, goes nowhere."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def print_json(document: Mapping[str, Any], *, indent: int | None = 2) -> None:
    """One JSON document; letters that the output's encoding may lack are escaped."""
    is_unicode = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"
    click.echo(json.dumps(document, ensure_ascii=not is_unicode, indent=indent))


def note(words: str) -> None:
    """A word on standard error, whether anybody reads it or not."""
    with suppress(OSError):
        click.echo(f"podium: {words}", err=True)
