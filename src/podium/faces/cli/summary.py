"""The last words of `podium run`: what was built, where it is, what it took, and what to do next."""

import shlex
from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console, RenderableType

from podium.faces.cli import style
from podium.faces.cli.advice import choices
from podium.faces.cli.board import Board
from podium.faces.cli.details import adoption_rows, output_rows, plan_rows, pull
from podium.faces.cli.style import ATTENTION, GOOD, TROUBLE, command, labelled, line
from podium.faces.cli.wording import clean, counted, duration, one_line, work

FEATURES_SHOWN_MAX: Final = 5
Result = Mapping[str, Any]


def show_summary(console: Console, board: Board, result: Result | None, message: str) -> None:
    """Print it. `result` is the documented result of a run; without one only the message is known."""
    page: list[RenderableType] = [""]
    if result is None:
        page.append(line(one_line(message) or "No result is known."))
        style.say(console, *page)
        return
    reviews: list[Result] = result.get("reviews") or []
    letters: list[Result] = result.get("dead_letters") or []
    page += [_headline(console, board, result, waits=bool(reviews or letters)), ""]
    if result.get("plan"):
        page += [*plan_rows(result["plan"]), ""]
    for review in reviews:
        page += _review(review) if review["kind"] != "plan" else []
    for letter in letters:
        page += _letter(letter)
    page += _made(board, result)
    jobs = result["jobs"]
    told = [counted(jobs["passed"], "job") + " passed"]
    told += [f"{jobs['reworked']:,} sent back for rework"] if jobs["reworked"] else []
    told += [f"{jobs['failed']:,} dropped"] if jobs["failed"] else []
    page.append(labelled("Jobs", ", ".join(told)))
    page.append(labelled("Took", duration(_seconds(console, board, result))))
    if message and not reviews and not letters:
        page += ["", line(clean(message[:1].upper() + message[1:]))]
    page += ["", *_next(board, result)]
    style.say(console, *page)


def _seconds(console: Console, board: Board, result: Result) -> float | None:
    """From the project's creation to its end, or to now."""
    elapsed: float | None = result["elapsed_seconds"]
    if elapsed is None and "created_at" in board.project:
        return style.now(console) - float(board.project["created_at"])
    return elapsed


def _headline(console: Console, board: Board, result: Result, *, waits: bool) -> RenderableType:
    signs, state = style.marks(console), board.project.get("state")
    title = (one_line(result["project"]["title"]), "bold")
    if waits:
        return line((f"{signs.warning} ", ATTENTION), title, (" waits for you", ATTENTION))
    if state == "complete":
        return line((f"{signs.good} ", GOOD), title, (" is complete", GOOD))
    if state in ("failed", "cancelled"):
        return line(
            (f"{signs.bad} ", TROUBLE), title, (" has failed" if state == "failed" else " is cancelled", TROUBLE)
        )
    return line((f"{signs.dot} ", ATTENTION), title, " is not finished")


def _review(review: Result) -> list[RenderableType]:
    number = review["id"]
    reason = clean(review["reason"]).strip().splitlines() or [""]
    return [
        labelled("Needs you", (f"review {number}: {work(review['step'], review['item'])}", ATTENTION)),
        labelled("", reason[0]),
        *(labelled("", command(typed), f"   {what}") for typed, what in choices(review)),
        "",
    ]


def _letter(letter: Result) -> list[RenderableType]:
    number, item = letter["job"], one_line(letter["item"])
    drop = command(f"podium dead-letters drop {number} --reason WHY"), f"   go on without {item}"
    return [
        labelled("Needs you", (f"dead letter, job {number}: {work(letter['step'], letter['item'])}", TROUBLE)),
        labelled("", (clean(letter["reason"]).strip().splitlines() or [""])[0]),
        labelled("", command(f"podium dead-letters replay {number} --reason WHY"), "   try again, when it is mended"),
        *([labelled("", *drop)] if item else []),
        labelled("", command(f"podium why {number}"), "   every attempt and its log"),
        "",
    ]


def _made(board: Board, result: Result) -> list[RenderableType]:
    rows: list[RenderableType] = []
    features = board.built()
    if features:
        more = f" and {len(features) - FEATURES_SHOWN_MAX} more" if len(features) > FEATURES_SHOWN_MAX else ""
        names = ", ".join(features[:FEATURES_SHOWN_MAX])
        rows.append(labelled("Built", f"{counted(len(features), 'feature')}: {names}{more}"))
    rows.append(labelled("Repository", style.place(result["repository"])))
    return rows + adoption_rows(result) + output_rows(result["outputs"])


def _next(board: Board, result: Result) -> list[RenderableType]:
    """What to do next, each with the command."""
    id_ = one_line(result["project"]["id"])
    if result.get("reviews") or result.get("dead_letters"):
        return [labelled("Next", "decide, then run the same command again: it goes on where it was")]
    if board.project.get("state") == "complete":
        adopted, repository = result.get("adopted_from"), result["repository"]
        take = pull(repository) if adopted else f"git clone {shlex.quote(style.short_path(repository))} {id_}"
        return [labelled("Next", command(take)), labelled("", command(f"podium jobs {id_}"), "   how it came about")]
    return [labelled("Next", command(f"podium jobs {id_}"), "   where it stands; `podium why JOB` says why")]
