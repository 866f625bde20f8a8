"""A new user's journey on the command line, with real processes and real git."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.crash.verdicts import busiest, orphans
from tests.faces.command_line import ROOT, CommandLine, interrupt

SMALL = "# Small\n\n## Features\n\n- Count words: say how many words a text has\n"
FEATURES = 12


@pytest.fixture
def podium(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


@pytest.mark.requirement("INT-1", "INT-3", "PIP-3", "PIP-4", "PIP-5", "PIP-9", "INS-2", "INS-4", "QUE-1")
def test_a_document_of_twelve_features_becomes_a_finished_project(podium: CommandLine) -> None:
    result = podium.ask("run", str(ROOT / "examples" / "task-tracker.md"), "--agent", "rehearsal")

    assert result["project"] == {"id": "task-tracker", "title": "Task Tracker"}
    assert result["workflows"] == {
        "genesis": "GENESIS_COMPLETE",
        "development": "DEV_COMPLETE",
        "content": "CONTENT_COMPLETE",
    }
    repository = Path(result["repository"])
    tested = subprocess.run(
        ["python3", "-B", "-m", "unittest", "discover", "-s", "tests", "-t", "."],
        cwd=repository, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stderr
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""
    assert {output["kind"] for output in result["outputs"]} == {"application", "documentation", "marketing"}
    assert all(Path(output["path"]).exists() for output in result["outputs"])
    assert result["jobs"]["passed"] > 4 * FEATURES
    assert result["jobs"]["failed"] == 0

    assert busiest(podium.home, "development") >= 3
    assert orphans(podium.home) == []
    status = podium.ask("status")
    assert [w["completed_today"] for w in status["workflows"].values()] == [1, 1, 1]
    assert status["system"]["success_rate"] == 1.0
    assert status["system"]["average_pipeline_seconds"] == pytest.approx(result["elapsed_seconds"], abs=0.01)
    project = podium.ask("project", "task-tracker")
    assert project["type"]
    assert project["complexity"]
    jobs = podium.ask("jobs", "task-tracker")["jobs"]
    review = next(job for job in jobs if job["step"] == "review")
    implement = next(job for job in jobs if (job["step"], job["item"]) == ("implement", review["item"]))
    assert review["instance"] != implement["instance"], "an author reviewed its own work"
    why = podium.ask("why", str(review["id"]))
    assert why["attempts"][0]["routed"]


@pytest.mark.requirement("REC-4", "PIP-6", "REC-1", "EVT-3")
def test_rework_goes_back_with_feedback_and_a_crash_runs_again(podium: CommandLine) -> None:
    text = SMALL.replace("# Small\n", "# Small\n<!-- rehearsal: rework=001 crash=001 -->\n")
    result = podium.ask("run", podium.document("small.md", text))
    assert result["jobs"]["reworked"] == 1
    events = podium.ask("events")["events"]
    walked = [e["data"]["to"] for e in events if e["type"] == "workflow.state" and e["workflow"] == "development"]
    assert walked == [
        "DEV_QUEUED",
        "TESTING",
        "CODING",
        "REVIEWING",
        "CODING",
        "REVIEWING",
        "DEPLOYING",
        "DEV_COMPLETE",
    ]
    crashed = [e for e in events if e["type"] == "job.retried"]
    assert [e["data"]["reason"] for e in crashed] == ["crashed: killed by SIGKILL"]
    recovery = [e["type"] for e in events if e["type"].startswith("recovery.")]
    assert recovery == [f"recovery.{step}" for step in ("detected", "checked", "restarted", "reassigned", "updated")]
    has_the_documented_payloads({e["type"]: e["data"] for e in events})
    assert {p.name for p in podium.home.parent.iterdir()} == {"home", "small.md"}, "it leaves nothing but the home"


def has_the_documented_payloads(told: dict[str, Any]) -> None:
    assert set(told["genesis_complete"]) == {"event", "project_id", "repository_url", "issues_created", "timestamp"}
    assert told["genesis_complete"]["issues_created"] == 1
    milestone = told["development_milestone"]
    assert set(milestone) == {"event", "project_id", "milestone", "deployment_url", "timestamp"}
    assert milestone["deployment_url"]


@pytest.mark.requirement("CLI-1")
@pytest.mark.parametrize(
    ("content", "said", "code"),
    [
        (b"", "is empty", 2),
        (b"\x00\x01", "binary", 2),
        (b"a" * 3_000_000, "may have 2 MiB", 2),
        (b"# caf\xe9", "not UTF-8", 2),
    ],
)
def test_a_document_that_cannot_be_read_is_refused_and_leaves_nothing(
    podium: CommandLine, content: bytes, said: str, code: int
) -> None:
    path = podium.home.parent / "bad.md"
    path.write_bytes(content)
    done = podium("run", str(path))
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert not podium.home.exists()


@pytest.mark.requirement("CLI-1")
def test_every_kind_of_trouble_has_its_exit_code(podium: CommandLine) -> None:
    small = podium.document("small.md", SMALL)
    assert podium("run", "no-such-file.md").returncode == 3
    assert podium("status").returncode == 3
    assert podium("submit", small, "--id", "../../up").returncode == 2
    assert podium("frobnicate").returncode == 2
    podium("init")
    (podium.home / "podium.toml").write_text('agent = "nobody"\n')
    refused = podium("run", small)
    assert (refused.returncode, "[agents.nobody]" in refused.stderr) == (2, True)
    (podium.home / "podium.toml").write_text('pipeline = "pipeline.toml"\n')
    assert podium("run", small).returncode == 2
    (podium.home / "podium.toml").unlink()
    assert podium("submit", small).returncode == 0
    assert podium("why", "99").returncode == 3


def test_a_home_that_cannot_be_made_is_told_with_what_to_do(podium: CommandLine) -> None:
    podium.home.write_text("this is a file")
    refused = podium("run", podium.document("small.md", SMALL))
    assert refused.returncode == 6
    assert "is a file, not a folder" in refused.stderr
    assert "PODIUM_HOME" in refused.stderr


@pytest.mark.requirement("CLI-1")
def test_an_orchestrator_that_cannot_read_its_configuration_says_so_as_any_command_would(podium: CommandLine) -> None:
    podium.home.mkdir()
    (podium.home / "podium.toml").write_text("port = [\n")
    refused = podium("up")
    assert (refused.returncode, "is not valid TOML" in refused.stderr) == (2, True)


@pytest.mark.requirement("CLI-1")
def test_a_document_without_features_waits_for_a_person(podium: CommandLine) -> None:
    waiting = podium("run", podium.document("idea.md", "# Idea\n\nIt would be nice.\n"), "--json")
    assert waiting.returncode == 8
    (review,) = json.loads(waiting.stdout)["reviews"]
    assert "## Features" in review["reason"]
    assert str(review["id"]) in waiting.stderr
    assert podium("review", "reject", str(review["id"]), "--reason", "no features", "--yes").returncode == 0
    assert podium.ask("project", "idea")["state"] == "failed"
    assert podium("review", "approve", str(review["id"])).returncode == 4


@pytest.mark.requirement("REV-1")
def test_a_feature_that_fails_for_good_is_dropped_on_rejection_and_the_project_goes_on(podium: CommandLine) -> None:
    text = SMALL.replace("# Small\n", "# Small\n<!-- rehearsal: fail=002 -->\n") + "- Count lines: say how many lines\n"
    document = podium.document("two.md", text)
    waiting = podium("run", document, "--json")
    assert waiting.returncode == 8, waiting.stderr
    (review,) = json.loads(waiting.stdout)["reviews"]
    assert review["kind"] == "quality"
    assert podium.ask("review", "reject", str(review["id"]), "--yes")["verdict"] == "reject"
    result = podium.ask("run", document)
    assert result["project"]["id"] == "small"
    assert result["workflows"]["content"] == "CONTENT_COMPLETE"
    assert result["jobs"]["failed"] >= 1


@pytest.mark.requirement("CLI-1", "INS-5")
def test_up_submit_watch_and_down(podium: CommandLine) -> None:
    slow = SMALL.replace("# Small\n", "# Small\n<!-- rehearsal: seconds=0.3 -->\n")
    assert podium("up").returncode == 0
    try:
        assert "already" in podium("up").stdout
        second = podium("up", "--foreground")
        assert (second.returncode, "Another orchestrator" in second.stderr) == (4, True), second.stderr
        project = podium.ask("submit", podium.document("small.md", slow), "--idempotency-key", "one")["project"]
        again = podium.ask("submit", podium.document("small.md", slow), "--idempotency-key", "one")
        assert (again["project"], again["created"]) == (project, False)
        watched = podium.ask("run", podium.document("small.md", slow), "--idempotency-key", "one")
        assert watched["workflows"]["content"] == "CONTENT_COMPLETE", "run must use the orchestrator that is up"
        assert podium.ask("project", project)["state"] == "complete"
        log = podium("logs", "dev-02", "--json").stdout.splitlines()
        assert any(json.loads(line).get("type") == "result" for line in log)
        assert podium("logs", "dev-99").returncode == 3
    finally:
        assert podium("down").returncode == 0
    assert podium.ask("status")["system"]["orchestrator"] == "stopped"
    assert orphans(podium.home) == []


@pytest.mark.requirement("CLI-1")
def test_an_interrupted_run_ends_its_agents_and_the_same_command_goes_on(podium: CommandLine) -> None:
    slow = podium.document("small.md", SMALL.replace("# Small\n", "# Small\n<!-- rehearsal: seconds=0.2 -->\n"))
    process = podium.begin("run", slow, "--json")
    podium.until(
        "any(e['type'] == 'job.leased' and e['workflow'] == 'development' for e in answer['events'])", "events"
    )
    code, said = interrupt(process)
    assert code == 130, said
    assert "goes on where this stopped" in said
    assert orphans(podium.home) == []
    result = podium.ask("run", slow)
    assert result["project"]["id"] == "small"
    assert len(podium.ask("projects")["projects"]) == 1


def test_help_names_every_command_and_piped_output_has_no_colour(podium: CommandLine) -> None:
    text = podium("--help").stdout
    for name in ("init", "run", "up", "down", "submit", "status", "backlog", "projects", "project", "jobs", "instances",
                 "logs", "outputs", "why", "review", "doctor"):  # fmt: skip
        assert f"  {name} " in text or f"  {name}\n" in text, name
    podium("init")
    podium.ask("submit", podium.document("small.md", SMALL))
    for words in (
        ["status"],
        ["projects"],
        ["project", "small"],
        ["jobs", "small"],
        ["instances"],
        ["backlog"],
        ["why", "1"],
    ):
        shown = podium(*words)
        assert shown.returncode == 0, shown.stderr
        assert shown.stdout.strip()
        assert "\x1b" not in shown.stdout


def test_a_long_home_still_has_its_socket(tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / ("long-" * 18) / ("home-" * 10))
    podium.home.parent.mkdir(parents=True)
    assert podium("up").returncode == 0
    try:
        assert podium.ask("status")["system"]["orchestrator"] == "running"
    finally:
        assert podium("down").returncode == 0


@pytest.mark.requirement("PIP-10")
def test_a_plan_is_shown_before_anything_is_built_and_approving_goes_on(podium: CommandLine) -> None:
    document = podium.document("two.md", SMALL + "- Count lines: say how many lines (after #1)\n")
    stopped = podium("run", document, "--plan", "--json")
    assert stopped.returncode == 8, stopped.stderr
    told = json.loads(stopped.stdout)
    assert told["workflows"] == {"genesis": "PLANNED"}
    assert [feature["depends_on"] for feature in told["plan"]["features"]] == [[], [told["plan"]["features"][0]["key"]]]
    assert podium("review", "approve", str(told["plan"]["review"])).returncode == 0
    result = podium.ask("run", document, "--plan")
    assert result["workflows"]["content"] == "CONTENT_COMPLETE"
    events = podium.ask("events")["events"]
    merged = next(e["seq"] for e in events if e["type"] == "job.passed" and e["data"]["summary"] == "Merged into main.")
    second = [e["seq"] for e in events if e["type"] == "job.leased" and e["workflow"] == "development"]
    assert max(second) > merged, "the second feature waits until the first is merged"
    plan = podium.ask("plan", result["project"]["id"])
    assert plan["agent_seconds"] > 0, "history is known by now"


@pytest.mark.requirement("QUE-5")
def test_an_operator_pauses_boosts_and_cancels_a_project(podium: CommandLine) -> None:
    slow = SMALL.replace("# Small\n", "# Small\n<!-- rehearsal: seconds=20 -->\n")
    assert podium("up").returncode == 0
    try:
        podium.ask("submit", podium.document("small.md", slow))
        podium.until("any(i['state'] == 'busy' for i in answer['instances'])", "instances")
        assert podium.ask("priority-boost", "small", "--points", "20", "--reason", "a customer waits")["jobs"] > 0
        assert podium.ask("pause", "small")["jobs"] == 0, "the only ready job is at work"
        assert podium("pause", "small").returncode == 4
        assert podium.ask("projects")["projects"][0]["paused"], "a list says what nobody will work on"
        assert podium.ask("status")["system"]["projects_paused"] == 1
        assert [row["project"] for row in podium.ask("backlog")["paused"]] == ["small"]
        assert podium.ask("cancel", "small", "--reason", "not needed", "--yes")["attempts_ended"] == 1
        podium.until("all(i['state'] == 'idle' for i in answer['instances'])", "instances", seconds=20)
        assert podium.ask("project", "small")["state"] == "cancelled"
    finally:
        assert podium("down").returncode == 0
    assert orphans(podium.home) == []
