"""A home with narrow limits: who has to wait is told so, nobody is lost, and too many are told to come back."""

import json
from pathlib import Path

import pytest

from tests.crash.verdicts import orphans
from tests.faces.command_line import CommandLine

TEXT = "# {}\n\n## Features\n\n- Count words: say how many words a text has\n"
PIPELINE = """
name = "short"
start = "genesis"

[workflows.genesis]
roles = ["analysis"]
instances = { genesis-01 = "analysis" }

[[workflows.genesis.steps]]
id = "analyze"
state = "ANALYZING"
waiting = "QUEUED"
role = "analysis"
"""
"""A project is over when it has been analyzed: what is tested is who begins."""


@pytest.fixture
def podium(tmp_path: Path) -> CommandLine:
    line = CommandLine(tmp_path / "home")
    line("init")
    (line.home / "pipeline.toml").write_text(PIPELINE)
    (line.home / "podium.toml").write_text('pipeline = "pipeline.toml"\n[limits]\nqueue_soft = 1\nqueue_hard = 1\n')
    return line


@pytest.mark.requirement("INT-4")
def test_projects_wait_visibly_and_begin_when_there_is_room(podium: CommandLine) -> None:
    documents = {name: podium.document(f"{name}.md", TEXT.format(name.title())) for name in ("one", "two", "three")}
    (only,) = podium.ask("submit", documents["one"])["notes"]
    assert only.startswith("No orchestrator runs on this home")
    waits = podium("submit", documents["two"]).stdout
    assert "waits in the input queue (number 1): 1 job is ready in genesis" in " ".join(waits.split())
    refused = podium("submit", documents["three"], "--json")
    assert refused.returncode == 6
    assert "1 project already in it for genesis" in json.loads(refused.stdout)["error"]["message"]
    assert "Try again later" in refused.stderr

    assert "1 of them not begun" in podium("status").stdout
    assert "1 project in the input queue" in podium("backlog").stdout
    assert "waits in the input queue" in podium("projects").stdout
    assert "in the input queue, number 1" in podium("project", "two").stdout
    depths = {row["queue"]: row["depth"] for row in podium.ask("queues")["queues"]}
    assert (depths["input"], depths["genesis"]) == (1, 1)
    assert podium("queues").stdout.splitlines()[1].split()[:2] == ["input", "1"]

    assert podium("up").returncode == 0
    try:
        podium.until("answer['waiting'] is None and answer['workflows']", "project", "two")
        assert podium.ask("submit", documents["three"])["created"]
        podium.until("answer['system']['projects_complete'] == 3", "status")
    finally:
        assert podium("down").returncode == 0
    assert orphans(podium.home) == []


@pytest.mark.requirement("INT-4")
@pytest.mark.parametrize(
    ("limits", "said"), [("queue_soft = -1", "limits.queue_soft"), ("queue_sotf = 3", "limits.queue_sotf")]
)
def test_wrong_limits_are_refused_by_name(podium: CommandLine, limits: str, said: str) -> None:
    (podium.home / "podium.toml").write_text(f"[limits]\n{limits}\n")
    refused = podium("status")
    assert (refused.returncode, said in refused.stderr) == (2, True), refused.stderr
