"""Deployments and outputs appear whole, once, and hold nothing that leads out of them."""

import asyncio
from pathlib import Path

import pytest

from podium.workspace import publishing
from podium.workspace.layout import Home
from podium.workspace.publishing import RefusedFilesError
from podium.workspace.repository import Repositories, Superseded
from tests.unit.workspace.work import PROJECT, commit, git


def always() -> bool:
    return True


@pytest.fixture
def root(repositories: Repositories, loop: asyncio.Runner) -> str:
    return loop.run(repositories.main(PROJECT))


def test_the_newest_deployment_is_current(home: Home, tmp_path: Path, root: str, loop: asyncio.Runner) -> None:
    one = commit(home, tmp_path, root, {"public/index.html": "one"})
    two = commit(home, tmp_path, one, {"public/index.html": "two", "public/a/b.css": "b"})
    for made, text in ((one, "one"), (two, "two"), (two, "two"), (one, "one")):
        directory = loop.run(publishing.deploy(home, PROJECT, made, always))
        assert isinstance(directory, Path)
        assert (home.deployments(PROJECT) / "current" / "public" / "index.html").read_text() == text
        assert publishing.entry(directory) == "public/index.html"
    assert {path.name for path in home.deployments(PROJECT).iterdir()} == {one[:12], two[:12], "current"}


@pytest.mark.requirement("REC-8")
def test_a_superseded_deployment_shows_nothing(home: Home, tmp_path: Path, root: str, loop: asyncio.Runner) -> None:
    made = commit(home, tmp_path, root, {"index.html": "one"})
    assert loop.run(publishing.deploy(home, PROJECT, made, lambda: False)) == Superseded()
    assert list(home.deployments(PROJECT).iterdir()) == []


def test_what_a_crash_left_is_replaced(home: Home, tmp_path: Path, root: str, loop: asyncio.Runner) -> None:
    made = commit(home, tmp_path, root, {"index.html": "one"})
    part = home.deployments(PROJECT) / f".{made[:12]}.part"
    part.mkdir(parents=True)
    (part / "half").touch()
    (home.deployments(PROJECT) / ".current.part").symlink_to("nowhere")
    directory = loop.run(publishing.deploy(home, PROJECT, made, always))
    assert isinstance(directory, Path)
    assert [path.name for path in directory.iterdir()] == ["index.html"]


def test_a_link_to_the_outside_is_refused(home: Home, tmp_path: Path, root: str, loop: asyncio.Runner) -> None:
    base = commit(home, tmp_path, root, {"index.html": "one"})
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", "--no-local", str(home.repository(PROJECT)), str(work))
    git(work, "fetch", "--quiet", "origin", base)
    git(work, "checkout", "--quiet", base)
    (work / "link").symlink_to("/etc/passwd")
    git(work, "add", "link")
    git(work, "commit", "--quiet", "--message=link")
    git(home.repository(PROJECT), "fetch", "--quiet", str(work), "HEAD:refs/podium/attempts/9.a1")
    evil = git(work, "rev-parse", "HEAD")
    with pytest.raises(RefusedFilesError, match="link"):
        loop.run(publishing.deploy(home, PROJECT, evil, always))
    with pytest.raises(RefusedFilesError, match="link"):
        loop.run(publishing.publish(home, PROJECT, evil, [("documentation", "link")], always))


def test_pieces_are_copied_and_replaced(home: Home, tmp_path: Path, root: str, loop: asyncio.Runner) -> None:
    one = commit(home, tmp_path, root, {"docs/guide.md": "one", "docs/img/a.svg": "a", "content/post.md": "p"})
    pieces = [("documentation", "docs"), ("marketing", "content/post.md")]
    placed = loop.run(publishing.publish(home, PROJECT, one, pieces, always))
    assert placed == [
        home.outputs(PROJECT, "documentation") / "docs",
        home.outputs(PROJECT, "marketing") / "content/post.md",
    ]
    two = commit(home, tmp_path, one, {"docs/guide.md": "two"})
    loop.run(publishing.publish(home, PROJECT, two, [("documentation", "docs/guide.md")], always))
    outputs = home.outputs(PROJECT, "documentation")
    assert (outputs / "docs/guide.md").read_text() == "two"
    assert (outputs / "docs/img/a.svg").read_text() == "a"
    assert {path.name for path in outputs.parent.iterdir()} == {"documentation", "marketing"}


@pytest.mark.parametrize("path", ["missing.md", "../outside", "*.md"])
def test_a_piece_that_is_not_there_is_refused(
    home: Home, tmp_path: Path, root: str, loop: asyncio.Runner, path: str
) -> None:
    made = commit(home, tmp_path, root, {"a.md": "a"})
    with pytest.raises(RefusedFilesError):
        loop.run(publishing.publish(home, PROJECT, made, [("documentation", path)], always))


def test_nothing_to_publish_is_done_at_once(home: Home, root: str, loop: asyncio.Runner) -> None:
    assert loop.run(publishing.publish(home, PROJECT, root, [], always)) == []


def test_a_superseded_publication_writes_nothing(home: Home, tmp_path: Path, root: str, loop: asyncio.Runner) -> None:
    made = commit(home, tmp_path, root, {"a.md": "a"})
    done = loop.run(publishing.publish(home, PROJECT, made, [("documentation", "a.md")], lambda: False))
    assert done == Superseded()
    assert not home.outputs(PROJECT, "documentation").exists()
