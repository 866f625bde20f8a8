"""Events over SSE on real connections: resumed, reset, bounded, and ended with the credential (EVT-2)."""

import json
import socket
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.faces.rest_home import RestHome, served

STALLED: Final = 300
SPOKEN: Final = 120
"""Messages of some two kilobytes, so that there is more to tell than a connection takes."""
STALLED_BYTES_MAX: Final = 50_000
"""For each reader that does not read."""


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestHome]:
    with served(tmp_path_factory.mktemp("events")) as home:
        yield home


@contextmanager
def following(rest: RestHome, who: str = "read", **headers: str) -> Generator[Iterator[dict[str, str]]]:
    """The messages of a stream, each as its fields."""
    told = {"Authorization": f"Bearer {rest.bearers[who]}", "Accept": "text/event-stream", **headers}
    with httpx2.Client(timeout=20) as client, client.stream("GET", f"{rest.url}/v1/events", headers=told) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _messages(answer.iter_lines())


def _messages(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        else:
            if "id" in fields:
                yield fields
            fields = {}


def last(rest: RestHome) -> int:
    return int(rest.ask("GET", "/v1/events").json()["last"])


def say(rest: RestHome, text: str) -> None:
    assert rest.ask("POST", "/v1/messages/send", json={"to": "all", "text": text}).status_code == 200


def event(message: dict[str, str]) -> dict[str, Any]:
    return json.loads(message["data"])


@pytest.mark.requirement("EVT-2")
def test_a_reader_goes_on_after_the_last_event_it_has_seen_and_then_hears_new_ones(rest: RestHome) -> None:
    begun = last(rest)
    say(rest, "before")
    with following(rest, **{"Last-Event-ID": str(begun)}) as messages:
        first = next(messages)
        assert int(first["id"]) == begun + 1
        told = event(first)
        assert (told["specversion"], told["type"], told["id"]) == ("1.0", "podium.message.sent", first["id"])
        say(rest, "while it listens")
        found = [next(messages) for _ in range(3)]
        assert [int(message["id"]) for message in found] == [begun + 2, begun + 3, begun + 4]


def test_a_reader_without_a_place_begins_now(rest: RestHome) -> None:
    begun = last(rest)
    with following(rest) as messages:
        say(rest, "news")
        assert int(next(messages)["id"]) > begun


def test_a_stream_ends_when_its_token_is_revoked(rest: RestHome) -> None:
    made = rest.podium.ask("token", "create", "--scope", "read")
    rest.bearers["brief"] = made["token"]
    with following(rest, "brief") as messages:
        rest.ask("POST", "/v1/token/revoke", "admin", json={"id": made["id"]})
        assert sum(1 for _ in messages) <= 2  # it ends: the loop is left


@pytest.mark.parametrize("place", ["x", "-1", "9" * 30])
def test_a_place_that_is_no_number_is_refused(rest: RestHome, place: str) -> None:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": place}
    assert rest.ask("GET", "/v1/events", headers=headers).status_code == 422


def _resident_bytes(rest: RestHome) -> int:
    pid = rest.ask("GET", "/healthz", None).json()["pid"]
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_readers_that_do_not_read_cost_little_and_slow_nobody(
    rest: RestHome, record_property: Callable[[str, object], None]
) -> None:
    where = urlsplit(rest.url)
    asked = (
        f"GET /v1/events HTTP/1.1\r\nHost: {where.netloc}\r\nAccept: text/event-stream\r\nLast-Event-ID: 0\r\n"
        f"Authorization: Bearer {rest.bearers['read']}\r\n\r\n"
    ).encode()
    with httpx2.Client(
        base_url=rest.url, timeout=30, headers={"Authorization": f"Bearer {rest.bearers['home']}"}
    ) as client:
        for _ in range(SPOKEN):
            assert client.post("/v1/messages/send", json={"to": "all", "text": "x" * 1900}).status_code == 200
    before = _resident_bytes(rest)
    with ExitStack() as stack:
        for _ in range(STALLED):
            reader = stack.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.settimeout(20)
            reader.connect((where.hostname, where.port))
            reader.sendall(asked)
            assert reader.recv(12) == b"HTTP/1.1 200"
        begun = time.perf_counter()
        with following(rest, **{"Last-Event-ID": str(last(rest))}) as messages:
            say(rest, "still quick")
            next(messages)
        took = time.perf_counter() - begun
        each = (_resident_bytes(rest) - before) / STALLED
        record_property("stalled reader", f"{each:,.0f} bytes; another hears within {took:.3f} s")
        assert each < STALLED_BYTES_MAX
        assert took < 2
