"""The little that the store asks of a database driver, and the SQL statements by name."""

from functools import cache
from importlib import resources
from typing import Protocol

from podium.ports import Row, Rows

__all__ = ["OwnRows", "Row", "Rows", "sql"]


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
