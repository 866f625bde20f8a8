"""Every operation's answer as a page for a person: what needs somebody comes first, what to type stands beside it.

A page is plain aligned text, so that it can be piped: no borders, one row a line, figures that nobody knows are `–`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.text import Text

from podium.faces.cli import at_work, communication, details, fleet, style, tokens, trouble, vitals
from podium.faces.cli.advice import choices
from podium.faces.cli.backlog import render_backlog, render_queues
from podium.faces.cli.checkup import render_doctor
from podium.faces.cli.room import render_disk, render_prune
from podium.faces.cli.style import ATTENTION, GOOD, QUIET, command, flowing, labelled, left, line, right
from podium.faces.cli.wording import (
    UNKNOWN,
    ago,
    clean,
    counted,
    date_time,
    duration,
    figure,
    one_line,
    percent,
    whole_seconds,
    work,
)

Answer = dict[str, Any]
Renderer = Callable[[Console, Answer], None]

START: Final = "podium run FILE.md"
FEEDBACK_LINES_MAX: Final = 12
"""Of a review's reason in the list; the rest is in `podium why`."""


def _status(console: Console, answer: Answer) -> None:
    system = answer["system"]
    workflows: dict[str, Answer] = answer["workflows"]
    begun = system["projects_open"] + system["projects_complete"] + system["projects_failed"]
    page: list[RenderableType] = [*_needs_you(console, answer), ""]
    lane = style.table(left("Projects in"), right("queued"), right("active"), right("completed today"))
    for name, w in workflows.items():
        queued, active, completed = w["queued"], w["active"], w["completed_today"]
        style.row(lane, name.title(), style.count(queued), style.count(active, style.ACTIVE), style.count(completed))
    names = ("ready", "running", "held", "oldest", "wait p50", "wait p95")
    waits = style.table(left("Jobs in"), *map(right, names))
    for name, w in workflows.items():
        style.row(
            waits,
            name.title(),
            style.count(w["jobs_ready"]),
            style.count(w["jobs_running"], style.ACTIVE),
            style.count(w["jobs_held"]),
            *(duration(w[key]) for key in ("oldest_seconds", "wait_p50_seconds", "wait_p95_seconds")),
        )
    page += [lane, "", waits, "", *_system(console, system)]
    if not begun:
        page += ["", line("No project yet. Begin: ", command(START))]
    style.say(console, *page)


def _needs_you(console: Console, answer: Answer) -> list[RenderableType]:
    """What only a person can do, with the command to type; or that there is nothing."""
    system, signs = answer["system"], style.marks(console)
    waiting = sum(w["jobs_ready"] + w["jobs_running"] for w in answer["workflows"].values())
    is_left = system["orchestrator"] != "running" and (waiting or system["projects_open"])
    found: list[RenderableType] = [
        labelled("Needs you", (f"{signs.warning} {what.ljust(34)}", ATTENTION), command(typed))
        for number, what, typed in (
            (system["reviews_open"], f"{counted(system['reviews_open'], 'review')} to decide", "podium review list"),
            (system["dead_letters"], counted(system["dead_letters"], "dead letter"), "podium dead-letters"),
            (system["stuck"], counted(system["stuck"], "stuck item"), "podium stuck"),
            (system["notices_needing_you"], counted(system["notices_needing_you"], "notice"), "podium notices"),
            (is_left, f"nobody works on {counted(system['projects_open'], 'open project')}", "podium up"),
        )
        if number
    ]
    return found or [labelled("Needs you", (f"{signs.good} nothing", GOOD))]


def _system(console: Console, system: Answer) -> list[RenderableType]:
    running = system["orchestrator"] == "running"
    return [
        labelled("System", style.dotted(
            console,
            ("orchestrator running", GOOD) if running else ("orchestrator stopped", ATTENTION),
            f"{system['instances_busy']} of {counted(system['instances_total'], 'instance')} busy",
            *(((f"{system['instances_drained']} drained", ATTENTION),) if system["instances_drained"] else ()),
            *((f"{counted(system['notices_open'], 'notice')} open",) if system["notices_open"] else ()),
        )),
        labelled("Projects", style.dotted(
            console,
            f"{system['projects_open']:,} open",
            *([f"{system['projects_waiting']:,} of them not begun"] if system["projects_waiting"] else []),
            *([f"{system['projects_paused']:,} of them paused"] if system["projects_paused"] else []),
            f"{system['projects_complete']:,} complete",
            (f"{system['projects_failed']:,} failed", style.TROUBLE if system["projects_failed"] else ""),
        )),
        labelled("Pace", style.dotted(
            console,
            f"{figure(system['throughput_per_hour'])} projects/h",
            f"average pipeline {duration(system['average_pipeline_seconds'])}",
            f"success {percent(system['success_rate'])}",
        )),
    ]  # fmt: skip


def _projects(console: Console, answer: Answer) -> None:
    rows: list[Answer] = answer["projects"]
    if not rows:
        style.say(console, line("No projects. Begin: ", command(START)))
        return
    now = style.now(console)
    table = style.table(left("Project"), left("state"), right("took"), flowing("where it stands"))
    for row in rows:
        took = (row["ended_at"] if row["ended_at"] is not None else now) - row["created_at"]
        unfinished = [f"{name} {state}" for name, state in row["workflows"].items() if not state.endswith("_COMPLETE")]
        where = one_line(", ".join(unfinished)) if row["state"] != "complete" else ""
        where = "waits in the input queue" if row["waiting"] else where
        where = f"paused by {one_line(row['paused'])}" if row["paused"] else where
        style.row(table, one_line(row["id"]), style.state(row["state"]), whole_seconds(took), where)
    style.say(console, table, "", line("One of them: ", command("podium project NAME")))


def _review_list(console: Console, answer: Answer) -> None:
    rows: list[Answer] = answer["reviews"]
    if not rows:
        style.say(console, line("No reviews: nothing waits for you."))
        return
    still_open = [row for row in rows if row["state"] == "open"]
    page: list[RenderableType] = [
        line((f"{counted(len(still_open), 'review')} to decide", f"bold {ATTENTION}" if still_open else ""))
    ]
    for row in rows:
        page += ["", *_review(console, row)]
    style.say(console, *page)


def _review(console: Console, row: Answer) -> list[RenderableType]:
    kinds = {
        "exhausted": "all attempts failed",
        "quality": "sent back too often",
        "approval": "asks for your approval",
        "blocked": "its agent cannot go on alone",
    }
    kind = kinds.get(row["kind"], one_line(row["kind"]))
    what = work(f"{row['workflow']} {row['step']}", row["item"])
    head = style.dotted(console, (f"Review {row['id']}", "bold"), one_line(row["project"]), what)
    opened = f"opened {ago(style.now(console) - row['opened_at'])}"
    second = style.dotted(console, (kind, ATTENTION if row["state"] == "open" else ""), opened, f"job {row['job']}")
    reason = clean(row["reason"]).strip().splitlines()
    cut = len(reason) - FEEDBACK_LINES_MAX
    shown: list[RenderableType] = [
        head,
        style.indented(second),
        *(style.indented(Text(text)) for text in reason[:FEEDBACK_LINES_MAX]),
    ]
    if cut > 0:
        shown.append(style.indented(line((f"… {counted(cut, 'more line')}: podium why {row['job']}", QUIET))))
    if row["state"] == "open":
        shown += [style.indented(line(command(typed), f"   {what}")) for typed, what in choices(row)]
    else:
        notes = f": {one_line(row['notes'])}" if row["notes"] else ""
        by = one_line(row["decided_by"] or UNKNOWN)
        shown.append(style.indented(line(style.state(row["state"]), f" by {by}{notes}")))
    return shown


def _decided(console: Console, answer: Answer) -> None:
    after = {
        "approve": "approved: the work counts as passed, and the project goes on.",
        "reject": "rejected: the project goes on without it, or ends where it cannot.",
        "send-back": "sent back: its author does it again, with fresh tries and what was said.",
    }
    words = after.get(answer["verdict"], f"decided: {answer['verdict']}.")
    style.done(console, f"Review {answer['review']} {words}", f"podium project {answer['project']}")


def _submit(console: Console, answer: Answer) -> None:
    signs, project = style.marks(console), one_line(answer["project"])
    if answer["created"]:
        said = style.fine(console, "Submitted ", (one_line(answer["title"]), "bold"), f" as project {project}.")
    else:
        said = line(f"{signs.dot} It was submitted before: it is project {project}.")
    begins = answer.get("begins_at")
    wait = f"It begins not before {date_time(begins)}, in {duration(begins - style.now(console))}." if begins else ""
    notes = [line((f"{signs.warning} ", ATTENTION), one_line(note)) for note in answer.get("notes", ())]
    rows = [said, *([line(f"  {wait}")] if wait else []), *notes]
    style.say(console, *rows, style.next_step(f"podium project {project}", "shows how it goes"))


def _release(console: Console, answer: Answer) -> None:
    signs, project = style.marks(console), one_line(answer["project"])
    run, version = one_line(answer["run"]), one_line(answer["version"])
    if answer["created"]:
        said = style.fine(console, f"{run} of {project} begins, for {version}.")
    else:
        said = line(f"{signs.dot} {version} has had its run: it is {run}.")
    style.say(console, said, style.next_step(f"podium project {project}", "shows how it goes"))


STEERING: Final = (
    "pause", "resume", "cancel", "cancel-job", "priority-boost", "pin", "unpin", "retry",
    "dead-letters replay", "dead-letters drop",
)  # fmt: skip

ACTED: Final[Mapping[str, str]] = {
    "boost": "moved to the new priority", "cancel": "cancelled; what is merged stays", "drop": "dropped",
    "pin": "pinned", "unpin": "unpinned", "replay": "back in the queue, with fresh tries", "retry": "to be done again",
}  # fmt: skip
"""What happened to jobs, by action."""


def _acted(console: Console, answer: Answer) -> None:
    ended = f", {counted(answer['attempts_ended'], 'attempt')} ended" if answer["attempts_ended"] else ""
    jobs, project = counted(answer["jobs"], "job"), one_line(answer["project"])
    said = {
        "pause": f"{project} is paused: nothing more of it is given out, what runs goes on. {jobs} set aside.",
        "resume": f"{project} goes on. {jobs} back in the queue.",
    }.get(answer["action"], f"{jobs} of {project} {ACTED.get(answer['action'], 'changed')}{ended}.")
    style.done(console, said, f"podium jobs {answer['project']}")


RENDERERS: Final[Mapping[str, Renderer]] = MappingProxyType(
    {
        "status": _status,
        "backlog": render_backlog,
        "queues": render_queues,
        "projects": _projects,
        "project": details.render_project,
        "outputs": details.render_outputs,
        "jobs": details.render_jobs,
        "why": details.render_why,
        "instances": fleet.render_instances,
        "scale-up": fleet.render_resized,
        "scale-down": fleet.render_resized,
        "rebalance": fleet.render_resized,
        "restart-instance": fleet.render_restarted,
        "drain": fleet.render_drained,
        "undrain": fleet.render_undrained,
        "strategy": fleet.render_strategy,
        **dict.fromkeys(("assign-genesis", "assign-development", "assign-content"), fleet.render_assigned),
        "review list": _review_list,
        **dict.fromkeys(("review approve", "review reject", "review send-back"), _decided),
        "submit": _submit,
        "release": _release,
        "plan": details.render_plan,
        "messages send": communication.render_sent,
        "messages list": communication.render_messages,
        "messages ack": communication.render_acknowledged,
        "notices": communication.render_notices,
        "notices dismiss": communication.render_dismissed,
        "deliveries": communication.render_deliveries,
        "deliveries replay": communication.render_replayed,
        **dict.fromkeys(STEERING, _acted),
        "events": details.render_events,
        "doctor": render_doctor,
        "health": vitals.render_health,
        "metrics": vitals.render_metrics,
        "dead-letters": trouble.render_letters,
        "dead-letters replay-all": trouble.render_replayed,
        "stuck": trouble.render_stuck,
        **at_work.PAGES,
        "token create": tokens.render_created,
        "token list": tokens.render_list,
        "token revoke": tokens.render_revoked,
        "prune": render_prune,
        "disk": render_disk,
    }
)
"""By operation name; `logs` has a command of its own (logview)."""
