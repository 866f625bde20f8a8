"""Every test of the store runs on each database."""

from collections.abc import Iterator

import pytest

from tests import databases


@pytest.fixture(scope="session")
def postgres() -> Iterator[databases.Postgres]:
    """One server for this process."""
    with databases.postgres() as opened:
        yield opened


@pytest.fixture(autouse=True, params=databases.KINDS)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The database of `databases.writer` in this test."""
    kind: str = request.param
    databases.Chosen.postgres = request.getfixturevalue("postgres") if kind == "postgresql" else None
    yield kind
    databases.Chosen.postgres = None
