"""The MCP servers as coding agents reach them: the real client over stdio and HTTP, real processes and sockets."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx2
import pytest
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import TextContent
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from podium.domain.access import OPERATOR, Principal, Scope as Opens
from podium.faces.mcp.http import PATH, mount
from podium.faces.mcp.servers import NAMES
from tests.faces.command_line import CommandLine
from tests.unit.faces.mcp.agent import staged
from tests.unit.operations.desktop import Desktop

T = TypeVar("T")
SMALL: Final = "# Small\n\n## Features\n\n- Count words: say how many words a text has\n"
HELLO: Final = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}
WHO: Final = {
    "Bearer operator": OPERATOR,
    "Bearer reader": Principal("reader", Opens.READ),
    "Bearer agent": Principal("p/24.a1", Opens.ATTEMPT, "p/24.a1"),
}


@pytest.fixture
def podium(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


def over_stdio(podium: CommandLine, server: str, talk: Callable[[Client], Awaitable[T]]) -> T:
    """Start `podium mcp` as a coding agent does, and talk to it."""
    command = StdioServerParameters(command=sys.executable, args=["-m", "podium", "mcp", server], env=podium.env)

    async def session() -> T:
        async with Client(command, read_timeout_seconds=60) as client:
            return await talk(client)

    return asyncio.run(session())


@pytest.mark.requirement("MCP-1")
def test_an_agent_conducts_a_running_orchestrator_over_stdio(podium: CommandLine) -> None:
    podium("init")

    async def conduct(client: Client) -> tuple[Any, ...]:
        await client.list_tools()
        made = await client.call_tool("submit", {"document": SMALL, "agent": "rehearsal", "not_before": "2h"})
        assert made.structured_content is not None, made
        id_ = made.structured_content["project"]
        boosted = await client.call_tool("priority_boost", {"project": id_, "points": 7})
        return made.structured_content, boosted.structured_content, await client.call_tool("why", {"job": 99})

    async def look(client: Client) -> tuple[Any, ...]:
        status = await client.call_tool("status")
        (project,) = (await client.read_resource("podium://project/small")).contents
        with pytest.raises(MCPError, match="There is no project 'none'"):
            await client.read_resource("podium://project/none")
        return status.structured_content, json.loads(project.model_dump()["text"])

    try:
        assert podium("up").returncode == 0
        made, boosted, refused = over_stdio(podium, "queue", conduct)
        status, project = over_stdio(podium, "monitor", look)
    finally:
        podium("down")
    assert (made["project"], made["created"], boosted["action"]) == ("small", True, "boost")
    assert refused.is_error
    assert isinstance(refused.content[0], TextContent)
    assert refused.content[0].text.startswith("There is no job 99.")
    assert (status["system"]["orchestrator"], status["system"]["projects_open"]) == ("running", 1)
    assert (project["id"], project["priority"]) == ("small", 50 + 25 + 7)


@pytest.mark.requirement("MCP-1")
def test_without_an_orchestrator_a_home_is_read_and_not_changed(podium: CommandLine) -> None:
    podium("init")

    async def talk(client: Client) -> tuple[Any, str]:
        backlog = await client.call_tool("backlog")
        (refusal,) = (await client.call_tool("submit", {"document": SMALL})).content
        assert isinstance(refusal, TextContent)
        assert podium("up").returncode == 0  # the server holds no lock
        assert not (await client.call_tool("submit", {"document": SMALL, "not_before": "2h"})).is_error
        return backlog.structured_content, refusal.text

    try:
        backlog, refusal = over_stdio(podium, "queue", talk)
    finally:
        podium("down")
    assert backlog["projects_waiting"] == 0
    assert refusal == "No orchestrator runs on this home. Start one: `podium up`."


@pytest.mark.requirement("MCP-1")
def test_standard_output_carries_the_protocol_and_nothing_else(podium: CommandLine) -> None:
    podium("init")
    asked = [
        HELLO,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "pause", "arguments": {"project": "x"}}},
    ]
    command = [sys.executable, "-m", "podium", "mcp", "queue"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=podium.env, stdin=pipe, stdout=pipe, stderr=pipe) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(b"no protocol\n" + b"".join(json.dumps(message).encode() + b"\n" for message in asked))
        server.stdin.flush()
        answers = [json.loads(server.stdout.readline()) for _ in range(2)]
        rest, _ = server.communicate(timeout=60)
    assert (server.returncode, rest) == (0, b"")
    assert {answer["id"]: "result" in answer for answer in answers} == {1: True, 2: True}
    unknown = podium("mcp", "weather")
    assert (unknown.returncode, unknown.stdout) == (3, "")
    assert "Known: queue, monitor, github, communication, scaling" in unknown.stderr


@pytest.mark.requirement("CLI-1")
@pytest.mark.parametrize("words", [["--help"], ["status"]])
def test_the_command_line_does_not_load_what_only_a_server_needs(podium: CommandLine, words: list[str]) -> None:
    podium("init")
    run = f"import sys; from podium.app import RealWorld; from podium.faces.cli.main import execute; execute({words}, "
    told = f"{run}RealWorld); sys.exit(' '.join({{'mcp', 'mcp_types'}} & sys.modules.keys()) or None)"
    done = subprocess.run([sys.executable, "-c", told], env=podium.env, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    made = staged(tmp_path)
    yield made
    made.clock.close()
    made.desk.store.close()


def recognizing(app: ASGIApp) -> ASGIApp:
    """Says who calls, as the web application's own middleware does."""

    async def recognize(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"").decode()
            scope.setdefault("state", {})["principal"] = WHO.get(given)
        await app(scope, receive, send)

    return recognize


@asynccontextmanager
async def listening(desktop: Desktop) -> AsyncGenerator[str]:
    """The five servers on loopback; their address."""
    servers = mount(desktop.context, ["127.0.0.1"])
    app = recognizing(Starlette(routes=[Mount(PATH, servers)]))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none"))
    async with servers.lifespan_context(servers), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve())
        async with asyncio.timeout(30):
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{PATH}"
        finally:
            server.should_exit = True
            await serving


def over_http(desktop: Desktop, server: str, who: str, talk: Callable[[Client], Awaitable[T]]) -> T:
    """Talk to one server as somebody."""

    async def session() -> T:
        async with (
            listening(desktop) as address,
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {who}"}) as http,
            Client(streamable_http_client(f"{address}/{server}", http_client=http)) as client,
        ):
            return await talk(client)

    return asyncio.run(session())


@pytest.mark.requirement("MCP-1")
@pytest.mark.parametrize("server", NAMES)
def test_every_server_answers_over_http(desktop: Desktop, server: str) -> None:
    async def talk(client: Client) -> tuple[Any, Any]:
        assert client.server_info is not None
        return client.server_info.name, [tool.name for tool in (await client.list_tools()).tools]

    name, tools = over_http(desktop, server, "operator", talk)
    assert name == server
    assert tools


@pytest.mark.requirement("MCP-1", "SEC-1")
def test_a_call_over_http_is_made_by_whoever_sends_it(desktop: Desktop) -> None:
    async def talk(client: Client) -> tuple[Any, ...]:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        return (
            tools,
            await client.call_tool("plan", {"project": "old"}),
            await client.call_tool("pause", {"project": "p"}),
        )

    tools, plan, pause = over_http(desktop, "queue", "operator", talk)
    assert {"backlog", "pause"} <= tools
    assert pause.structured_content["action"] == "pause"
    tools, plan, pause = over_http(desktop, "queue", "reader", talk)
    assert "backlog" in tools
    assert "pause" not in tools
    assert plan.structured_content == desktop.ask("plan", project="old").model_dump(mode="json")
    assert "reader may not call `pause`" in pause.content[0].text
    tools, plan, pause = over_http(desktop, "queue", "agent", talk)
    assert (tools, plan.is_error, pause.is_error) == (set(), True, True)
    told = [(call["by"], call["outcome"]) for call in desktop.desk.told("operation.called")]
    assert told == [("operator", "done"), ("reader", "refused: forbidden"), ("p/24.a1", "refused: forbidden")]


@pytest.mark.requirement("SEC-1")
def test_nobody_and_foreign_hosts_and_origins_are_refused_over_http(desktop: Desktop) -> None:
    async def ask(**headers: str) -> str:
        accept = {"Accept": "application/json, text/event-stream", "Authorization": "Bearer operator"}
        async with listening(desktop) as address, httpx2.AsyncClient() as http:
            answer = await http.post(f"{address}/queue", json=HELLO, headers=accept | headers)
            return f"{answer.status_code} {re.sub(r'[^ -~]', ' ', answer.text)}"

    assert '"name":"queue"' in asyncio.run(ask())
    assert "has no credential" in asyncio.run(ask(Authorization="Bearer nobody"))
    assert asyncio.run(ask(Host="evil.example")).startswith("421")
    assert asyncio.run(ask(Origin="http://evil.example")).startswith("403")
