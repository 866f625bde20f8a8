import json
import os
import resource
import signal
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from podium.integrations.shared_state.documents import PROJECT_FILES, Json
from podium.integrations.shared_state.mirror import PART, Tree
from tests.unit.integrations.stage import checked
from tools.shared_state_schemas import Page, ProjectCounts, Queue, QueueCounts, QueueEntry

NAME = "queues/genesis-queue.json"
REPLACEMENTS = 100


def queue(depth: int) -> Json:
    entries = [
        QueueEntry(
            job=n,
            project="p",
            workflow="genesis",
            step="s",
            item="feature",
            lane="",
            priority=50,
            attempt=0,
            ready_at=1.0,
        )
        for n in range(depth)
    ]
    made = Queue(
        workflow="genesis",
        jobs=QueueCounts(ready=depth),
        projects=ProjectCounts(),
        oldest_ready_at=None,
        ready=Page[QueueEntry](entries=entries, truncated=False),
    )
    return made.model_dump()


def put(tree: Tree, document: Json, seq: int = 1, wall: float = 10.0) -> dict[str, Exception]:
    return tree.publish({NAME: document}, seq, wall)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@contextmanager
def files_at_most(size: int) -> Generator[None]:
    """As on a full disk: a write that goes beyond fails in the middle."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.requirement("STA-1")
def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    put(tree, queue(1))
    done = threading.Event()

    def read() -> set[int]:
        seen: set[int] = set()
        while not done.is_set():
            found = checked(tmp_path / NAME)
            assert isinstance(found, Queue)
            assert len(found.ready.entries) == found.jobs.ready
            seen.add(found.seq)
        return seen

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        try:
            for seq in range(2, REPLACEMENTS):
                assert not put(tree, queue(1 + seq * 37 % 900), seq)
        finally:
            done.set()
        assert len(reader.result(timeout=30)) > 1
    assert names(tmp_path / "queues") == ["genesis-queue.json"]


@pytest.mark.requirement("STA-1")
def test_unchanged_content_is_not_written_again(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    put(tree, queue(2), seq=5, wall=10.0)
    before = (tmp_path / NAME).stat()
    put(tree, queue(2), seq=6, wall=11.0)
    put(Tree(tmp_path), queue(2), seq=7, wall=12.0)
    after = (tmp_path / NAME).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    found = checked(tmp_path / NAME)
    assert (found.schema_version, found.seq, found.updated_at) == (1, 5, 10.0)


EDITS: dict[str, Callable[[str], str]] = {
    "another count": lambda text: text.replace('"ready": 2', '"ready": 7'),
    "a future seq": lambda text: text.replace('"seq": 5', '"seq": 99'),
    "another version": lambda text: text.replace('"schema_version": 1', '"schema_version": 2'),
    "a strange time": lambda text: text.replace('"updated_at": 10.0', '"updated_at": "now"'),
    "another form": lambda text: json.dumps(json.loads(text)),
    "longer": lambda text: text + " ",
    "cut": lambda text: text[:-20],
    "huge": lambda text: text + "x" * 100_000,
    "empty": lambda text: "",
    "binary": lambda text: "\0",
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.requirement("STA-1")
def test_an_edited_file_is_overwritten(tmp_path: Path, edit: str) -> None:
    tree = Tree(tmp_path)
    put(tree, queue(2), seq=5)
    path = tmp_path / NAME
    path.write_text(EDITS[edit](path.read_text()))
    assert not put(tree, queue(2), seq=6)
    found = checked(path)
    assert isinstance(found, Queue)
    assert (found.seq, found.jobs.ready) == (6, 2)


@pytest.mark.parametrize("strange", ["link", "pipe"])
def test_what_is_no_file_is_replaced_and_never_followed(tmp_path: Path, strange: str) -> None:
    tree = Tree(tmp_path)
    put(tree, queue(1))
    path, elsewhere = tmp_path / NAME, tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    path.unlink()
    if strange == "link":
        path.symlink_to(elsewhere)
    else:
        os.mkfifo(path)
    assert not put(tree, queue(1))
    assert not path.is_symlink()
    assert checked(path)
    assert elsewhere.read_text() == "mine"


@pytest.mark.requirement("STA-1")
def test_a_write_that_fails_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    put(tree, queue(1), seq=1)
    with files_at_most(1_000):
        failed = put(tree, queue(500), seq=2)
    assert isinstance(failed[NAME], OSError)
    assert checked(tmp_path / NAME).seq == 1
    assert names(tmp_path / "queues") == ["genesis-queue.json"]
    assert not put(tree, queue(500), seq=3)
    assert checked(tmp_path / NAME).seq == 3


def test_a_file_that_cannot_be_written_does_not_keep_the_others_back(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir(parents=True)
    other = "queues/content-queue.json"
    strange = queue(1)
    strange["ready"]["entries"][0]["item"] = "\ud800"
    failed = Tree(tmp_path).publish({NAME: queue(1), other: queue(1), "x.json": strange}, 1, 1.0)
    assert failed.keys() == {NAME, "x.json"}
    assert checked(tmp_path / other)


def test_folders_and_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    put(Tree(tmp_path / "tree"), queue(1))
    assert (tmp_path / "tree" / NAME).stat().st_mode & 0o077 == 0
    assert (tmp_path / "tree" / NAME).parent.stat().st_mode & 0o077 == 0


def test_what_a_killed_process_left_is_never_taken_for_a_file_and_goes_with_the_next_write(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    (tmp_path / PART).write_text("{")
    assert not put(tree, queue(1))
    assert checked(tmp_path / NAME)
    assert names(tmp_path) == ["queues"]


def test_a_removed_project_keeps_what_somebody_else_put_into_its_folder(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    for project in ("empty", "used"):
        tree.publish({f"projects/{project}/status.json": queue(1)}, 1, 1.0)
    (tmp_path / "projects" / "used" / "notes.txt").write_text("mine")
    for project in ("empty", "used", "never"):
        assert not tree.publish(dict.fromkeys((f"projects/{project}/{name}" for name in PROJECT_FILES), None), 2, 2.0)
    assert names(tmp_path / "projects") == ["used"]
    assert names(tmp_path / "projects" / "used") == ["notes.txt"]
