"""GitHub as it answers over a real loopback server: limits are waited out, and the token goes to its API alone."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from gidgethub import BadRequest

from podium.clock import SteadyClock
from podium.domain.errors import Unavailable, UsageError
from podium.integrations.github.client import LIMIT_SECONDS, LOG_BYTES_MAX, Api, Away, limit_seconds

Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def serving(*answers: Answer) -> Generator[tuple[str, list[Any]]]:
    """A server that gives these answers in turn; where it is, and the headers of what it was asked."""
    left, asked = list(answers), list[Any]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers)
            status, headers, body = left.pop(0)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def ask(url: str, question: Callable[[Api], Awaitable[Any]]) -> Any:
    """An answer of the API there."""

    async def go() -> Any:
        api = Api({"PODIUM_GITHUB_TOKEN": "a_token", "PODIUM_GITHUB_API_URL": url}, SteadyClock())
        try:
            return await question(api)
        finally:
            await api.aclose()

    return asyncio.run(go())


@pytest.mark.requirement("GIT-3", "REC-9")
@pytest.mark.parametrize(
    ("headers", "text", "seconds"),
    [
        ({"retry-after": "17"}, "", 17.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1300"}, "", 300.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "900"}, "", 1.0),
        ({"x-ratelimit-remaining": "7"}, "You have exceeded a secondary rate limit.", LIMIT_SECONDS),
        ({"x-ratelimit-remaining": "7"}, "Resource not accessible by personal access token", 0.0),
    ],
)
def test_a_limit_says_for_how_long(headers: dict[str, str], text: str, seconds: float) -> None:
    assert limit_seconds(headers, text, 1_000.0) == seconds


@pytest.mark.requirement("GIT-3", "REC-9")
def test_limits_and_trouble_are_githubs_own_and_a_refusal_is_not() -> None:
    json = {"Content-Type": "application/json"}
    with serving((403, {"Retry-After": "17"}, b"{}"), (429, {"Retry-After": "3"}, b""), (502, {}, b"")) as (url, _):
        for seconds in (17.0, 3.0, 0.0):
            with pytest.raises(Away) as trouble:
                ask(url, lambda api: api.getitem("/x"))
            assert trouble.value.seconds == seconds
    with serving((403, json, b'{"message": "Resource not accessible"}'), (404, json, b"{}")) as (url, _):
        with pytest.raises(BadRequest, match="not accessible"):
            ask(url, lambda api: api.getitem("/x"))
        assert ask(url, lambda api: api.find("/x")) is None
    with pytest.raises(Away, match="cannot be reached"):
        ask(url, lambda api: api.getitem("/x"))


@pytest.mark.requirement("GIT-3")
def test_what_has_not_changed_is_not_sent_again() -> None:
    json = {"Content-Type": "application/json", "ETag": '"v1"'}
    with serving((200, json, b'{"n": 1}'), (304, {}, b"")) as (url, asked):

        async def twice(api: Api) -> list[Any]:
            return [await api.getitem("/x"), await api.getitem("/x")]

        assert ask(url, twice) == [{"n": 1}, {"n": 1}]
    assert [headers.get("If-None-Match") for headers in asked] == [None, '"v1"']


@pytest.mark.requirement("GIT-2", "GIT-3", "SEC-1")
def test_a_log_is_read_to_its_end_where_it_lies_and_the_token_stays_with_the_api() -> None:
    with serving((200, {}, b"x" * 100_000 + b"\nthe end \xff\n"), (410, {}, b"it is gone")) as (elsewhere, seen):
        moved: dict[str, str] = {"Location": elsewhere.replace("127.0.0.1", "localhost") + "/log?sig=1"}
        with serving((302, moved, b""), (302, moved, b"")) as (url, asked):
            end = ask(url, lambda api: api.log("/repos/a/b/actions/jobs/1/logs"))
            assert ask(url, lambda api: api.log("/repos/a/b/actions/jobs/2/logs")) == ""
    assert end.endswith("the end \ufffd")
    assert len(end.encode()) <= LOG_BYTES_MAX + 2
    assert [headers["Authorization"] for headers in asked] == ["Bearer a_token"] * 2
    assert [headers["Authorization"] for headers in seen] == [None] * 2
    with pytest.raises(Unavailable, match="nothing is asked there"):
        ask(url, lambda api: api.getitem("https://example.com/user"))
    with pytest.raises(UsageError, match="PODIUM_GITHUB_TOKEN holds no token"):
        Api({}, SteadyClock())
