"""A real store, the mirror over it, and an engine of empty agents, all on virtual time where a test wants it."""

import asyncio
import json
import random
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from podium.domain.attempt import Artifact, Ending, GateOutcome, GateResult, Report
from podium.domain.command import Command, Complete, Dispatch, Submit, Verdict
from podium.domain.job import Lease
from podium.domain.project import Project
from podium.engine.engine import Engine
from podium.hosts.inprocess import InProcessHost
from podium.integrations.shared_state.documents import PROJECT_FILES, WORKFLOWS, read
from podium.integrations.shared_state.mirror import Mirror, Tree
from podium.policy.admission import UNLIMITED
from podium.ports import Brief
from podium.simulation.loop import VirtualClock, VirtualLoop
from podium.store.rows import Rows
from podium.store.sqlite import SqliteStore
from podium.store.store import Store
from tests.simulation.run import default_pipeline, slots_of
from tools.shared_state_schemas import PUBLISHED, Document

T = TypeVar("T")
STEP_SECONDS = 3.0
BEHIND_SECONDS_MAX = 1.0
LOOK_SECONDS = 0.05
POOL_FILES = {name for place in WORKFLOWS.values() for name in place}
KINDS = {str(document.model_fields["kind"].default): document for document in PUBLISHED}


async def at_once(work: Callable[[], T], /) -> T:
    """The disk of virtual time: nothing waits for it."""
    return work()


class Stage:
    """One database on virtual time, and one tree. Commands are committed one by one, or by an engine."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.loop = VirtualLoop(seed)
        self.clock = VirtualClock(self.loop)
        self.database = SqliteStore(":memory:", limits=UNLIMITED)
        self.slots = tuple(slots_of(default_pipeline()[0]))
        self.folder = folder
        self.asked: list[str] = []
        """The statements that the mirror and others have asked through `store.read`."""
        self.store = Store(self._execute, self._read, self.database.pipelines)
        self.mirror = self.new_mirror()

    def new_mirror(self) -> Mirror:
        """A mirror as a new orchestrator makes it."""
        return Mirror(
            Tree(self.folder),
            self.store.read,
            self.store.committed,
            self.clock,
            self.store.pipelines,
            lambda: self.slots,
            at_once,
        )

    async def _execute(self, commands: Sequence[Command]) -> list[Any]:
        await self.clock.sleep(0.001)
        return self.database.run(commands, self.clock.now(), self.clock.wall())

    async def _read(self, question: Callable[[Rows], Any]) -> Any:
        await self.clock.sleep(0.0001)
        return question(Watched(self.database.rows, self.asked))

    def play(self, story: Coroutine[Any, Any, None]) -> None:
        """Run a story to its end on virtual time; no task may fail unseen."""
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(story)
            assert self.clock.failures == []
        finally:
            self.clock.stop()
            self.loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(self.loop), return_exceptions=True))
            self.loop.close()
            self.database.close()
            asyncio.set_event_loop(None)

    def engine(self, features: int = 2) -> Engine:
        """An engine whose agents take a few virtual seconds."""
        host = InProcessHost(agent(self.clock, features))
        return Engine(self.store, self.clock, {"": host}, self.slots, random.Random(0))

    async def submit(self, project: str) -> str:
        """A new project's id."""
        return (await self.store.submit(submission(project))).project

    async def lease(self, name: str) -> Lease:
        """The lease that the instance of that name gets."""
        (slot,) = (slot for slot in self.slots if slot.name == name)
        (lease,) = await self.store.submit(Dispatch((slot,)))
        return lease

    async def pass_next(self, name: str, *artifacts: Artifact) -> Lease:
        """The instance takes the next job and passes it."""
        lease = await self.lease(name)
        await self.complete(lease, Verdict("pass", "well done"), *artifacts)
        return lease

    async def complete(self, lease: Lease, verdict: Verdict, *artifacts: Artifact) -> None:
        """End an attempt."""
        report = Report(Ending.FINISHED, verdict="passed", artifacts=artifacts)
        assert await self.store.submit(Complete(lease.job.id, lease.job.attempt, verdict, report))

    def json(self, name: str) -> dict[str, Any]:
        """A file of the tree."""
        return read_json(self.folder / name)

    def files(self) -> set[str]:
        """Every file of the tree, hidden ones too."""
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()}

    def stamps(self) -> dict[str, tuple[int, int]]:
        """Which file each is: another after every replacement."""
        found = {name: (self.folder / name).stat() for name in self.files()}
        return {name: (status.st_ino, status.st_mtime_ns) for name, status in found.items()}


class Watched:
    """Rows that note which statements are asked."""

    def __init__(self, rows: Rows, asked: list[str]) -> None:
        self._rows = rows
        self._asked = asked

    def one(self, name: str, args: Sequence[Any] = ()) -> Any:
        self._asked.append(name)
        return self._rows.one(name, args)

    def all(self, name: str, args: Sequence[Any] = ()) -> list[Any]:
        self._asked.append(name)
        return self._rows.all(name, args)

    def many(self, name: str, rows: Any) -> None:
        raise AssertionError("a reader writes nothing")


def submission(project: str) -> Submit:
    """A project of the shipped pipeline."""
    pipeline, text = default_pipeline()
    made = Project(project, project, "", None, None, 50, 50, None, "document", 0.0, pipeline.digest, "python")
    return Submit(made, "", text)


def issues(count: int) -> tuple[Artifact, ...]:
    """What the step `issues` delivers."""
    return tuple(Artifact("issue", f"{n:04d}-feature", f"Feature {n}", {}, f"docs/{n}.md") for n in range(count))


def agent(clock: VirtualClock, features: int) -> Callable[[Lease, Brief], Coroutine[Any, Any, Report]]:
    """Passes every step after some virtual seconds."""

    async def body(lease: Lease, brief: Brief) -> Report:
        await clock.sleep(STEP_SECONDS)
        made = issues(features) if lease.job.step == "issues" else ()
        return Report(Ending.FINISHED, verdict="passed", artifacts=made, gates=passed_gates(lease))

    return body


def passed_gates(lease: Lease) -> tuple[GateResult, ...]:
    """Every gate of the step, passed."""
    return tuple(GateResult(gate.name, GateOutcome.PASSED) for gate in lease.step.gates)


def read_json(path: Path) -> dict[str, Any]:
    """A file, whole."""
    return json.loads(path.read_text("utf-8"))


def checked(path: Path) -> Document:
    """A file as the type that its `kind` names; raises when it is not exactly that."""
    raw = path.read_bytes()
    return KINDS[json.loads(raw)["kind"]].model_validate_json(raw, strict=True)


def content(found: dict[str, Any]) -> dict[str, Any]:
    """What a file says, without when it was read and written."""
    return {key: value for key, value in found.items() if key not in ("seq", "updated_at")}


def project_files(project: str) -> set[str]:
    """A project's files in the tree."""
    return {f"projects/{project}/{name}" for name in PROJECT_FILES}


async def found_within(stage: Stage, seconds: float, holds: Callable[[], bool]) -> bool:
    """Whether something becomes true of the tree within some virtual seconds."""
    end = stage.clock.now() + seconds
    while not holds():
        if stage.clock.now() > end:
            return False
        await stage.clock.sleep(LOOK_SECONDS)
    return True


def expected(stage: Stage, project: str) -> dict[str, dict[str, Any]]:
    """What every file of a tree with one project has to say now."""
    subjects = [*WORKFLOWS, f"projects/{project}"]
    found = read(stage.database.rows, stage.store.pipelines, stage.slots, subjects).files
    files = {name: document for part in found.values() for name, document in part.items() if document is not None}
    return {name: content(document) for name, document in files.items()}
