import asyncio
import errno
import os
import socket
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from podium.address import SOCKET, socket_address
from podium.app import RealWorld
from podium.domain.errors import NotFound, Unavailable
from podium.faces.cli.client import Client, NoOrchestrator, OrchestratorGone, RemoteError
from podium.store import store as stores
from podium.store.store import DATABASE, open_reader


@contextmanager
def answering(home: Path, *answers: bytes) -> Generator[list[bytes]]:
    """Somebody on the home's socket who gives each caller one of these answers and hangs up."""
    home.mkdir(parents=True, exist_ok=True)
    heard: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            with closing(listener.accept()[0]) as caller:
                said = caller.recv(65536)
                while not said.endswith(b"}"):  # the end of every request's body
                    said += caller.recv(65536)
                heard.append(said)
                caller.sendall(answer)

    with closing(socket.socket(socket.AF_UNIX)) as listener:
        with socket_address(home) as address:
            listener.bind(address)
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield heard
        thread.join(10)
        assert not thread.is_alive()
    (home / SOCKET).unlink()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_write_whose_answer_is_lost_is_not_done_again(home: Path) -> None:
    client = Client(home, RealWorld)
    with answering(home, b"") as heard, pytest.raises(OrchestratorGone, match="podium status"):
        client.call("submit", {"document": "# A", "name": "a.md"})
    assert len(heard) == 1
    assert not (home / DATABASE).exists()


def test_a_read_whose_answer_is_lost_is_asked_of_the_home(home: Path) -> None:
    client = Client(home, RealWorld)
    with answering(home, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"):
        (home / "podium.toml").write_text("")
        assert client.call("projects", {}) == {"projects": []}


def test_a_watcher_is_told_that_nobody_is_there(home: Path) -> None:
    with pytest.raises(NoOrchestrator):
        Client(home, RealWorld).ask("projects", {})


@pytest.mark.parametrize("body", [b"Internal Server Error", b"[1]", b"\xff"])
def test_an_answer_that_is_no_json_document_is_told_as_it_stands(home: Path, body: bytes) -> None:
    head = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: %d\r\n\r\n" % len(body)
    with answering(home, head + body), pytest.raises(RemoteError, match="HTTP 500"):
        Client(home, RealWorld).call("status", {})


def test_a_long_home_leaves_no_descriptor_open(tmp_path: Path) -> None:
    home = tmp_path / ("long-" * 30)
    home.mkdir()
    client = Client(home, RealWorld)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - only counted
    for _ in range(5):
        assert client.running() is None
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - likewise


def test_a_home_in_which_nothing_has_run_is_empty_not_missing(home: Path) -> None:
    client = Client(home, RealWorld)
    with pytest.raises(NotFound):
        client.call("status", {})
    home.mkdir()
    (home / "podium.toml").write_text("")
    assert client.call("status", {})["system"]["projects_open"] == 0
    assert [path.name for path in home.iterdir()] == ["podium.toml"]


def refuse(path: Path, mode: int) -> bool:  # in place of rights: root may write everywhere
    return False


def test_a_read_only_home_can_be_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def make() -> None:
        async with RealWorld().writing(home):
            pass

    async def pipelines() -> int:
        async with open_reader(home / DATABASE) as store:
            return len(await store.read(lambda rows: rows.all("tally_all")))

    def no_side_files(*_: object, **__: object) -> None:
        raise Unavailable(os.strerror(errno.EROFS))

    asyncio.run(make())
    monkeypatch.setattr(os, "access", refuse)
    monkeypatch.setattr(stores, "connect", no_side_files)
    assert asyncio.run(pipelines()) == 0
    assert not (home / f"{DATABASE}-shm").exists()
    (home / f"{DATABASE}-wal").write_bytes(b"changes")
    with pytest.raises(Unavailable, match="read-only"):
        asyncio.run(pipelines())
