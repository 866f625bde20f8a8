"""An agent before Podium's MCP servers: the real client, the real operations, a store in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from mcp import Client

from podium.domain.access import OPERATOR, Principal
from podium.domain.command import Send, Steer, Verdict
from podium.domain.fleet import Drain
from podium.faces.mcp.caller import Caller
from podium.faces.mcp.servers import build
from podium.operations.catalogue import operation_named
from podium.operations.invoke import invoke
from podium.operations.operation import understood
from tests.unit.operations.desktop import Desktop
from tests.unit.operations.test_letters import kill

T = TypeVar("T")
QUALITY: Final = Verdict("escalate", "sent back 3 times", target="implement", feedback="still wrong", review="quality")


def staged(home: Path) -> Desktop:
    """A complete project `old`; `p`, whose work waits for a reviewer; `q`, paused, with a dead letter; a message.

    Its instance content-01 is drained.
    """
    desktop = Desktop(home)
    desk = desktop.desk
    desk.muster()
    desk.complete("old")
    desk.submit("p")
    desk.finish(desk.run_to("review"), QUALITY)
    desk.do(Steer("pin", job=job_of(desktop, "p", "ci"), instance="dev-01"))
    desk.submit("q")
    kill(desktop, "implement")
    desk.do(Steer("pause", "q"))
    desk.do(Drain(True, instances=("content-01",)))
    desk.do(Send("all", "Mind the gap", "ann", ""))
    return desktop


def job_of(desktop: Desktop, project: str, step: str) -> int:
    """The number of a project's first job of a step."""
    return next(job.id for job in desktop.desk.jobs(step) if job.project == project)


def caller(desktop: Desktop, principal: Principal = OPERATOR) -> Caller:
    """Calls operations on a desktop as somebody."""

    async def ask(name: str, asked: dict[str, Any]) -> dict[str, Any]:
        operation = operation_named(name)
        answer = await invoke(operation, desktop.context(), understood(operation, asked), principal)
        return answer.model_dump(mode="json")

    return Caller(ask, lambda: principal)


def served(name: str, who: Caller, talk: Callable[[Client], Awaitable[T]]) -> T:
    """What comes of talking to the server of that name."""

    async def session() -> T:
        async with Client(build(name, who)) as client:
            return await talk(client)

    return asyncio.run(session())


def text_of(answer: Any) -> str:
    """The words of an answer that are for the model."""
    (content,) = answer.content
    return content.text
