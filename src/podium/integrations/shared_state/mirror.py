"""Keeps the shared-state tree at most a second behind the store, and never lets its own troubles reach the engine."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from podium.domain.instance import Slot
from podium.domain.pipeline import Pipeline
from podium.integrations.shared_state import reading
from podium.integrations.shared_state.documents import Rows
from podium.integrations.shared_state.reading import WORKFLOWS, News, Snapshot
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
CHUNK_PROJECTS: Final = 64
"""Projects that one question is about."""
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


class Mirror:
    """One tree over one store. `slots` gives the instances there are now."""

    def __init__(
        self,
        folder: Path,
        truth: Truth,
        clock: Clock,
        pipelines: Mapping[str, Pipeline],
        slots: Callable[[], Sequence[Slot]],
        on_disk: OnDisk,
    ) -> None:
        self.trouble: str | None = None
        """What keeps the tree from being written, for people; None while all is well."""
        self._tree = Tree(folder)
        self._truth = truth
        self._clock = clock
        self._pipelines = pipelines
        self._slots = slots
        self._on_disk = on_disk
        self._turn = asyncio.Lock()
        self._news: News | None = None
        self._known_slots: Sequence[Slot] = ()
        self._workflows: set[str] = set()
        self._dirty: dict[str, None] = {}
        """Projects that an event spoke of, in order."""
        self._backlog: dict[str, None] = {}
        """Projects to look at when there is time."""
        self._due: dict[str, float] = {}
        """When a project's first delayed job is due: it becomes ready without an event."""
        self._patrol_at = float("-inf")
        self._patrolled = ""

    async def run(self) -> None:
        """The loop, until cancelled: a pass soon after every commit."""
        committed = self._truth.committed()
        while True:
            if committed.done():
                committed = self._truth.committed()
            patience = await self.run_once()
            await self._clock.sleep(COALESCE_SECONDS)
            if patience > 0:
                await asyncio.wait((committed,), timeout=patience)

    async def run_once(self) -> float:
        """One pass: write what has changed; the seconds after which to look again even if nothing is committed."""
        async with self._turn:
            failures: list[str] = []
            try:
                await self._read_news()
                await self._refresh_workflows(failures)
                await self._refresh_projects(list(self._dirty), failures)
                await self._refresh_projects(list(self._backlog)[:BACKLOG_PROJECTS], failures)
                await self._patrol()
            except Exception as error:  # noqa: BLE001 - a mirror may fail in any way; none may stop the orchestrator
                failures.append(_explained(error))
            self._tell(failures)
        if failures:
            return RETRY_SECONDS
        return 0.0 if self._backlog else max(0.0, self._patrol_at - self._clock.now())

    async def _read_news(self) -> None:
        """Take note of all that was committed since the last pass."""
        while True:
            before = self._news
            news = await self._truth.read(partial(reading.read_news, after=before.upto if before else None))
            (self._backlog if news.restart else self._dirty).update(dict.fromkeys(news.projects))
            self._workflows |= news.workflows & WORKFLOWS.keys()
            for workflow in WORKFLOWS:  # a job that becomes ready is counted, but no event tells it
                subjects = (workflow, f"workflow.{workflow}")
                if before is None or any(news.tally.get(s) != before.tally.get(s) for s in subjects):
                    self._workflows.add(workflow)
            self._news = news
            if not news.more:
                break
        now = self._clock.now()
        self._dirty |= {project: None for project, due in self._due.items() if due <= now}
        slots = self._slots()
        if slots != self._known_slots:
            self._known_slots = tuple(slots)
            self._workflows |= WORKFLOWS.keys()

    async def _refresh_workflows(self, failures: list[str]) -> None:
        if not self._workflows:
            return
        wanted = sorted(self._workflows)
        found = await self._truth.read(partial(reading.read_workflows, workflows=wanted, slots=self._known_slots))
        failed = await self._on_disk(partial(self._write, found))
        if failed:
            failures += map(_explained, failed.values())
        else:
            self._workflows.clear()

    async def _refresh_projects(self, projects: Sequence[str], failures: list[str]) -> None:
        for start in range(0, len(projects), CHUNK_PROJECTS):
            if len(failures) > FAILURES_MAX:
                return
            chunk = projects[start : start + CHUNK_PROJECTS]
            question = partial(reading.read_projects, pipelines=self._pipelines, projects=chunk)
            found = await self._truth.read(question)
            failed = await self._on_disk(partial(self._write, found))
            failures += map(_explained, failed.values())
            again = {name.split("/")[1] for name in failed}
            for project in chunk:
                self._backlog.pop(project, None)
                self._dirty.pop(project, None)
                self._due.pop(project, None)
                if project in again and len(self._dirty) < DIRTY_MAX:
                    self._dirty[project] = None
            self._due |= found.due

    def _write(self, found: Snapshot) -> dict[str, Exception]:
        """Bring the tree to what was read; what failed, by its path in the tree."""
        failed = self._tree.publish(found.files, found.seq, self._clock.wall())
        for project in found.gone:
            try:
                self._tree.remove_project(project)
            except OSError as error:
                failed[f"projects/{project}"] = error
        return {**failed, **found.unreadable}

    async def _patrol(self) -> None:
        """Look at the next projects on record and the next folders in the tree; a constant cost, round and round."""
        if self._backlog or self._clock.now() < self._patrol_at:
            return
        self._patrol_at = self._clock.now() + PATROL_SECONDS
        page = await self._truth.read(partial(reading.read_page, after=self._patrolled, limit=PATROL_PROJECTS))
        self._patrolled = page[-1] if len(page) == PATROL_PROJECTS else ""
        folders = await self._on_disk(partial(self._tree.patrol, PATROL_PROJECTS))
        self._backlog |= dict.fromkeys([*page, *folders])
        self._workflows |= WORKFLOWS.keys()

    def _tell(self, failures: list[str]) -> None:
        """Once when trouble begins, once when it is over."""
        trouble = failures[0] if failures else None
        if trouble is not None and self.trouble is None:
            _log.warning("%s cannot be kept: %s. Podium goes on without it and keeps trying.", FOLDER, trouble)
        elif trouble is None and self.trouble is not None:
            _log.warning("%s is kept again.", FOLDER)
        self.trouble = trouble


def _explained(error: Exception) -> str:
    return str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
