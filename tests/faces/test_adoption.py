"""Work on a repository that exists, from the command line to the user's own `git pull`."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faces.command_line import CommandLine
from tests.unit.workspace.existing import fingerprint, plant_traps, repository, write
from tests.unit.workspace.work import git

pytestmark = pytest.mark.requirement("INT-5")

HUGE_BYTES = 10_000_000
REQUEST = "# Greeter\n\n## Features\n\n- Greet by name: say hello to a person by name\n"
TEST = """\
import unittest
from greeter import hello


class TestHello(unittest.TestCase):
    def test_it(self):
        self.assertEqual(hello(), 'hello')
"""
CODE = "def hello():\n    return 'hello'\n"
META = {
    "README.md": "# Greeter\n",
    "pyproject.toml": "[project]\nname = 'greeter'\n",
    "docs/issues/007-old.md": "Old\n",
    "文書/メモ.txt": "メモ\n",
}
LAYOUTS = {
    "flat": {"greeter/__init__.py": CODE, "tests/__init__.py": "", "tests/test_hello.py": TEST},
    "src": {"src/greeter/__init__.py": CODE, "tests/__init__.py": "# Ours.\n", "tests/test_hello.py": TEST},
    "src, tests no package": {"src/greeter/__init__.py": CODE, "tests/test_hello.py": TEST},
    "one module, no tests": {"greeter.py": CODE},
    "nothing": {},
}


@pytest.fixture
def podium(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


def test_an_existing_project_gets_a_feature_and_is_only_read(podium: CommandLine, tmp_path: Path) -> None:
    origin = repository(tmp_path / "their project", META | LAYOUTS["flat"], branch="trunk")
    inner = repository(tmp_path / "inner", {"inner.txt": "inner"})
    git(origin, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "vendor/inner")
    (origin / "outside").symlink_to(tmp_path)
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message=Vendor")
    theirs = {name: (origin / name).read_bytes() for name in git(origin, "ls-files", "greeter", "docs").splitlines()}
    write(origin, {"README.md": "# Not committed\n"})
    canary = tmp_path / "canary"
    plant_traps(origin, canary)
    before = fingerprint(origin)

    request = podium.document("request.md", REQUEST)
    done = podium("run", request, "--repository", "their project", "--json")
    assert done.returncode == 0, done.stderr
    assert "1 file is new or changed" in done.stderr
    result = json.loads(done.stdout)
    assert result["workflows"]["content"] == "CONTENT_COMPLETE"
    assert result["adopted_from"] == str(origin)
    assert result["jobs"]["reworked"] == 0
    assert not canary.exists(), canary.read_text()
    assert fingerprint(origin) == before

    made = Path(result["repository"])
    assert {name: (made / name).read_bytes() for name in theirs} == theirs
    assert (made / "tests/test_hello.py").read_text() == TEST
    assert (made / "README.md").read_text() == "# Greeter\n"
    assert (made / "docs/issues/008-greet-by-name.md").is_file()
    assert run_suite(made).returncode == 0
    assert git(made, "status", "--porcelain") == ""
    deployed = next(output for output in result["outputs"] if output["kind"] == "application")
    assert not (Path(deployed["path"]) / "outside").is_symlink()

    shown = " ".join(podium("project", "greeter").stdout.split())
    assert f"git pull {made} main" in shown
    assert "only read" in shown
    own = tmp_path / "own checkout"
    git(tmp_path, "clone", "--quiet", str(origin), str(own))
    git(own, "pull", "--quiet", "--ff-only", str(made), "main")
    assert (own / "docs/issues/008-greet-by-name.md").is_file()


def test_a_shallow_repository_and_one_that_podium_made_are_worked_on(podium: CommandLine, tmp_path: Path) -> None:
    full = repository(tmp_path / "full", LAYOUTS["flat"])
    git(full, "commit", "--quiet", "--allow-empty", "--message=Later")
    git(tmp_path, "clone", "--quiet", "--depth=1", full.as_uri(), str(tmp_path / "shallow"))
    request = podium.document("request.md", REQUEST)
    first = podium.ask("run", request, "--repository", "shallow")
    assert first["workflows"]["content"] == "CONTENT_COMPLETE"
    more = podium.document("more.md", REQUEST.replace("Greet by name", "Count words"))
    second = podium.ask("run", more, "--repository", first["repository"])
    assert second["workflows"]["content"] == "CONTENT_COMPLETE"
    issues = sorted(path.name for path in (Path(second["repository"]) / "docs/issues").iterdir())
    assert issues == ["001-greet-by-name.md", "002-count-words.md"]
    git(tmp_path / "shallow", "pull", "--quiet", "--ff-only", second["repository"], "main")
    assert run_suite(tmp_path / "shallow").returncode == 0


def detached(tmp_path: Path, origin: Path) -> Path:
    git(origin, "checkout", "--quiet", "--detach")
    return origin


def bare(tmp_path: Path, origin: Path) -> Path:
    git(tmp_path, "clone", "--quiet", "--bare", str(origin), str(tmp_path / "bare.git"))
    return tmp_path / "bare.git"


def linked_worktree(tmp_path: Path, origin: Path) -> Path:
    git(origin, "worktree", "add", "--quiet", str(tmp_path / "worktree"), "-b", "aside")
    return tmp_path / "worktree"


def odd_names(tmp_path: Path, origin: Path) -> Path:
    for name in (b"caf\xe9.txt", b"new\nline.txt", b'quo"te.txt', b"-dash.txt", b"README.MD", b"readme.md"):
        (origin / os.fsdecode(name)).write_text("theirs\n")
    (origin / "huge.bin").write_bytes(os.urandom(HUGE_BYTES))
    for name, target in (("passwords", "/etc/passwd"), ("above", ".."), ("circle", "circle")):
        (origin / name).symlink_to(target)
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message=Odd")
    return origin


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        (bare, "src, tests no package"),
        (linked_worktree, "src"),
        (odd_names, "one module, no tests"),
        (detached, "nothing"),
    ],
)
def test_a_repository_of_any_shape_is_worked_on_and_only_read(
    podium: CommandLine, tmp_path: Path, shape: Callable[[Path, Path], Path], layout: str
) -> None:
    origin = shape(tmp_path, repository(tmp_path / "origin", LAYOUTS[layout]))
    before = fingerprint(origin)
    result = podium.ask("run", podium.document("request.md", REQUEST), "--repository", str(origin))
    assert result["workflows"]["content"] == "CONTENT_COMPLETE"
    assert (result["jobs"]["reworked"], result["jobs"]["failed"]) == (0, 0)
    assert fingerprint(origin) == before
    made = Path(result["repository"])
    assert run_suite(made).returncode == 0
    assert git(made, "status", "--porcelain") == ""
    theirs = [line for line in git(origin, "ls-tree", "-r", "HEAD").splitlines() if "tests/__init__.py" not in line]
    assert set(theirs) <= set(git(made, "ls-tree", "-r", "main").splitlines()), "all of theirs is as it was"
    for name, text in LAYOUTS[layout].items():
        assert (made / name).read_text().startswith(text.rstrip("\n"))


def test_packages_that_its_tests_need_are_named(podium: CommandLine, tmp_path: Path) -> None:
    test = "import no_such_package\nimport also_missing.part\n"
    files = LAYOUTS["flat"] | {"tests/test_needs.py": test, "tests/test_more.py": "import also_missing\n"}
    origin = repository(tmp_path / "origin", files)
    waiting = podium("run", podium.document("request.md", REQUEST), "--repository", str(origin), "--json")
    assert waiting.returncode == 8
    (review,) = json.loads(waiting.stdout)["reviews"]
    assert "need packages" in review["reason"]
    assert "pip install also_missing no_such_package" in review["reason"]


def test_tests_that_fail_already_are_told_before_any_work(podium: CommandLine, tmp_path: Path) -> None:
    origin = repository(tmp_path / "origin", LAYOUTS["flat"] | {"greeter/__init__.py": "def hello(): return 1\n"})
    waiting = podium("run", podium.document("request.md", REQUEST), "--repository", str(origin), "--json")
    assert waiting.returncode == 8
    (review,) = json.loads(waiting.stdout)["reviews"]
    assert "fail before anything is changed" in review["reason"]


@pytest.mark.requirement("SEC-3")
def test_what_cannot_be_worked_on_is_refused_at_submission(podium: CommandLine, tmp_path: Path) -> None:
    request = podium.document("request.md", REQUEST)
    (tmp_path / "folder").mkdir()
    git(tmp_path, "init", "--quiet", str(tmp_path / "without a commit"))
    for named, code, said in (
        ("nowhere", 3, "no folder"),
        ("folder", 2, "is not a git repository"),
        ("without a commit", 2, "no commit"),
        ("ext::sh -c id", 2, "would start a program"),
        ("https://me:hunter2@example.com/a.git", 2, "a password"),
    ):
        for verb in ("submit", "run")[: 1 + (named == "nowhere")]:
            refused = podium(verb, request, "--repository", named)
            assert (refused.returncode, said in refused.stderr) == (code, True), refused.stderr
            assert "hunter2" not in refused.stderr
    assert podium.ask("projects")["projects"] == []


def run_suite(folder: Path) -> subprocess.CompletedProcess[bytes]:
    """The project's tests, as its gates run them."""
    command = [sys.executable, "-B", "-m", "unittest", "discover", "-s", "tests", "-t", "."]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False)
