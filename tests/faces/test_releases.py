"""A finished project tells of a new version: what it told before stays, what is new is added, once."""

import subprocess
from pathlib import Path

import pytest

from tests.crash.verdicts import orphans
from tests.faces.command_line import CommandLine

DOCUMENT = "# Hello World\n\n## Features\n\n- Greet by name: say hello to everyone who is named\n"


@pytest.fixture
def podium(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


@pytest.mark.requirement("PIP-4", "PIP-9")
def test_a_finished_project_is_released_again(podium: CommandLine) -> None:
    result = podium.ask("run", podium.document("hello-world.md", DOCUMENT), "--agent", "rehearsal")
    before = {output["path"]: output["title"] for output in result["outputs"]}
    assert podium("up").returncode == 0
    try:
        begun = podium.ask("release", "hello-world", "v1.1", "--reason", "greets in two languages")
        assert begun == {"project": "hello-world", "version": "v1.1", "run": "content@2", "created": True}
        assert podium.ask("release", "hello-world", "v1.1")["created"] is False
        podium.until("answer['state'] == 'complete'", "project", "hello-world")
        assert podium("release", "hello-world", "v2", "--workflow", "development").returncode == 4
        assert podium("release", "hello-world", "no blanks").returncode == 2
        assert podium("release", "nobody", "v1").returncode == 3
    finally:
        assert podium("down").returncode == 0

    project = podium.ask("project", "hello-world")
    run = project["workflows"]["content@2"]
    assert (run["state"], run["version"], run["reason"]) == ("CONTENT_COMPLETE", "v1.1", "greets in two languages")
    assert project["workflows"]["content"]["state"] == "CONTENT_COMPLETE"
    after = {output["path"]: output["title"] for output in project["outputs"]}
    assert before.items() <= after.items()
    added = {Path(path).name for path in after.keys() - before.keys()}
    assert added == {"v1-1.md", "v1-1-posts.md"}
    assert all(Path(path).exists() for path in after)
    notes = next(path for path in after.keys() - before.keys() if "documentation" in path)
    assert "greets in two languages" in Path(notes).read_text()
    subjects = subprocess.run(
        ["git", "log", "--first-parent", "--format=%s"],
        cwd=project["repository"], capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert subjects[0] == "Publish content@2"
    shown = podium("project", "hello-world").stdout
    assert "v1.1 is content@2: greets in two languages" in shown
    assert orphans(podium.home) == []
