"""The clone guards what it must: other people's files, and everything outside."""

import io
from pathlib import Path

import pytest

from podium.agents.rehearsal import prose
from podium.agents.rehearsal.protocol import Messages, StepFailed
from podium.agents.rehearsal.stage import Stage, Troubles
from tests.unit.agents.rehearsal.playhouse import environment, git


@pytest.fixture
def clone(tmp_path: Path) -> Stage:
    root = tmp_path / "clone"
    root.mkdir()
    git(root, "init", "--quiet")
    return Stage(root, environment(tmp_path), Messages(io.StringIO()), Troubles())


def test_only_rehearsed_files_are_written_over(clone: Stage) -> None:
    assert clone.write("docs/a.md", "A rehearsal, first.")
    assert clone.write("docs/a.md", "A rehearsal, second.")
    (clone.root / "theirs.md").write_text("Theirs.", encoding="utf-8")
    assert not clone.write("theirs.md", "A rehearsal.")
    assert clone.read("theirs.md") == "Theirs."


@pytest.mark.parametrize("path", ["../out.md", "linked/out.md"])
def test_nothing_is_written_outside(clone: Stage, path: str) -> None:
    (clone.root / "linked").symlink_to(clone.root.parent)
    with pytest.raises(StepFailed, match="leads out"):
        clone.write(path, "A rehearsal.")
    assert not (clone.root.parent / "out.md").exists()


def test_a_commit_without_change_is_none(clone: Stage) -> None:
    clone.write("a.md", "A rehearsal.")
    assert clone.commit("Write", "Why.") == git(clone.root, "rev-parse", "HEAD")
    assert clone.commit("Write", "Why.") is None


def test_hooks_of_the_clone_do_not_run(clone: Stage) -> None:
    hook = clone.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    clone.write("a.md", "A rehearsal.")
    assert clone.commit("Write", "Why.")


def test_a_failing_git_command_says_why(clone: Stage) -> None:
    with pytest.raises(StepFailed, match="git rev-parse"):
        clone.git("rev-parse", "--verify", "no-such-thing")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Hello World", "hello_world"),
        ("JSON", "json_app"),
        ("class", "class_app"),
        ("3D print", "project_3d_print"),
        ("図書館", "project"),
        ("tests", "tests_app"),
    ],
)
def test_packages_shadow_nothing(title: str, expected: str) -> None:
    assert prose.package_name(title) == expected


@pytest.mark.parametrize("key", ["003-greet-by-name", "greet", "日本", "1"])
def test_modules_are_identifiers(key: str) -> None:
    names = (prose.feature_module(key), prose.test_module(key))
    assert all(name.isidentifier() and name.isascii() for name in names)
