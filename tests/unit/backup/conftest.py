"""A PostgreSQL server for the tests of this folder, and homes whose state is in either store."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from podium import credential
from podium.config import DATABASE_VARIABLE, FILE
from podium.policy.admission import UNLIMITED
from podium.store.sqlite import SqliteStore
from podium.store.store import DATABASE
from tests import databases
from tests.unit.store.desk import Desk


@pytest.fixture(scope="session")
def postgres() -> Iterator[databases.Postgres]:
    """One server for this process."""
    with databases.postgres() as opened:
        yield opened


@dataclass
class Kept:
    """A home with a project at work, and the desk that works on its state."""

    path: Path
    desk: Desk
    url: str = ""

    def begin(self) -> None:
        """A project, up to the first tests."""
        self.desk.submit("p")
        self.lease = self.desk.run_to("tests", issues=2)

    def settings(self, text: str) -> None:
        """Write the home's settings."""
        (self.path / FILE).write_text(text, "utf-8")


@pytest.fixture(params=databases.KINDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """A home whose state is in each store by turns; the settings of one on PostgreSQL name its URL."""
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    if request.param == "postgresql":
        server: databases.Postgres = request.getfixturevalue("postgres")
        databases.Chosen.postgres = server
        made = Kept(home, Desk(UNLIMITED, path=home / "unused"), server.url)
        made.settings(f'agent = "claude"\n[store]\nurl = "{server.url}"\n')
        credential.ensure(home)
    else:
        made = Kept(home, Desk(UNLIMITED, path=home / DATABASE))
        made.desk.sqlite.connection.pragma("synchronous", "off")
        made.settings('agent = "claude"\n')
    made.begin()
    yield made
    made.desk.store.close()
    databases.Chosen.postgres = None


def rows_of(path: Path) -> dict[str, list[object]]:
    """Every row of a home's own database, by table."""
    store = SqliteStore(path)
    try:
        names = [table for table, _, _ in store.rows.all("move_tables")]
        return {name: list(store.connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2")) for name in names}  # noqa: S608 - names of tables
    finally:
        store.close()
