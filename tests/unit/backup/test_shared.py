"""A home on PostgreSQL is backed up while nodes write, and what is made of the backup never writes there."""

import asyncio
import datetime
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from podium import config
from podium.backup import moving
from podium.backup.restoring import restore
from podium.backup.snapshot import copy, snapshot
from podium.backup.taking import Taken, take
from podium.domain.errors import Defect, NotFound, Unavailable, UnsafeStore, UsageError
from podium.store import postgres
from podium.store.rows import sql
from podium.store.sqlite import SqliteStore
from podium.store.store import DATABASE
from tests import databases
from tests.simulation.checkers import check
from tests.unit.backup.conftest import Kept, rows_of

pytestmark = [pytest.mark.requirement("OPS-1", "DST-1"), pytest.mark.parametrize("kept", ["postgresql"], indirect=True)]

NOW = 1_800_000_000.0


def taken(kept: Kept) -> tuple[Path, Taken]:
    file = kept.path.parent / "backup.tar"
    file.unlink(missing_ok=True)
    return file, asyncio.run(take(kept.path, file, NOW, logs=True))


def test_a_home_on_postgresql_becomes_one_with_a_database_of_its_own(kept: Kept) -> None:
    events = kept.desk.store.rows.all("all_events")
    running = kept.desk.store.rows.all("jobs_running")
    file, told = taken(kept)
    assert told.events == len(events)
    new = kept.path.parent / "new"
    made = asyncio.run(restore(file, new))
    assert (made.projects, made.events, made.given_back) == (1, len(events), len(running))
    store = SqliteStore(new / DATABASE)
    assert store.rows.all("all_events") == events
    assert store.rows.all("jobs_running") == running
    assert check(store, finished=False) == []
    store.close()
    assert kept.url not in (new / config.FILE).read_text()
    assert (config.load(new).database_url, config.load(new).agent) == ("", "claude")
    assert any("no [store] url" in note for note in made.notes)
    with tarfile.open(file) as tar:
        assert all(kept.url.encode() not in (tar.extractfile(m) or file.open("rb")).read() for m in tar)


def test_rows_go_to_postgresql_and_back_and_are_what_they_were(kept: Kept) -> None:
    """From a home's own database by `move`, back by a backup, and once more."""
    file, _ = taken(kept)
    first = kept.path.parent / "first"
    asyncio.run(restore(file, first))
    before = rows_of(first / DATABASE)
    assert all(before[name] for name in ("project", "job", "dependency", "event", "tally", "attempt", "artifact"))
    server = databases.Chosen.postgres
    assert server is not None
    server.empty()
    moving.move(first, kept.url)
    file, _ = taken(kept)
    asyncio.run(restore(file, kept.path.parent / "second"))
    assert rows_of(kept.path.parent / "second" / DATABASE) == before


def test_the_copy_is_one_commit_while_a_node_writes(kept: Kept, tmp_path: Path) -> None:
    events = kept.desk.store.rows.all("all_events")
    with snapshot(kept.path) as rows:
        kept.desk.submit("later")
        copy(rows, tmp_path / "copy.sqlite")
    store = SqliteStore(tmp_path / "copy.sqlite")
    assert store.rows.all("all_events") == events
    assert [name for name, _ in store.rows.all("project_states")] == ["p"]
    store.close()


TIMEOUT_MILLISECONDS = 200
IDLE = "SELECT max(clock_timestamp() - state_change) FROM pg_stat_activity WHERE state = 'idle in transaction'"


def idle(kept: Kept) -> None:
    """Until somebody's transaction has been idle for longer than sessions of this test may be; or has been ended."""
    with psycopg.connect(kept.url, autocommit=True) as observer:
        limit = datetime.timedelta(milliseconds=2 * TIMEOUT_MILLISECONDS)
        while (row := observer.execute(IDLE).fetchone()) and row[0] is not None and row[0] < limit:
            observer.execute("SELECT pg_sleep(0.01)")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that ends idle transactions sooner than Podium asks it to."""
    monkeypatch.setattr(postgres, "SETTINGS", f"-c idle_in_transaction_session_timeout={TIMEOUT_MILLISECONDS}")


@pytest.mark.usefixtures("impatient")
def test_a_snapshot_may_be_idle_while_git_is_at_work(kept: Kept) -> None:
    with snapshot(kept.path) as rows:
        idle(kept)
        assert rows.one("event_last")[0] > 0


@pytest.mark.usefixtures("impatient")
def test_a_move_may_take_its_time(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large table is compared for longer than an idle transaction may last."""
    file, _ = taken(kept)
    asyncio.run(restore(file, kept.path.parent / "new"))
    server, real = databases.Chosen.postgres, moving._put
    assert server is not None
    server.empty()

    def put(side: Any, names: dict[str, str], rows: Iterable[Any]) -> None:
        real(side, names, rows)
        if names["table"] == "job":
            idle(kept)

    monkeypatch.setattr(moving, "_put", put)
    assert moving.move(kept.path.parent / "new", kept.url).rows["project"] == 1


def test_a_database_that_goes_away_meanwhile_is_said_to_be(kept: Kept, tmp_path: Path) -> None:
    def cut_off() -> None:
        with snapshot(kept.path) as rows:
            assert isinstance(rows, postgres.PostgresRows)
            with psycopg.connect(kept.url, autocommit=True) as administrator:
                administrator.execute("SELECT pg_terminate_backend(%s)", (rows.connection.info.backend_pid,))
            copy(rows, tmp_path / "copy.sqlite")

    with pytest.raises(Unavailable, match=r"is away, or refuses what it is asked .*terminating connection"):
        cut_off()


def test_a_row_that_does_not_arrive_as_it_is_is_noticed(kept: Kept, tmp_path: Path) -> None:
    SqliteStore(tmp_path / "seeded.sqlite").close()
    with SqliteStore(tmp_path / "seeded.sqlite").connection as connection:
        connection.execute("INSERT INTO tally VALUES ('zzz', 'seeded', 1)")
    with snapshot(kept.path) as rows:
        assert isinstance(rows, postgres.PostgresRows)
        with pytest.raises(Defect, match=r"of tally did not arrive as it is: None became \('zzz', 'seeded', 1\)"):
            moving.copy(rows, tmp_path / "seeded.sqlite")


def test_few_rows_are_in_memory_at_once(kept: Kept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(moving, "ROWS_AT_ONCE", 3)
    fetched: list[int] = []
    real = psycopg.RawServerCursor._fetch_gen

    def count(self: object, num: int | None) -> object:
        fetched.append(num or 1_000_000)
        return real(self, num)  # type: ignore[arg-type]

    monkeypatch.setattr(psycopg.RawServerCursor, "_fetch_gen", count)
    with snapshot(kept.path) as rows:
        copy(rows, tmp_path / "copy.sqlite")
    assert set(fetched) == {3}


def test_a_newer_or_an_empty_database_is_refused(kept: Kept, tmp_path: Path) -> None:
    with psycopg.connect(kept.url, autocommit=True) as administrator:
        administrator.execute("INSERT INTO schema_version SELECT max(version) + 1 FROM schema_version")
        try:
            with pytest.raises(UnsafeStore, match="newer Podium"):
                taken(kept)
        finally:
            administrator.execute(
                "DELETE FROM schema_version WHERE version = (SELECT max(version) FROM schema_version)"
            )
        administrator.execute("DROP DATABASE IF EXISTS nothing")
        administrator.execute("CREATE DATABASE nothing")
    kept.settings(f'[store]\nurl = "{kept.url.replace("/postgres?", "/nothing?")}"\n')
    with pytest.raises(Unavailable, match=r"nothing at .* is empty"):
        taken(kept)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"], "something was left behind"


def test_the_settings_are_whole_but_for_the_url_or_it_is_said_how_to_write_them(kept: Kept) -> None:
    kept.settings(f'# once {kept.url}\nstore = {{ url = "{kept.url}" }}\nagent = "claude"\n[limits]\nqueue_soft = 7\n')
    file, _ = taken(kept)
    new = kept.path.parent / "new"
    asyncio.run(restore(file, new))
    assert (new / config.FILE).read_text() == 'agent = "claude"\n[limits]\nqueue_soft = 7\n'
    escaped = kept.url.replace("@", r"\u0040")
    kept.settings(f'[store]\nurl = "{escaped}"\n')
    with pytest.raises(UsageError, match="cannot be left out"):
        taken(kept)
    kept.settings(f'store.url = "{kept.url}"\n[agents.mine]\ncommand = ["x"]\nenv = {{ DATABASE = "{kept.url}" }}\n')
    with pytest.raises(UsageError, match="a line of its own"):
        taken(kept)


def test_a_url_in_the_environment_is_warned_of(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.settings("")
    monkeypatch.setenv(config.DATABASE_VARIABLE, kept.url)
    file, told = taken(kept)
    assert len(told.notes) == 1
    made = asyncio.run(restore(file, kept.path.parent / "new"))
    assert any("unset it before you start this home" in note for note in made.notes)
    with pytest.raises(NotFound, match="not the folder that the nodes share"):
        asyncio.run(take(kept.path / "elsewhere", kept.path.parent / "b.tar", NOW, logs=True))


def test_every_table_of_a_home_is_carried(kept: Kept) -> None:
    store = SqliteStore(":memory:")
    listed = {name for name, _, _ in store.rows.all("move_tables")}
    store.close()
    there = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"
    with psycopg.connect(kept.url) as connection:
        tables = {name for (name,) in connection.execute(there)}
    assert tables - listed == {"leader", "node", "schema_version", "running", "busy", "aside"}
    assert sql("move_put").startswith("INSERT INTO {table}")
