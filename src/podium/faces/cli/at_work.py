"""Pages about an attempt at work: what its agent was told, what waits in its inbox, what it notes."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rich.console import Console, RenderableType

from podium.faces.cli import style
from podium.faces.cli.style import command, labelled, line
from podium.faces.cli.wording import ago, clean, counted, duration, one_line

Answer = dict[str, Any]


def _assignment(console: Console, answer: Answer) -> None:
    item, version = answer["item"], answer["increment"]
    rows = [
        ("project", f"{answer['project']['title']} ({answer['project']['id']})"),
        ("step", f"{answer['workflow']}: {answer['step']}" + (f" of {item['title']}" if item else "")),
        ("version", version["version"] if version else ""),
        ("instance", f"{answer['instance']} ({answer['role']})"),
        ("time", f"at most {duration(answer['timeout_seconds'])}"),
        ("given", counted(len(answer["artifacts"]), "artifact") if answer["artifacts"] else ""),
    ]
    page: list[RenderableType] = [line((one_line(answer["attempt"]), "bold"))]
    page += [style.indented(labelled(label, one_line(text))) for label, text in rows if text]
    page += ["", style.indented(line(clean(answer["prompt"])))]
    page += [style.indented(labelled("feedback", clean(text))) for text in answer["feedback"]]
    style.say(console, *page)


def _inbox(console: Console, answer: Answer) -> None:
    rows: list[Answer] = answer["messages"]
    if not rows:
        style.say(console, line(f"{one_line(answer['instance'])} has read all of its messages."))
        return
    page: list[RenderableType] = []
    for row in rows:
        number, at = (f"Message {row['id']}", "bold"), ago(style.now(console) - row["at"])
        page += [style.dotted(console, number, f"from {one_line(row['sender'])}", at)]
        page += [style.indented(line(clean(row["text"]))), ""]
    style.say(console, *page, line(command("podium messages ack NUMBER"), "   counts one as read"))


def _noted(console: Console, answer: Answer) -> None:
    style.done(console, f"Noted of {one_line(answer['attempt'])}, as event {answer['event']}.")


def _caller(console: Console, answer: Answer) -> None:
    at = (f"at {one_line(answer['attempt'])}",) if answer["attempt"] else ()
    style.say(console, style.dotted(console, (one_line(answer["name"]), "bold"), f"scope {answer['scope']}", *at))


PAGES: Final[Mapping[str, Callable[[Console, Answer], None]]] = {
    "assignment": _assignment,
    "inbox": _inbox,
    "note": _noted,
    "whoami": _caller,
}
"""By operation."""
