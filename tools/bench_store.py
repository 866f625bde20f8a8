"""The store that is measured: SQLite in a file, or a database on a real PostgreSQL that fsyncs."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

from podium.clock import SteadyClock
from podium.policy.admission import UNLIMITED
from podium.ports import Clock
from podium.store.sqlite import SqliteRows, SqliteStore, connect
from podium.store.store import Store, open_store
from podium.store.writer import Writer
from tests import databases


class Place:
    """Where databases are made: in a folder, or on the server once there is one."""

    server: Any = None

    @classmethod
    def start(cls, stack: ExitStack) -> None:
        """Have a PostgreSQL server until the stack is unwound."""
        cls.server = stack.enter_context(databases.server(durable=True))


@asynccontextmanager
async def opened(path: Path) -> AsyncGenerator[tuple[Store, Clock]]:
    """A new store, named for the path."""
    if Place.server is None:
        async with open_store(path, SteadyClock, limits=UNLIMITED) as found:
            yield found
        return
    from podium.nodes.leadership import open_leader

    url = _database(path)
    async with open_leader(url, _epoch(url), SteadyClock, lambda: None, UNLIMITED) as found:
        yield found


@contextmanager
def reader(path: Path) -> Generator[Callable[[str], Any]]:
    """Somebody else who reads the store, by the names of statements; the server ends none of his transactions."""
    if Place.server is None:
        with closing(SqliteRows(connect(path, read_only=True))) as rows:
            yield rows.all
        return
    import psycopg

    from podium.store.postgres import statement

    url = databases.url_of(Place.server.pgdata, path.stem)
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        yield lambda name: connection.execute(statement(name))


def writer(path: Path) -> Writer:
    """Its writer alone."""
    if Place.server is None:
        return SqliteStore(path)
    from podium.store import postgres

    url = _database(path)
    return postgres.PostgresStore(postgres.connect(url), _epoch(url))


def _database(path: Path) -> str:
    Place.server.psql(f'CREATE DATABASE "{path.stem}";')
    return databases.url_of(Place.server.pgdata, path.stem)


def _epoch(url: str) -> int:
    from podium.nodes.leadership import Keeper, Node

    keeper = Keeper(url, Node("bench", "", ""))
    epoch = keeper.take()
    keeper.close()
    assert epoch is not None
    return epoch
