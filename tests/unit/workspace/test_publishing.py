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


def committed(home: Home, tmp_path: Path, base: str, links: dict[str, str]) -> str:
    """A commit on `base` that adds links, in the project's repository."""
    work = tmp_path / f"links-{len(list(tmp_path.iterdir()))}"
    git(tmp_path, "clone", "--quiet", "--no-local", "--no-checkout", str(home.repository(PROJECT)), str(work))
    git(work, "fetch", "--quiet", "origin", base)
    git(work, "checkout", "--quiet", base)
    for name, target in links.items():
        (work / name).symlink_to(target)
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message=links")
    git(home.repository(PROJECT), "fetch", "--quiet", str(work), f"HEAD:refs/podium/attempts/{work.name}")
    return git(work, "rev-parse", "HEAD")


@pytest.mark.parametrize("path", ["guide.md", "docs"])
def test_a_piece_that_is_or_holds_a_link_is_refused(
    home: Home, tmp_path: Path, root: str, loop: asyncio.Runner, path: str
) -> None:
    base = commit(home, tmp_path, root, {"docs/real.md": "real"})
    made = committed(home, tmp_path, base, {"guide.md": "docs/real.md", "docs/other.md": "real.md"})
    with pytest.raises(RefusedFilesError, match="link"):
        loop.run(publishing.publish(home, PROJECT, made, [("documentation", path)], always))
    assert not home.outputs(PROJECT, "documentation").exists()


def test_a_link_within_a_deployment_stays(home: Home, tmp_path: Path, root: str, loop: asyncio.Runner) -> None:
    base = commit(home, tmp_path, root, {"a/index.html": "one"})
    made = committed(home, tmp_path, base, {"index.html": "a/index.html", "b": "a"})
    directory = loop.run(publishing.deploy(home, PROJECT, made, always))
    assert isinstance(directory, Path)
    assert (directory / "b" / "index.html").read_text() == "one"
    for name, target in (("up", "b/../../.."), ("absolute", str(tmp_path))):
        evil = committed(home, tmp_path, made, {name: target})
        with pytest.raises(RefusedFilesError, match=name):
            loop.run(publishing.deploy(home, PROJECT, evil, always))
    assert {path.name for path in home.deployments(PROJECT).iterdir()} == {made[:12], "current"}


ATTRIBUTES = "secret.txt export-ignore\nversion.txt export-subst ident\n*.txt text eol=crlf filter=evil\n"


def test_files_are_shown_as_they_were_committed(home: Home, tmp_path: Path, root: str, loop: asyncio.Runner) -> None:
    ran = tmp_path / "ran"
    git(home.repository(PROJECT), "config", "filter.evil.smudge", f"touch {ran}; cat")
    files: dict[str, str | None] = {
        ".gitattributes": ATTRIBUTES,
        "secret.txt": "s\n",
        "version.txt": "$Format:%H$ $Id$\n",
        " spaced\n.txt": "a\n",
    }
    made = commit(home, tmp_path, root, files)
    directory = loop.run(publishing.deploy(home, PROJECT, made, always))
    assert isinstance(directory, Path)
    assert {path.name: path.read_bytes().decode() for path in directory.iterdir()} == files
    pieces = [("documentation", name) for name in files]
    placed = loop.run(publishing.publish(home, PROJECT, made, pieces, always))
    assert isinstance(placed, list)
    assert [place.read_bytes().decode() for place in placed] == list(files.values())
    assert not ran.exists()


def test_a_piece_that_git_ignores_is_refused(home: Home, tmp_path: Path, root: str, loop: asyncio.Runner) -> None:
    made = commit(home, tmp_path, root, {".gitignore": "build/\n", "build/out.md": "out", "a.md": "a"})
    with pytest.raises(RefusedFilesError, match=r"build/out\.md"):
        loop.run(
            publishing.publish(home, PROJECT, made, [("marketing", "a.md"), ("marketing", "build/out.md")], always)
        )


def test_a_file_takes_the_place_of_a_folder_and_back(
    home: Home, tmp_path: Path, root: str, loop: asyncio.Runner
) -> None:
    one = commit(home, tmp_path, root, {"guide": "file"})
    folder = commit(home, tmp_path, root, {"guide/a.md": "a"})
    place = home.outputs(PROJECT, "documentation") / "guide"
    for made in (one, folder, one):
        assert loop.run(publishing.publish(home, PROJECT, made, [("documentation", "guide")], always)) == [place]
        assert place.is_file() is (made == one)


def test_a_file_may_be_part_of_several_pieces(home: Home, tmp_path: Path, root: str, loop: asyncio.Runner) -> None:
    made = commit(home, tmp_path, root, {"docs/a.md": "a", "docs/b.md": "b"})
    pieces = [("documentation", "docs"), ("documentation", "docs/a.md"), ("social", "docs/a.md"), ("social", "docs/")]
    for _ in range(2):
        placed = loop.run(publishing.publish(home, PROJECT, made, pieces, always))
        assert isinstance(placed, list)
        assert [place.is_file() for place in placed] == [False, True, True, False]
    for kind in ("documentation", "social"):
        assert {path.name for path in (home.outputs(PROJECT, kind) / "docs").iterdir()} == {"a.md", "b.md"}
