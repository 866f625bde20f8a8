"""The store as the rest of Podium sees it: commands through the group commit, reads of the last committed state."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import apsw

from podium.domain import pipeline_file
from podium.domain.attempt import Assignment
from podium.domain.command import Command
from podium.domain.delivery import Delivery
from podium.domain.errors import Unavailable, UnsafeStore
from podium.domain.fleet import Fleet
from podium.domain.job import Job, Lease
from podium.domain.pipeline import Pipeline
from podium.policy.admission import Limits
from podium.policy.autoscaling import Look
from podium.ports import Clock, Read
from podium.store.assignments import assignment
from podium.store.fleet import read_fleet
from podium.store.group_commit import Execute, GroupCommit
from podium.store.looks import looks
from podium.store.outbox import due
from podium.store.rows import OwnRows, Rows
from podium.store.sqlite import SqliteRows, SqliteStore, connect
from podium.store.writer import Failpoint, Writer

DATABASE: Final = "podium.sqlite"

T = TypeVar("T")


class Store:
    """One store over an executor of batches and one of reads; see `ports.Store`."""

    def __init__(
        self, execute: Execute, read: Read, pipelines: dict[str, Pipeline], now_committed: Rows | None = None
    ) -> None:
        self._now_committed = now_committed
        self._execute = execute
        self._read = read
        self._commit = GroupCommit(self._run)
        self.pipelines = pipelines
        self._waiting: set[asyncio.Future[None]] = set()

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """Queue a command for the next transaction."""
        return self._commit.submit(command)

    async def _run(self, commands: Sequence[Command]) -> list[Any]:
        answers = await self._execute(commands)
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)
        return answers

    def committed(self) -> asyncio.Future[None]:
        """A future that is done after the next commit: a hint for those who follow the event log."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        return future

    async def read(self, question: Callable[[Rows], T]) -> T:
        """Ask the committed state; `question` may run on another thread."""
        return await self._read(question)

    def holds(self, lease: Lease) -> bool:
        """Whether the lease is still the job's latest, asked of the database at once: the fence of own steps."""
        assert self._now_committed is not None, "this store was opened without a connection for it"
        row = self._now_committed.one("job_by_id", (lease.job.id,))
        job = Job._make(row) if row is not None else None
        return job is not None and job.state == "running" and job.attempt == lease.job.attempt

    async def running(self) -> list[Lease]:
        """Every attempt that holds a lease."""
        return await self.read(self._running)

    def _running(self, rows: Rows) -> list[Lease]:
        def lease(job: Job) -> Lease:
            (digest,) = rows.one("pipeline_of_project", (job.project,))
            return Lease(job, self.pipelines[digest].step(job.workflow, job.step), "leased before the restart")

        return [lease(Job._make(row)) for row in rows.all("jobs_running")]

    async def fleet(self) -> Fleet:
        """Every instance, and what operators have said of queues."""
        return await self.read(read_fleet)

    async def looks(self, now: float, wall: float) -> list[Look]:
        """What scaling looks at."""
        return await self.read(lambda rows: looks(rows, now, wall))

    async def assignment(self, lease: Lease) -> Assignment:
        """What the agent of this attempt is told."""
        return await self.read(lambda rows: assignment(rows, self.pipelines, lease))

    async def due_deliveries(self, now: float, limit: int) -> list[Delivery]:
        """What is to be sent to webhooks now."""
        return await self.read(lambda rows: due(rows, now, limit))


@asynccontextmanager
async def open_store(
    path: Path, clock: Callable[[float], Clock], failpoint: Failpoint = lambda _: None, limits: Limits | None = None
) -> AsyncGenerator[tuple[Store, Clock]]:
    """The embedded store at `path`, with a thread to write and one to read, and a clock that never goes back.

    `clock` makes the clock from the latest time on record.
    """
    database = SqliteStore(path, failpoint, limits)
    rows, fence = SqliteRows(connect(path, read_only=True)), SqliteRows(connect(path, read_only=True))
    async with opened(database, clock, rows, fence) as found:
        yield found


@asynccontextmanager
async def opened(
    database: Writer, clock: Callable[[float], Clock], rows: OwnRows, fence: OwnRows
) -> AsyncGenerator[tuple[Store, Clock]]:
    """The store over its writer, a connection to read and one for `Store.holds`; all are closed at the end."""
    times, loop = clock(database.rows.one("last_time")[0]), asyncio.get_running_loop()

    async def execute(commands: Sequence[Command]) -> list[Any]:
        return await loop.run_in_executor(writer, database.run, commands, times.now(), times.wall())

    async def read(question: Callable[[Rows], Any]) -> Any:
        try:
            return await loop.run_in_executor(reader, question, rows)
        except database.TROUBLES as error:
            raise Unavailable(f"The database cannot be read now ({error}). {database.ADVICE}") from error

    with (
        closing(database), closing(fence), closing(rows),
        ThreadPoolExecutor(1, "podium-reader") as reader, ThreadPoolExecutor(1, "podium-store") as writer,
    ):  # fmt: skip
        yield Store(execute, read, database.pipelines, fence), times


@asynccontextmanager
async def open_reader(path: Path, *, quietly: bool = False) -> AsyncGenerator[Store]:
    """The embedded store of a home that nobody runs, for reading only.

    `quietly` leaves no trace either, where there is no log of changes to take in: not even SQLite's own side files.
    """
    with closing(_to_read(path, quietly=quietly)) as rows:
        yield read_only(rows)


@asynccontextmanager
async def open_empty() -> AsyncGenerator[Store]:
    """What a home says in which nothing has happened yet; nothing is written."""
    with closing(SqliteStore(":memory:")) as database:
        yield read_only(database.rows)


def read_only(rows: Rows) -> Store:
    """The store as a connection that only reads has it."""
    pipelines = {
        p.digest: p for (text,) in rows.all("pipelines") for p in [pipeline_file.parse(text, "stored pipeline")]
    }

    async def execute(_: Sequence[Command]) -> list[Any]:
        raise Unavailable("No orchestrator runs on this home, and it is open for reading only. `podium up` starts one.")

    async def read(question: Callable[[Rows], Any]) -> Any:
        return question(rows)

    return Store(execute, read, pipelines)


def _to_read(path: Path, *, quietly: bool) -> SqliteRows:
    """Statements over a database that is only read, also from a folder where SQLite can make no side files."""
    log = path.with_name(f"{path.name}-wal")
    try:
        if quietly and not log.exists():
            return _unchanging(path)
        try:
            return _tried(connect(path, read_only=True))
        except (Unavailable, apsw.CantOpenError, apsw.ReadOnlyError) as error:
            if log.exists() and log.stat().st_size > 0:
                if os.access(path.parent, os.W_OK):
                    raise
                raise Unavailable(
                    f"The home {path.parent} is read-only, and its database has changes that have yet to be taken in. "
                    "Make the folder writable, or read a copy of it."
                ) from error
            return _unchanging(path)  # SQLite may not, or for want of space cannot, make its side files
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.IOError, OSError) as error:
        raise Unavailable(f"The database {path} cannot be read: {error}. Check the folder's rights.") from None
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise UnsafeStore(f"{path} is not a sound database: {error}. Move it away, or restore a backup.") from None
    except apsw.SQLError as error:
        raise UnsafeStore(f"{path} is not a Podium database of this version: {error}.") from None


def _unchanging(path: Path) -> SqliteRows:
    """SQLite takes the file as it is: no lock, no log, no side files (sqlite.org/uri.html#uriimmutable)."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    return _tried(apsw.Connection(f"file:{quote(str(path))}?immutable=1", flags=flags))


def _tried(connection: apsw.Connection) -> SqliteRows:
    """SQLite opens a file only when it is asked something."""
    rows = SqliteRows(connection)
    try:
        rows.all("pipelines")
    except BaseException:
        connection.close()
        raise
    return rows
