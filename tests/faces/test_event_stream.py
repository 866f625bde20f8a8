"""Events over SSE on real connections: resumed, reset, bounded, and ended with the credential (EVT-2)."""

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from tests.faces.rest_home import RestHome, served
from tools import bench_sse

STALLED: Final = 150
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
    with httpx2.Client(timeout=60) as client, client.stream("GET", f"{rest.url}/v1/events", headers=told) as answer:
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


@pytest.mark.requirement("EVT-2")
def test_readers_that_do_not_read_cost_little_and_hold_up_nobody(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Each event still reaches who reads. `./dev bench --part sse` does the same with a thousand, and tells times."""
    found = bench_sse.measure(tmp_path / "home", STALLED)
    for name, value in found.items():
        record_property(name, value)
    assert found["stalled_readers_mib"] * 2**20 < STALLED * STALLED_BYTES_MAX


@pytest.mark.requirement("EVT-2", "EVT-5")
def test_a_reader_from_before_the_horizon_is_told_to_begin_anew(tmp_path: Path) -> None:
    with served(tmp_path) as home:
        for n in range(30):
            say(home, f"old {n}")
        assert home.podium("down").returncode == 0
        (home.podium.home / "podium.toml").write_text("[retention]\nevents_max = 5\n", "utf-8")
        home.podium.ask("prune", "--yes")
        home.url = home.podium.ask("up", "--port", "0")["url"]
        with following(home, "home", **{"Last-Event-ID": "1"}) as messages:
            first = next(messages)
            horizon = json.loads(first["data"])["horizon"]
            assert (first["event"], int(first["id"])) == ("reset", horizon - 1)
            assert horizon == home.podium.ask("events")["horizon"] > 30
            assert int(next(messages)["id"]) == horizon
        with following(home, "home", **{"Last-Event-ID": first["id"]}) as messages:
            assert "event" not in next(messages)
