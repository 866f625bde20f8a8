"""The state of a home as of one commit, wherever it is kept, while others write to it; and that state as a file."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import apsw

from podium import config
from podium.domain.errors import NotFound, UnsafeStore
from podium.refusals import refusal
from podium.store.sqlite import SqliteRows, connect
from podium.store.store import DATABASE

if TYPE_CHECKING:  # its driver is installed only where somebody needs it
    from podium.store.postgres import PostgresRows

PAGES_AT_ONCE: Final = 4_096


@contextmanager
def opened(home: Path, *, read_only: bool) -> "Generator[SqliteRows | PostgresRows]":
    """The state of a home, of either store. Raises NotFound, Unavailable, UnsafeStore."""
    if url := config.load(home).database_url:
        from podium.backup import shared

        with shared.opened(url, read_only=read_only) as rows:
            yield rows
    elif (home / DATABASE).exists():
        with closing(connect(home / DATABASE, read_only=read_only)) as connection:
            yield SqliteRows(connection)
    else:
        raise NotFound(refusal("no state", home=home))


@contextmanager
def snapshot(home: Path) -> "Generator[SqliteRows | PostgresRows]":
    """The rows of the last commit, as long as they are held; writers go on. Raises as `opened` does."""
    with opened(home, read_only=True) as rows:
        try:
            rows.one("snapshot_begin")
            rows.one("snapshot_hold")
        except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as error:
            raise UnsafeStore(refusal("unsound state", home=home, why=error)) from None
        yield rows


def copy(rows: "SqliteRows | PostgresRows", target: Path) -> None:
    """Write a snapshot to a new file, as a home's own database of the same schema.

    SQLite's own copy (sqlite.org/backup.html) is not begun anew when something is committed: its reader sees one commit.
    """
    if not isinstance(rows, SqliteRows):
        from podium.backup import shared

        shared.copy(rows, target)
        return
    with closing(apsw.Connection(str(target))) as made, made.backup("main", rows.connection, "main") as copying:
        while not copying.done:
            copying.step(PAGES_AT_ONCE)
