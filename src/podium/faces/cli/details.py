"""Pages about one thing: a project, its jobs and outputs, why a job stands where it does, the event log."""

import json
import shlex
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.text import Text

from podium.faces.cli import style
from podium.faces.cli.lanes import tracks
from podium.faces.cli.style import ATTENTION, GOOD, QUIET, TROUBLE, command, flowing, labelled, left, line, right
from podium.faces.cli.wording import (
    UNKNOWN,
    clean,
    counted,
    date_time,
    duration,
    one_line,
    verbatim,
    whole_seconds,
    work,
)

Answer = dict[str, Any]

JOB_STATES: Final = (
    "in_review", "dead", "running", "ready", "paused", "delayed", "held", "waiting", "passed", "cancelled",
)  # fmt: skip
"""In the order in which an operator wants to hear of them."""
DATA_CHARS_MAX: Final = 200
"""Of an event's data in a list; `--json` has it whole."""
JOBS_PER_PAGE: Final = 500
PLAN_FEATURES_MAX: Final = 40
NO_ENDING: Final = (None, 0)
KIND_NAMES: Final = {"application": "Application", "documentation": "Documents", "marketing": "Marketing"}


def job_counts(counts: dict[str, int]) -> Text:
    """`2 running, 3 ready, 14 passed`."""
    parts = [line((f"{counts[s]:,} ", "bold"), style.state(s)) for s in JOB_STATES if counts.get(s)]
    return Text(", ").join(parts) if parts else Text("none yet", style=QUIET)


def attempt_counts(counts: dict[str, int]) -> str:
    """What attempts came to besides passing, in words."""
    words = (
        ("rework", "sent back for rework"),
        ("retry", "failed and tried again"),
        ("escalate", "put before a reviewer"),
        ("bury", "the last of a dead letter"),
        ("release", "given back uncharged"),
    )
    told = [f"{counts[kind]:,} {said}" for kind, said in words if counts.get(kind)]
    return ", ".join([counted(sum(counts.values()), "attempt"), *told])


def outcome(console: Console, state: str, seconds: float) -> Text:
    """How a project stands, and since when or after how long."""
    signs = style.marks(console)
    if state == "complete":
        return line((f"{signs.good} complete", GOOD), f" in {whole_seconds(seconds)}")
    if state == "failed":
        return line((f"{signs.bad} failed", TROUBLE), f" after {whole_seconds(seconds)}")
    return line(style.state(state), f" for {whole_seconds(seconds)}")


def render_project(console: Console, answer: Answer) -> None:
    """A project in full."""
    id_, signs = one_line(answer["id"]), style.marks(console)
    ended = answer["ended_at"]
    seconds = (ended if ended is not None else style.now(console)) - answer["created_at"]
    page: list[RenderableType] = [
        line((one_line(answer["title"]), "bold")),
        style.dotted(
            console,
            id_,
            one_line(answer["type"] or "type unknown"),
            one_line(answer["complexity"] or "complexity unknown"),
            f"{one_line(answer['agent'])} agents",
            one_line(answer["source"]).removesuffix(":"),
        ),
        "",
    ]
    if answer["jobs"].get("in_review"):
        page.append(_reviews_line(console, answer["jobs"]["in_review"], id_))
    page += dead_line(console, answer["jobs"], id_)
    page.append(labelled("State", outcome(console, answer["state"], seconds)))
    if answer["paused"]:
        page.append(labelled("Paused", f"by {one_line(answer['paused'])}   ", command(f"podium resume {id_}")))
    if begins := answer.get("begins_at"):
        wait = duration(begins - style.now(console))
        page.append(labelled("Begins", f"not before {date_time(begins)}, in {wait}"))
    if place := answer["waiting"]:
        number = "paused" if place["place"] is None else f"number {place['place']}"
        page.append(labelled("Waits", f"{duration(place['waited_seconds'])} in the input queue, {number}"))
        page.append(labelled("Because", one_line(place["reason"])))
        page.append(labelled("Next", one_line(place["next"])))
    columns = style.columns_of(console) - style.LABEL_COLUMNS
    lanes = tracks(answer["workflows"], columns, signs, colour=style.has_colour(console))
    page += [labelled(name.title(), body) for name, body in lanes]
    for name, view in answer["workflows"].items():
        if view["version"]:
            why = f": {one_line(view['reason'])}" if view["reason"] else ""
            page.append(labelled("Release", f"{one_line(view['version'])} is {one_line(name)}{why}"))
    if answer["pruned_at"] is not None:
        day = date_time(answer["pruned_at"]).partition(" ")[0]
        page.append(labelled("Pruned", f"on {day}: its jobs, attempts and reviews are no longer kept"))
    else:
        page.append(labelled("Jobs", job_counts(answer["jobs"])))
    if answer["attempts"]:
        page.append(labelled("Attempts", attempt_counts(answer["attempts"])))
    page.append(labelled("Repository", style.place(answer["repository"])))
    page += adoption_rows(answer)
    page += output_rows(answer["outputs"])
    if answer["pruned_at"] is None:
        page += ["", line("Its jobs: ", command(f"podium jobs {id_}"))]
    style.say(console, *page)


def _reviews_line(console: Console, number: int, project: str) -> RenderableType:
    return style.needs_you(console, f"{counted(number, 'review')} to decide", f"podium review list --project {project}")


def dead_line(console: Console, counts: Mapping[str, int], project: str) -> list[RenderableType]:
    """That a project has dead letters, with what to type."""
    if not counts.get("dead"):
        return []
    said = f"{style.marks(console).bad} {counted(counts['dead'], 'dead letter')}   "
    return [labelled("Needs you", (said, TROUBLE), command(f"podium dead-letters --project {project}"))]


def adoption_rows(answer: Mapping[str, Any]) -> list[RenderableType]:
    """For work on a repository that exists: where it came from, and how to take the result home."""
    if not answer.get("adopted_from"):
        return []
    return [
        labelled("Copy of", f"{verbatim(answer['adopted_from'])}, which is only read"),
        labelled("Take it", command(pull(answer["repository"])), "   in your own checkout"),
    ]


def pull(repository: str) -> str:
    """The command that brings a project's work into somebody's own checkout."""
    return f"git pull {shlex.quote(verbatim(repository))} main"


def output_rows(outputs: list[Answer]) -> list[RenderableType]:
    """What was made, each with where to open it."""
    rows: list[RenderableType] = []
    before = ""
    for output in outputs:
        kind = KIND_NAMES.get(output["kind"], one_line(output["kind"]).title())
        place = style.place(output["path"], output.get("url"))
        rows.append(labelled("" if kind == before else kind, f"{one_line(output['title'])}  ", place))
        before = kind
    return rows


def render_plan(console: Console, answer: Answer) -> None:
    """The plan card: what will be built, what it is expected to take, and how to go on."""
    style.say(console, *plan_rows(answer))


def plan_rows(plan: Answer) -> list[RenderableType]:
    """A plan as lines; what nobody knows yet is a dash."""
    kind = " ".join(filter(None, (plan["complexity"], plan["type"])))
    cost = UNKNOWN if plan["cost_usd"] is None else f"${plan['cost_usd']:.2f}"
    rows: list[RenderableType] = [
        labelled("Plan", (one_line(plan["title"]), "bold"), f"   {one_line(kind)}"),
        labelled("", one_line(plan["summary"])),
        labelled("Work", f"{counted(len(plan['features']), 'feature')}, {counted(plan['jobs'], 'job')} for agents"),
        labelled(
            "Estimate", f"{duration(plan['wall_seconds'])}, {duration(plan['agent_seconds'])} of agents' time, {cost}"
        ),
        "",
    ]
    for feature in plan["features"][:PLAN_FEATURES_MAX]:
        after = f"   after {', '.join(map(one_line, feature['depends_on']))}" if feature["depends_on"] else ""
        rows.append(line(f"  {one_line(feature['key'])}  {one_line(feature['title'])}", (after, QUIET)))
    if len(plan["features"]) > PLAN_FEATURES_MAX:
        rows.append(line((f"  … {counted(len(plan['features']) - PLAN_FEATURES_MAX, 'more feature')}", QUIET)))
    if plan["review"] is not None:
        number = plan["review"]
        rows += ["", labelled("Needs you", command(f"podium review approve {number}"), "   build it")]
        rows.append(
            labelled("", command(f"podium review send-back {number} --notes 'WHAT TO CHANGE'"), "   plan again")
        )
        rows.append(labelled("", command(f"podium review reject {number}"), "   do not build it"))
    return rows


def render_outputs(console: Console, answer: Answer) -> None:
    """What a project made."""
    project = one_line(answer["project"])
    if answer["outputs"]:
        style.say(console, *output_rows(answer["outputs"]))
        return
    how_far = line(command(f"podium project {project}"), "   shows how far it is")
    style.say(console, f"{project} has no outputs yet: they appear when it deploys and publishes.", how_far)


def render_jobs(console: Console, answer: Answer) -> None:
    """A project's jobs."""
    project, rows = one_line(answer["project"]), answer["jobs"]
    if not rows:
        style.say(console, line(f"No more jobs of {project}. ", command(f"podium project {project}")))
        return
    table = _wide_jobs(console, rows) if style.is_wide(console) else _narrow_jobs(console, rows)
    counts = Counter(row["state"] for row in rows)
    page: list[RenderableType] = []
    if counts.get("in_review"):
        page.append(_reviews_line(console, counts["in_review"], project))
    page += dead_line(console, counts, project)
    page += [
        labelled("Jobs", job_counts(counts)),
        "",
        table,
        "",
        line("Why one stands where it does: ", command("podium why JOB")),
    ]
    if len(rows) >= JOBS_PER_PAGE:
        page.append(line("There may be more: ", command(f"podium jobs {project} --after {rows[-1]['id']}")))
    style.say(console, *page)


def _wide_jobs(console: Console, rows: list[Answer]) -> RenderableType:
    now = style.now(console)
    names = ("state", "workflow", "work", "instance")
    table = style.table(right("Job"), *map(left, names), right("tries"), right("took"), flowing("note"))
    for row in rows:
        style.row(
            table,
            str(row["id"]),
            style.state(row["state"]),
            one_line(row["workflow"]),
            work(row["step"], row["item"]),
            one_line(row["instance"]) or UNKNOWN,
            str(row["attempt"]),
            _took(row, now),
            _note(row, now),
        )
    return table


def _narrow_jobs(console: Console, rows: list[Answer]) -> RenderableType:
    """Grouped by workflow, notes below the work."""
    now = style.now(console)
    table = style.table(right("Job"), left("state"), flowing("work"), left("instance"), right("took"))
    workflow = ""
    for row in rows:
        if row["workflow"] != workflow:
            workflow = row["workflow"]
            style.row(table, "", "", Text(one_line(workflow).title(), style="bold"))
        tries = f"attempt {row['attempt']}" if row["attempt"] > 1 else ""
        notes = "; ".join(filter(None, (tries, _note(row, now) if row["state"] != "waiting" else "")))
        cell = line(work(row["step"], row["item"]), (f"\n{notes}" if notes else "", QUIET))
        instance = one_line(row["instance"]) or UNKNOWN
        style.row(table, str(row["id"]), style.state(row["state"]), cell, instance, _took(row, now))
    return table


def _took(row: Answer, now: float) -> str:
    """The time of the latest attempt; nobody knows it of a job that has had none, or that has no record of its end."""
    if row["leased_at"] in NO_ENDING or row["attempt"] == 0:
        return UNKNOWN
    if row["state"] == "running":
        return duration(now - row["leased_at"])
    return duration(row["ended_at"] - row["leased_at"]) if row["ended_at"] is not None else UNKNOWN


def _note(row: Answer, now: float) -> str:
    """What an operator wants to know besides: how long it waits, and why its latest attempt did not pass."""
    notes: list[str] = []
    if row["state"] == "ready":
        notes.append(f"waits {duration(now - row['ready_at'])}")
    if row["state"] == "delayed":
        notes.append(f"{'again' if row['attempt'] else 'begins'} in {duration(row['ready_at'] - now)}")
    if row["state"] == "waiting" and row["blockers"]:
        notes.append(f"behind {counted(row['blockers'], 'job')}")
    if row["state"] not in ("passed", "running") and row["reason"]:
        notes.append(one_line(row["reason"], DATA_CHARS_MAX))
    elif row["reworks"]:
        notes.append(f"sent back {counted(row['reworks'], 'time')}")
    return "; ".join(notes)


def render_why(console: Console, answer: Answer) -> None:
    """Why a job stands where it does, and how its attempts ended."""
    what = work(f"{answer['workflow']} {answer['step']}", answer["item"])
    page: list[RenderableType] = [
        style.dotted(console, (f"Job {answer['job']}", "bold"), one_line(answer["project"]), what),
        "",
        labelled("State", style.state(answer["state"]), _for(console, answer["since"])),
        labelled("Because", clean(answer["because"])),
        labelled("Next", clean(answer["next"])),
    ]
    for attempt in answer["attempts"]:
        page += ["", *_attempt(console, attempt, answer)]
    if not answer["attempts"]:
        page += ["", line(("No attempt at it has ended so far.", QUIET))]
    style.say(console, *page)


def _for(console: Console, since: float | None) -> str:
    return "" if since is None else f" for {duration(style.now(console) - since)}"


def _attempt(console: Console, attempt: Answer, answer: Answer) -> list[RenderableType]:
    name = f"{one_line(answer['project'])}/{answer['job']}.a{attempt['number']}"
    took = duration(attempt["ended_at"] - attempt["leased_at"])
    head = style.dotted(
        console,
        (f"Attempt {attempt['number']}", "bold"),
        one_line(attempt["instance"]),
        one_line(attempt["ending"]),
        (one_line(attempt["verdict"]), GOOD if attempt["verdict"] == "pass" else ATTENTION),
        took,
    )
    rows: list[tuple[str, str]] = [
        ("reason", clean(attempt["reason"])),
        ("summary", clean(attempt["summary"]) if attempt["summary"] != attempt["reason"] else ""),
        ("given", clean(attempt["routed"])),
        ("commit", one_line(attempt["commit"] or "")),
        ("log", f"podium logs {name}"),
    ]
    return [head, *(style.indented(labelled(label, text)) for label, text in rows if text)]


def render_events(console: Console, answer: Answer) -> None:
    """The event log as it is, one event a line."""
    rows, last = answer["events"], answer["last"]
    if answer["reset"]:
        told = f"Events before {answer['horizon']} are no longer kept: this is not all that happened."
        style.say(console, line((f"{style.marks(console).warning} {told}", ATTENTION)))
    if not rows:
        style.say(console, line(f"No newer events; the last one is {last}." if last else "Nothing has happened yet."))
        return
    table = _wide_events(rows) if style.is_wide(console) else _narrow_events(rows)
    page: list[RenderableType] = [table]
    if rows[-1]["seq"] < last:
        page += ["", line("More: ", command(f"podium events --after {rows[-1]['seq']}"), f" (the last one is {last})")]
    style.say(console, *page)


def _wide_events(rows: list[Answer]) -> RenderableType:
    table = style.table(right("Seq"), *map(left, ("at", "type", "project", "about")), flowing("data"))
    for row in rows:
        at, type_, project = date_time(row["at"]), one_line(row["type"]), one_line(row["project"])
        style.row(table, str(row["seq"]), at, type_, project, _about(row), _data(row))
    return table


def _narrow_events(rows: list[Answer]) -> RenderableType:
    """A heading for each day, and all but time and type in one column."""
    table = style.table(right("Seq"), left("at"), left("type"), flowing("about"))
    before = ""
    for row in rows:
        day, _, time = date_time(row["at"]).partition(" ")
        if day != before:
            style.row(table, "", "", Text(day, style="bold"))
            before = day
        about = " ".join(filter(None, (one_line(row["project"]), _about(row))))
        style.row(table, str(row["seq"]), time, one_line(row["type"]), line(about, (f" {_data(row)}", QUIET)))
    return table


def _about(row: Answer) -> str:
    job = f"job {row['job']}.a{row['attempt']}" if row["job"] else ""
    return " ".join(filter(None, (one_line(row["workflow"]), job, one_line(row["instance"]))))


def _data(row: Answer) -> str:
    return one_line(json.dumps(row["data"], ensure_ascii=False), DATA_CHARS_MAX) if row["data"] else ""
