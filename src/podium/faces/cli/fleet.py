"""Pages about the fleet: instances, what became of pools, what is drained, how queues are routed."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from podium.faces.cli import style
from podium.faces.cli.style import ATTENTION, command, flowing, left, line, right
from podium.faces.cli.wording import counted, duration, one_line, work

Answer = dict[str, Any]


def render_instances(console: Console, answer: Answer) -> None:
    """A line for each instance."""
    rows: list[Answer] = answer["instances"]
    wide = style.is_wide(console)
    more = (left("workflow"), left("state")) if wide else ()
    table = style.table(left("Instance"), left("role"), *more, right("for"), flowing("works on"))
    for row in rows:
        at_work = row["job"] is not None
        words = work(f"{row['project']}:", row["work"] or f"job {row['job']}") if at_work else ""
        words += f" ({row['state']})" if row["state"] in ("draining", "retiring") and not wide else ""
        if row["silent_seconds"] is not None:
            words += f", silent for {duration(row['silent_seconds'])}"
        cell = Text(words) if at_work or wide else style.state(row["state"])
        since = duration(row["busy_seconds"]) if at_work else ""
        extra = (one_line(row["workflow"]), style.state(row["state"])) if wide else ()
        style.row(table, one_line(row["name"]), one_line(row["role"]), *extra, since, cell)
    busy = [row for row in rows if row["job"] is not None]
    page: list[RenderableType] = [table, "", f"{len(busy)} of {counted(len(rows), 'instance')} busy."]
    if busy:
        page.append(line("What one says and does: ", command(f"podium logs {busy[0]['name']} -f")))
    elif rows and all(row["state"] == "stopped" for row in rows):
        page.append(line("No orchestrator runs on this home. Start one: ", command("podium up")))
    if any(row["state"] in ("drained", "draining") for row in rows):
        page.append(line("Drained ones get no work until: ", command("podium undrain NAME")))
    style.say(console, *page)


def render_resized(console: Console, answer: Answer) -> None:
    """What became of pools, or what would."""
    signs = style.marks(console)
    freed = answer["jobs_unpinned"]
    if not answer["pools"] and not freed:
        words = "would move" if answer["preview"] else "moved"
        style.done(console, f"Nothing {words}: the pools suit the work as they are.")
        return
    page: list[RenderableType] = []
    if freed:
        page.append(style.fine(console, f"{counted(len(freed), 'job')} no more pinned to who cannot take it"))
    page += [
        line(f"{signs.then} {_pool(m)} to {one_line(m['to_workflow'])} ({one_line(m['to_role'])}): {_because(m)}")
        for m in answer["moves"]
    ]
    verb = "would have" if answer["preview"] else "has"
    for pool in answer["pools"]:
        because = "" if answer["moves"] else f": {_because(pool)}"
        size = f"{verb} {counted(pool['after'], 'instance')}, {'after' if not answer['preview'] else 'instead of'}"
        page.append(style.fine(console, f"{_pool(pool)} {size} {pool['before']}{because}"))
    for label, names in (("begin", answer["started"]), ("leave", answer["retired"])):
        if names:
            page.append(line(f"  {', '.join(map(one_line, names))} {label if len(names) > 1 else label + 's'}"))
    if answer["finishing"]:
        page.append(line(f"  {', '.join(map(one_line, answer['finishing']))} will first finish what runs"))
    if answer["attempts_ended"]:
        page.append(f"  {counted(len(answer['attempts_ended']), 'attempt')} ended, to be given to others uncharged")
    style.say(console, *page, style.next_step("podium rebalance" if answer["preview"] else "podium instances"))


def _pool(row: Answer) -> str:
    return f"{one_line(row['workflow'])} ({one_line(row['role'])})"


def _because(row: Answer) -> str:
    return one_line(row["because"])


def render_restarted(console: Console, answer: Answer) -> None:
    """What was ended."""
    name, attempt = one_line(answer["instance"]), answer["attempt"]
    ended = f"{one_line(attempt)} is ended and given back uncharged; {name} is free then."
    style.done(console, ended if attempt else f"{name} had nothing to do: nothing was ended.", "podium instances")


def render_drained(console: Console, answer: Answer) -> None:
    """What gets no work any more."""
    _closed(console, answer, "gets no new work", "Drained already: nothing has changed.")
    if answer["finishing"]:
        names = ", ".join(map(one_line, answer["finishing"]))
        style.say(console, line(f"  What runs there goes on to its end: {names}"))


def render_undrained(console: Console, answer: Answer) -> None:
    """What gets work again."""
    _closed(console, answer, "is given work again", "It was not drained: nothing has changed.")


def _closed(console: Console, answer: Answer, words: str, nothing: str) -> None:
    names = [one_line(name) for name in (*answer["queues"], *answer["instances"])]
    rows = [style.fine(console, f"{name} {words}") for name in names]
    style.say(console, *(rows or [line(nothing)]))


def render_strategy(console: Console, answer: Answer) -> None:
    """How a queue is routed from now on."""
    queue, name, before = (one_line(answer[key]) for key in ("queue", "strategy", "before"))
    style.done(console, f"{queue} is routed {name} from the next lease on; before, {before}.")


def routing_rows(console: Console, queues: Sequence[Answer]) -> list[RenderableType]:
    """How queues are routed, and which give out nothing."""
    by_strategy: dict[str, list[str]] = {}
    for row in queues:
        if row["strategy"] is not None:
            by_strategy.setdefault(row["strategy"], []).append(one_line(row["queue"]))
    rows: list[RenderableType] = [
        line(f"Routed {one_line(name)}: {', '.join(names)}") for name, names in by_strategy.items()
    ]
    for row in queues:
        if row["drained"]:
            said = f"{style.marks(console).warning} {one_line(row['queue'])} is drained   "
            rows.append(line((said, ATTENTION), command(f"podium undrain {one_line(row['queue'])}")))
    return rows


def render_assigned(console: Console, answer: Answer) -> None:
    """Who has a project's work from now on."""
    workflow, project = one_line(answer["workflow"]), one_line(answer["project"])
    who = one_line(answer["instance"] or f"every instance of {workflow}")
    said = f"{workflow} of {project} is for {who}: {counted(answer['jobs'], 'job')} now, and all that comes."
    first = f"{project} is new: nobody worked on that repository. " if answer["submitted"] else ""
    style.done(console, first + said, f"podium jobs {project}")
