"""A backup is whole or refused, holds one moment of a home that goes on, and only becomes a home in an empty place."""

import asyncio
import io
import os
import sqlite3
import stat
import subprocess
import tarfile
import threading
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from podium.backup import archive, snapshot as snapshots
from podium.backup.archive import SUFFIXES, Writer
from podium.backup.restoring import restore
from podium.backup.taking import take
from podium.domain.errors import Conflict, InvalidBackup, NotFound, UsageError
from podium.store.sqlite import SqliteStore
from podium.store.store import DATABASE
from podium.workspace import git, packing
from podium.workspace.layout import Home
from podium.workspace.repository import Merged, Repositories
from tests.simulation.checkers import check
from tests.unit.store.desk import Desk

pytestmark = pytest.mark.requirement("OPS-1")

NOW = 1_800_000_000.0
IDENTITY = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")


class FiledDesk(Desk):
    """The desk on a home's database."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.store = SqliteStore(home / DATABASE)
        self.store.connection.pragma("synchronous", "off")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a project at work, a log and something published."""
    path = tmp_path / "home"
    desk = FiledDesk(path)
    desk.submit("p")
    desk.run_to("tests")
    desk.store.close()
    places = Home(path)
    asyncio.run(Repositories(places).create("p"))
    for file, text in (
        (places.attempt("p/1.a1") / "messages.ndjson", "{}\n"),
        (places.attempt("p/1.a1") / "exit.json", "{}"),
        (places.outputs("p", "documentation") / "docs" / "guide.md", "# Guide"),
        (path / "podium.toml", 'pipeline = "mine.toml"\n'),
        (path / "mine.toml", desk.text),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    os.utime(places.attempt("p/1.a1") / "exit.json", (NOW, NOW))
    return path


def taken(home: Path, suffix: str = ".tar", *, logs: bool = True) -> Path:
    file = home.parent / f"backup{suffix}"
    asyncio.run(take(home, file, NOW, logs=logs))
    return file


def restored(file: Path, home: Path) -> Any:
    return asyncio.run(restore(file, home))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_home_comes_back_as_it_was(home: Path, suffix: str) -> None:
    file = taken(home, suffix)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    new = home.parent / "deep" / "new"
    told = restored(file, new)
    assert (told.projects, told.repositories, told.given_back) == (1, 1, 1)
    assert stat.S_IMODE(new.stat().st_mode) == 0o700
    for same in (
        "podium.toml",
        "mine.toml",
        "attempts/p/1.a1/exit.json",
        "projects/p/outputs/documentation/docs/guide.md",
    ):
        assert (new / same).read_bytes() == (home / same).read_bytes()
    assert (new / "attempts/p/1.a1/exit.json").stat().st_mtime == NOW
    stores = [SqliteStore(place / DATABASE) for place in (home, new)]
    assert check(stores[1], finished=False) == []
    assert stores[0].rows.all("all_events") == stores[1].rows.all("all_events")
    logs = [subprocess.run(["git", "log", "main"], cwd=p / "projects/p/repository", capture_output=True, check=True)
            for p in (home, new)]  # fmt: skip
    assert logs[0].stdout == logs[1].stdout
    assert sorted(path.name for path in home.parent.iterdir()) == [file.name, "deep", "home"], "scratch was left behind"
    assert [path.name for path in new.parent.iterdir()] == ["new"]


def test_without_logs_there_are_none_and_attempts_at_work_are_never_in_it(home: Path) -> None:
    running = Home(home).attempt("p/2.a1")
    running.mkdir(parents=True)
    for name in ("lock", "messages.ndjson"):
        (running / name).touch()
    with tarfile.open(taken(home)) as tar:
        assert [name for name in tar.getnames() if name.startswith("attempts/p/2")] == []
    with tarfile.open(taken(home, ".tar.gz", logs=False)) as tar:
        assert [name for name in tar.getnames() if name.startswith("attempts/")] == []


def test_what_cannot_be_is_refused_before_anything_is_written(home: Path, tmp_path: Path) -> None:
    file = taken(home)
    with pytest.raises(Conflict, match="there already"):
        taken(home)
    with pytest.raises(Conflict, match="not empty"):
        restored(file, home)
    with pytest.raises(NotFound, match="no Podium home"):
        asyncio.run(take(tmp_path / "none", tmp_path / "b.tar", NOW, logs=True))
    with pytest.raises(UsageError, match=r"ends in \.tar"):
        asyncio.run(take(home, tmp_path / "b.zip", NOW, logs=True))
    (tmp_path / "empty").mkdir()
    assert restored(file, tmp_path / "empty").projects == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_backup_is_refused_and_leaves_nothing(home: Path, suffix: str, share: float) -> None:
    file = taken(home, suffix)
    content = file.read_bytes()
    if suffix == ".tar":  # what follows the last member is padding
        content = content.rstrip(b"\0")
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InvalidBackup, match="Nothing was restored; use another backup"):
        restored(file, home.parent / "new")
    assert not (home.parent / "new").exists()
    assert sorted(path.name for path in home.parent.iterdir()) == [file.name, "home"]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_altered_backup_is_refused(home: Path, suffix: str, share: float) -> None:
    file = taken(home, suffix)
    content = bytearray(file.read_bytes())
    content[int(len(content.rstrip(b"\0")) * share)] ^= 0x55
    file.write_bytes(content)
    with pytest.raises(InvalidBackup):
        restored(file, home.parent / "new")
    assert not (home.parent / "new").exists()


def remade(file: Path, change: Callable[[tarfile.TarFile, tarfile.TarInfo, bytes], bool]) -> None:
    """The same backup again, but for what `change` does instead of adding a member."""
    out = io.BytesIO()
    with tarfile.open(file) as old, tarfile.open(fileobj=out, mode="w") as new:
        for member in old:
            handle = old.extractfile(member)
            assert handle is not None
            content = handle.read()
            if not change(new, member, content):
                new.addfile(member, io.BytesIO(content))
    file.write_bytes(out.getvalue())


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize(
    "strange",
    [
        member("../outside"),
        member("/etc/passwd"),
        member("outputs/p/../../../outside"),
        member("outputs/../x/y"),
        member("outputs/p//x"),
        member("outputs/UPPER/x"),
        member("repositories/...pack"),
        member("repositories/a/b.pack"),
        member("attempts/p/1.a2/../x"),
        member("attempts/p/1.a2/run.json"),
        member("attempts/p/x/exit.json"),
        member("podium.sock"),
        member("podium.toml"),
        member("outputs/p/documentation/docs/guide.md/x"),
        member("outputs/p/link", tarfile.SYMTYPE, "/etc/passwd"),
        member("outputs/p/hard", tarfile.LNKTYPE, "podium.sqlite"),
        member("outputs/p/pipe", tarfile.FIFOTYPE),
        member("outputs/p/folder", tarfile.DIRTYPE),
    ],
    ids=lambda info: info.name,
)
def test_a_member_that_is_no_part_of_a_home_is_refused(home: Path, strange: tarfile.TarInfo) -> None:
    def change(new: tarfile.TarFile, info: tarfile.TarInfo, _: bytes) -> bool:
        if info.name == archive.MANIFEST:
            new.addfile(strange, io.BytesIO())
        return False

    file = taken(home)
    remade(file, change)
    with pytest.raises(InvalidBackup):
        restored(file, home.parent / "new")
    assert sorted(path.name for path in home.parent.iterdir()) == [file.name, "home"]


@pytest.mark.parametrize("missing", ["podium.sqlite", "repositories/p.pack", "podium.toml", archive.MANIFEST])
def test_a_missing_member_is_noticed(home: Path, missing: str) -> None:
    file = taken(home)
    remade(file, lambda _new, info, _content: info.name == missing)
    with pytest.raises(InvalidBackup):
        restored(file, home.parent / "new")


def test_a_backup_of_another_format_or_a_newer_podium_is_refused(home: Path) -> None:
    file = taken(home)
    whole = file.read_bytes()

    def newer(new: tarfile.TarFile, info: tarfile.TarInfo, content: bytes) -> bool:
        if info.name != archive.MANIFEST:
            return False
        changed = content.replace(b'"format": 1', b'"format": 9')
        new.addfile(info, io.BytesIO(changed))
        return True

    remade(file, newer)
    with pytest.raises(InvalidBackup, match="format 9"):
        restored(file, home.parent / "new")
    file.write_bytes(whole)
    file.unlink()
    store = SqliteStore(home / DATABASE)
    store.connection.pragma("user_version", 99)
    store.close()
    taken(home)
    with pytest.raises(InvalidBackup, match="newer Podium"):
        restored(file, home.parent / "new")


def test_a_damaged_database_is_refused_although_its_hash_is_right(home: Path) -> None:
    with closing(sqlite3.connect(home / DATABASE)) as reader:
        (page,) = reader.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'job_of_project'").fetchone()
    with (home / DATABASE).open("r+b") as database:
        database.seek((page - 1) * 4096)
        database.write(b"\x55" * 4096)
    with pytest.raises(InvalidBackup, match="database"):
        restored(taken(home), home.parent / "new")


def test_a_large_file_is_never_held_in_memory(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(192 << 20)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    tracemalloc.start()
    try:
        writer = Writer(tmp_path / "b.tar")
        assert writer.add("outputs/p/large", large)
        writer.finish({})
        writer.close()
        archive.extract(tmp_path / "b.tar", lambda _name, _size: scratch / "large")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (scratch / "large").stat().st_size == 192 << 20
    assert peak < 16 << 20


def test_the_copy_is_one_commit_while_others_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "PAGES_AT_ONCE", 1)
    desk = FiledDesk(tmp_path / "home")
    desk.submit("p")
    desk.run_to("tests")
    seq = desk.store.rows.one("event_last")
    with snapshots.snapshot(tmp_path / "home") as rows:
        writes = threading.Thread(target=lambda: [desk.submit(f"later-{n}") for n in range(40)])
        writes.start()
        snapshots.copy(rows, tmp_path / "copy.sqlite")
        writes.join()
    assert desk.store.rows.one("event_last") > seq
    copy = SqliteStore(tmp_path / "copy.sqlite")
    assert check(copy, finished=False) == []
    assert copy.rows.one("event_last") == seq
    assert [name for name, _ in copy.rows.all("project_states")] == ["p"]


def test_a_shallow_repository_with_branches_of_its_own_comes_back(tmp_path: Path) -> None:
    def run(where: Path, *words: str) -> str:
        told = subprocess.run(["git", *IDENTITY, *words], cwd=where, capture_output=True, check=True, text=True)
        return told.stdout

    source = tmp_path / "source"
    source.mkdir()
    run(source, "init", "--quiet", "--initial-branch=main")
    for n in range(3):
        run(source, "commit", "--quiet", "--allow-empty", "-m", f"commit {n}")
    run(tmp_path, "clone", "--quiet", "--depth=1", source.as_uri(), "shallow")
    old, new = tmp_path / "shallow", tmp_path / "p" / "repository"
    run(old, "tag", "-a", "v1", "-m", "one")
    run(old, "config", "podium.source", "/srv/a place")

    async def both() -> None:
        objects, listed = await packing.pack(old, None, tmp_path / "packed")
        await packing.unpack(new, objects, listed)

    asyncio.run(both())
    assert run(new, "log", "--format=%s", "main") == "commit 2\n"
    assert run(new, "rev-parse", "v1", "main") == run(old, "rev-parse", "v1", "main")
    assert run(new, "config", "podium.source") == "/srv/a place\n"
    assert run(new, "fsck", "--no-dangling") == ""


def test_main_is_taken_as_of_the_moment_of_the_database(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    repositories = Repositories(home)

    async def play() -> tuple[str, str, str, str]:
        path = await repositories.create("p")
        begun = await repositories.main("p")

        async def merge(job: int) -> str:
            tree = await git.get(path, "mktree")
            commit = await git.get(path, "commit-tree", tree, "-p", begun, stdin=f"work of {job}".encode())
            merged = await repositories.merge("p", [commit], f"p/{job}", "Merge", lambda: True)
            assert isinstance(merged, Merged)
            return merged.commit

        known, _, last = [await merge(job) for job in (5, 6, 7)]
        before = await packing.main_before(path, "p", last, lambda job: job > 5)
        all_known = await packing.main_before(path, "p", last, lambda job: False)
        tree = await git.get(path, "mktree")
        own = await git.get(path, "commit-tree", tree, "-p", last, stdin=b"a user's own commit")
        assert await packing.main_before(path, "p", own, lambda job: job > 5) == own
        assert await packing.main_before(path, "q", last, lambda job: True) == last
        return before, known, all_known, last

    before, known, all_known, last = asyncio.run(play())
    assert before == known
    assert all_known == last
