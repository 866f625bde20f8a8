"""Asks before something is ended or dropped, with the count of what it touches; a program says --yes."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from podium.domain.errors import UsageError
from podium.faces.wording import counted
from podium.refusals import refusal

if TYPE_CHECKING:
    from podium.faces.cli.client import Client


def confirm(client: "Client", operation: str, calls: Sequence[dict[str, Any]]) -> None:
    """Go on only when a person agrees, or when nothing would be touched; raises `UsageError` or `click.Abort`."""
    touched: Counter[str] = Counter()
    verb = ""
    for asked in calls:
        answer = client.call("preview", {"operation": operation, "asked": json.dumps(asked)})
        verb = answer["verb"]
        touched.update(answer["counts"])
    if not touched:
        return
    question = f"{verb} {told(touched.items())}?"
    if not sys.stdin.isatty():
        raise UsageError(refusal("nobody to ask", question=question))
    click.confirm(question, abort=True, err=True)


def told(counts: Iterable[tuple[str, int]]) -> str:
    """`3 projects, with 14 open jobs and 2 running attempts`."""
    first, *rest = [counted(number, kind) for kind, number in counts]
    if not rest:
        return first
    return f"{first}, with {' and '.join(filter(None, (', '.join(rest[:-1]), rest[-1])))}"
