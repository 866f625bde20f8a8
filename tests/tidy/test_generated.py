"""What tools make of the catalogue is as the catalogue is now."""

import pytest

from podium.operations.catalogue import REGISTRY
from tools import claude_plugin, command_index

SELF_EXPLAINING = {"note"}  # is itself what somebody writes for the record


@pytest.mark.requirement("CLI-1")
def test_the_command_lines_index_is_made_of_the_catalogue() -> None:
    assert command_index.FILE.read_text("utf-8") == command_index.draw(), "run .venv/bin/python -m tools.command_index"


@pytest.mark.requirement("CMD-1", "MCP-2")
def test_the_plugin_is_made_of_the_catalogue() -> None:
    made = claude_plugin.files()
    assert not claude_plugin.stale(made), "run .venv/bin/python -m tools.claude_plugin"
    commands = {path.stem for path in made if path.parent.name == "commands"}
    assert commands == {name.replace(" ", "-") for name, found in REGISTRY.items() if {"mcp", "cli"} <= found.faces}
    for name, found in REGISTRY.items():
        path = claude_plugin.PLUGIN / "commands" / f"{name.replace(' ', '-')}.md"
        if path in made:  # what ends something is never allowed beforehand, nor called by a model on its own
            assert ("allowed-tools" in made[path]) is (found.safety != "destructive")
            assert "disable-model-invocation: true" in made[path]


def test_what_is_stale_is_told() -> None:
    made = claude_plugin.files()
    path = claude_plugin.PLUGIN / "commands" / "status.md"
    assert claude_plugin.stale(made | {path: "other"}) == [str(path.relative_to(claude_plugin.ROOT))]
    del made[path]
    assert claude_plugin.stale(made) == [str(path.relative_to(claude_plugin.ROOT))], (
        "a command that nothing has any more"
    )


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
