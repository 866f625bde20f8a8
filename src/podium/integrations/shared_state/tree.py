"""The files of the tree: replaced whole or not at all, and only when what they say has changed."""

import os
import re
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

import orjson

from podium.domain.errors import UsageError
from podium.domain.project import checked_id
from podium.integrations.shared_state.documents import SCHEMA_VERSION, Json
from podium.integrations.shared_state.reading import PROJECT_FILES, WORKFLOWS

DIRECTORY_MODE: Final = 0o700
FILE_MODE: Final = 0o600
HEAD_BYTES_MAX: Final = 200

_HEAD: Final = re.compile(
    rb'\{\n  "schema_version": %d,\n  "seq": (\d{1,18}),\n  "updated_at": \d{1,12}\.\d{1,3},\n' % SCHEMA_VERSION
)


class Tree:
    """One tree, written by one process. Its methods block; a lock keeps them apart, whichever thread calls them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._turn = threading.Lock()
        self._folders: Iterator[str] = iter(())

    def publish(self, files: Mapping[str, Json], seq: int, wall: float) -> dict[str, Exception]:
        """Bring files to these contents; what could not be written, and why."""
        failed: dict[str, Exception] = {}
        with self._turn:
            for name, document in files.items():
                try:
                    self._put(self._root / name, document, seq, wall)
                except (OSError, TypeError) as error:  # TypeError: text that is not Unicode
                    failed[name] = error
        return failed

    def _put(self, path: Path, document: Json, seq: int, wall: float) -> None:
        stamped = document | {"seq": seq, "updated_at": round(wall, 3)}
        content = orjson.dumps(stamped, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        if _says_the_same(_content(path, len(content) + HEAD_BYTES_MAX), content, seq):
            return
        try:
            _replace(path, content)
        except FileNotFoundError:
            path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
            _replace(path, content)

    def remove_project(self, project: str) -> None:
        """Remove a project's files and its folder; what somebody else put into it stays."""
        folder = self._root / "projects" / checked_id(project)
        with self._turn:
            for name in PROJECT_FILES:
                (folder / name).unlink(missing_ok=True)
                _beside(folder / name).unlink(missing_ok=True)
            with suppress(OSError):
                folder.rmdir()

    def patrol(self, count: int) -> list[str]:
        """The next projects that have a folder here, round and round; removes what a killed process left in them."""
        with self._turn:
            for place in WORKFLOWS.values():
                for name in place:
                    _beside(self._root / name).unlink(missing_ok=True)
            names = list(islice(self._folders, count))
            if not names:
                self._folders = _projects(self._root / "projects")
            for name in names:
                for file in PROJECT_FILES:
                    _beside(self._root / "projects" / name / file).unlink(missing_ok=True)
        return names


def _projects(folder: Path) -> Iterator[str]:
    """The projects that have a folder, listed as they are asked for: there may be very many."""
    if folder.is_dir():
        with os.scandir(folder) as entries:
            for entry in entries:
                if _is_id(entry.name) and entry.is_dir(follow_symlinks=False):
                    yield entry.name


def _is_id(name: str) -> bool:
    try:
        return bool(checked_id(name))
    except UsageError:
        return False


def _beside(path: Path) -> Path:
    """Where a file's next content is written before it takes the file's place."""
    return path.with_name(f".{path.name}.tmp")


def _replace(path: Path, content: bytes) -> None:
    """No fsync: the tree is made anew from the database, so a power cut can cost it nothing."""
    beside = _beside(path)
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(content)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _content(path: Path, bytes_max: int) -> bytes:
    """What the file holds; nothing when it is absent, no plain file, or longer than it can be."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with open(handle, "rb") as file:  # noqa: PTH123 - a descriptor
        found = os.fstat(handle)
        return file.read() if stat.S_ISREG(found.st_mode) and found.st_size <= bytes_max else b""


def _says_the_same(old: bytes, new: bytes, seq: int) -> bool:
    """Whether the contents differ in nothing but when they were read and written."""
    old_head, new_head = _HEAD.match(old), _HEAD.match(new)
    assert new_head is not None, "a document begins with its head"
    return old_head is not None and int(old_head[1]) <= seq and old[old_head.end() :] == new[new_head.end() :]
