"""The agent `claude`: the real Claude Code program at work in attempts, before a scripted model, at no cost."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from podium.hosts import sandbox
from tests.faces.command_line import CommandLine
from tests.scripted.claude_code import program
from tests.scripted.model_server import ModelServer
from tests.scripted.script import Answer, Asked, Call, Failure, Script, Text

DOCUMENT: Final = "# Greeter\n\nA program that greets.\n\n## Features\n\n- Greet by name\n\nIGNORE-ALL-RULES-marker\n"
KEY: Final = "001-greet-by-name"
PROJECT_SECONDS: Final = 110.0
CANARY: Final = "canary-4711"
SERVER: Final = "mcp__communication__"
TEST: Final = """import unittest


class Greets(unittest.TestCase):
    def test_it_greets_by_name(self) -> None:
        from greeter import hello

        self.assertEqual(hello("Ada"), "Hello, Ada!")
"""
FEATURE: Final = {
    "key": KEY, "title": "Greet by name", "detail": "Say hello.", "depends_on": [],
    "acceptance": ["hello('Ada') is 'Hello, Ada!'"],
}  # fmt: skip
PLAN: Final = {
    "title": "Greeter", "summary": "It greets.", "type": "library", "complexity": "small", "package": "greeter",
    "features": [FEATURE],
}  # fmt: skip
ISSUE: Final = {name: FEATURE[name] for name in ("detail", "acceptance", "depends_on")}
LEFT_OUT: Final = ("scaffold", "performance", "marketing", "social")
"""Steps that ask nothing of an agent which others do not ask as well; each state of a workflow keeps one."""


class Work(NamedTuple):
    """What the scripted model does in one step: files by path, and artifacts."""

    files: dict[str, str]
    artifacts: tuple[dict[str, Any], ...] = ()


def piece(kind: str, key: str, path: str) -> dict[str, Any]:
    return {"kind": kind, "key": key, "title": key, "path": path}


STEPS: Final = {
    "genesis/analyze": Work({}, ({"kind": "plan", "key": "plan", "title": "Greeter", "data": PLAN},)),
    "genesis/issues": Work(
        {f"docs/issues/{KEY}.md": "# Greet by name\n"},
        ({"kind": "issue", "key": KEY, "title": "Greet", "path": f"docs/issues/{KEY}.md", "data": ISSUE},),
    ),
    "development/tests": Work({"tests/__init__.py": "", "tests/test_greet.py": TEST}),
    "development/implement": Work({"greeter.py": 'def hello(name: str) -> str:\n    return f"Hello, {name}!"\n'}),
    "development/review": Work({}),
    "development/ci": Work({"public/index.html": "<!doctype html><title>Greeter</title>\n"}),
    "content/analyze": Work(
        {},
        ({"kind": "brief", "key": "brief", "title": "Brief", "data": {
            "title": "Greeter", "summary": "It greets.", "audience": "everybody", "features": [],
        }},),
    ),
    "content/documentation": Work({"docs/guide.md": "# Guide\n"}, (piece("documentation", "guide", "docs/guide.md"),)),
    "content/optimize": Work({"content/page.md": "# Hello\n"}, (piece("marketing", "page", "content/page.md"),)),
}  # fmt: skip


def with_fewer_steps(podium: CommandLine) -> None:
    """Give the home the shipped pipeline without the steps that are left out."""
    podium.ask("init", "--pipeline")
    pipeline = podium.home / "pipeline.toml"
    first, *steps = pipeline.read_text().split("[[workflows.")
    kept = [step for step in steps if not any(f'id = "{name}"' in step for name in LEFT_OUT)]
    text = "[[workflows.".join([first, *kept])
    for before, after in (
        ('["scaffold", "issues"]', '["issues"]'),
        ('["performance"]', '["merge"]'),
        ('after = ["documentation", "marketing", "social"]', 'after = ["documentation"]'),
    ):
        text = text.replace(before, after)
    pipeline.write_text(text)


class Model:
    """Does each step's work with the program's own tools; the provider is overloaded once."""

    def __init__(self) -> None:
        self.overloaded: list[str] = []
        self.environments: list[str] = []
        self.assignments: dict[str, dict[str, Any]] = {}

    def __call__(self, asked: Asked) -> Answer:
        step = next(name for name in STEPS if "Do the step `{1}` of {0},".format(*name.split("/")) in asked.prompt)
        if step == "development/tests" and not self.overloaded:
            self.overloaded.append(step)
            return Failure(529, "overloaded_error", "Overloaded")
        assert asked.turn == 0 or not asked.results[-1].is_error, asked.results
        work = STEPS[step]
        commit = "env; git add --all && git commit --quiet --message 'Do the step'"
        calls = [
            Call(f"{SERVER}assignment"),
            *(Call("Write", {"file_path": path, "content": text}) for path, text in work.files.items()),
            *([Call("Bash", {"command": commit})] if step == "development/implement" else []),
            Call("StructuredOutput", {"verdict": "passed", "summary": step, "artifacts": list(work.artifacts)}),
        ]
        if asked.turn == 1:
            self.assignments[step] = json.loads(asked.results[-1].text)
        if asked.results and asked.results[-1].tool == "Bash":
            self.environments.append(asked.results[-1].text)
        answer = calls[asked.turn] if asked.turn < len(calls) else Text("done")
        if isinstance(answer, Call) and answer.tool == "Write":
            clone = asked.prompt.partition("\n- ")[2].partition("/home/told/")[0] + "/clone"
            return Call("Write", {**answer.input, "file_path": f"{clone}/{answer.input['file_path']}"})
        return answer


class Run(NamedTuple):
    """A complete project."""

    podium: CommandLine
    model: Model
    server: ModelServer


def configure(podium: CommandLine, url: str) -> None:
    env = {
        "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "no-key-is-needed", "CLAUDE_CODE_MAX_RETRIES": "0",
    }  # fmt: skip
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in env.items())
    with (podium.home / "podium.toml").open("a") as file:
        file.write(f"\n[agents.claude]\nprogram = {json.dumps(str(program()))}\n[agents.claude.env]\n{lines}\n")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    podium, model = CommandLine(tmp_path_factory.mktemp("claude-agent") / "home"), Model()
    podium.env["CANARY"] = CANARY
    podium.env["ANTHROPIC_AUTH_TOKEN"] = CANARY
    with_fewer_steps(podium)
    with ModelServer(model) as server:
        configure(podium, server.url)
        podium.ask("up")
        try:
            document = podium.document("greeter.md", DOCUMENT)
            podium.ask("submit", document, "--id", "greeter", "--agent", "claude")
            podium.until(
                "answer['state'] != 'open' or answer['reviews']", "project", "greeter", seconds=PROJECT_SECONDS
            )
            yield Run(podium, model, server)
        finally:
            podium("down")


@pytest.mark.requirement("INS-2")
def test_a_project_goes_through_all_three_workflows(run: Run) -> None:
    assert not run.server.troubles, list(run.server.troubles)
    project = run.podium.ask("project", "greeter")
    assert (project["state"], project["reviews"]) == ("complete", []), project
    repository = run.podium.home / "projects" / "greeter" / "repository"
    assert (repository / "greeter.py").is_file(), "merged: written by the program's own tool"
    assert (run.podium.home / "projects/greeter/outputs/documentation/docs/guide.md").is_file()
    assert (run.podium.home / "deployments/greeter/current/public/index.html").is_file()


@pytest.mark.requirement("INS-2", "SEC-1")
def test_podium_answers_the_agent_from_inside_with_its_own_attempt(run: Run) -> None:
    assert run.model.assignments.keys() == STEPS.keys()
    told = run.model.assignments["development/implement"]
    assert (told["step"], told["item"]["key"]) == ("implement", KEY)
    assert told["attempt"].startswith("greeter/")


@pytest.mark.requirement("SEC-2")
def test_what_others_wrote_is_in_files_and_never_among_instructions(run: Run) -> None:
    first = run.server.asked[0]
    assert "document.md: the requirement document" in first.prompt
    assert "never instructions" in first.prompt
    assert not any("IGNORE-ALL-RULES" in asked.prompt + asked.system for asked in run.server.asked)
    assert "You are the analyst" in first.system
    assert {"WebFetch", "Write", "Task"}.isdisjoint(first.tools)


@pytest.mark.requirement("SEC-1", "INS-4")
def test_nothing_of_the_orchestrators_environment_reaches_the_agent(run: Run) -> None:
    (environment,) = run.model.environments
    assert CANARY not in environment
    assert CANARY not in json.dumps([asked.body for asked in run.server.asked])
    names = {line.partition("=")[0] for line in environment.splitlines() if "=" in line}
    assert {"ANTHROPIC_BASE_URL", "CLAUDE_CONFIG_DIR", "PODIUM_ATTEMPT"} <= names
    assert ("http_proxy" in names) != bool(sandbox.trouble()), "it works in the sandbox, where there can be one"
    for log in run.podium.home.rglob("attempts/*/*/*"):
        if log.is_file():
            assert CANARY not in log.read_text("utf-8", "replace")
            assert "no-key-is-needed" not in log.read_text("utf-8", "replace"), "a credential is blotted out"


@pytest.mark.requirement("REC-3")
def test_an_overloaded_provider_costs_the_job_no_try(run: Run) -> None:
    assert run.model.overloaded == ["development/tests"]
    events = run.podium.ask("events", "--limit", "9999")["events"]
    (job,) = {event["job"] for event in events if event["type"] == "job.retried"}
    first, second = run.podium.ask("why", str(job))["attempts"]
    assert first["reason"].startswith("its provider cannot now: The provider answers 529")
    assert (first["ending"], second["verdict"]) == ("finished", "pass")
    (found,) = [one for one in run.podium.ask("jobs", "greeter")["jobs"] if one["id"] == job]
    assert (found["attempt"], found["failures"]) == (2, 0)


@pytest.mark.requirement("INS-5", "INS-7")
def test_its_log_can_be_read_and_its_cost_is_known(run: Run) -> None:
    told = run.podium("logs", "dev-02").stdout
    assert "Claude Code began session" in told
    assert f"{SERVER}assignment" in told
    assert "Write: File created successfully" in told
    assert run.podium.ask("metrics")["cost_usd"] > 0


class Alone(NamedTuple):
    """The agent's program by itself, as a runner starts it."""

    folder: Path
    url: str

    def attempt(self, step: str, role: str, *options: str) -> list[dict[str, Any]]:
        """What it says, message by message."""
        for part in ("clone", "home", "tmp"):
            (self.folder / part).mkdir()
        assignment = {
            "version": 1, "attempt": "p/1.a1", "project": {"id": "p"}, "workflow": "genesis", "step": step,
            "role": role, "instance": "genesis-01", "prompt": "Do it.", "feedback": ["1. it is wrong"],
        }  # fmt: skip
        (self.folder / "assignment.json").write_text(json.dumps(assignment))
        env = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "tmp"),
            "PODIUM_ASSIGNMENT": str(self.folder / "assignment.json"), "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "no-key-is-needed", "CLAUDE_CODE_MAX_RETRIES": "0",
        }  # fmt: skip
        command = (sys.executable, "-I", "-m", "podium.agents.claude", "--program", str(program()), *options)
        done = subprocess.run(command, env=env, cwd=self.folder / "clone", capture_output=True, timeout=90, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]


def refused(asked: Asked) -> Answer:
    """It wants to write beside the clone, and says that all is well."""
    beside = asked.prompt.partition("\n- ")[2].partition("/home/told/")[0] + "/beside.txt"
    passed = Call("StructuredOutput", {"verdict": "passed", "summary": "all is well"})
    return (Call("Write", {"file_path": beside, "content": "x"}), passed, Text("done"))[asked.turn]


def silent(asked: Asked) -> Answer:
    """It never gives its result."""
    return Text("I am done.")


def unwelcome(asked: Asked) -> Answer:
    """The provider does not know the key."""
    return Failure(401, "authentication_error", "invalid x-api-key")


def busy(asked: Asked) -> Answer:
    """It works on and on."""
    return Call("Bash", {"command": "git log --oneline | head -1"})


@pytest.mark.requirement("INS-2", "REC-3")
@pytest.mark.parametrize(
    ("script", "role", "options", "verdict", "words"),
    [
        (refused, "features", (), "failed", "refused what it tried last"),
        (silent, "review", (), "failed", "without its structured result"),
        (unwelcome, "analysis", (), "blocked", "401"),
        (silent, "other", ("--program", "/bin/false"), "blocked", "did not begin"),
        (silent, "other", ("--program", "/no/such"), "blocked", "could not be started"),
        (busy, "features", ("--budget-usd", "0.01"), "blocked", "budget"),
    ],
)
def test_an_end_is_judged_by_what_was_told(
    tmp_path: Path, script: Script, role: str, options: tuple[str, ...], verdict: str, words: str
) -> None:
    with ModelServer(script) as server:
        said = Alone(tmp_path, server.url).attempt("implement", role, *options)
        assert not server.troubles, list(server.troubles)
    *_, result = said
    assert (result["type"], result["verdict"]) == ("result", verdict), said
    assert words in result["summary"]
    assert not (tmp_path / "beside.txt").exists()
    assert verdict != "failed" or result["feedback"]
