"""A database that is reached by TLS alone: who is trusted is asked, and by whom it is not is said."""

import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest
import trustme
from psycopg.conninfo import conninfo_to_dict

from podium.domain.errors import Unavailable
from podium.nodes.leadership import Keeper, Node
from podium.store.postgres import connect
from tests import databases
from tests.unit.store.test_postgres import POSTGRES

SSL_REQUEST: Final = b"\0\0\0\x08\x04\xd2\x16\x2f"
"""What a client of PostgreSQL sends before anything else (Frontend/Backend Protocol, SSLRequest)."""


@contextmanager
def encrypting(server: str, certificate: trustme.LeafCert) -> Generator[int]:
    """The port of a server in front of the one on that unix socket, which speaks to nobody without TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    def serve(asked: socket.socket) -> None:
        with suppress(OSError), asked, socket.socket(socket.AF_UNIX) as there:
            if asked.recv(8) != SSL_REQUEST:
                return
            asked.sendall(b"S")
            with context.wrap_socket(asked, server_side=True) as here:
                there.connect(server)
                back = threading.Thread(target=_pass_on, args=(there, here), daemon=True)
                back.start()
                _pass_on(here, there)
                back.join()

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _pass_on(here: socket.socket, there: socket.socket) -> None:
    with suppress(OSError):
        while said := here.recv(65_536):
            there.sendall(said)
    with suppress(OSError):
        there.shutdown(socket.SHUT_RDWR)


@POSTGRES
@pytest.mark.requirement("DST-1")
def test_a_node_asks_for_the_lease_over_tls_and_trusts_no_other(postgres: databases.Postgres, tmp_path: Path) -> None:
    folder = conninfo_to_dict(postgres.url)["host"]
    authority, other = trustme.CA(), trustme.CA()
    for name, made in (("ours", authority), ("other", other)):
        made.cert_pem.write_to_path(str(tmp_path / f"{name}.pem"))

    with encrypting(f"{folder}/.s.PGSQL.5432", authority.issue_cert("localhost")) as port:

        def url(host: str, trusted: str) -> str:
            root = quote(str(tmp_path / f"{trusted}.pem"))
            return f"postgresql://postgres@{host}:{port}/postgres?sslmode=verify-full&sslrootcert={root}"

        with closing(Keeper(url("localhost", "ours"), Node("ash", "http://127.0.0.1:1", "0"))) as keeper:
            assert keeper.take() or keeper.leader(), "it leads, or knows who does"
        with connect(url("localhost", "ours")) as connection:
            assert connection.pgconn.ssl_in_use
        with pytest.raises(Unavailable, match="certificate verify failed"):
            connect(url("localhost", "other"))
        with pytest.raises(Unavailable, match=r"does not match host name"):
            connect(url("127.0.0.1", "ours"))
        with pytest.raises(Unavailable, match="cannot be reached"):
            connect(f"postgresql://postgres@localhost:{port}/postgres?sslmode=disable")
