"""What a home forgets, seen from the command line: by itself, at once, and always told."""

import json
from pathlib import Path

import pytest

from tests.faces.command_line import CommandLine

TEXT = "# Small\n\n## Features\n\n- Count words: say how many words a text has\n"


@pytest.fixture
def podium(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


def limits(podium: CommandLine, **given: float) -> None:
    lines = [f"{name} = {value}" for name, value in given.items()]
    (podium.home / "podium.toml").write_text("\n".join(["[retention]", *lines]) + "\n")


@pytest.mark.requirement("EVT-5", "INS-5")
def test_an_ended_project_is_forgotten_by_itself_and_every_answer_says_so(podium: CommandLine) -> None:
    podium.ask("run", podium.document("small.md", TEXT))
    disk_use_is_told_by_kind_and_adds_up(podium)
    assert podium("logs", "small/1.a1", "--json").stdout
    assert not any(row["count"] for row in podium.ask("prune", "--yes")["removed"])
    limits(podium, projects_days=1e-6, logs_days=1e-6, events_max=20, work_days=1e-6)
    would = {row["kind"]: row["count"] for row in podium.ask("prune", "--dry-run")["removed"]}
    assert would["projects"] == 1
    assert would["logs"] == would["jobs"] - 4, "Podium's own steps have no log of an agent"
    assert podium.ask("project", "small")["pruned_at"] is None

    podium.ask("up")
    project = podium.until("answer['pruned_at']", "project", "small")
    # Each call is an event itself, which the next one may remove.
    podium.until("not any(row['count'] for row in answer['removed'] if row['kind'] != 'events')", "prune", "--yes")
    podium.ask("down")

    assert project["state"] == "complete"
    assert [Path(output["path"]).exists() for output in project["outputs"]].count(True) == len(project["outputs"]) > 2
    assert podium.ask("projects")["projects"][0]["pruned_at"]
    for words in (("jobs", "small"), ("plan", "small"), ("review", "list", "--project", "small"), ("why", "1")):
        done = podium(*words)
        assert (done.returncode, "pruned" in done.stderr) == (3, True), done.stderr
    told = podium.ask("events", "--after", "3", "--limit", "5")
    assert told["reset"]
    assert told["events"][0]["seq"] == told["horizon"] > 20
    assert not podium.ask("events", "--after", str(told["horizon"] - 1))["reset"]
    assert len(podium.ask("events")["events"]) == 20 + 1, "what may stay, and the record of the last prune"
    assert "no longer kept" in podium("events").stdout
    assert "no longer kept" in podium("logs", "small/1.a1").stdout
    assert podium("logs", "small/999.a1").returncode == 3
    assert not list((podium.home / "shared-state" / "projects").glob("small"))

    again = podium.ask("submit", podium.document("small.md", TEXT))
    assert again["project"] == "small-2", "the name of what was there is not given to something else"


def disk_use_is_told_by_kind_and_adds_up(podium: CommandLine) -> None:
    told = podium.ask("disk")
    files = [path for path in podium.home.rglob("*") if not path.is_dir()]
    sizes = {row["kind"]: row["bytes"] for row in told["kinds"]}
    assert told["total_bytes"] == sum(path.lstat().st_size for path in files)
    assert all(sizes[kind] for kind in ("database", "logs", "repositories", "publications", "deployments"))
    assert sizes["clones"] == 0


@pytest.mark.requirement("EVT-5")
@pytest.mark.parametrize(("line", "said"), [("event_days = 3", "event_days"), ("logs_days = -1", "logs_days")])
def test_a_limit_that_cannot_be_is_refused_by_name(podium: CommandLine, line: str, said: str) -> None:
    podium.home.mkdir()
    (podium.home / "podium.toml").write_text(f"[retention]\n{line}\n")
    done = podium("prune", "--json", "--yes")
    assert done.returncode == 2
    assert said in json.loads(done.stdout)["error"]["message"]
