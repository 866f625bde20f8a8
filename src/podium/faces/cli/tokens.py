"""Pages about credentials: a new token, shown this once, and the tokens there are."""

from typing import Any

from rich.console import Console

from podium.faces.cli import style
from podium.faces.cli.style import ATTENTION, GOOD, QUIET, command, line
from podium.faces.cli.wording import date_time, one_line

Answer = dict[str, Any]


def render_created(console: Console, answer: Answer) -> None:
    """The token; nothing else ever shows it."""
    ends = f"until {date_time(answer['expires_at'])}" if answer["expires_at"] else "until it is revoked"
    style.say(
        console,
        line((answer["token"], "bold")),
        line((f"{style.marks(console).warning} ", ATTENTION), "Keep it now: it is shown this once."),
        line(f"  Scope {answer['scope']}, {ends}. Used as: ", command("Authorization: Bearer TOKEN")),
        style.next_step(f"podium token revoke {answer['id']}", "ends it"),
    )


def render_list(console: Console, answer: Answer) -> None:
    """A line for each token."""
    rows: list[Answer] = answer["tokens"]
    if not rows:
        style.say(console, line("No tokens. ", command("podium token create --scope read"), " makes one."))
        return
    now = style.now(console)
    for row in rows:
        expired = row["expires_at"] and row["expires_at"] < now
        state = ("expired", QUIET) if expired else ("valid", GOOD)
        if row["revoked_at"]:
            state = (f"revoked {date_time(row['revoked_at'])}", QUIET)
        made = f"made {date_time(row['created_at'])}"
        style.say(console, style.dotted(console, (row["id"], "bold"), row["scope"], state, one_line(row["name"]), made))


def render_revoked(console: Console, answer: Answer) -> None:
    """That it is over."""
    style.done(console, f"Token {answer['id']} opens nothing any more.")
