"""Which node may write: a lease in the database that is taken for an epoch and renewed."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing, suppress
from typing import Any, Final, NamedTuple

import psycopg

from podium.domain.errors import Unavailable
from podium.policy.admission import Limits
from podium.ports import Clock
from podium.refusals import refusal
from podium.store import postgres
from podium.store.store import Store, opened, read_only

LEASE_SECONDS: Final = 3.0
"""After so long without a renewal another node takes over."""
RENEW_SECONDS: Final = 1.0
"""Between two renewals, and between two looks of a node that would lead."""


class Node(NamedTuple):
    """Who a node is to the others."""

    name: str
    url: str
    version: str


class Keeper:
    """Takes and keeps the lease on a connection of its own. Blocking, for one thread; raises `Unavailable`."""

    def __init__(self, url: str, node: Node) -> None:
        self._url, self._node = url, node
        self._rows: postgres.PostgresRows | None = None

    def _ask(self, name: str, *args: object) -> Any:
        try:
            if self._rows is None:
                connection = postgres.connect(self._url)
                postgres.migrate(connection)
                self._rows = postgres.PostgresRows(connection)
            self._rows.many("node_put", [self._node])
            return self._rows.one(name, args)
        except psycopg.Error as error:
            self.close()
            raise Unavailable(f"The database {postgres.described(self._url)} is away: {str(error).strip()}") from error

    def take(self) -> int | None:
        """The epoch that begins with this node as its leader, or None while another leads."""
        row = self._ask("leading_take", self._node.name, self._node.url, LEASE_SECONDS)
        return row[0] if row else None

    def renew(self, epoch: int) -> bool:
        """Keep the lease; false when another epoch has begun."""
        return self._ask("leading_renew", epoch) is not None

    def release(self, epoch: int) -> None:
        """Let another node lead at once."""
        with suppress(Unavailable):
            self._ask("leading_release", epoch)

    def leader(self) -> Node | None:
        """The node that leads now, if one does."""
        row = self._ask("leading_node", LEASE_SECONDS)
        return Node(row[0], row[1], "") if row else None

    def close(self) -> None:
        """Let go of the connection."""
        if self._rows is not None:
            self._rows.close()
            self._rows = None


@asynccontextmanager
async def open_leader(
    url: str, epoch: int, clock: Callable[[float], Clock], lost: Callable[[], object], limits: Limits | None = None
) -> AsyncGenerator[tuple[Store, Clock]]:
    """The shared store, written in that epoch until `lost` is called, on whatever thread."""
    database = postgres.PostgresStore(postgres.connect(url), epoch, limits=limits, lost=lost)
    async with opened(database, clock, postgres.ReadRows(url), postgres.Fence(url, epoch)) as found:
        yield found


@asynccontextmanager
async def open_shared(url: str) -> AsyncGenerator[Store]:
    """The shared store, for reading only; raises `Unavailable` where no node has made its tables yet."""
    with closing(postgres.ReadRows(url)) as rows:
        try:
            store = read_only(rows)
        except psycopg.errors.UndefinedTable:
            raise Unavailable(refusal("empty database", where=postgres.described(url))) from None
        yield store
