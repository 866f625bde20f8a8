"""Deliveries are fetched from bundle files, checked, and safe once they are taken."""

import asyncio
from pathlib import Path

import pytest

from podium.domain.errors import Unavailable
from podium.workspace.layout import Home
from podium.workspace.repository import Repositories
from tests.unit.workspace.work import PROJECT, git

SOURCE, TARGET = "refs/heads/podium/12", "refs/podium/attempts/12.a1"


@pytest.fixture
def clone(repositories: Repositories, home: Home, tmp_path: Path, loop: asyncio.Runner) -> Path:
    loop.run(repositories.create(PROJECT))
    git(tmp_path, "clone", "--quiet", "--no-local", str(home.repository(PROJECT)), "clone")
    git(tmp_path / "clone", "checkout", "--quiet", "-b", "podium/12")
    (tmp_path / "clone" / "a").write_text("a")
    git(tmp_path / "clone", "add", "a")
    git(tmp_path / "clone", "commit", "--quiet", "--message=Work")
    return tmp_path / "clone"


def bundle(clone: Path) -> tuple[Path, str]:
    git(clone, "bundle", "create", "--quiet", "../delivery.bundle", "podium/12", "^origin/main")
    return clone.parent / "delivery.bundle", git(clone, "rev-parse", "HEAD")


def test_a_delivery_is_taken_once(repositories: Repositories, home: Home, clone: Path, loop: asyncio.Runner) -> None:
    path, commit = bundle(clone)
    loop.run(repositories.collect(PROJECT, path, SOURCE, TARGET, commit))
    path.unlink()
    loop.run(repositories.collect(PROJECT, path, SOURCE, TARGET, commit))
    assert git(home.repository(PROJECT), "rev-parse", TARGET) == commit
    assert (
        git(home.repository(PROJECT), "for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags")
        == "refs/heads/main"
    )


def test_another_commit_than_was_reported_is_refused(
    repositories: Repositories, home: Home, clone: Path, loop: asyncio.Runner
) -> None:
    path, _ = bundle(clone)
    with pytest.raises(Unavailable, match="does not hold"):
        loop.run(repositories.collect(PROJECT, path, SOURCE, TARGET, "1" * 40))
    assert TARGET not in git(home.repository(PROJECT), "for-each-ref")


@pytest.mark.parametrize("content", [None, b"", b"# v2 git bundle\ngarbage\n"])
def test_a_broken_bundle_is_refused(
    repositories: Repositories, clone: Path, loop: asyncio.Runner, content: bytes | None
) -> None:
    path, commit = bundle(clone)
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(Unavailable):
        loop.run(repositories.collect(PROJECT, path, SOURCE, TARGET, commit))


def test_a_cut_bundle_is_refused(repositories: Repositories, clone: Path, loop: asyncio.Runner) -> None:
    path, commit = bundle(clone)
    path.write_bytes(path.read_bytes()[:-25])
    with pytest.raises(Unavailable):
        loop.run(repositories.collect(PROJECT, path, SOURCE, TARGET, commit))


@pytest.mark.requirement("INS-4")
def test_objects_that_could_harm_are_refused(repositories: Repositories, clone: Path, loop: asyncio.Runner) -> None:
    blob = git(clone, "hash-object", "-w", "a")
    tree = f"100644 blob {blob}\t.git\n"
    inner = git_stdin(clone, tree, "mktree")
    commit = git(clone, "commit-tree", inner, "-p", "HEAD", "-m", "evil")
    git(clone, "update-ref", SOURCE, commit)
    path, _ = bundle(clone)
    with pytest.raises(Unavailable, match=r"\.git|fsck"):
        loop.run(repositories.collect(PROJECT, path, SOURCE, TARGET, commit))


def git_stdin(clone: Path, text: str, *arguments: str) -> str:
    import subprocess

    from tests.unit.workspace.work import ENV

    done = subprocess.run(
        ("git", *arguments), cwd=clone, env=ENV, input=text, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
