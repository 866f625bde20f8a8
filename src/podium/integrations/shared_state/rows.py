"""What the mirror asks of the store, as protocols: it knows neither the database nor who writes it."""

from asyncio import Future
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Rows(Protocol):
    """Committed rows; statements are named by their file in `store/sql`."""

    def one(self, name: str, args: Sequence[Any] = ()) -> Any:
        """The first row of a statement, or None."""
        ...

    def all(self, name: str, args: Sequence[Any] = ()) -> list[Any]:
        """All its rows."""
        ...


class Truth(Protocol):
    """The store as the mirror uses it."""

    async def read(self, question: Callable[[Rows], T]) -> T:
        """Ask the committed state; `question` may run on another thread."""
        ...

    def committed(self) -> Future[None]:
        """A future that is done after the next commit."""
        ...
