"""Pages about what is said: messages to instances, notices for people, deliveries to webhooks."""

from typing import Any, Final

from rich.console import Console, RenderableType

from podium.faces.cli import style
from podium.faces.cli.style import ATTENTION, GOOD, QUIET, TROUBLE, command, flowing, left, line, right
from podium.faces.cli.wording import UNKNOWN, ago, clean, counted, duration, one_line

Answer = dict[str, Any]
READERS_SHOWN_MAX: Final = 3


def render_sent(console: Console, answer: Answer) -> None:
    """A message is on its way."""
    to, job = one_line(answer["to"]), answer["job"]
    how = f"job {job} wakes it to read it" if job else "it comes with the next job, or sooner"
    style.done(
        console, f"Message {answer['message']} waits for {to}; {how}.", "podium messages list", "shows who has read it"
    )


def render_messages(console: Console, answer: Answer) -> None:
    """Messages, each with its text below."""
    rows: list[Answer] = answer["messages"]
    if not rows:
        style.say(console, line("No messages. Send one: ", command("podium messages send TO TEXT")))
        return
    now = style.now(console)
    page: list[RenderableType] = []
    for row in rows:
        about = f"about {one_line(row['project'])}" if row["project"] else ""
        head = style.dotted(
            console,
            (f"Message {row['id']}", "bold"),
            f"to {one_line(row['to'])}",
            f"from {one_line(row['sender'])}",
            *filter(None, (about,)),
            ago(now - row["at"]),
            _readers(row),
        )
        page += [*([""] if page else []), head, style.indented(line(clean(row["text"])))]
    style.say(console, *page)


def _readers(row: Answer) -> str | tuple[str, str]:
    names = [one_line(name) for name in row["read_by"]]
    more = f" and {len(names) - READERS_SHOWN_MAX} more" if len(names) > READERS_SHOWN_MAX else ""
    if names:
        return f"read by {', '.join(names[:READERS_SHOWN_MAX])}{more}"
    return ("taken back", QUIET) if row["closed"] else ("unread", ATTENTION)


def render_acknowledged(console: Console, answer: Answer) -> None:
    """A message is not delivered any more."""
    said = "is not delivered any more." if answer["new"] else "was read before; nothing has changed."
    style.done(console, f"Message {answer['message']} {said}")


def render_notices(console: Console, answer: Answer) -> None:
    """Notices, with what to do about each."""
    rows: list[Answer] = answer["notices"]
    if not rows:
        style.say(console, line("No notices: there is nothing to take note of."))
        return
    signs, now = style.marks(console), style.now(console)
    page: list[RenderableType] = []
    for row in rows:
        waits = row["needs_you"] and row["settled_at"] is None
        sign = (f"{signs.warning} needs you", ATTENTION) if waits else ("information", QUIET)
        settled = f"settled by {one_line(row['settled_by'] or UNKNOWN)}" if row["settled_at"] is not None else ""
        parts = filter(None, (one_line(row["project"]), ago(now - row["at"]), settled))
        head = style.dotted(console, (f"Notice {row['id']}", "bold"), sign, *parts)
        page += [*([""] if page else []), head, style.indented(line(clean(row["text"])))]
        page += [style.indented(line(command(typed))) for typed in (_advice(row),) if typed]
    newest = max(row["id"] for row in rows)
    page += ["", line("Taken note of: ", command(f"podium notices dismiss {newest} --older"))]
    style.say(console, *page)


def _advice(row: Answer) -> str:
    """Where to look."""
    if row["key"].startswith("webhook/"):
        return "podium deliveries --state dead"
    if row["job"]:
        return f"podium why {row['job']}"
    return f"podium project {one_line(row['project'])}" if row["project"] else ""


def render_dismissed(console: Console, answer: Answer) -> None:
    """What is left."""
    left_over = counted(answer["left"], "notice") + " left" if answer["left"] else "none is left"
    style.done(console, f"Taken note of; {left_over}.")


def render_deliveries(console: Console, answer: Answer) -> None:
    """Deliveries to webhooks, and the webhooks that are disabled."""
    rows: list[Answer] = answer["deliveries"]
    signs = style.marks(console)
    page: list[RenderableType] = []
    for gone in answer["disabled"]:
        head = f"{signs.warning} Webhook {one_line(gone['webhook'])} is disabled: "
        page.append(line((head, ATTENTION), clean(gone["reason"])))
    if not rows:
        style.say(console, *page, line("No deliveries. Rules send events to webhooks: docs/rules.md."))
        return
    now = style.now(console)
    names = ("webhook", "event", "project", "state")
    table = style.table(right("No."), *map(left, names), right("tries"), flowing("what came of it"))
    for row in rows:
        note = one_line(row["detail"]) or ("not tried yet" if row["state"] == "pending" else "")
        if row["state"] == "pending" and row["attempts"]:
            note += f"; again in {duration(row['due_at'] - now)}"
        state = {"dead": ("dead", TROUBLE), "done": ("done", GOOD)}.get(row["state"], (one_line(row["state"]), ""))
        cells = (str(row["id"]), one_line(row["webhook"]), one_line(row["event"]), one_line(row["project"]))
        style.row(table, *cells, line(state), str(row["attempts"]), note)
    page += [*([""] if page else []), table]
    dead = next((row["id"] for row in rows if row["state"] == "dead"), None)
    if dead is not None:
        page += ["", line("Once more: ", command(f"podium deliveries replay {dead}"))]
    style.say(console, *page)


def render_replayed(console: Console, answer: Answer) -> None:
    """A delivery is on its way again."""
    said = f"Delivery {answer['delivery']} goes to webhook {one_line(answer['webhook'])} again."
    style.done(console, said, "podium deliveries", "shows what comes of it")
