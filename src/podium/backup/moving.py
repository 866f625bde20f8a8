"""The state of a home on its way between a database of its own and PostgreSQL: every row is compared (DST-1)."""

from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import apsw
import psycopg

from podium.domain.errors import Conflict, Defect, NotFound, Unavailable
from podium.refusals import refusal
from podium.store import postgres, sqlite
from podium.store.postgres import PostgresRows
from podium.store.rows import sql
from podium.store.sqlite import SqliteRows
from podium.store.store import DATABASE

MOVED: Final = f"{DATABASE}.moved"
"""What the home's own database is called afterwards, so that nobody goes on with it."""
ROWS_AT_ONCE: Final = 1_000
"""Of a table in PostgreSQL; more are never in memory."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved: rows by table, and the number of the last event."""

    rows: dict[str, int]
    last_event: int


def move(home: Path, url: str) -> Moved:
    """Copy every row in one transaction and compare each with its copy; raises `Conflict` where anything is there.

    Nobody may write meanwhile: the caller holds the home's lock.
    """
    if not (home / DATABASE).exists():
        raise NotFound(f"The home {home} has no database of its own that could be moved.")
    with closing(SqliteRows(sqlite.connect(home / DATABASE))) as mine, shared(url) as theirs:
        sqlite.migrate(mine.connection)  # both have the same tables then
        if theirs.one("move_found"):
            raise Conflict(f"The database {postgres.described(url)} is not empty, and two homes do not mix.")
        with theirs.connection.transaction():
            theirs.one("snapshot_hold")
            counts = _carry(mine, theirs)
            theirs.one("move_numbers")
        last: int = mine.one("event_last")[0]
    for suffix in ("", "-wal", "-shm"):
        if (part := home / f"{DATABASE}{suffix}").exists():
            part.rename(home / f"{MOVED}{suffix}")
    return Moved(counts, last)


def copy(rows: PostgresRows, target: Path) -> None:
    """Write a snapshot of a shared database to a new file of the same schema."""
    with closing(apsw.Connection(str(target))) as connection:
        sqlite.migrate(connection, rows.one("schema_version")[0])
        with connection:
            _carry(rows, SqliteRows(connection))


@contextmanager
def shared(url: str, *, read_only: bool = False) -> Generator[PostgresRows]:
    """A database that nodes share; to write to, with the newest schema.

    Raises `Unavailable` where it cannot be reached, goes away later or has no tables yet; `UnsafeStore`.
    """
    with closing(PostgresRows(postgres.connect(url, read_only=read_only))) as rows:
        try:
            if not read_only:
                postgres.migrate(rows.connection)
            yield rows
        except psycopg.errors.UndefinedTable:
            raise Unavailable(refusal("empty database", where=postgres.described(url))) from None
        except psycopg.Error as error:
            why = " ".join(str(error).split())
            raise Unavailable(refusal("database at odds", where=postgres.described(url), why=why)) from error


def _carry(source: SqliteRows | PostgresRows, target: SqliteRows | PostgresRows) -> dict[str, int]:
    """Copy all tables into empty ones: how many rows each has. Raises `Defect` when one did not arrive as it was."""
    own = source if isinstance(source, SqliteRows) else target
    counts: dict[str, int] = {}
    for table, columns, key in own.all("move_tables"):
        names = {"table": table, "columns": columns, "key": key}
        _put(target, names, _rows(source, names))
        counts[table] = 0
        for row, arrived in zip_longest(_rows(source, names), _rows(target, names)):
            counts[table] += 1
            if row != arrived:
                raise Defect(refusal("row at odds", number=counts[table], table=table, row=row, arrived=arrived))
    return counts


def _rows(side: SqliteRows | PostgresRows, names: dict[str, str]) -> Iterable[Any]:
    """The rows of a table in the order of its key, a few at a time."""
    question = sql("move_rows").format(**names)
    if isinstance(side, SqliteRows):
        yield from side.connection.execute(question)
        return
    with psycopg.RawServerCursor(side.connection, "rows") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        yield from cursor.execute(question.encode())


def _put(side: SqliteRows | PostgresRows, names: dict[str, str], rows: Iterable[Any]) -> None:
    if isinstance(side, SqliteRows):
        places = ", ".join("?" for _ in names["columns"].split(","))
        side.connection.executemany(sql("move_put").format(**names, places=places), rows)
        return
    with side.connection.cursor().copy(sql("move_copy").format(**names).encode()) as copying:
        for row in rows:
            copying.write_row(row)
