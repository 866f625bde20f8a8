"""Keeps the shared-state tree at most a second behind the store, and never lets its own troubles reach the engine.

Its files are replaced whole or not at all, and only when what they say has changed.
"""

import asyncio
import logging
import os
import re
import stat
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from podium.domain.instance import Slot
from podium.domain.pipeline import Pipeline
from podium.integrations.shared_state import documents
from podium.integrations.shared_state.documents import SCHEMA_VERSION, WORKFLOWS, Json
from podium.ports import Clock, Read

FOLDER: Final = "shared-state"
COALESCE_SECONDS: Final = 0.25
"""Between two passes, however much is committed."""
RETRY_SECONDS: Final = 1.0
"""After trouble with the disk, when nothing is committed meanwhile."""
PATROL_SECONDS: Final = 5.0
"""Between two looks at files that no event speaks of, to put back what somebody has changed or deleted."""
PATROL_PROJECTS: Final = 64
"""Projects that one patrol looks at, whether they have ended or not."""
CHUNK_SUBJECTS: Final = 64
"""Subjects that one question is about."""
BACKLOG_PROJECTS: Final = 256
"""Projects that one pass refreshes although no event has just spoken of them."""
FAILURES_MAX: Final = 64
"""Failed files after which a pass stops: the disk is full, and the rest would fail as well."""
DIRTY_MAX: Final = 10_000
"""Projects that are remembered for another try; the patrol finds the others."""
DIRECTORY_MODE: Final = 0o700
FILE_MODE: Final = 0o600
HEAD_BYTES_MAX: Final = 200
PART: Final = ".part"
"""Where a file's next content is written before it takes the file's place; a killed process may leave it."""

_HEAD: Final = re.compile(
    rb'\{\n  "schema_version": %d,\n  "seq": (\d{1,18}),\n  "updated_at": \d{1,12}\.\d{1,3},\n' % SCHEMA_VERSION
)
_log = logging.getLogger(__name__)
OnDisk = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs work that may wait for a disk, away from the event loop, and gives its result: `asyncio.to_thread`."""


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


@dataclass(slots=True)
class Mirror:
    """Keeps a tree as one store says; `slots` gives the instances there are now."""

    tree: Tree
    read: Read
    committed: Callable[[], asyncio.Future[None]]
    """A future that is done after the next commit."""
    clock: Clock
    pipelines: Mapping[str, Pipeline]
    slots: Callable[[], Sequence[Slot]]
    on_disk: OnDisk
    trouble: str | None = None
    """What keeps the tree from being written, for people; None while all is well."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _read_upto: int | None = None
    _dirty: dict[str, None] = field(default_factory=dict[str, None])
    """Projects that an event spoke of, in order."""
    _backlog: dict[str, None] = field(default_factory=dict[str, None])
    """Projects to look at when there is time."""
    _due: dict[str, float] = field(default_factory=dict[str, float])
    """When a project's first delayed job is due: it becomes ready without an event."""
    _patrol_at: float = float("-inf")
    _patrolled: str = ""

    async def run(self) -> None:
        """The loop, until cancelled: a pass soon after every commit."""
        committed = self.committed()
        while True:
            if committed.done():
                committed = self.committed()
            patience = await self.run_once()
            await self.clock.sleep(COALESCE_SECONDS)
            if patience > 0:
                await asyncio.wait((committed,), timeout=patience)

    async def run_once(self) -> float:
        """One pass: write what has changed; the seconds after which to look again even if nothing is committed."""
        async with self._turn:
            failures: list[Exception] = []
            try:
                await self._read_news()
                await self._patrol()
                backlog = islice(self._backlog, BACKLOG_PROJECTS)
                # Jobs become ready, and instances come and go, without an event: the pools are looked at every time.
                await self._refresh(list(dict.fromkeys([*WORKFLOWS, *self._dirty, *backlog])), failures)
            except Exception as error:  # noqa: BLE001 - a mirror may fail in any way; none may stop the orchestrator
                failures.append(error)
            self._tell(failures)
        if failures:
            return RETRY_SECONDS
        return 0.0 if self._backlog else max(0.0, self._patrol_at - self.clock.now())

    async def _read_news(self) -> None:
        """Take note of all that was committed since the last pass."""
        more = True
        while more:
            upto, more, restart, projects = await self.read(partial(documents.read_news, after=self._read_upto))
            (self._backlog if restart else self._dirty).update(dict.fromkeys(projects))
            self._read_upto = upto
        now = self.clock.now()
        self._dirty |= {project: None for project, due in self._due.items() if due <= now}

    async def _refresh(self, subjects: Sequence[str], failures: list[Exception]) -> None:
        """Write what has changed about workflows and projects."""
        for start in range(0, len(subjects), CHUNK_SUBJECTS):
            if len(failures) > FAILURES_MAX:
                return
            chunk = subjects[start : start + CHUNK_SUBJECTS]
            found = await self.read(partial(documents.read, pipelines=self.pipelines, slots=self.slots(), about=chunk))
            files = {name: made for part in found.files.values() for name, made in part.items()}
            failed = await self.on_disk(partial(self.tree.publish, files, found.seq, self.clock.wall()))
            failures += [*failed.values(), *found.unreadable.values()]
            for subject in chunk:
                for known in (self._backlog, self._dirty, self._due):
                    known.pop(subject, None)
                is_whole = subject in found.files and failed.keys().isdisjoint(found.files[subject])
                if not is_whole and len(self._dirty) < DIRTY_MAX:
                    self._dirty[subject] = None
            self._due.update(found.due())

    async def _patrol(self) -> None:
        """Look at the next projects on record; a constant cost, round and round."""
        if self._backlog or self.clock.now() < self._patrol_at:
            return
        self._patrol_at = self.clock.now() + PATROL_SECONDS
        page = await self.read(partial(documents.read_page, after=self._patrolled, limit=PATROL_PROJECTS))
        self._patrolled = page[-1] if len(page) == PATROL_PROJECTS else ""
        self._backlog.update(dict.fromkeys(page))

    def _tell(self, failures: Sequence[Exception]) -> None:
        """Once when trouble begins, once when it is over."""
        before, self.trouble = self.trouble, None
        if failures:
            error = failures[0]
            self.trouble = str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        if self.trouble and not before:
            _log.warning("%s cannot be kept: %s. Podium goes on without it and keeps trying.", FOLDER, self.trouble)
        elif before and not self.trouble:
            _log.warning("%s is kept again.", FOLDER)
