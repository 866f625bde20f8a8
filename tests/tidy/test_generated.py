"""What tools make of the catalogue is as the catalogue is now."""

import json

import pytest

from podium.domain.errors import UsageError
from podium.faces.mcp.prompts import COMMANDS, prompts_of
from podium.faces.mcp.servers import tool_name
from podium.operations.catalogue import REGISTRY
from podium.operations.operation import EVERY_FACE, understood
from tools import claude_plugin, command_index, generated, reference_pages

SELF_EXPLAINING = {"note"}  # is itself what somebody writes for the record


@pytest.mark.requirement("CLI-1", "CMD-1", "MCP-2", "PIP-1", "STA-1")
def test_every_made_file_is_as_the_code_is_now() -> None:
    assert not generated.stale(generated.files()), generated.RUN


@pytest.mark.requirement("CMD-1")
@pytest.mark.parametrize("name", COMMANDS)
def test_each_documented_command_is_one_operation_on_every_face_and_a_slash_command(name: str) -> None:
    """That it is the same there: test_every_face asks each in all ways, test_claude_code has each carried out."""
    found = REGISTRY[name]
    assert found.faces == EVERY_FACE
    assert [prompt.name for prompt in prompts_of({tool_name(found): found})] == [tool_name(found)]
    assert claude_plugin.PLUGIN / "commands" / f"{name}.md" in claude_plugin.files()


def test_what_is_stale_is_told() -> None:
    made = generated.files()
    path = claude_plugin.PLUGIN / "commands" / "status.md"
    assert generated.stale(made | {path: "other"}) == [str(path.relative_to(generated.ROOT))]
    del made[path]
    assert generated.stale(made) == [str(path.relative_to(generated.ROOT))], "a command that nothing has any more"


@pytest.mark.requirement("CMD-1", "MCP-2")
def test_the_plugin_is_made_of_the_catalogue() -> None:
    made = claude_plugin.files()
    commands = {path.stem for path in made if path.parent.name == "commands"}
    assert commands == {name.replace(" ", "-") for name, found in REGISTRY.items() if {"mcp", "cli"} <= found.faces}
    for name, found in REGISTRY.items():
        path = claude_plugin.PLUGIN / "commands" / f"{name.replace(' ', '-')}.md"
        if path in made:  # what ends something is never allowed beforehand, nor called by a model on its own
            assert ("allowed-tools" in made[path]) is (found.safety != "destructive")
            assert "disable-model-invocation: true" in made[path]


@pytest.mark.requirement("CMD-1", "CLI-1", "API-1", "MCP-1")
def test_the_reference_tells_every_operation_on_every_face_that_has_it() -> None:
    pages = {path.stem: text for path, text in reference_pages.files().items()}
    for name, found in REGISTRY.items():
        page_of = {
            "cli": f"\n## podium {name}\n",
            "rest": f"\n## {reference_pages.route(found)}\n",
            "mcp": f"\n### {tool_name(found)}\n",
        }
        for face, heading in page_of.items():
            assert pages[face].count(heading) == (face in found.faces), (name, face)
        assert f"\n## {found.output.__name__}\n" in pages["answers"]


@pytest.mark.requirement("CMD-1")
@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_operations_example_can_be_typed_and_is_understood(name: str) -> None:
    """The same example stands in the help, in OpenAPI and, as JSON, on the pages of REST and MCP."""
    found = REGISTRY[name]
    asked = reference_pages.example_input(found)
    assert understood(found, json.dumps(asked).encode())
    with pytest.raises(UsageError, match="there is no such field"):
        understood(found, json.dumps(asked | {"nonsense": 1}).encode())


@pytest.mark.requirement("CLI-1")
def test_whatever_changes_something_takes_a_reason() -> None:
    silent = [
        name
        for name, entry in ((name, command_index.entry_of(found)) for name, found in REGISTRY.items())
        if entry.safety != "read"
        and name not in SELF_EXPLAINING
        and not any("--reason" in told.flags for told in entry.parameters)
    ]
    assert not silent, f"derive the input of these from Change: {silent}"
