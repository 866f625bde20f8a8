"""Moves the state of a home from its own database to PostgreSQL, and proves that all of it arrived (DST-1)."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from podium.backup.snapshot import snapshot
from podium.domain.errors import Conflict, Defect, NotFound
from podium.store import postgres
from podium.store.rows import sql
from podium.store.sqlite import SqliteRows
from podium.store.store import DATABASE

MOVED: Final = f"{DATABASE}.moved"
"""What the home's own database is called afterwards, so that nobody goes on with it."""


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
    counts: dict[str, int] = {}
    with snapshot(home / DATABASE) as mine, closing(postgres.connect(url)) as connection:
        postgres.migrate(connection)
        theirs = postgres.PostgresRows(connection)
        if theirs.one("move_found"):
            raise Conflict(f"The database {postgres.described(url)} is not empty, and two homes do not mix.")
        with connection.transaction():
            for table, columns, key in mine.all("move_tables"):
                counts[table] = _copied(mine, theirs, {"table": table, "columns": columns, "key": key})
            theirs.one("move_numbers")
        last: int = mine.one("event_last")[0]
    for suffix in ("", "-wal", "-shm"):
        if (part := home / f"{DATABASE}{suffix}").exists():
            part.rename(home / f"{MOVED}{suffix}")
    return Moved(counts, last)


def _copied(mine: SqliteRows, theirs: postgres.PostgresRows, names: dict[str, str]) -> int:
    """How many rows a table has, each of which was found again; raises `Defect` when one was not."""
    rows, cursor = sql("move_rows").format(**names), theirs.connection.cursor()
    with cursor.copy(sql("move_copy").format(**names).encode()) as copy:
        for row in mine.connection.execute(rows):
            copy.write_row(row)
    count = 0
    there = iter(cursor.execute(rows.encode(), prepare=False))
    for row in mine.connection.execute(rows):
        count += 1
        if next(there, None) != row:
            raise Defect(f"Row {count} of {names['table']} did not arrive as it is: {row!r}. Nothing was moved.")
    return count
