"""What waits: the queues side by side, and the backlog by role, with projects that wait or are paused."""

from typing import Any

from rich.console import Console, RenderableType

from podium.faces.cli import style
from podium.faces.cli.fleet import routing_rows
from podium.faces.cli.style import command, flowing, left, line, right
from podium.faces.cli.wording import UNKNOWN, counted, duration, figure, one_line

Answer = dict[str, Any]


def render_queues(console: Console, answer: Answer) -> None:
    """Every queue, one a line."""
    names = ("waiting", "at work", "oldest", "wait p50", "wait p95", "in/h", "out/h")
    table = style.table(left("Queue"), *map(right, names))
    for row in answer["queues"]:
        jobs = row["holds"] == "jobs"
        style.row(
            table,
            one_line(row["queue"]),
            style.count(row["depth"]),
            style.count(row["running"], style.ACTIVE) if jobs else "",
            *(duration(row[key]) for key in ("oldest_seconds", "wait_p50_seconds", "wait_p95_seconds")),
            figure(row["in_per_hour"]),
            figure(row["out_per_hour"]),
        )
    style.say(
        console,
        table,
        "",
        *routing_rows(console, answer["queues"]),
        line("input: projects that have not begun.  review: decisions to make.", " "),
        line("output: work for Podium to merge, deploy or publish.  Others: jobs for instances."),
        line("What waits in them: ", command("podium backlog")),
    )


def render_backlog(console: Console, answer: Answer) -> None:
    """Everything that waits, what a person has to do first."""
    rows: list[Answer] = answer["ready"]
    page: list[RenderableType] = []
    if answer["in_review"]:
        page.append(
            style.needs_you(console, f"{counted(answer['in_review'], 'review')} to decide", "podium review list")
        )
    if answer["dead"]:
        page.append(style.needs_you(console, counted(answer["dead"], "dead letter"), "podium dead-letters"))
    if rows:
        page += [*([""] if page else []), _ready(rows), ""]
    page += _input(answer)
    if answer["held"]:
        page.append(line(f"{answer['held']:,} held: their projects have as many chains open as one may have"))
    page += _paused(answer)
    if answer["delayed"]:
        soon = answer["next_due_seconds"]
        due = f"; the next in {duration(soon)}" if soon is not None else ""
        page.append(line(f"{answer['delayed']:,} delayed: to begin, or to be tried again, later{due}"))
    if rows:
        page.append(line("Why one waits (numbers are in podium jobs PROJECT): ", command("podium why JOB")))
    style.say(console, *(page or [line("Nothing waits. What is at work: ", command("podium status"))]))


def _input(answer: Answer) -> list[RenderableType]:
    """Projects that have not begun, the next one first."""
    number = answer["projects_waiting"]
    if not number:
        return []
    table = style.table(right("Place"), left("project that waits"), right("for"), flowing("because"))
    for row in answer["input"]:
        style.row(
            table, str(row["place"] or UNKNOWN), one_line(row["project"]), duration(row["waited_seconds"]),
            one_line(row["reason"]),
        )  # fmt: skip
    more = number - len(answer["input"])
    rest = [line(f"  … and {counted(more, 'more project')}, later in order or paused")] if more > 0 else []
    return [
        line((counted(number, "project"), "bold"), " in the input queue: not begun, nothing lost"),
        table,
        *rest,
        "",
    ]


def _paused(answer: Answer) -> list[RenderableType]:
    """Projects of which nothing is given out, the longest paused first."""
    return [
        line(
            f"{one_line(row['project'])} is paused, since {duration(row['paused_seconds'])}",
            f", by {one_line(row['because'])}: ",
            command(f"podium resume {row['project']}"),
        )
        for row in answer["paused"]
    ]


def _ready(rows: list[Answer]) -> RenderableType:
    """Ready jobs by queue and role, the longest wait first."""
    table = style.table(left("Queue"), left("for"), right("jobs"), right("oldest"))
    for row in sorted(rows, key=lambda row: -row["oldest_seconds"]):
        lane = one_line(row["lane"]) or UNKNOWN
        wanted = f"only {lane[1:]} (pinned)" if lane.startswith("@") else lane
        style.row(table, one_line(row["queue"]), wanted, f"{row['jobs']:,}", duration(row["oldest_seconds"]))
    return table
