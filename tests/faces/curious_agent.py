"""An agent that uses what its attempt was handed, and tries what it must not: run by Podium as a command agent.

What it found goes, as JSON, into the file that WITNESS names; then a person must decide, so that nothing more happens.
"""

import asyncio
import json
import os
import shlex
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import TextContent

from podium.app import RealWorld
from podium.faces.cli.main import execute
from podium.faces.mcp.servers import NAMES, operations_of
from podium.operations.catalogue import REGISTRY
from tools.reference_pages import example_input, route

SECONDS_MAX = 60.0
OPERATORS: Final = {name: operation for name, operation in REGISTRY.items() if not operation.agents}
"""What is for those who conduct: none of it, on no face, is for an agent at work."""
TYPED: Final = {
    "logs": "podium logs dev-02",
    "submit": "podium submit --title x --brief x",
    "down": "podium down",
    "backup": "podium backup all.tar",
    "open": "podium open --print",
}
"""Where the operation's own example would not end or reads a file; and what only the command line has."""
FORBIDDEN = {
    "other project": ("GET", "/v1/project/other", None),
    "other attempt": ("GET", "/v1/assignment?attempt=other/99.a1", None),
    "other inbox": ("GET", "/v1/inbox?attempt=other/99.a1", None),
    "about another": ("POST", "/v1/messages/send", {"to": "all", "text": "x", "project": "other"}),
    "another name": ("POST", "/v1/messages/send", {"to": "all", "text": "x", "from": "operator"}),
    "events": ("GET", "/v1/events", None),
    "link": ("POST", "/v1/login-link", None),
}


def ask(http: httpx2.Client, method: str, path: str, body: Any = None) -> Any:
    """An answer that must be one."""
    answer = http.request(method, path, json=body)
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


def wait_for_message(http: httpx2.Client) -> Any:
    """The message that somebody sends while this attempt is at work."""
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        found = [m for m in ask(http, "GET", "/v1/inbox")["messages"] if m["text"].startswith("now: ")]
        if found:
            return found[0]
    raise TimeoutError("nobody has written")


def through_rest(http: httpx2.Client) -> dict[str, int]:
    """Try every operation that is for others."""
    refused: dict[str, int] = {}
    for name, operation in OPERATORS.items():
        method, _, path = route(operation).partition(" ")
        asked = example_input(operation)
        body: dict[str, Any] = {"params": asked} if method == "GET" else {"json": asked}
        refused[name] = http.request(method, path.format(**asked), **body).status_code
    return refused


def through_the_command_line() -> dict[str, Any]:
    """The same, typed: the exit codes, and whatever was told without being refused."""
    refused: dict[str, Any] = {}
    typed = {name: operation.example for name, operation in OPERATORS.items() if "cli" in operation.faces} | TYPED
    for name, line in typed.items():
        sure = ["--yes"] if name in OPERATORS and OPERATORS[name].safety == "destructive" else []
        with TemporaryFile("w+") as out, redirect_stdout(out), redirect_stderr(out):
            refused[name] = execute([*shlex.split(line)[1:], *sure, "--json"], RealWorld)
    return refused


async def through_tools(client: Client, server: Any) -> dict[str, str]:
    """The same on one server: the words with which each tool that is for others was refused."""
    refused: dict[str, str] = {}
    for tool, operation in operations_of(server).items():
        if operation.name in OPERATORS:
            answer = await client.call_tool(tool, example_input(operation))
            told = answer.content[0]
            refused[tool] = told.text if answer.is_error and isinstance(told, TextContent) else "was done"
    return refused


async def through_mcp() -> dict[str, Any]:
    """The same servers as an operator has, with this attempt's reach: over standard input and output, and over HTTP."""
    found: dict[str, Any] = {}
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "podium", "mcp", "communication"], env=dict(os.environ)
    )
    headers = {"Authorization": f"Bearer {os.environ['PODIUM_TOKEN']}"}
    async with httpx2.AsyncClient(headers=headers) as http:
        address = f"{os.environ['PODIUM_URL']}/mcp/communication"
        for name, transport in (("stdio", command), ("http", streamable_http_client(address, http_client=http))):
            async with Client(transport, read_timeout_seconds=60) as client:
                tools = sorted(tool.name for tool in (await client.list_tools()).tools)
                told = await client.call_tool("assignment", {})
                noted = await client.call_tool("note", {"text": f"by {name}"})
                assert told.structured_content is not None, told
                found[name] = {"tools": tools, "attempt": told.structured_content["attempt"], "refused": noted.is_error}
        for server in NAMES:
            address = f"{os.environ['PODIUM_URL']}/mcp/{server}"
            args = ["-m", "podium", "mcp", server]
            command = StdioServerParameters(command=sys.executable, args=args, env=dict(os.environ))
            for name, transport in (("stdio", command), ("http", streamable_http_client(address, http_client=http))):
                async with Client(transport, read_timeout_seconds=60) as client:
                    tools = [tool.name for tool in (await client.list_tools()).tools]
                    refused = await through_tools(client, server)
                    found[f"{server} {name}"] = {"tools": sorted(tools), "refused": refused}
    return found


def main() -> None:
    """Do all of it once."""
    assignment = json.loads(Path(os.environ["PODIUM_ASSIGNMENT"]).read_text("utf-8"))
    project = assignment["project"]["id"]
    if project != "mine":  # another agent at work, for as long as it is let
        time.sleep(SECONDS_MAX)
    headers = {"Authorization": f"Bearer {os.environ['PODIUM_TOKEN']}"}
    found: dict[str, Any] = {"environment": sorted(name for name in os.environ if name.startswith("PODIUM_"))}
    with httpx2.Client(base_url=os.environ["PODIUM_URL"], headers=headers, timeout=30) as http:
        found["whoami"] = ask(http, "GET", "/v1/whoami")
        found["assignment"] = ask(http, "GET", "/v1/assignment")
        found["project"] = ask(http, "GET", f"/v1/project/{project}")
        found["note"] = ask(http, "POST", "/v1/note", {"text": f"I am {os.environ['PODIUM_TOKEN'][:14]}"})
        found["message"] = wait_for_message(http)
        found["acknowledged"] = ask(http, "POST", "/v1/messages/ack", {"message": found["message"]["id"]})
        found["left"] = ask(http, "GET", "/v1/inbox")["messages"]
        found["sent"] = ask(http, "POST", "/v1/messages/send", {"to": "all", "text": "who mends the tests?"})
        found["refused"] = {
            name: http.request(method, path, json=body).status_code for name, (method, path, body) in FORBIDDEN.items()
        }
        found["rest"] = through_rest(http)
    found["typed"] = through_the_command_line()
    typed = subprocess.run(
        [sys.executable, "-m", "podium", "inbox", "--json"], capture_output=True, check=False, env=dict(os.environ)
    )
    found["command line"] = json.loads(typed.stdout)
    found["mcp"] = asyncio.run(through_mcp())
    found["token"] = os.environ["PODIUM_TOKEN"]
    Path(os.environ["WITNESS"]).write_text(json.dumps(found), "utf-8")
    result: dict[str, Any] = {"type": "result", "verdict": "blocked", "summary": "seen enough", "data": {}}
    sys.stdout.write(f"my token is {os.environ['PODIUM_TOKEN']}\n{json.dumps(result)}\n")


if __name__ == "__main__":
    main()
