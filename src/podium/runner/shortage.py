"""Tells trouble of the machine, which passes, from trouble of the attempt: work waits for it and nobody is charged."""

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TypeVar

ERRNOS = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN))
"""The machine is short of something; EAGAIN: of processes."""
TEXTS = ("No space left on device", "Disk quota exceeded", "Cannot allocate memory", "Too many open files")
"""What git, under LC_ALL=C, says of the same."""
ROOM_BYTES_MIN = 1 << 20
ROOM_FILES_MIN = 16
"""With less than this, what fails on a disk fails for want of room."""
LOOK_SECONDS = 0.5
LARGE_BYTES = 1 << 20
OWN_SHARE_MAX = 0.5
"""An agent that has taken more of the room there was at its start has filled the disk itself."""
ENTRIES_MAX = 1_000_000
"""Files that are looked at to learn how much of a full disk an attempt has taken itself."""

T = TypeVar("T")


def is_shortage(error: Exception) -> bool:
    """Whether the machine lacks space, memory, descriptors or processes."""
    return isinstance(error, OSError) and error.errno in ERRNOS


def is_said(text: str) -> bool:
    """Whether a program's complaint is about such a lack."""
    return any(known in text for known in TEXTS)


def room_bytes(directory: Path) -> int:
    """What may still be written where `directory` is: 0 when there can be no more files, much when nobody can tell."""
    try:
        disk = os.statvfs(directory)
    except OSError:
        return sys.maxsize
    has_files = not disk.f_files or disk.f_favail >= ROOM_FILES_MIN  # some file systems count no files
    return disk.f_bavail * disk.f_frsize if has_files else 0


def is_full(directory: Path) -> bool:
    """Whether the disk of `directory` has no room left."""
    return room_bytes(directory) < ROOM_BYTES_MIN


def used_bytes(directory: Path) -> int:
    """What is allocated on disk for all that is below `directory`, as far as it can be read."""
    return sum(found.st_blocks * 512 for _, found in islice(_below(directory), ENTRIES_MAX))


def remove_large(directory: Path, since: float) -> int:
    """Remove the large files below `directory` that were written after `since`, outside of .git; how many."""
    count = 0
    for path, found in _below(directory, but=".git"):
        if stat.S_ISREG(found.st_mode) and found.st_size >= LARGE_BYTES and found.st_mtime >= since:
            with suppress(OSError):
                os.unlink(path)  # noqa: PTH108 - a text, as there may be very many
                count += 1
    return count


def _below(directory: Path, but: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """Everything below `directory` that can be looked at, without what is in folders of that name."""
    for folder, folders, names in os.walk(directory):
        folders[:] = [name for name in folders if name != but]
        for path in (f"{folder}/{name}" for name in (*folders, *names)):
            with suppress(OSError):
                yield path, os.lstat(path)


class Room:
    """Remembers whether the disk of an attempt was full at any moment of a phase, though room may be back since."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._at_first = room_bytes(directory)
        self.begin_phase()

    def begin_phase(self) -> None:
        """Forget what was: from now on it counts for the agent, the git or the gate that runs next."""
        self.was_short = self._was_own = False

    def look(self) -> bool:
        """Whether the disk is, or in this phase was, full for other reasons than what the attempt wrote itself."""
        if not self.was_short and not self._was_own and is_full(self.directory):
            self._was_own = self.is_own()
            self.was_short = not self._was_own
        return self.was_short

    def is_own(self) -> bool:
        """Whether the attempt has taken more of the room there was at its start than it left to all others."""
        return used_bytes(self.directory) >= self._at_first * OWN_SHARE_MAX


class Patience:
    """Waits for room on a full disk, `seconds` in all, so that what has been done is not lost for want of it.

    `pause` waits for that many seconds and says whether to go on.
    """

    def __init__(self, directory: Path, seconds: float, pause: Callable[[float], bool]) -> None:
        self._directory, self.seconds_left, self._pause = directory, seconds, pause

    def wait(self) -> bool:
        """Wait until there seems to be room; False when there is no time left to try again."""
        while self.seconds_left > 0:
            before = time.monotonic()
            goes_on = self._pause(LOOK_SECONDS)
            self.seconds_left -= max(time.monotonic() - before, LOOK_SECONDS / 10)
            if not goes_on:
                return False
            if not is_full(self._directory):
                return True
        return False

    def do(self, action: Callable[[], T], lacks_room: Callable[[Exception], bool] = is_shortage) -> T:
        """Do what needs room, again and again until there is some; raises its error when there is none in time."""
        while True:
            try:
                return action()
            except Exception as error:
                if not lacks_room(error) or not self.wait():
                    raise
