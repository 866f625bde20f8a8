"""Rows on their way between a home's own database and PostgreSQL, each compared with its copy (DST-1)."""

from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import apsw
import psycopg

from podium.domain.errors import Defect, Unavailable
from podium.refusals import refusal
from podium.store import postgres, sqlite
from podium.store.postgres import PostgresRows
from podium.store.rows import sql
from podium.store.sqlite import SqliteRows

ROWS_AT_ONCE: Final = 1_000
"""Of a table in PostgreSQL; more are never in memory."""

Side = SqliteRows | PostgresRows


@contextmanager
def opened(url: str, *, read_only: bool = False) -> Generator[PostgresRows]:
    """A database that nodes share; raises `Unavailable`, also where it goes away later or has no tables yet."""
    with closing(PostgresRows(postgres.connect(url, read_only=read_only))) as rows:
        try:
            yield rows
        except psycopg.errors.UndefinedTable:
            raise Unavailable(refusal("empty database", where=postgres.described(url))) from None
        except psycopg.Error as error:
            why = " ".join(str(error).split())
            raise Unavailable(refusal("database at odds", where=postgres.described(url), why=why)) from error


def copy(rows: PostgresRows, target: Path) -> None:
    """Write a snapshot of a shared database to a new file of the same schema."""
    with closing(apsw.Connection(str(target))) as connection:
        sqlite.migrate(connection, rows.one("schema_version")[0])
        with connection:
            carry(rows, SqliteRows(connection))


def carry(source: Side, target: Side) -> dict[str, int]:
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
                what = f"Row {counts[table]} of {table} did not arrive as it is: {row!r} became {arrived!r}."
                raise Defect(f"{what} Nothing was copied.")
    return counts


def _rows(side: Side, names: dict[str, str]) -> Iterable[Any]:
    """The rows of a table in the order of its key, a few at a time."""
    question = sql("move_rows").format(**names)
    return side.connection.execute(question) if isinstance(side, SqliteRows) else _fetched(side, question)


def _fetched(rows: PostgresRows, question: str) -> Iterable[Any]:
    with psycopg.RawServerCursor(rows.connection, "rows") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        yield from cursor.execute(question.encode())


def _put(side: Side, names: dict[str, str], rows: Iterable[Any]) -> None:
    if isinstance(side, SqliteRows):
        places = ", ".join("?" for _ in names["columns"].split(","))
        side.connection.executemany(sql("move_put").format(**names, places=places), rows)
        return
    with side.connection.cursor().copy(sql("move_copy").format(**names).encode()) as copying:
        for row in rows:
            copying.write_row(row)
