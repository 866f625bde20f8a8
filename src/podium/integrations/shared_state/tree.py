"""The files of the tree: replaced whole or not at all, and only when what they say has changed."""

import os
import re
import stat
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import orjson

from podium.integrations.shared_state.documents import SCHEMA_VERSION, Json

DIRECTORY_MODE: Final = 0o700
FILE_MODE: Final = 0o600
HEAD_BYTES_MAX: Final = 200
PART: Final = ".part"
"""Where a file's next content is written before it takes the file's place; a killed process may leave it."""

_HEAD: Final = re.compile(
    rb'\{\n  "schema_version": %d,\n  "seq": (\d{1,18}),\n  "updated_at": \d{1,12}\.\d{1,3},\n' % SCHEMA_VERSION
)


class Tree:
    """One tree, written by one process. A lock keeps calls apart, whichever thread makes them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._turn = threading.Lock()

    def publish(self, files: Mapping[str, Json | None], seq: int, wall: float) -> dict[str, Exception]:
        """Bring files to these contents, or remove them; what could not be done, and why. Blocks."""
        failed: dict[str, Exception] = {}
        with self._turn:
            for name, document in files.items():
                try:
                    if document is None:
                        _remove(self._root / name)
                    else:
                        self._put(self._root / name, document, seq, wall)
                except (OSError, TypeError) as error:  # TypeError: text that is not Unicode
                    failed[name] = error
        return failed

    def _put(self, path: Path, document: Json, seq: int, wall: float) -> None:
        stamped = document | {"seq": seq, "updated_at": round(wall, 3)}
        content = orjson.dumps(stamped, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        if _says_the_same(_content(path, len(content) + HEAD_BYTES_MAX), content, seq):
            return
        path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        part = self._root / PART
        part.unlink(missing_ok=True)
        # No fsync: the tree is made anew from the database, so a power cut can cost it nothing.
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(content)
        part.replace(path)


def _remove(path: Path) -> None:
    """Remove a file, and its folder with the last; what somebody else put into it stays."""
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()


def _content(path: Path, bytes_max: int) -> bytes:
    """What the file holds; nothing when it is absent, no plain file, or longer than it can be."""
    with suppress(OSError):
        found = path.lstat()
        return path.read_bytes() if stat.S_ISREG(found.st_mode) and found.st_size <= bytes_max else b""
    return b""


def _says_the_same(old: bytes, new: bytes, seq: int) -> bool:
    """Whether the contents differ in nothing but when they were read and written."""
    old_head, new_head = _HEAD.match(old), _HEAD.match(new)
    assert new_head is not None, "a document begins with its head"
    return old_head is not None and int(old_head[1]) <= seq and old[old_head.end() :] == new[new_head.end() :]
