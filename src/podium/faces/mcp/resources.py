"""What a coding agent can read by address: a project, a job, an instance, the events, the status."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from pydantic import Field

from podium.domain.errors import NotFound, PodiumError
from podium.faces.mcp.caller import Caller

EVENTS: Final = "podium://events"
EVENTS_PAGE: Final = 100
JSON_TYPE: Final = "application/json"

Read = TypeVar("Read", bound=Callable[..., Any])


def add_resources(server: MCPServer[Any], caller: Caller) -> dict[str, str]:
    """Offer all of them on `server`; by address the operation that each is read with: who may call it may read that."""
    operations: dict[str, str] = {}

    def offer(address: str, operation: str, title: str, name: str | None = None) -> Callable[[Read], Read]:
        operations[address] = operation
        return server.resource(address, name=name, title=title, mime_type=JSON_TYPE)

    @offer("podium://status", "status", "How things stand")
    async def status() -> str:
        """Queues, work in progress and today's results."""
        return json.dumps(await _told(caller, "status"))

    @offer("podium://project/{id}", "project", "A project")
    async def project(id: str) -> str:  # noqa: A002 - the address's own word
        """One project in full."""
        return json.dumps(await _told(caller, "project", project=id))

    @offer("podium://job/{id}", "why", "A job")
    async def job(id: Annotated[int, Field(ge=1)]) -> str:  # noqa: A002 - the address's own word
        """Where a job stands, why, and what happened to it so far."""
        return json.dumps(await _told(caller, "why", job=id))

    @offer("podium://instance/{name}", "instances", "An instance")
    async def instance(name: str) -> str:
        """One instance and what it is doing."""
        rows: list[dict[str, Any]] = (await _told(caller, "instances"))["instances"]
        found = next((row for row in rows if row["name"] == name), None)
        if found is None:
            known = ", ".join(row["name"] for row in rows)
            raise ResourceNotFoundError(f"There is no instance {name!r}. Instances: {known}.")
        return json.dumps(found)

    @offer(EVENTS, "events", "The latest events", name="events")
    async def latest() -> str:
        """The latest events in order; `next` is the address of those that follow."""
        last: int = (await _told(caller, "events", limit=1))["last"]
        return await page(max(0, last - EVENTS_PAGE))

    @offer(f"{EVENTS}{{?after}}", "events", "Events after a number", name="events_after")
    async def page(after: Annotated[int, Field(ge=0)] = 0) -> str:
        """The events after a number, in order; `next` is the address of those that follow."""
        answer = await _told(caller, "events", after=after, limit=EVENTS_PAGE)
        cursor = answer["events"][-1]["seq"] if answer["events"] else after
        return json.dumps({**answer, "next": f"{EVENTS}?after={cursor}"})

    return operations


async def _told(caller: Caller, operation: str, **asked: Any) -> dict[str, Any]:
    try:
        return await caller.ask(operation, asked)
    except NotFound as error:
        raise ResourceNotFoundError(str(error)) from error
    except PodiumError as error:
        raise ResourceError(str(error)) from error
