"""The store of several machines: PostgreSQL through psycopg, written by one leader at a time."""

import re
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from functools import cache
from importlib import resources
from typing import Any, Final

import orjson
import psycopg
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumper

from podium.domain.errors import Unavailable, UnsafeStore
from podium.policy.admission import Limits
from podium.refusals import refusal
from podium.store.rows import Row, sql
from podium.store.writer import Failpoint, Writer

CONNECT_SECONDS: Final = 3
STATEMENTS: Final = 400
"""Kept prepared on a connection: more than there are."""
SETTINGS: Final = "-c idle_in_transaction_session_timeout=1s"
"""A leader that is stopped in the middle of a transaction holds its successor up no longer than this."""
BY_KEY: Final = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
"""Who writes finds rows by their keys: a plan that is kept from when tables were empty has to do when they are full."""
UNACKNOWLEDGED_MILLISECONDS: Final = 2_000
"""After so long without a sign of the other side a connection is taken for dead."""

TROUBLES: Final = (psycopg.OperationalError, psycopg.InterfaceError)
"""The server's or the network's, which pass."""


class _Flag(Dumper):
    """Flags are integers, as SQLite has them."""

    oid = psycopg.adapters.types["int8"].oid

    def dump(self, obj: bool) -> Buffer:
        return b"1" if obj else b"0"


class _Text(StrDumper):
    """PostgreSQL's text cannot hold NUL, which programs do print."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}"))


class _Number(Loader):
    """Sums of integers are integers; what has a fraction is a float."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data)
        return float(text) if b"." in text else int(text)


def connect(url: str, *, read_only: bool = False) -> psycopg.Connection[Any]:
    """A connection with Podium's settings; raises `UnsafeStore`, `Unavailable`."""
    try:
        connection = psycopg.connect(
            url, autocommit=True, cursor_factory=psycopg.RawCursor, prepare_threshold=0, client_encoding="utf8",
            connect_timeout=CONNECT_SECONDS, tcp_user_timeout=UNACKNOWLEDGED_MILLISECONDS, application_name="podium",
            options=f"{SETTINGS} {'-c default_transaction_read_only=on' if read_only else BY_KEY}",
        )  # fmt: skip
    except psycopg.Error as error:
        why = " ".join(str(error).split())
        raise Unavailable(f"The database {described(url)} cannot be reached ({why}).") from error
    if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
        connection.close()
        raise UnsafeStore(refusal("encoding", where=described(url), encoding=encoding))
    connection.prepared_max = STATEMENTS
    for kind, dumper in ((int, Int8Dumper), (bool, _Flag), (str, _Text)):
        connection.adapters.register_dumper(kind, dumper)
    connection.adapters.register_loader("numeric", _Number)
    return connection


def described(url: str) -> str:
    """Which database it is, without its password."""
    known = conninfo_to_dict(url)
    return f"{known.get('dbname', '')} at {known.get('host', 'this machine')}"


def migrate(connection: psycopg.Connection[Any]) -> None:
    """Bring the schema up to date, each script in its own transaction; of several nodes one does it."""
    scripts = {
        int(script.name[:4]): script.read_text("utf-8")
        for script in resources.files("podium.store").joinpath("migrations", "postgres").iterdir()
        if script.name.endswith(".sql")
    }
    rows = PostgresRows(connection)
    for number in (0, *sorted(scripts)):
        with connection.transaction():
            rows.one("schema_lock")
            rows.one("schema_table")
            (at,) = rows.one("schema_version")
            if at > max(scripts):
                raise UnsafeStore(
                    f"This database was written by a newer Podium (schema {at}, this one knows {max(scripts)}). "
                    "Install that version."
                )
            if number > at:
                connection.execute(scripts[number].encode(), prepare=False)
                rows.one("schema_note", (number,))


@cache
def statement(name: str) -> bytes:
    """The statement with PostgreSQL's own placeholders."""
    count = iter(range(1, 100))
    return re.sub(r"\?(\d*)", lambda found: f"${found[1] or next(count)}", sql(name, "postgres")).encode()


class PostgresRows:
    """The store's statements over one connection."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._cursor = connection.cursor()
        self._unanswered = ExitStack()

    def one(self, name: str, args: Row = ()) -> Any:
        """The first row, or None."""
        answer = self._ask(name, args)
        return answer.fetchone() if answer.description else None

    def all(self, name: str, args: Row = ()) -> list[Any]:
        """All rows."""
        answer = self._ask(name, args)
        return answer.fetchall() if answer.description else []

    def _ask(self, name: str, args: Row) -> "psycopg.Cursor[Any]":
        self.settle()
        return self._cursor.execute(statement(name), args)

    def many(self, name: str, rows: Iterable[Row]) -> None:
        """Have a statement run over all rows at once, where it takes arrays of columns; else once for each.

        The server works on it while the next one is made ready: what it refuses is raised by `settle`.
        """
        if not self.connection.pgconn.pipeline_status:
            self._unanswered.enter_context(self.connection.pipeline())
        text = statement(name)
        if b" unnest(" in text:
            self._cursor.execute(text, [_array(column) for column in zip(*rows, strict=True)])
        else:
            self._cursor.executemany(text, rows)

    def settle(self) -> None:
        """Wait for what the server was told to do; raises what it refused."""
        self._unanswered.close()

    def close(self) -> None:
        """Close the connection; committed work is safe either way."""
        self.connection.close()


class ReadRows(PostgresRows):
    """Statements that only read; a connection that has been lost is made anew for the next question."""

    def __init__(self, url: str) -> None:
        self._url = url
        super().__init__(connect(url, read_only=True))

    def _ask(self, name: str, args: Row) -> "psycopg.Cursor[Any]":
        if self.connection.closed:
            super().__init__(connect(self._url, read_only=True))
        return super()._ask(name, args)


class Fence(ReadRows):
    """Finds nothing once another epoch has begun, or when nobody can say whether one has."""

    def __init__(self, url: str, epoch: int) -> None:
        self._epoch = epoch
        super().__init__(url)

    def one(self, name: str, args: Row = ()) -> Any:
        """The first row, or None."""
        with suppress(Unavailable, *TROUBLES):
            return super().one(name, args) if super().one("leading_now", (self._epoch,)) else None
        return None


_QUOTED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\0": "\N{REPLACEMENT CHARACTER}"})


_ONLY_JSON: Final = re.compile(rb"\\[bfnrtu]")


def _array(column: Row) -> str:
    """A column as PostgreSQL writes an array, which is as JSON does but for a few escapes.

    psycopg's own way takes some hundred times as long (measured).
    """
    as_json = orjson.dumps(column)
    if b"\\" not in as_json or not _ONLY_JSON.search(as_json):
        return f"{{{as_json[1:-1].decode()}}}"
    return "{" + ",".join([
        f'"{value.translate(_QUOTED)}"' if isinstance(value, str) else "NULL" if value is None else str(value)
        for value in column
    ]) + "}"  # fmt: skip


class PostgresStore(Writer):
    """The writer of the node that leads: every batch locks the row of its epoch, so that none else writes meanwhile."""

    ERROR = psycopg.Error
    TROUBLES = TROUBLES
    ADVICE = "See that its server runs and can be reached from here, and try again."
    OUTCOME = "look whether it was done before you repeat it"

    def __init__(
        self, connection: psycopg.Connection[Any], epoch: int, failpoint: Failpoint = lambda _: None,
        limits: Limits | None = None, lost: Callable[[], object] = lambda: None,
    ) -> None:  # fmt: skip
        """`lost` is called when this node leads no more, or cannot know whether what it wrote is there."""
        self.connection = connection
        self.epoch = epoch
        self._lost = lost
        self.rows: PostgresRows
        super().__init__(PostgresRows(connection), failpoint, limits)

    def begin(self) -> None:
        try:
            with self.connection.pipeline():
                self.connection.execute("BEGIN")
                found = self.connection.execute(statement("leading"), (self.epoch,))
            if found.fetchone() is None:
                raise Unavailable("This node leads no more: another one does, or will soon. Try again.")
        except (Unavailable, *TROUBLES):
            self._lost()
            raise

    def commit(self) -> None:
        self.connection.execute("COMMIT")
        self.rows.settle()

    def _roll_back(self) -> None:
        with suppress(psycopg.Error):
            with suppress(psycopg.Error):
                self.rows.settle()
            self.connection.execute("ROLLBACK")
            self._forget()
            return
        self._lost()
