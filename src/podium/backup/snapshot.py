"""A consistent copy of the embedded store while others write to it (sqlite.org/backup.html)."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from podium.store.sqlite import SqliteRows, connect

PAGES_AT_ONCE: Final = 4_096


class Snapshot:
    """One commit of a database, as long as it is held; writers go on."""

    def __init__(self, rows: SqliteRows) -> None:
        self.rows = rows

    def copy(self, target: Path) -> None:
        """Write it to a new file. It is not begun anew when something is committed: this reader sees one commit."""
        made = apsw.Connection(str(target))
        try:
            with made.backup("main", self.rows.connection, "main") as copy:
                while not copy.done:
                    copy.step(PAGES_AT_ONCE)
        finally:
            made.close()


@contextmanager
def snapshot(path: Path) -> Generator[Snapshot]:
    """Hold the last commit of the database. Raises Unavailable, UnsafeStore."""
    connection = connect(path, read_only=True)
    try:
        rows = SqliteRows(connection)
        rows.one("snapshot_begin")
        rows.one("event_bounds")  # the first question chooses the commit
        yield Snapshot(rows)
    finally:
        connection.close()


def soundness(path: Path) -> str:
    """`ok`, or the first thing that SQLite finds wrong with a database. Raises UnsafeStore, Unavailable."""
    connection = connect(path)
    try:
        return str(connection.pragma("integrity_check"))
    finally:
        connection.close()
