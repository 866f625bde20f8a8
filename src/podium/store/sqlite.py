"""The embedded store: SQLite through apsw, one writer connection on a thread of its own, FULL durability."""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import apsw

from podium.domain import pipeline_file
from podium.domain.command import Arrive, Command, Submit
from podium.domain.errors import Defect, PodiumError, Unavailable, UnsafeStore
from podium.domain.job import Job
from podium.domain.pipeline import Pipeline
from podium.policy.admission import Limits
from podium.policy.breaker import Breaker
from podium.store import transaction
from podium.store.batch import Batch
from podium.store.fleet import read_fleet
from podium.store.hot import Hot, Numbers
from podium.store.rows import Row, sql

SAFE_VERSION: Final = 3_051_003
"""SQLite before 3.51.3 can lose committed writes in WAL mode (the WAL-reset defect, sqlite.org/wal.html)."""
CACHE_KIB: Final = 16_384
BUSY_MILLISECONDS: Final = 5_000
WAL_PAGES: Final = 4_000
STATEMENTS: Final = 200

TROUBLES: Final = (
    apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.BusyError, apsw.CantOpenError, apsw.NoMemError,
)  # fmt: skip
"""The machine's, which pass: what was asked may work later."""

Failpoint = Callable[[str], None]
"""Called at named places of a transaction; tests raise or kill there."""


class SqliteRows:
    """The store's statements over one apsw connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection

    def one(self, name: str, args: Row = ()) -> Any:
        """The first row, or None."""
        return next(iter(self.connection.execute(sql(name), args)), None)

    def all(self, name: str, args: Row = ()) -> list[Any]:
        """All rows."""
        return list(self.connection.execute(sql(name), args))

    def many(self, name: str, rows: Iterable[Row]) -> None:
        """Run a statement once for each row."""
        self.connection.executemany(sql(name), rows)


def connect(path: Path | str, *, read_only: bool = False) -> apsw.Connection:
    """A connection with Podium's settings; raises `UnsafeStore` or `Unavailable`."""
    if apsw.SQLITE_VERSION_NUMBER < SAFE_VERSION:
        raise UnsafeStore(
            f"SQLite {apsw.sqlite_lib_version()} can lose committed work in WAL mode; Podium needs 3.51.3 or newer. "
            "Install a current `apsw` (its wheel ships its own SQLite)."
        )
    flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    try:
        connection = apsw.Connection(str(path), flags=flags, statementcachesize=STATEMENTS)
        connection.set_busy_timeout(BUSY_MILLISECONDS)
        if not read_only:
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            connection.pragma("wal_autocheckpoint", WAL_PAGES)
        connection.pragma("cache_size", -CACHE_KIB)
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.FullError, apsw.IOError) as error:
        raise Unavailable(
            f"Cannot open the database {path}: {error}. Check the folder's rights and free space."
        ) from error
    except apsw.NotADBError as error:
        raise UnsafeStore(f"{path} is not a Podium database: {error}. Move it away, or restore a backup.") from error
    return connection


def migrate(connection: apsw.Connection) -> None:
    """Bring the schema up to date, each script in its own transaction."""
    scripts = sorted(Path(__file__).with_name("migrations").glob("*.sql"))
    newest = len(scripts)
    at = int(connection.pragma("user_version"))
    if at > newest:
        raise UnsafeStore(
            f"This home was written by a newer Podium (schema {at}, this one knows {newest}). Install that version."
        )
    for number, script in enumerate(scripts, start=1):
        if number > at:
            try:
                with connection:
                    connection.execute(script.read_text("utf-8"))
                    connection.pragma("user_version", number)
            except TROUBLES as error:
                raise told(error) from error


class SqliteStore:
    """Executes batches of commands on one writer connection. Not thread-safe: one thread calls `run`."""

    def __init__(self, path: Path | str, failpoint: Failpoint = lambda _: None, limits: Limits | None = None) -> None:
        """`limits` say how deep queues may become; by default those of the product."""
        self.connection = connect(path)
        migrate(self.connection)
        self.rows = SqliteRows(self.connection)
        self.pipelines: dict[str, Pipeline] = {}
        self._watched: set[str] = set()
        self._failpoint = failpoint
        self.limits = limits or Limits()
        for (text,) in self.rows.all("pipelines"):
            self._know(text)
        self._restore()

    def _restore(self) -> None:
        """Take what is kept in memory from what is committed."""
        job, seq, review = self.rows.one("numbers")
        self._hot = self._cold()
        self._numbers = Numbers(job + 1, seq + 1, review + 1)
        self._lanes: set[tuple[str, str]] = {(queue, lane) for queue, lane in self.rows.all("lanes")}

    def _cold(self) -> Hot:
        """Nothing remembered but the fleet, for which queues projects wait, and where messages may be unread."""
        busy = {job.instance: job.id for job in map(Job._make, self.rows.all("jobs_running"))}
        waiting = dict(self.rows.all("input_waiting"))
        hot = Hot(self.limits, busy=busy, waiting=waiting, watched=self._watched, fleet=read_fleet(self.rows))
        hot.breakers = {row[0]: Breaker(*row[:5]) for row in self.rows.all("breakers")}
        for project, address, sent_at in self.rows.all("message_boxes"):
            hot.post(project, address, sent_at)
        return hot

    def _know(self, text: str) -> None:
        pipeline = pipeline_file.parse(text, "stored pipeline")
        self.pipelines[pipeline.digest] = pipeline
        self._watched |= pipeline.events

    def run(self, commands: Sequence[Command], now: float, wall: float) -> list[Any]:
        """Carry out a batch in one durable transaction; an answer that is an exception is that command's refusal."""
        try:
            for command in (
                effect for one in commands for effect in (one.effects if isinstance(one, Arrive) else (one,))
            ):
                if isinstance(command, Submit) and command.project.pipeline not in self.pipelines:
                    self._know(command.pipeline_text)
            return self._transaction(commands, now, wall)
        except PodiumError as error:
            if len(commands) == 1:
                return [error]
        except apsw.Error as error:
            if len(commands) == 1:
                return [told(error)]
        except Exception as error:  # noqa: BLE001 - one command's defect must never take the others of its batch along
            if len(commands) == 1:
                return [Defect(f"{type(error).__name__}: {error}")]
        return [answer for command in commands for answer in self.run([command], now, wall)]

    def _transaction(self, commands: Sequence[Command], now: float, wall: float) -> list[Any]:
        numbers = replace(self._numbers)
        lanes = set(self._lanes)
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            batch = Batch(self.rows, self._hot, self.pipelines, numbers, now, wall)
            answers = transaction.run(batch, commands, lanes)
            self._failpoint("before-commit")
            self.connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(apsw.Error):
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
            deaths, self._hot = self._hot.deaths, self._cold()
            self._hot.deaths = deaths  # a refused command makes no instance sound
            raise
        self._numbers, self._lanes = numbers, lanes
        self._failpoint("after-commit")
        return answers

    def close(self) -> None:
        """Close the connection; committed work is safe either way."""
        self.connection.close()


def told(error: apsw.Error) -> PodiumError:
    """The database's error as Podium's: trouble of the machine is not a defect."""
    if isinstance(error, TROUBLES):
        return Unavailable(
            f"The database cannot be written now ({error}); nothing was changed. Free space and try again."
        )
    return Defect(f"The database refused the change: {error}")
