"""Every operation as a tool: what a direct call answers or refuses, the tool answers or refuses too (CMD-1, MCP-1)."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final, get_args

import pytest
from mcp import Client
from pydantic import BaseModel

from podium.domain.access import Principal, Scope
from podium.domain.errors import Forbidden, NotFound, PodiumError
from podium.faces.cli.main import podium
from podium.faces.mcp import servers
from podium.faces.mcp.caller import Caller
from podium.faces.mcp.servers import NAMES, build, operations_of
from podium.operations.catalogue import REGISTRY
from podium.operations.context import Context
from podium.operations.operation import TABLE, Described, Input, Operation, Output, Server, operation
from tests.unit.faces.mcp.agent import caller, served, text_of
from tests.unit.operations.desktop import Desktop

CALLS: Final[dict[str, dict[str, Any]]] = {
    "assign-content": {"project": "p", "instance": "content-01"},
    "assign-development": {"repository": "p", "instance": "dev-02"},
    "assign-genesis": {"project": "p", "instance": "genesis-01"},
    "budget": {"project": "p", "budget_usd": 20.5},
    "drain": {"target": "development", "reason": "new disk"},
    "messages ack": {"message": 142},
    "pause": {"project": "p"},
    "release": {"project": "old", "version": "v2"},
    "resume": {"project": "q"},
    "strategy": {"queue": "development", "strategy": "least-loaded"},
    "undrain": {"target": "content-01"},
}
"""What tests/faces asks every operation is not asked here again."""
ON_MCP: Final = sorted(name for name, found in REGISTRY.items() if "mcp" in found.faces)


@pytest.mark.requirement("MCP-1")
@pytest.mark.parametrize("name", NAMES)
def test_a_server_lists_its_operations_with_their_types_and_their_safety(name: Server, desktop: Desktop) -> None:
    async def talk(client: Client) -> Any:
        return (await client.list_tools()).tools

    tools = served(name, caller(desktop), talk)
    mine = {
        found.name.replace(" ", "_").replace("-", "_"): found for found in REGISTRY.values() if found.server == name
    }
    mine = {key: found for key, found in mine.items() if "mcp" in found.faces}
    assert {tool.name for tool in tools} == set(mine)
    assert mine
    for tool in tools:
        found = mine[tool.name]
        assert tool.description.startswith(found.summary)
        assert set(tool.input_schema["properties"]) == {f.alias or key for key, f in found.input.model_fields.items()}
        assert all({"positional", "flags"}.isdisjoint(field) for field in tool.input_schema["properties"].values())
        assert tool.output_schema["type"] == "object"
        assert (tool.annotations.read_only_hint, tool.annotations.destructive_hint) == (
            found.safety == "read",
            found.safety == "destructive",
        )


def test_operations_that_agents_must_not_have_are_no_tools() -> None:
    names = {tool for server in NAMES for tool in operations_of(server)}
    assert names.isdisjoint({"token_create", "token_list", "token_revoke", "logs"})


def test_answers_use_their_fields_own_names() -> None:
    def aliases(model: type[BaseModel]) -> list[str]:
        return [field for field, told in model.model_fields.items() if told.alias or told.serialization_alias]

    assert [found.name for found in REGISTRY.values() if aliases(found.output)] == []


@pytest.mark.parametrize(
    "name", [name for name in ON_MCP if REGISTRY[name].safety != "read" and REGISTRY[name].idempotent]
)
def test_an_idempotent_operation_changes_nothing_the_second_time(name: str, desktop: Desktop) -> None:
    states = [_state(desktop)]
    for _ in range(2):
        with suppress(PodiumError):  # whether the second is refused or answered alike is each one's own affair
            desktop.ask(name, **CALLS[name])
        states.append(_state(desktop))
    assert states[1] == states[2]
    assert states[0] != states[1]


def _state(desktop: Desktop) -> Any:
    rows = desktop.desk.store.rows
    return [rows.all(name) for name in ("all_jobs", "all_events", "project_states")], desktop.ask("messages list")


@pytest.mark.requirement("MCP-1")
def test_what_podium_refuses_is_told_and_what_breaks_is_not(desktop: Desktop) -> None:
    async def talk(client: Client) -> list[Any]:
        wrong = {"project": "p", "colour": "red"}
        return [await client.call_tool("project", wrong), await client.call_tool("nothing", {})]

    wrong, unknown = served("monitor", caller(desktop), talk)
    assert (wrong.is_error, text_of(wrong)) == (True, "colour: there is no such field.")
    assert unknown.is_error
    assert "It has: disk, doctor, " in text_of(unknown)

    async def broken(_: str, __: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("a password")

    defect = served("monitor", Caller(broken, caller(desktop).principal), lambda client: client.call_tool("status"))
    assert defect.is_error
    assert "password" not in text_of(defect)
    assert "defect" in text_of(defect)
    with pytest.raises(NotFound, match="Known: queue, monitor"):
        build("weather", caller(desktop))


@pytest.mark.requirement("MCP-1")
def test_a_client_hears_that_a_long_call_is_at_work(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call takes until its client has heard of it three times; what it answers or refuses comes all the same."""
    monkeypatch.setattr(servers, "PROGRESS_SECONDS", 0.01)
    heard: list[tuple[float, str | None]] = []
    enough = asyncio.Event()

    async def slow(name: str, _: dict[str, Any]) -> dict[str, Any]:
        await enough.wait()
        if name == "disk":
            raise NotFound("There is no disk.")
        return {"name": "slow", "scope": "read", "attempt": ""}

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, message))
        if len(heard) >= 3:
            enough.set()

    async def talk(client: Client) -> list[Any]:
        return [await client.call_tool(name, {}, progress_callback=hear) for name in ("whoami", "disk")]

    done, refused = served("monitor", Caller(slow, caller(desktop).principal), talk)
    assert (done.structured_content["name"], text_of(refused)) == ("slow", "There is no disk.")
    assert [(round(progress, 2), message) for progress, message in heard[:3]] == [
        (n / 100, servers.STILL_AT_IT) for n in (1, 2, 3)
    ]


class _Nothing(Input):
    """Nothing is needed."""


class _Own(Output):
    """Whose work it is."""

    attempt: str


@pytest.fixture
def own_work() -> Iterator[Operation]:
    """An operation that an agent at work may call."""

    TABLE["own-work"] = Described(server="communication", agents=True)

    @operation("own-work")
    async def own_work(context: Context, asked: _Nothing) -> _Own:
        """Tell whose work it is."""
        return _Own(attempt=context.principal.attempt)

    yield REGISTRY["own-work"]
    del REGISTRY["own-work"], TABLE["own-work"]


@pytest.mark.requirement("MCP-1", "SEC-1")
def test_each_caller_sees_what_its_credential_opens(desktop: Desktop, own_work: Operation) -> None:
    async def look(client: Client) -> tuple[set[str], int, int]:
        resources = len((await client.list_resources()).resources)
        return (
            {tool.name for tool in (await client.list_tools()).tools},
            resources,
            len((await client.list_prompts()).prompts),
        )

    def seen(server: str, scope: Scope) -> tuple[set[str], int, int]:
        return served(server, caller(desktop, Principal("x", scope, "p/1.a1")), look)

    mine = {"assignment", "inbox", "messages_ack", "messages_send", "note", "own_work"}
    assert seen("communication", Scope.ATTEMPT) == (mine, 0, 0)
    assert seen("queue", Scope.ATTEMPT) == (set(), 0, 0)
    assert seen("monitor", Scope.ATTEMPT) == ({"project", "whoami"}, 0, 0)
    reads = {tool for tool, found in operations_of("queue").items() if found.safety == "read"}
    assert seen("queue", Scope.READ) == (reads, 0, 1)
    assert seen("monitor", Scope.OPERATE)[1:] == (2, 3)

    attempt = caller(desktop, Principal("p/1.a1", Scope.ATTEMPT, "p/1.a1"))
    mine = served("communication", attempt, lambda client: client.call_tool("own_work"))
    assert mine.structured_content == {"attempt": "p/1.a1"}
    refused = served("queue", attempt, lambda client: client.call_tool("review_approve", {"review": 1}))
    assert (refused.is_error, "may not call `review approve`" in text_of(refused)) == (True, True)
    assert [told["outcome"] for told in desktop.desk.told("operation.called")] == [f"refused: {Forbidden.kind}"]


def test_the_command_line_names_every_server() -> None:
    words = podium.commands["mcp"].help or ""
    assert [name for name in get_args(Server) if name not in words] == []
