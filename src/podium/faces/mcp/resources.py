"""What a coding agent can read by address: a project, a job, an instance, the events, the status."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from pydantic import Field

from podium.domain.errors import NotFound, PodiumError
from podium.faces.mcp.caller import Caller

EVENTS: Final = "podium://events"
PROJECT: Final = "podium://project/{id}"
JOB: Final = "podium://job/{id}"
INSTANCE: Final = "podium://instance/{name}"
EVENTS_AFTER: Final = "podium://events{?after}"
STATUS: Final = "podium://status"
OPERATIONS: Final[Mapping[str, str]] = {
    STATUS: "status",
    PROJECT: "project",
    JOB: "why",
    INSTANCE: "instances",
    EVENTS: "events",
    EVENTS_AFTER: "events",
}
"""The operation that each is read with: whoever may call it may read the resource."""
EVENTS_PAGE: Final = 100
JSON_TYPE: Final = "application/json"


def add_resources(server: MCPServer[Any], caller: Caller) -> None:
    """Offer all of them on `server`."""

    @server.resource(STATUS, title="How things stand", mime_type=JSON_TYPE)
    async def status() -> str:
        """Queues, work in progress and today's results."""
        return json.dumps(await _told(caller, "status"))

    @server.resource(PROJECT, title="A project", mime_type=JSON_TYPE)
    async def project(id: str) -> str:  # noqa: A002 - the address's own word
        """One project in full."""
        return json.dumps(await _told(caller, "project", project=id))

    @server.resource(JOB, title="A job", mime_type=JSON_TYPE)
    async def job(id: Annotated[int, Field(ge=1)]) -> str:  # noqa: A002 - the address's own word
        """Where a job stands, why, and what happened to it so far."""
        return json.dumps(await _told(caller, "why", job=id))

    @server.resource(INSTANCE, title="An instance", mime_type=JSON_TYPE)
    async def instance(name: str) -> str:
        """One instance and what it is doing."""
        rows: list[dict[str, Any]] = (await _told(caller, "instances"))["instances"]
        found = next((row for row in rows if row["name"] == name), None)
        if found is None:
            known = ", ".join(row["name"] for row in rows)
            raise ResourceNotFoundError(f"There is no instance {name!r}. Instances: {known}.")
        return json.dumps(found)

    _add_events(server, caller)


def _add_events(server: MCPServer[Any], caller: Caller) -> None:
    """The log of events, page by page."""

    @server.resource(EVENTS, name="events", title="The latest events", mime_type=JSON_TYPE)
    async def latest() -> str:
        """The latest events in order; `next` is the address of those that follow."""
        last: int = (await _told(caller, "events", limit=1))["last"]
        return await page(max(0, last - EVENTS_PAGE))

    @server.resource(EVENTS_AFTER, name="events_after", title="Events after a number", mime_type=JSON_TYPE)
    async def page(after: Annotated[int, Field(ge=0)] = 0) -> str:
        """The events after a number, in order; `next` is the address of those that follow."""
        answer = await _told(caller, "events", after=after, limit=EVENTS_PAGE)
        cursor = answer["events"][-1]["seq"] if answer["events"] else after
        return json.dumps({**answer, "next": f"{EVENTS}?after={cursor}"})


async def _told(caller: Caller, operation: str, **asked: Any) -> dict[str, Any]:
    try:
        return await caller.ask(operation, asked)
    except NotFound as error:
        raise ResourceNotFoundError(str(error)) from error
    except PodiumError as error:
        raise ResourceError(str(error)) from error
