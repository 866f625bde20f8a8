"""Files that are either whole or absent, also after a power cut; and files that are locked."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any, cast

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700


def write_whole(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step, durably: temporary file, fsync, rename, fsync of the directory."""
    temporary = path.with_name(f".{path.name}.part")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(fd)
    temporary.replace(path)
    sync(path.parent)


def write_json(path: Path, value: Any) -> None:
    """`write_whole` for a JSON value. ASCII escapes keep it valid whatever a title is written in."""
    write_whole(path, json.dumps(value).encode())


def read(path: str | Path) -> bytes:
    """What is in a file; nothing when it is absent or cannot be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - asked of every attempt every few seconds
            return file.read()
    except OSError:
        return b""


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in `path`; None when the file is absent, unreadable or holds something else."""
    try:
        value: Any = json.loads(read(path))
    except ValueError:
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def sync(path: Path) -> None:
    """Make a finished file, or the names in a directory, durable."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def try_lock(path: Path) -> int | None:
    """A descriptor that holds a file's lock until it is closed; None when somebody else holds it.

    The kernel lets it go with the process that held it, whatever that one's end was.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock; asking takes it for a moment."""
    fd = try_lock(path)
    if fd is not None:
        os.close(fd)
    return fd is None
