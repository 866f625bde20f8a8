"""Resources and prompts: what a coding agent reads by address, and the commands that a person gives it."""

import json
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import TextResourceContents

from tests.unit.faces.mcp.agent import caller, job_of, served
from tests.unit.operations.desktop import Desktop


async def read(client: Client, address: str) -> Any:
    (content,) = (await client.read_resource(address)).contents
    assert content.mime_type == "application/json"
    assert isinstance(content, TextResourceContents)
    return json.loads(content.text)


@pytest.mark.requirement("MCP-1")
def test_resources_tell_what_the_operations_tell(desktop: Desktop) -> None:
    job = job_of(desktop, "q", "implement")

    async def talk(client: Client) -> tuple[Any, ...]:
        listed = [row.uri for row in (await client.list_resources()).resources]
        templates = [row.uri_template for row in (await client.list_resource_templates()).resource_templates]
        read_ = [
            await read(client, f"podium://{it}") for it in ("status", "project/p", f"job/{job}", "instance/dev-02")
        ]
        return listed, templates, read_

    listed, templates, (status, project, told, instance) = served("monitor", caller(desktop), talk)
    assert listed == ["podium://status", "podium://events"]
    assert templates == [
        "podium://project/{id}",
        "podium://job/{id}",
        "podium://instance/{name}",
        "podium://events{?after}",
    ]
    assert status == desktop.ask("status").model_dump(mode="json")
    assert project == desktop.ask("project", project="p").model_dump(mode="json")
    assert told == desktop.ask("why", job=job).model_dump(mode="json")
    assert instance in desktop.ask("instances").model_dump(mode="json")["instances"]


@pytest.mark.requirement("MCP-1")
def test_events_are_paged_by_a_cursor_until_there_are_no_more(desktop: Desktop) -> None:
    async def talk(client: Client) -> tuple[Any, list[int], Any]:
        latest = await read(client, "podium://events")
        address, seen = "podium://events?after=0", list[int]()
        while (page := await read(client, address))["events"]:
            seen += [event["seq"] for event in page["events"]]
            address = page["next"]
        return latest, seen, page

    latest, seen, end = served("monitor", caller(desktop), talk)
    assert seen == list(range(1, end["last"] + 1))
    assert len(seen) > len(latest["events"]) == 100
    assert [event["seq"] for event in latest["events"]] == seen[-100:]
    assert latest["next"] == end["next"] == f"podium://events?after={end['last']}"


@pytest.mark.requirement("MCP-1")
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("project/none", "There is no project 'none'"),
        ("job/999", "There is no job 999"),
        ("instance/dev-99", "Instances: genesis-01"),
    ],
)
def test_what_is_not_there_is_told(desktop: Desktop, address: str, said: str) -> None:
    async def talk(client: Client) -> str:
        with pytest.raises(MCPError) as refused:
            await client.read_resource(f"podium://{address}")
        return str(refused.value)

    assert said in served("monitor", caller(desktop), talk)


@pytest.mark.requirement("MCP-1")
def test_commands_are_prompts_that_name_their_tool(desktop: Desktop) -> None:
    async def talk(client: Client) -> Any:
        listed = (await client.list_prompts()).prompts
        with pytest.raises(MCPError, match="project"):
            await client.get_prompt("priority_boost", {})
        made = await client.get_prompt("priority_boost", {"project": "p", "points": "100", "colour": "red"})
        return {prompt.name: prompt for prompt in listed}, made.messages[0].content

    prompts, words = served("queue", caller(desktop), talk)
    assert set(prompts) == {"assign_content", "assign_development", "assign_genesis", "backlog", "priority_boost"}
    required = [argument.name for argument in prompts["priority_boost"].arguments if argument.required]
    assert required == ["project"]
    assert words.text.startswith("Call the tool `priority_boost` with project = 'p', points = '100'. Then look")
    assert "colour" not in words.text

    async def look(client: Client) -> list[str]:
        return sorted(prompt.name for prompt in (await client.list_prompts()).prompts)

    assert served("monitor", caller(desktop), look) == ["health", "metrics", "status"]
    assert served("scaling", caller(desktop), look) == ["rebalance", "restart_instance", "scale_down", "scale_up"]
    assert served("github", caller(desktop), look) == []
