"""The pages of `podium prune` and `podium disk`: what went or would go, and what takes how much room."""

from typing import Any

from rich.console import Console, RenderableType

from podium.faces.cli import style
from podium.faces.cli.style import ATTENTION, command, left, line, right
from podium.faces.cli.wording import one_line, size

KINDS = {
    "events": "from the log",
    "counters": "hourly figures",
    "projects": "pruned to a summary",
    "jobs": "of those",
    "attempt refs": "in repositories of ended projects",
}
ROWS = frozenset({"events", "counters", "projects", "jobs"})


def render_prune(console: Console, answer: dict[str, Any]) -> None:
    """One row for each kind of which anything went."""
    signs, dry = style.marks(console), answer["dry_run"]
    rows = [row for row in answer["removed"] if row["count"]]
    if not rows:
        style.done(console, "Nothing is over its limit (podium.toml: [retention]).")
        return
    table = style.table(left("Would go" if dry else "Removed"), right("count"), right("bytes"), left(""))
    for row in rows:
        style.row(table, row["kind"], f"{row['count']:,}", size(row["bytes"]), KINDS.get(row["kind"], ""))
    page: list[RenderableType] = [table]
    work = [name for row in rows for name in row["names"]]
    if work:
        verb = "would be" if dry else "were"
        page += ["", line((f"{signs.warning} The last copies of this unfinished work {verb} removed:", ATTENTION))]
        page += [style.indented(line(one_line(name))) for name in work]
    if any(row["kind"] in ROWS for row in rows):
        page += ["", line("Rows leave room inside the database, which it uses again; its file does not shrink.")]
    if dry:
        page += ["", line("Remove it now: ", command("podium prune"), ". A running orchestrator does so every hour.")]
    elif answer["more"]:
        page += ["", line("There was no time for all of it. Go on: ", command("podium prune"))]
    style.say(console, *page)


def render_disk(console: Console, answer: dict[str, Any]) -> None:
    """The largest first, with the sum and what is left."""
    table = style.table(left("Kind"), right("size"))
    for row in sorted(answer["kinds"], key=lambda row: -row["bytes"]):
        style.row(table, row["kind"], size(row["bytes"]))
    total, free = size(answer["total_bytes"]), size(answer["free_bytes"])
    style.say(
        console,
        table,
        "",
        line(f"{total} in {answer['home']}, {free} free on its disk."),
        line("What could go: ", command("podium prune --dry-run")),
    )
