"""Moves the state of a home from its own database to PostgreSQL, and proves that all of it arrived (DST-1)."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from podium.backup import shared
from podium.domain.errors import Conflict, NotFound
from podium.store import postgres
from podium.store.sqlite import SqliteRows, connect, migrate
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
    with closing(connect(home / DATABASE)) as own, shared.opened(url) as theirs:
        migrate(own)  # both have the same tables then
        postgres.migrate(theirs.connection)
        if theirs.one("move_found"):
            raise Conflict(f"The database {postgres.described(url)} is not empty, and two homes do not mix.")
        mine = SqliteRows(own)
        with theirs.connection.transaction():
            theirs.one("snapshot_hold")
            counts = shared.carry(mine, theirs)
            theirs.one("move_numbers")
        last: int = mine.one("event_last")[0]
    for suffix in ("", "-wal", "-shm"):
        if (part := home / f"{DATABASE}{suffix}").exists():
            part.rename(home / f"{MOVED}{suffix}")
    return Moved(counts, last)
