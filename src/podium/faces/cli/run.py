"""`podium run`: submit a document, watch it through the pipeline, and say how it ended."""

import asyncio
import hashlib
import json
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, Final

from podium import clock
from podium.faces.cli import outlet
from podium.faces.cli.client import Client
from podium.faces.cli.link import Link, waited
from podium.faces.wording import date_time
from podium.tables import beside

if TYPE_CHECKING:  # a run that answers with JSON draws nothing
    from podium.faces.cli.live import LiveView

REFRESH_SECONDS: Final = 0.12
EVENTS_PER_LOOK: Final = 1000
JOBS_PER_LOOK: Final = 5000
WAITING_FOR_HUMAN, TIMED_OUT, FAILED, INTERRUPTED = 8, 7, 1, 130
WORKING: Final = ("ready", "running", "delayed", "held")
_SETTLED_BY_A_PERSON: Final = beside(__file__)

Ask = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


def follow(client: Client, question: dict[str, Any], *, as_json: bool, timeout: float | None) -> int:
    """Run what `submit` is asked to its end; the exit code. Without a key of its own the input is its own key."""
    if not question.get("idempotency_key"):
        digest = hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()[:32]
        question = question | {"idempotency_key": f"run:{digest}", "resume": True}
    view = None
    if not as_json:
        from podium.faces.cli.live import LiveView
        from podium.faces.cli.markup import Page

        view = LiveView(Page(silent_when_closed=True))
    return clock.run(_follow(client, question, view, timeout))


async def _follow(client: Client, question: dict[str, Any], view: "LiveView | None", timeout: float | None) -> int:
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    async with AsyncExitStack() as stack:
        link = Link(client, stack, interrupted)
        await link.connect()
        submitted = await link.ask("submit", question)
        project_id = submitted["project"]
        for words in submitted["notes"]:
            outlet.note(words)
        if submitted["begins_at"]:
            outlet.note(f"it begins not before {date_time(submitted['begins_at'])}.")
        outcome = await _watch(link.ask, project_id, view, interrupted, timeout)
        if outcome in (INTERRUPTED, TIMED_OUT):
            message, others = await link.stop(), ""
        else:
            message, others = "", await link.finish(project_id, has_failed=outcome == FAILED)
        project = await link.ask("project", {"project": project_id})
        result = result_of(project)
        if outcome == WAITING_FOR_HUMAN:
            message = await _waits(link.ask, project_id, result)
        elif outcome == FAILED:
            ended = "has failed" if project["state"] == "failed" else "is cancelled"
            message = f"project {project_id} {ended}; `podium jobs {project_id}` shows where."
        _tell(view, result, message, others)
    return outcome


def _tell(view: "LiveView | None", result: dict[str, Any], message: str, others: str) -> None:
    """How it ended: in the view, or as JSON with the words on standard error."""
    if view is not None:
        view.end(result, message)
        message = ""
    for words in filter(None, (message, others)):
        outlet.note(words)
    if view is None:
        with suppress(BrokenPipeError):  # the exit code still tells how it ended
            outlet.print_json(result)


async def _waits(ask: Ask, project_id: str, result: dict[str, Any]) -> str:
    """Put what only a person can settle into the result; the same in words."""
    said: list[str] = []
    for kind, told in _SETTLED_BY_A_PERSON.items():
        rows = (await ask(told["operation"], {"project": project_id}))[told["rows"]]
        if any(row.get("kind") == "plan" for row in rows):
            result["plan"] = await ask("plan", {"project": project_id})
        if rows:
            result[kind] = [{key: row[key] for key in told["keys"]} for row in rows]
            first_lines = [(row["reason"].splitlines() or [""])[0].rstrip(".") for row in rows]
            each = [told["each"].format(**row, why=why) for row, why in zip(rows, first_lines, strict=True)]
            said.append(told["words"].format(each="; ".join(each)))
    return " ".join(said)


async def _watch(
    ask: Ask, project_id: str, view: "LiveView | None", interrupted: asyncio.Event, timeout: float | None
) -> int:
    """Look until the project has ended, waits for a person, or the watcher has had enough."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout if timeout is not None else float("inf")
    seen = 0
    known: list[dict[str, Any]] = []
    if view is not None:
        view.begin(await ask("project", {"project": project_id}))
    while True:
        page = await ask("events", {"after": seen, "limit": EVENTS_PER_LOOK})
        seen = page["events"][-1]["seq"] if page["events"] else seen
        mine = [event for event in page["events"] if event["project"] == project_id]
        project = await ask("project", {"project": project_id})
        if view is not None:
            known = await _known_jobs(ask, project, known)
            view.update(project, (await ask("instances", {}))["instances"], mine, known)
        outcome = _outcome(project)
        if outcome is not None and seen >= page["last"]:
            return outcome
        if loop.time() > deadline:
            return TIMED_OUT
        if len(page["events"]) < EVENTS_PER_LOOK and await waited(interrupted, REFRESH_SECONDS):
            return INTERRUPTED


async def _known_jobs(ask: Ask, project: dict[str, Any], known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that are known, and those of jobs made since, a page at a time."""
    while len(known) < sum(project["jobs"].values()):
        after = known[-1]["id"] if known else 0
        more = (await ask("jobs", {"project": project["id"], "after": after, "limit": JOBS_PER_LOOK}))["jobs"]
        if not more:
            break
        known = [*known, *more]
    return known


def _outcome(project: dict[str, Any]) -> int | None:
    """The exit code, when it has come to that."""
    if project["state"] == "complete":
        return 0
    if project["state"] in ("failed", "cancelled"):
        return FAILED
    waits = project["reviews"] or project["jobs"].get("dead")
    if waits and not any(project["jobs"].get(state) for state in WORKING):
        return WAITING_FOR_HUMAN
    return None


def result_of(project: dict[str, Any]) -> dict[str, Any]:
    """The documented result of a run."""
    outputs = [{k: v for k, v in output.items() if v is not None} for output in project["outputs"]]
    jobs, ended = project["jobs"], project["ended_at"]
    done, failed, reworked = jobs.get("passed", 0), jobs.get("cancelled", 0), project["attempts"].get("rework", 0)
    return {
        "project": {"id": project["id"], "title": project["title"]},
        "workflows": {name: workflow["state"] for name, workflow in project["workflows"].items()},
        "repository": project["repository"],
        **({"adopted_from": project["adopted_from"]} if project["adopted_from"] else {}),
        "outputs": outputs,
        "jobs": {"passed": done, "failed": failed, "reworked": reworked},
        "elapsed_seconds": round(ended - project["created_at"], 3) if ended else None,
    }
