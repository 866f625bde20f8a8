"""A home's state moves to PostgreSQL row by row, and a database that is not empty is left alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.backup import moving
from podium.domain.errors import Conflict, NotFound
from podium.policy.admission import UNLIMITED
from podium.store.store import DATABASE
from tests import databases
from tests.unit.store.desk import Desk


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An empty database."""
    with databases.server() as server:
        yield databases.url_of(server.pgdata)


def test_all_of_it_arrives_and_goes_on_there_and_nothing_else_is_mixed_in(tmp_path: Path, url: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    desk = Desk(UNLIMITED, path=home / DATABASE)
    desk.submit("p")
    for lease in desk.lease():
        desk.finish(lease, artifacts=desk.made(lease))
    events = desk.store.rows.all("all_events")
    desk.store.close()
    moved = moving.move(home, url)
    assert (moved.last_event, moved.rows["project"], moved.rows["event"]) == (len(events), 1, len(events))
    assert {path.name for path in home.iterdir()} <= {moving.MOVED, f"{moving.MOVED}-wal", f"{moving.MOVED}-shm"}
    postgres = databases.Postgres(url)
    desk.store = postgres.writer(lambda _: None, UNLIMITED)
    assert desk.store.rows.all("all_events") == events
    assert desk.submit("q") == "q"
    assert desk.lease()
    desk.store.close()

    other = tmp_path / "other"
    other.mkdir()
    Desk(path=other / DATABASE).store.close()
    with pytest.raises(Conflict, match="not empty"):
        moving.move(other, url)
    assert (other / DATABASE).exists()
    with pytest.raises(NotFound, match="no database of its own"):
        moving.move(home, url)
