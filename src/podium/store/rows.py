"""The little that the store asks of a database driver, and the SQL statements by name."""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Any, Protocol

Row = Sequence[Any]


class Rows(Protocol):
    """One connection inside one transaction. Statements are named by their file in `store/sql`."""

    def one(self, name: str, args: Row = ()) -> Any:
        """The first row as a tuple, or None."""
        ...

    def all(self, name: str, args: Row = ()) -> list[Any]:
        """All rows as tuples."""
        ...

    def many(self, name: str, rows: Iterable[Row]) -> None:
        """Run a statement once for each row of arguments."""
        ...


class OwnRows(Rows, Protocol):
    """Statements over a connection of its own."""

    def close(self) -> None:
        """Close the connection; committed work is safe either way."""
        ...


@cache
def sql(name: str, dialect: str = "") -> str:
    """The statement of `store/sql/NAME.sql`, without comments and on one line: drivers hash it for every row.

    A `NAME.DIALECT.sql` beside it goes first.
    """
    folder = resources.files("podium.store").joinpath("sql")
    own = folder.joinpath(f"{name}.{dialect}.sql")
    text = (own if dialect and own.is_file() else folder.joinpath(f"{name}.sql")).read_text("utf-8")
    return " ".join(line.strip() for line in text.splitlines() if not line.startswith("--"))
