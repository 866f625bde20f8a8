"""The state of a home as of one commit, wherever it is kept, while others write to it; and that state as a file."""

from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import apsw

from podium import config
from podium.backup.archive import appearing
from podium.domain.errors import NotFound, UnsafeStore
from podium.refusals import refusal
from podium.store import sqlite
from podium.store.store import DATABASE

if TYPE_CHECKING:  # its driver is installed only where somebody needs it
    from podium.store.postgres import PostgresRows

PAGES_AT_ONCE: Final = 4_096


@contextmanager
def opened(home: Path, *, read_only: bool) -> "Generator[sqlite.SqliteRows | PostgresRows]":
    """The state of a home, wherever it is kept; to write to, with the newest schema.

    Raises NotFound, Unavailable, UnsafeStore.
    """
    if url := config.load(home).database_url:
        from podium.backup import moving

        with moving.shared(url, read_only=read_only) as rows:
            yield rows
    elif (home / DATABASE).exists():
        with closing(sqlite.connect(home / DATABASE, read_only=read_only)) as connection:
            if not read_only:
                sqlite.migrate(connection)
            yield sqlite.SqliteRows(connection)
    else:
        raise NotFound(refusal("no state", home=home))


@contextmanager
def snapshot(home: Path) -> "Generator[sqlite.SqliteRows | PostgresRows]":
    """The rows of the last commit, as long as they are held; writers go on. Raises as `opened` does."""
    with opened(home, read_only=True) as rows:
        try:
            rows.one("snapshot_begin")
            rows.one("snapshot_hold")
        except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as error:
            raise UnsafeStore(refusal("unsound state", home=home, why=error)) from None
        yield rows


def keep(home: Path, file: Path) -> dict[str, Any]:
    """Write the state alone to a file that is a home's own database. Raises Conflict, and as `opened` does."""
    with appearing(file) as part, snapshot(home) as rows:
        copy(rows, part)
        return {"file": str(file), "schema": rows.one("schema_version")[0], "events": rows.one("event_bounds")[1]}


def migrate(home: Path, lock: Callable[[Path], None]) -> dict[str, int]:
    """Bring the state to the newest schema, and tell from which; `lock` keeps everybody off a database of its own."""
    with snapshot(home) as rows:
        (before,) = rows.one("schema_version")
        is_own = isinstance(rows, sqlite.SqliteRows)
    if is_own:
        lock(home)
    with opened(home, read_only=False) as rows:
        return {"before": before, "schema": rows.one("schema_version")[0]}


def copy(rows: "sqlite.SqliteRows | PostgresRows", target: Path) -> None:
    """Write a snapshot to a new file, as a home's own database of the same schema.

    SQLite's copy (sqlite.org/backup.html) is not begun anew when something is committed: its reader sees one commit.
    """
    if not isinstance(rows, sqlite.SqliteRows):
        from podium.backup import moving

        moving.copy(rows, target)
        return
    with closing(apsw.Connection(str(target))) as made, made.backup("main", rows.connection, "main") as copying:
        while not copying.done:
            copying.step(PAGES_AT_ONCE)
