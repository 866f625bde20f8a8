"""Pages about what went wrong and waits for somebody: dead letters, and what is stuck."""

from typing import Any

from rich.console import Console, RenderableType

from podium.faces.cli import style
from podium.faces.cli.style import ATTENTION, QUIET, TROUBLE, command, indented, labelled, line
from podium.faces.cli.wording import clean, counted, date_time, duration, one_line, verbatim, work

Answer = dict[str, Any]

KINDS = {
    "silent": "silent",
    "pinned": "waits for its instance",
    "avoided": "waits for another instance",
    "no-instance": "no instance",
    "held": "held back",
    "delayed": "delayed",
    "paused": "paused",
    "review": "waits for a reviewer",
    "behind-review": "behind a review",
    "dead": "dead letter",
    "behind-dead": "behind a dead letter",
    "stranded": "cannot move",
}


def render_letters(console: Console, answer: Answer) -> None:
    """Dead letters with every attempt, and what can be done about each."""
    letters: list[Answer] = answer["letters"]
    if not letters:
        style.done(console, "No dead letters.")
        return
    page: list[RenderableType] = [line((counted(answer["total"], "dead letter"), f"bold {TROUBLE}"))]
    for letter in letters:
        page += ["", *_letter(console, letter)]
    if answer["total"] > len(letters):
        page += ["", line("More: ", command(f"podium dead-letters --limit {answer['total']}"))]
    project = one_line(letters[0]["project"])
    page += ["", line(command(f"podium dead-letters replay-all {project}"), "   tries all of a project again")]
    style.say(console, *page)


def _letter(console: Console, letter: Answer) -> list[RenderableType]:
    number, project, item = letter["job"], one_line(letter["project"]), one_line(letter["item"])
    what = work(f"{letter['workflow']} {letter['step']}", letter["item"])
    behind = letter["waiting"]
    holds = (
        f"{counted(behind, 'job')} {'waits' if behind == 1 else 'wait'} for it" if behind else "nothing waits for it"
    )
    age = duration(style.now(console) - letter["died_at"])
    rows: list[RenderableType] = [
        style.dotted(console, (f"Job {number}", "bold"), project, what),
        indented(style.dotted(console, ("dead", TROUBLE), f"for {age}", holds)),
        indented(line(clean(letter["reason"]))),
    ]
    for attempt in letter["attempts"]:
        took = duration(attempt["ended_at"] - attempt["leased_at"])
        name = f"{project}/{number}.a{attempt['number']}"
        log = command(f"podium logs {name}") if attempt["log"] else ("no log is left", QUIET)
        head = style.dotted(console, one_line(attempt["instance"]), one_line(attempt["ending"]), f"after {took}")
        rows.append(
            indented(labelled(f"Attempt {attempt['number']}", head, f"  {date_time(attempt['ended_at'])}  ", log))
        )
        rows.append(indented(labelled("", one_line(attempt["reason"]))))
        if attempt["log"]:
            rows.append(indented(labelled("", (verbatim(attempt["log"]), QUIET))))
    rows.append(
        indented(line(command(f"podium dead-letters replay {number} --reason WHY"), "   try again, when mended"))
    )
    drop = command(f"podium dead-letters drop {number} --reason WHY"), f"   go on without {item}"
    end = command(f"podium cancel {project} --reason WHY"), "   end the project: it cannot do without this step"
    rows.append(indented(line(*(drop if item else end))))
    return rows


def render_replayed(console: Console, answer: Answer) -> None:
    """How many dead letters a project has, or that they are tried again."""
    project, dead = one_line(answer["project"]), answer["dead"]
    if answer["replayed"]:
        said = f"{counted(answer['replayed'], 'dead letter')} of {project} tried again."
        style.done(console, said, f"podium jobs {project}")
    elif not dead:
        style.say(console, line(f"{project} has no dead letters."))
    else:
        told = line((f"{project} has {counted(dead, 'dead letter')}; nothing was done.", ATTENTION))
        again = f"podium dead-letters replay-all {project} --count {dead} --reason WHY"
        style.say(console, told, style.next_step(again, "tries all of them again"))


def render_stuck(console: Console, answer: Answer) -> None:
    """What is stuck, the longest first: what, since when, why, and what to do."""
    rows: list[Answer] = answer["stuck"]
    if not rows:
        style.done(console, "Nothing is stuck.")
        return
    page: list[RenderableType] = [line((f"{counted(answer['total'], 'item')} stuck", f"bold {ATTENTION}"))]
    for row in rows:
        page += ["", *_stuck(console, row)]
    if answer["total"] > len(rows):
        page += ["", line("More: ", command(f"podium stuck --limit {answer['total']}"))]
    style.say(console, *page)


def _stuck(console: Console, row: Answer) -> list[RenderableType]:
    what = work(f"{row['workflow']} {row['step']}", row["item"])
    head = [(f"Job {row['job']}", "bold"), one_line(row["project"]), what] if row["job"] else [
        (f"Project {one_line(row['project'])}", "bold")
    ]  # fmt: skip
    since = "" if row["since"] is None else f" for {duration(style.now(console) - row['since'])}"
    alike = f", and {row['more']:,} more of the project" if row["more"] else ""
    return [
        style.dotted(console, *head, (f"{KINDS.get(row['kind'], one_line(row['kind']))}{since}{alike}", ATTENTION)),
        indented(labelled("Because", clean(row["because"]))),
        indented(labelled("Do", clean(row["todo"]))),
    ]
