"""Every operation as a tool: what a direct call answers or refuses, the tool answers or refuses too (CMD-1, MCP-1)."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from mcp import Client
from pydantic import BaseModel

from podium.domain.access import Principal, Scope
from podium.domain.errors import Forbidden, NotFound, PodiumError
from podium.faces.cli.main import podium
from podium.faces.mcp.caller import Caller
from podium.faces.mcp.servers import EMPTY, NAMES, build, operations_of, tool_name
from podium.operations.catalogue import REGISTRY, operation_named
from podium.operations.context import Context
from podium.operations.operation import Input, Operation, Output, Server, operation
from tests.unit.faces.mcp.agent import caller, served, staged, text_of
from tests.unit.operations.desktop import Desktop

IN_REVIEW: Final = 24
DEAD: Final = 34
PINNED: Final = 27
MESSAGE: Final = 142
CALLS: Final[dict[str, dict[str, Any]]] = {
    "backlog": {},
    "cancel": {"project": "p", "reason": "not needed"},
    "cancel-job": {"job": IN_REVIEW},
    "dead-letters": {},
    "dead-letters drop": {"job": DEAD},
    "dead-letters replay": {"job": DEAD},
    "dead-letters replay-all": {"project": "q", "count": 1},
    "deliveries": {},
    "deliveries replay": {"delivery": 1},
    "disk": {},
    "drain": {"target": "development", "reason": "new disk"},
    "doctor": {},
    "events": {"after": 3, "limit": 5},
    "instances": {},
    "jobs": {"project": "p"},
    "messages ack": {"message": MESSAGE},
    "messages list": {},
    "messages send": {"to": "all", "text": "Hello", "from": "bob"},
    "notices": {},
    "notices dismiss": {"notice": 1},
    "outputs": {"project": "p"},
    "pause": {"project": "p"},
    "pin": {"job": PINNED, "instance": "dev-02"},
    "plan": {"project": "p"},
    "priority-boost": {"project": "p", "points": 100},
    "project": {"project": "p"},
    "projects": {},
    "prune": {"dry_run": True},
    "queues": {},
    "rebalance": {},
    "release": {"project": "old", "version": "v2"},
    "restart-instance": {"instance": "dev-02"},
    "resume": {"project": "q"},
    "retry": {"job": IN_REVIEW},
    "review approve": {"review": 1},
    "review list": {},
    "review reject": {"review": 1, "notes": "no"},
    "review send-back": {"review": 1, "notes": "commas"},
    "scale-down": {"workflow": "development", "count": 2},
    "scale-up": {"workflow": "development", "to": 7},
    "status": {},
    "strategy": {"queue": "development", "strategy": "least-loaded"},
    "stuck": {},
    "health": {},
    "metrics": {"window": "7d"},
    "submit": {"document": "# Tiny\n\n## Features\n\n- One thing\n"},
    "undrain": {"target": "content-01"},
    "unpin": {"job": PINNED},
    "why": {"job": DEAD},
}
REFUSED: Final = {"deliveries replay", "notices dismiss"}
"""There is nothing here that they could be done to."""
OF_THE_MACHINE: Final = {"disk", "doctor"}
"""What they answer changes from one moment to the next."""
ON_MCP: Final = sorted(name for name, found in REGISTRY.items() if "mcp" in found.faces)


@pytest.fixture
def desktops(tmp_path: Path) -> Iterator[tuple[Desktop, Desktop]]:
    pair = (staged(tmp_path), staged(tmp_path))
    yield pair
    for desktop in pair:
        desktop.clock.close()
        desktop.desk.store.close()


@pytest.mark.requirement("CMD-1", "MCP-1")
@pytest.mark.parametrize("name", ON_MCP)
def test_a_tool_answers_what_its_operation_answers(name: str, desktops: tuple[Desktop, Desktop]) -> None:
    here, there = desktops
    found = operation_named(name)
    assert found.server is not None, "an operation on MCP names its server"
    try:
        direct, refusal = here.ask(name, **CALLS[name]).model_dump(mode="json"), ""
    except PodiumError as error:
        direct, refusal = None, str(error)

    async def talk(client: Client) -> Any:
        await client.list_tools()  # so that the client holds the answer against the published schema
        return await client.call_tool(tool_name(found), CALLS[name])

    answer = served(found.server, caller(there), talk)
    assert answer.is_error is bool(refusal) is (name in REFUSED)
    if refusal:
        assert text_of(answer) == refusal
    elif name in OF_THE_MACHINE:
        assert direct is not None
        assert answer.structured_content.keys() == direct.keys()
    else:
        assert answer.structured_content == direct
    if found.safety != "read":
        assert [told["operation"] for told in there.desk.told("operation.called")] == [name]


@pytest.mark.requirement("MCP-1")
@pytest.mark.parametrize("name", NAMES)
def test_a_server_lists_its_operations_with_their_types_and_their_safety(name: Server, desktop: Desktop) -> None:
    async def talk(client: Client) -> Any:
        return client.instructions, (await client.list_tools()).tools

    instructions, tools = served(name, caller(desktop), talk)
    mine = {
        found.name.replace(" ", "_").replace("-", "_"): found for found in REGISTRY.values() if found.server == name
    }
    mine = {key: found for key, found in mine.items() if "mcp" in found.faces}
    assert {tool.name for tool in tools} == set(mine)
    assert (EMPTY in instructions) is (not mine)
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
def test_an_idempotent_operation_changes_nothing_the_second_time(name: str, desktops: tuple[Desktop, Desktop]) -> None:
    here, _ = desktops
    states = [_state(here)]
    for _ in range(2):
        with suppress(PodiumError):  # whether the second is refused or answered alike is each one's own affair
            here.ask(name, **CALLS[name])
        states.append(_state(here))
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
    assert "It has: doctor, events" in text_of(unknown)

    async def broken(_: str, __: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("a password")

    defect = served("monitor", Caller(broken, caller(desktop).principal), lambda client: client.call_tool("status"))
    assert defect.is_error
    assert "password" not in text_of(defect)
    assert "defect" in text_of(defect)
    with pytest.raises(NotFound, match="Known: queue, monitor"):
        build("weather", caller(desktop))


class _Nothing(Input):
    """Nothing is needed."""


class _Own(Output):
    """Whose work it is."""

    attempt: str


@pytest.fixture
def own_work() -> Iterator[Operation]:
    """An operation that an agent at work may call."""

    @operation("own-work", server="communication", agents=True)
    async def own_work(context: Context, asked: _Nothing) -> _Own:
        """Tell whose work it is."""
        return _Own(attempt=context.principal.attempt)

    yield REGISTRY["own-work"]
    del REGISTRY["own-work"]


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

    assert seen("communication", Scope.ATTEMPT) == ({"own_work"}, 0, 0)
    assert seen("queue", Scope.ATTEMPT) == (set(), 0, 0)
    assert seen("monitor", Scope.ATTEMPT) == (set(), 0, 0)
    reads = {tool for tool, found in operations_of("queue").items() if found.safety == "read"}
    assert seen("queue", Scope.READ) == (reads, 0, 1)
    assert seen("monitor", Scope.OPERATE)[1:] == (2, 1)

    attempt = caller(desktop, Principal("p/1.a1", Scope.ATTEMPT, "p/1.a1"))
    mine = served("communication", attempt, lambda client: client.call_tool("own_work"))
    assert mine.structured_content == {"attempt": "p/1.a1"}
    refused = served("queue", attempt, lambda client: client.call_tool("review_approve", {"review": 1}))
    assert (refused.is_error, "may not review approve" in text_of(refused)) == (True, True)
    assert [told["outcome"] for told in desktop.desk.told("operation.called")] == [f"refused: {Forbidden.kind}"]


def test_the_command_line_names_every_server() -> None:
    words = podium.commands["mcp"].help or ""
    assert [name for name in get_args(Server) if name not in words] == []
