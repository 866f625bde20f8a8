"""The embedded store: SQLite through apsw, one writer connection on a thread of its own, FULL durability."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import apsw

from podium.domain.errors import Unavailable, UnsafeStore
from podium.policy.admission import Limits
from podium.refusals import refusal
from podium.store.rows import Row, sql
from podium.store.writer import Failpoint, Writer

SAFE_VERSION: Final = 3_051_003
"""SQLite before 3.51.3 can lose committed writes in WAL mode (the WAL-reset defect, sqlite.org/wal.html)."""
CACHE_KIB: Final = 9_216
BUSY_MILLISECONDS: Final = 5_000
WAL_PAGES: Final = 4_000
STATEMENTS: Final = 200

TROUBLES: Final = (
    apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.BusyError, apsw.CantOpenError, apsw.NoMemError,
)  # fmt: skip
"""The machine's, which pass: what was asked may work later."""


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

    def close(self) -> None:
        """Close the connection; committed work is safe either way."""
        self.connection.close()


def connect(path: Path | str, *, read_only: bool = False) -> apsw.Connection:
    """A connection with Podium's settings; raises `UnsafeStore` or `Unavailable`."""
    if apsw.SQLITE_VERSION_NUMBER < SAFE_VERSION:
        raise UnsafeStore(refusal("unsafe SQLite", version=apsw.sqlite_lib_version()))
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
        raise Unavailable(refusal("no database", path=path, why=error)) from error
    except apsw.NotADBError as error:
        raise UnsafeStore(f"{path} is not a Podium database: {error}. Move it away, or restore a backup.") from error
    return connection


def scripts() -> list[Path]:
    """The migrations of this version; the last one's number, counted from 1, is the schema that it knows."""
    return sorted(Path(__file__).with_name("migrations").glob("*.sql"))


def migrate(connection: apsw.Connection, newest: int | None = None) -> None:
    """Bring the schema up to date, or to that number, each script in its own transaction."""
    known = len(scripts())
    at = int(connection.pragma("user_version"))
    if (highest := max(at, newest or 0)) > known:
        raise UnsafeStore(refusal("newer home", at=highest, known=known))
    for number, script in enumerate(scripts()[:newest], start=1):
        if number > at:
            try:
                with connection:
                    connection.execute(script.read_text("utf-8"))
                    connection.pragma("user_version", number)
            except TROUBLES as error:
                raise SqliteStore.told(error) from error


class SqliteStore(Writer):
    """The writer of a home's own database."""

    ERROR = apsw.Error
    TROUBLES = TROUBLES
    ADVICE = "Free space and memory, and try again."
    OUTCOME = "nothing was changed"

    def __init__(self, path: Path | str, failpoint: Failpoint = lambda _: None, limits: Limits | None = None) -> None:
        self.connection = connect(path)
        migrate(self.connection)
        super().__init__(SqliteRows(self.connection), failpoint, limits)

    def begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.connection.execute("COMMIT")

    def _roll_back(self) -> None:
        with contextlib.suppress(apsw.Error):
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        self._forget()
