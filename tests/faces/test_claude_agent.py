"""The agent `claude`: the real Claude Code program at work in attempts, before a scripted model, at no cost."""

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pytest

from podium.testing.claude_code import program
from podium.testing.model_server import ModelServer
from podium.testing.script import Answer, Asked, Call, Failure, Text
from tests.faces.command_line import CommandLine

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
SCAFFOLD: Final = (
    "import unittest\n\n\nclass Stands(unittest.TestCase):\n    def test_it_stands(self) -> None:\n        pass\n"
)


class Work(NamedTuple):
    """What the scripted model does in one step: files by path, and artifacts."""

    files: dict[str, str]
    artifacts: tuple[dict[str, Any], ...] = ()


def piece(kind: str, key: str, path: str) -> dict[str, Any]:
    return {"kind": kind, "key": key, "title": key, "path": path}


STEPS: Final = {
    "genesis/analyze": Work({}, ({"kind": "plan", "key": "plan", "title": "Greeter", "data": PLAN},)),
    "genesis/scaffold": Work({"tests/__init__.py": "", "tests/test_it.py": SCAFFOLD, "README.md": "# Greeter\n"}),
    "genesis/issues": Work(
        {f"docs/issues/{KEY}.md": "# Greet by name\n"},
        ({"kind": "issue", "key": KEY, "title": "Greet", "path": f"docs/issues/{KEY}.md", "data": ISSUE},),
    ),
    "development/tests": Work({"tests/test_greet.py": TEST}),
    "development/implement": Work({"greeter.py": 'def hello(name: str) -> str:\n    return f"Hello, {name}!"\n'}),
    "development/review": Work({}),
    "development/performance": Work({"docs/performance.md": "# Performance\n"}),
    "development/ci": Work({"public/index.html": "<!doctype html><title>Greeter</title>\n"}),
    "content/analyze": Work(
        {},
        ({"kind": "brief", "key": "brief", "title": "Brief", "data": {
            "title": "Greeter", "summary": "It greets.", "audience": "everybody", "features": [],
        }},),
    ),
    "content/documentation": Work({"docs/guide.md": "# Guide\n"}, (piece("documentation", "guide", "docs/guide.md"),)),
    "content/marketing": Work({"content/landing.md": "# Hi\n"}, (piece("marketing", "landing", "content/landing.md"),)),
    "content/social": Work({"content/social.md": "# Hi\n"}, (piece("marketing", "social", "content/social.md"),)),
    "content/optimize": Work({"content/landing.md": "# Hello\n"}, (piece("marketing", "landing", "content/landing.md"),)),
}  # fmt: skip


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
    podium.ask("init")
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
    for log in run.podium.home.rglob("attempts/*/*/*"):
        if log.is_file():
            assert CANARY not in log.read_text("utf-8", "replace")
            assert "no-key-is-needed" not in log.read_text("utf-8", "replace"), "a credential is blotted out"


@pytest.mark.requirement("REC-3")
def test_an_overloaded_provider_costs_the_job_no_try(run: Run) -> None:
    assert run.model.overloaded == ["development/tests"]
    events = run.podium.ask("events", "--limit", "9999")["events"]
    (job,) = {e["job"] for e in events if "its provider cannot now" in json.dumps(e["data"])}
    found = run.podium.ask("job", str(job))
    assert (found["failures"], found["attempt"]) == (0, 2), found


@pytest.mark.requirement("INS-5")
def test_its_log_can_be_read_and_its_spend_is_told(run: Run) -> None:
    events = run.podium.ask("events", "--limit", "9999")["events"]
    print(sorted({e["type"] for e in events}))
    print(run.podium("logs", "dev-02").stdout[:3000])
    print([e for e in events if e["type"] == "attempt.ended"][:1], run.podium.ask("project", "greeter"))
    assert 0
