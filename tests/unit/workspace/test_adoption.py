"""A repository that exists is copied whole, read only, and nothing of it runs."""

import asyncio
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from podium.domain.errors import NotFound, PodiumError, Unavailable, UsageError
from podium.workspace import adoption, git as own_git, publishing, source
from podium.workspace.layout import Home
from podium.workspace.repository import Merged, Repositories
from tests.unit.workspace.existing import fingerprint, plant_traps, repository, write
from tests.unit.workspace.work import PROJECT, commit, files_of, git, main_of

FILES = {"README.md": "# Theirs\n", "greeter/__init__.py": "NAME = 'greeter'\n", "naïve/こんにちは.txt": "やあ\n"}

pytestmark = pytest.mark.requirement("INT-5")


def adopt(loop: asyncio.Runner, repositories: Repositories, origin: Path) -> None:
    loop.run(repositories.create(PROJECT, str(origin)))


def test_the_copy_is_whole_and_the_source_is_as_it_was(
    tmp_path: Path, home: Home, repositories: Repositories, loop: asyncio.Runner
) -> None:
    origin = repository(tmp_path / "origin", FILES, branch="trunk")
    git(origin, "tag", "--annotate", "v1", "--message=One")
    git(origin, "branch", "other")
    before = fingerprint(origin)
    adopt(loop, repositories, origin)
    copy = home.repository(PROJECT)
    assert main_of(home) == git(origin, "rev-parse", "trunk") == git(copy, "rev-parse", adoption.ADOPTED)
    assert git(copy, "config", "podium.branch") == "trunk"
    assert git(copy, "for-each-ref", "--format=%(refname)").splitlines() == [
        "refs/heads/main",
        "refs/podium/adopted",
        "refs/podium/worktree",
        "refs/tags/v1",
    ]
    assert git(copy, "remote") == ""
    assert git(copy, "status", "--porcelain") == ""
    assert files_of(home, "main") >= {"README.md"}
    assert (copy / "naïve/こんにちは.txt").read_text("utf-8") == "やあ\n"
    assert not (copy / ".git/objects/info/alternates").exists()
    theirs = {file.stat().st_ino for file in (origin / ".git").rglob("*")}
    assert not theirs & {file.stat().st_ino for file in (copy / ".git").rglob("*")}
    git(copy, "fsck", "--strict")
    assert fingerprint(origin) == before


def test_nothing_of_the_source_runs_and_its_changes_are_counted(
    tmp_path: Path, home: Home, repositories: Repositories, loop: asyncio.Runner
) -> None:
    origin = repository(tmp_path / "origin", FILES | {".gitattributes": "*.bin filter=lfs diff=trap\n", "a.bin": "x"})
    canary = tmp_path / "canary"
    write(origin, {"README.md": "# Changed\n", "new file.txt": "new\n", "a.bin": "y"})
    plant_traps(origin, canary)
    before = fingerprint(origin)
    found = loop.run(adoption.inspect(str(origin)))
    assert found is not None
    assert (found.branch, found.uncommitted) == ("main", 3)
    adopt(loop, repositories, origin)
    base = main_of(home)
    made = commit(home, tmp_path, base, {"b.bin": "z"})
    assert isinstance(loop.run(repositories.merge(PROJECT, [made], "hello/1", "Merge", lambda: True)), Merged)
    assert not canary.exists(), canary.read_text()
    assert fingerprint(origin) == before
    assert (home.repository(PROJECT) / "README.md").read_text() == "# Theirs\n"
    assert not list((home.repository(PROJECT) / ".git").glob("hooks/*"))


def test_a_detached_head_is_taken_where_it_is(
    tmp_path: Path, home: Home, repositories: Repositories, loop: asyncio.Runner
) -> None:
    origin = repository(tmp_path / "origin", FILES)
    first = git(origin, "rev-parse", "HEAD")
    git(origin, "commit", "--quiet", "--allow-empty", "--message=Later")
    git(origin, "checkout", "--quiet", "--detach", first)
    adopt(loop, repositories, origin)
    assert main_of(home) == first
    assert git(home.repository(PROJECT), "config", "podium.branch") == "HEAD"


@pytest.mark.parametrize("kind", ["bare", "worktree", "no files", "file url"])
def test_every_shape_of_a_repository_is_taken(
    tmp_path: Path, home: Home, repositories: Repositories, loop: asyncio.Runner, kind: str
) -> None:
    origin = repository(tmp_path / "origin", {} if kind == "no files" else FILES)
    place = tmp_path / "place with spaces"
    if kind == "bare":
        git(tmp_path, "clone", "--quiet", "--bare", str(origin), str(place))
    elif kind == "worktree":
        git(origin, "worktree", "add", "--quiet", "--detach", str(place))
        write(place, {"README.md": "changed"})
    else:
        place = origin
    named = source.checked(place.as_uri() if kind == "file url" else str(place))
    found = loop.run(adoption.inspect(named))
    assert found is not None
    assert found.uncommitted == (1 if kind == "worktree" else 0)
    loop.run(repositories.create(PROJECT, named))
    assert main_of(home) == git(origin, "rev-parse", "HEAD")


def test_a_shallow_source_is_taken_and_grows(
    tmp_path: Path, home: Home, repositories: Repositories, loop: asyncio.Runner
) -> None:
    full = repository(tmp_path / "full", FILES)
    git(full, "commit", "--quiet", "--allow-empty", "--message=Later")
    origin = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", full.as_uri(), str(origin))
    adopt(loop, repositories, origin)
    copy = home.repository(PROJECT)
    assert git(copy, "rev-list", "--count", "main") == "1"
    git(copy, "fsck", "--strict")


def test_submodules_stay_as_they_are_named(
    tmp_path: Path, home: Home, repositories: Repositories, loop: asyncio.Runner
) -> None:
    inner = repository(tmp_path / "inner", {"inner.txt": "inner"})
    origin = repository(tmp_path / "origin", FILES)
    git(origin, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "vendor/inner")
    git(origin, "commit", "--quiet", "--message=Add a submodule")
    adopt(loop, repositories, origin)
    assert git(home.repository(PROJECT), "ls-tree", "main", "vendor/inner").startswith("160000 commit")
    assert list((home.repository(PROJECT) / "vendor/inner").iterdir()) == []
    assert not (home.repository(PROJECT) / ".git/modules").exists()
    made = commit(home, tmp_path, main_of(home), {"public/index.html": "page"})
    deployed = loop.run(publishing.deploy(home, PROJECT, made, lambda: True))
    assert isinstance(deployed, Path)


def test_links_to_the_outside_are_never_followed(
    tmp_path: Path, home: Home, repositories: Repositories, loop: asyncio.Runner
) -> None:
    secret = tmp_path / "secret"
    write(secret, {"key.md": "secret"})
    origin = repository(tmp_path / "origin", FILES | {"docs/a.md": "a"})
    (origin / "docs/key.md").symlink_to(secret / "key.md")
    (origin / "up").symlink_to("../../secret")
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message=Link")
    adopt(loop, repositories, origin)
    head = main_of(home)
    deployed = loop.run(publishing.deploy(home, PROJECT, head, lambda: True))
    assert isinstance(deployed, Path)
    assert sorted(path.name for path in deployed.iterdir()) == ["README.md", "docs", "greeter", "naïve"]
    assert [path.name for path in (deployed / "docs").iterdir()] == ["a.md"]
    placed = loop.run(publishing.publish(home, PROJECT, head, [("documentation", "docs")], lambda: True))
    assert isinstance(placed, list)
    published = [path for path in home.outputs(PROJECT, "documentation").rglob("*") if path.is_file()]
    assert [path.name for path in published] == ["a.md"]


def test_it_is_done_once_and_what_a_crash_left_is_begun_again(
    tmp_path: Path, home: Home, repositories: Repositories, loop: asyncio.Runner
) -> None:
    origin = repository(tmp_path / "origin", FILES)
    write(home.project(PROJECT), {".repository.part/.git/HEAD": "garbage"})

    async def all_at_once() -> None:
        await asyncio.gather(*(repositories.create(PROJECT, str(origin)) for _ in range(4)))

    loop.run(all_at_once())
    first = main_of(home)
    git(origin, "commit", "--quiet", "--allow-empty", "--message=Later")
    loop.run(Repositories(home).create(PROJECT, str(origin)))
    assert main_of(home) == first
    assert [path.name for path in home.project(PROJECT).iterdir()] == ["repository"]


def test_a_copy_that_is_too_large_or_too_slow_is_ended_and_leaves_no_repository(
    tmp_path: Path,
    home: Home,
    repositories: Repositories,
    loop: asyncio.Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    origin = repository(tmp_path / "origin", FILES)
    monkeypatch.setattr(own_git, "LOOK_SECONDS", 0.0001)
    monkeypatch.setattr(adoption, "CLONE_BYTES_MAX", 10)
    with pytest.raises(Unavailable, match="larger than"):
        adopt(loop, repositories, origin)
    monkeypatch.setattr(adoption, "CLONE_BYTES_MAX", 1 << 30)
    monkeypatch.setattr(adoption, "CLONE_SECONDS_MAX", 0.0001)
    with pytest.raises(Unavailable, match="longer than"):
        adopt(loop, repositories, origin)
    assert not home.repository(PROJECT).exists()


@pytest.mark.requirement("SEC-3")
@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("nowhere", NotFound, "no folder"),
        ("file", UsageError, "is a file"),
        ("empty", UsageError, "is not a git repository"),
        ("unborn", UsageError, "has no commit"),
        ("origin/greeter", UsageError, "folder of the repository"),
        ("broken", UsageError, "is not a git repository"),
    ],
)
def test_what_cannot_be_worked_on_is_refused_with_the_reason(
    tmp_path: Path, loop: asyncio.Runner, name: str, error: type[PodiumError], said: str
) -> None:
    repository(tmp_path / "origin", FILES)
    write(tmp_path, {"file": "text", "broken/.git/HEAD": "garbage"})
    (tmp_path / "empty").mkdir()
    (tmp_path / "unborn").mkdir()
    git(tmp_path / "unborn", "init", "--quiet")
    with pytest.raises(error, match=said):
        loop.run(adoption.inspect(str(tmp_path / name)))


@pytest.mark.requirement("SEC-3")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "relative/folder",
        "-u/folder",
        "--upload-pack=touch x",
        "ext::sh -c touch% x",
        "fd::3",
        "::x",
        "/folder\nwith lines",
        "/folder\0",
        "https://",
        "https:///path",
        "https://example.com",
        "https://user:hunter2@example.com/a.git",
        "https://hunter2@example.com/a.git",
        "ssh://git:hunter2@example.com/a.git",
        "ssh://-oProxyCommand=hunter2/a.git",
        "ssh://git@-oProxyCommand=hunter2/a.git",
        "ssh://example.com/-hunter2",
        "ssh://example.com/$(hunter2)",
        "git@example.com:-hunter2",
        "-git@example.com:a.git",
        "git://example.com/a.git",
        "http+ext://example.com/a.git",
        "file://elsewhere/a.git",
        "https://example.com/a.git?token=hunter2",
        "https://example.com:port/a.git",
        "https://exa mple.com/a.git",
        "https://[bad/a.git",
        "/" + "x" * 3000,
    ],
)
def test_a_name_that_could_do_harm_is_refused_without_repeating_a_secret(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        source.checked(text)
    assert "hunter2@" not in str(refused.value)
    assert "token=" not in str(refused.value)


@pytest.mark.requirement("SEC-3")
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://example.com/team/app.git", None),
        ("http://localhost:3000/team/app", None),
        ("ssh://git@example.com:2222/team/app.git", None),
        ("git@example.com:team/app.git", None),
        ("https://[::1]:8443/app.git", None),
        ("/srv/with space/ünï:code", None),
        ("/srv/a/../b/", "/srv/b"),
        ("file:///srv/a%20b", "/srv/a b"),
    ],
)
def test_a_sound_name_is_kept(text: str, kept: str | None) -> None:
    assert source.checked(text) == (kept or text)
    assert source.from_here(text, Path("/elsewhere")).rstrip("/") in (text, kept)


def test_a_relative_folder_is_meant_from_here(tmp_path: Path) -> None:
    assert source.from_here("../app", tmp_path / "x") == str(tmp_path / "app")
    assert source.from_here("-x", tmp_path) == "-x"


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that is overridden
        """Say nothing."""


def test_a_repository_is_taken_over_http(
    tmp_path: Path, home: Home, repositories: Repositories, loop: asyncio.Runner
) -> None:
    origin = repository(tmp_path / "origin", FILES, branch="trunk")
    git(tmp_path, "clone", "--quiet", "--bare", str(origin), "web/app.git")
    git(tmp_path / "web/app.git", "update-server-info")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=tmp_path / "web")) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        named = source.checked(f"http://127.0.0.1:{server.server_port}/app.git")
        assert loop.run(adoption.inspect(named)) is None
        loop.run(repositories.create(PROJECT, named))
        server.shutdown()
    assert main_of(home) == git(origin, "rev-parse", "trunk")
    assert git(home.repository(PROJECT), "config", "podium.branch") == "trunk"


def test_an_address_that_nobody_answers_is_told(
    tmp_path: Path, home: Home, repositories: Repositories, loop: asyncio.Runner
) -> None:
    with pytest.raises(Unavailable, match="git ls-remote"):
        loop.run(repositories.create(PROJECT, "http://127.0.0.1:9/app.git"))
    assert not home.repository(PROJECT).exists()
