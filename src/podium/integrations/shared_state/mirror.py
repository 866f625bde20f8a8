"""Keeps the shared-state tree at most a second behind the store, and never lets its own troubles reach the engine."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from podium.domain.instance import Slot
from podium.domain.pipeline import Pipeline
from podium.integrations.shared_state import documents
from podium.integrations.shared_state.documents import WORKFLOWS, Rows
from podium.integrations.shared_state.tree import Tree
from podium.ports import Clock

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

_log = logging.getLogger(__name__)
T = TypeVar("T")
OnDisk = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs work that may wait for a disk, away from the event loop, and gives its result: `asyncio.to_thread`."""


class Truth(Protocol):
    """The store as the mirror uses it."""

    async def read(self, question: Callable[[Rows], T]) -> T:
        """Ask the committed state; `question` may run on another thread."""
        ...

    def committed(self) -> asyncio.Future[None]:
        """A future that is done after the next commit."""
        ...


@dataclass(slots=True)
class Mirror:
    """One tree over one store. `slots` gives the instances there are now."""

    folder: InitVar[Path]
    truth: Truth
    clock: Clock
    pipelines: Mapping[str, Pipeline]
    slots: Callable[[], Sequence[Slot]]
    on_disk: OnDisk
    trouble: str | None = None
    """What keeps the tree from being written, for people; None while all is well."""
    _tree: Tree = field(init=False)
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

    def __post_init__(self, folder: Path) -> None:
        self._tree = Tree(folder)

    async def run(self) -> None:
        """The loop, until cancelled: a pass soon after every commit."""
        committed = self.truth.committed()
        while True:
            if committed.done():
                committed = self.truth.committed()
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
            upto, more, restart, projects = await self.truth.read(partial(documents.read_news, after=self._read_upto))
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
            found = await self.truth.read(
                partial(documents.read, pipelines=self.pipelines, slots=self.slots(), about=chunk)
            )
            files = {name: made for part in found.files.values() for name, made in part.items()}
            failed = await self.on_disk(partial(self._tree.publish, files, found.seq, self.clock.wall()))
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
        page = await self.truth.read(partial(documents.read_page, after=self._patrolled, limit=PATROL_PROJECTS))
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
