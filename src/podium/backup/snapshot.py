"""A consistent copy of the embedded store while others write to it (sqlite.org/backup.html)."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import apsw

from podium.store.sqlite import SqliteRows, connect

PAGES_AT_ONCE: Final = 4_096


@contextmanager
def snapshot(path: Path) -> Generator[SqliteRows]:
    """The rows of the last commit, as long as they are held; writers go on. Raises Unavailable, UnsafeStore."""
    with closing(connect(path, read_only=True)) as connection:
        rows = SqliteRows(connection)
        rows.one("snapshot_begin")
        rows.one("event_bounds")  # the first question chooses the commit
        yield rows


def copy(rows: SqliteRows, target: Path) -> None:
    """Write a snapshot to a new file. It is not begun anew when something is committed: its reader sees one commit."""
    with closing(apsw.Connection(str(target))) as made, made.backup("main", rows.connection, "main") as copying:
        while not copying.done:
            copying.step(PAGES_AT_ONCE)
