"""Who only reads a shared database changes nothing in it, also where nothing is there yet."""

import asyncio

import psycopg
import pytest

from podium.domain.errors import Unavailable
from podium.nodes.leadership import Keeper, Node, open_shared
from tests import databases


def test_reading_makes_no_tables_and_says_who_does() -> None:
    async def projects(url: str) -> list[object]:
        async with open_shared(url) as store:
            return await store.read(lambda rows: rows.all("project_states"))

    with databases.server() as server:
        url = databases.url_of(server.pgdata)
        with pytest.raises(Unavailable, match="podium up"):
            asyncio.run(projects(url))
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
        keeper = Keeper(url, Node("ash", "http://127.0.0.1:1", "0"))
        assert keeper.take() == 1
        assert keeper.leader() == Node("ash", "http://127.0.0.1:1", "")
        keeper.close()
        assert asyncio.run(projects(url)) == []
