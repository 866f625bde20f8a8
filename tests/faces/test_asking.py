"""What a person meets at the command line: quick help, completion, and a question before anything is ended."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from podium.faces.cli.claude import BEGIN, END
from podium.faces.cli.confirmation import told
from tests.faces.command_line import CommandLine

HELP_SECONDS_MAX: Final = 0.150
BARE_STARTS_MAX: Final = 8
"""Where even an interpreter that does nothing is slow to start, help may take as long as this many of them."""
TRIES: Final = 12
"""The quickest counts: the machine may have other work."""
HELP_LOADS: Final = {
    *("podium", "podium.address", "podium.credential", "podium.faces", "podium.faces.cli"),
    *("podium.domain", "podium.domain.access", "podium.domain.errors"),
    "podium.refusals",  # one function: its table is read when the first refusal comes
    *(f"podium.faces.cli.{name}" for name in ("client", "commands", "completion", "index", "main", "outlet")),
}
HELP_LOADS_MAX: Final = 170
"""Modules in all, the standard library's and click's too; today at most 143."""
HEAVY: Final = (
    "pydantic",
    "fastapi",
    "apsw",
    "mcp",
    "asyncio",
    "podium.operations",
    "podium.app",
    "rich",
    "http.client",
)


@pytest.fixture
def podium(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


@pytest.fixture
def conducted(podium: CommandLine) -> Iterator[CommandLine]:
    """A live orchestrator with two projects that have not begun."""
    podium("init")
    assert podium("up").returncode == 0
    try:
        for title in ("Small", "Other"):
            podium.ask("submit", "--title", title, "--feature", "Count words", "--not-before", "2h")
        yield podium
    finally:
        podium("down")


def at_a_terminal(podium: CommandLine, answer: str, *words: str) -> tuple[int, str]:
    """Type a command at a terminal and answer its question: exit code, and all that was said."""
    mine, its = pty.openpty()
    os.write(mine, f"{answer}\n".encode())
    command = [sys.executable, "-m", "podium", *words]
    try:
        done = subprocess.run(
            command, env=podium.env, cwd=podium.home.parent, stdin=its, capture_output=True, timeout=60, check=False
        )
    finally:
        os.close(mine)
        os.close(its)
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.mark.requirement("CLI-1")
@pytest.mark.parametrize("words", [["--help"], ["cancel", "--help"], ["submit", "--help"]])
def test_help_is_there_at_once(podium: CommandLine, words: list[str]) -> None:
    import resource
    import time

    def seconds(command: list[str], begins: bytes) -> float:
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(command, env=podium.env, capture_output=True, timeout=60, check=False)
        wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        assert (done.returncode, done.stdout[:6]) == (0, begins)
        return min(
            wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        )  # the wall tells of others

    command, bare = [str(Path(sys.executable).parent / "podium"), *words], [sys.executable, "-S", "-c", ""]
    took = [(seconds(command, b"Usage:"), seconds(bare, b"")) for _ in range(TRIES)]
    helped, started = (min(column) for column in zip(*took, strict=True))
    assert helped <= max(HELP_SECONDS_MAX, BARE_STARTS_MAX * started), took


@pytest.mark.requirement("CLI-1")
@pytest.mark.parametrize("words", [["--help"], ["cancel", "--help"], ["submit", "--help"]])
def test_help_loads_these_modules_and_no_others(podium: CommandLine, words: list[str]) -> None:
    """What the time comes of, whatever the machine."""
    script = (
        "import sys; before = set(sys.modules); from podium.faces.cli.main import execute; "
        "execute(sys.argv[1:], None); print(*(set(sys.modules) - before), file=sys.stderr)"
    )
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, env=podium.env, capture_output=True, timeout=60, check=False)
    loaded = set(done.stderr.decode().split())
    assert {name for name in loaded if name.startswith("podium")} <= HELP_LOADS
    assert {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names == {"podium", "click"}
    assert len(loaded) <= HELP_LOADS_MAX


@pytest.mark.requirement("CLI-1")
def test_help_and_completion_load_nothing_that_they_do_not_need(podium: CommandLine) -> None:
    look = f"print(sorted(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)"
    script = f"import sys; from podium.faces.cli.main import execute; execute(sys.argv[1:], None); {look}"
    for more, words in (({}, ["--help"]), ({"_PODIUM_COMPLETE": "bash_complete", "COMP_WORDS": "podium pri"}, [])):
        env = podium.env | more | ({"COMP_CWORD": "1"} if more else {})
        command = [sys.executable, "-c", script, *words]
        done = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)
        assert (done.returncode, done.stderr.decode().strip()) == (0, "[]"), done.stderr
        assert b"priority-boost" in done.stdout


@pytest.mark.requirement("CLI-1")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_verbs_flags_and_what_there_is(conducted: CommandLine, shell: str) -> None:
    script = conducted("completion", shell)
    assert (script.returncode, "_PODIUM_COMPLETE" in script.stdout) == (0, True)

    def completed(*words: str) -> str:
        line = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
        env = conducted.env | line | {"_PODIUM_COMPLETE": f"{shell}_complete"}
        env |= {"COMP_CWORD": words[-1]} if shell == "fish" else {}
        done = subprocess.run([sys.executable, "-m", "podium"], env=env, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    assert "priority-boost" in completed("podium", "prio")
    assert "--points" in completed("podium", "priority-boost", "--po")
    assert "small" in completed("podium", "cancel", "sm")
    assert "dev-01" in completed("podium", "pin", "1", "dev-0")


@pytest.mark.requirement("CLI-1")
def test_nobody_is_asked_where_nobody_can_answer(conducted: CommandLine) -> None:
    refused = conducted("cancel", "small", "other", "--json")
    error = json.loads(refused.stdout)["error"]
    assert (refused.returncode, error["exit_code"]) == (2, 2)
    assert error["message"].startswith("Cancel 2 projects, with ")
    assert "--yes" in error["message"]
    assert conducted.ask("project", "small")["state"] == "open"
    unknown = conducted("cancel", "small", "none", "--yes")
    assert (unknown.returncode, "There is no project 'none'" in unknown.stderr) == (3, True)
    assert conducted.ask("project", "small")["state"] == "cancelled", "those before it were ended, and told"
    assert conducted("cancel", "nothing").returncode == 3, "what is not there needs no question"


@pytest.mark.requirement("CLI-1")
def test_a_person_is_asked_with_the_count_of_what_it_touches(conducted: CommandLine) -> None:
    code, said = at_a_terminal(conducted, "n", "cancel", "small", "other", "--reason", "not needed")
    assert "Cancel 2 projects, with 8 open jobs? [y/N]" in said
    assert code == 130
    assert conducted.ask("project", "small")["state"] == "open"
    code, said = at_a_terminal(conducted, "y", "cancel", "small", "other", "--reason", "not needed")
    assert code == 0, said
    states = {row["id"]: row["state"] for row in conducted.ask("projects")["projects"]}
    assert states == {"small": "cancelled", "other": "cancelled"}


def test_what_is_counted_is_told_in_words() -> None:
    assert told([("project", 1)]) == "1 project"
    assert told([("project", 3), ("open job", 1)]) == "3 projects, with 1 open job"
    assert told([("a", 1), ("b", 2), ("c", 3)]) == "1 a, with 2 bs and 3 cs"


@pytest.mark.requirement("MCP-2")
def test_init_keeps_what_a_user_wrote_in_claude_md(podium: CommandLine) -> None:
    path = podium.home.parent / "CLAUDE.md"
    mine = b"# Mine\r\n\xff no newline at the end"
    path.write_bytes(mine)
    assert podium("init", "--claude").returncode == 0
    first = path.read_bytes()
    assert first.startswith(mine)
    changed = first.replace(b"## Podium", b"## Old").replace(mine, mine + b"!") + b"after\n"
    path.write_bytes(changed)
    assert podium("init", "--claude").returncode == 0
    assert path.read_bytes() == first.replace(mine, mine + b"!") + b"after\n"
    path.write_text(f"{BEGIN}\n{END}\n{END}\n")
    assert podium("init", "--claude").returncode == 4
    assert path.read_text() == f"{BEGIN}\n{END}\n{END}\n"
