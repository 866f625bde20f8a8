"""Events as they happen, over SSE: one ring for all, a place in it for each reader, no queue for anyone (EVT-2)."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from podium.domain.errors import PodiumError, Unavailable, UsageError
from podium.integrations.webhooks import structured
from podium.operations.events import events_after
from podium.ports import Clock
from podium.refusals import refusal
from podium.store.store import Read

LAST_ID: Final = "Last-Event-ID"
ID_DIGITS_MAX: Final = 18
READERS_MAX: Final = 2000
RING_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of encoded events that are kept; a reader further behind reads pages of the log."""
PAGE_EVENTS: Final = 200
BEHIND_EVENTS: Final = 40
"""Read from the log at a time for one reader that is behind the ring."""
BEHIND_AT_ONCE_MAX: Final = 8
"""Readers behind the ring whose pages are in memory together; others wait their turn."""
CHUNK_BYTES_MAX: Final = 4 * 1024
"""Given to a connection at a time; a single longer event goes out whole."""
PACE_SECONDS: Final = 0.05
"""Between two looks at the log: readers are woken at most that often."""
ALIVE_SECONDS: Final = 15.0
"""Between signs of life on a silent stream; at each it is asked again whether the credential is still good."""
HEADERS: Final = {"content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no"}

Encoded = tuple[int, bytes]


class Feed:
    """The newest end of the log, encoded once; it is read only while somebody follows."""

    def __init__(self, read: Read, committed: Callable[[], Awaitable[None]], clock: Clock) -> None:
        self._read, self._committed, self.clock = read, committed, clock
        self._ring: deque[Encoded] = deque()
        self._ring_bytes = 0
        self._last = 0
        self.moved = asyncio.Event()
        """Set as soon as there are more events than now."""
        self._behind = asyncio.Semaphore(BEHIND_AT_ONCE_MAX)
        self.readers = 0
        self.revocations = 0
        """Grows when a token is revoked: every stream then asks again for whom it is."""
        self._task: asyncio.Task[Any] | None = None

    async def enter(self) -> int:
        """One reader more; the number of the last event there is. Raises `Unavailable` when there are too many."""
        if self.readers >= READERS_MAX:
            raise Unavailable(refusal("many readers", most=READERS_MAX))
        self.readers += 1
        if self._task is None:
            self._last = await self._read(lambda rows: rows.one("event_last")[0])
            self._task = self._task or self.clock.spawn(self._run(), "event feed")
        return self._last

    async def _run(self) -> None:
        while self.readers:
            next_commit = self._committed()
            page: list[Encoded] = []
            with suppress(PodiumError):  # the log cannot be read now; the next commit is a chance
                page = await self._page(self._last, PAGE_EVENTS)
            if not page:
                await next_commit
                continue
            for seq, encoded in page:
                self._ring.append((seq, encoded))
                self._ring_bytes += len(encoded)
                self.revocations += b'"podium.token.revoked"' in encoded
            while self._ring_bytes > RING_BYTES_MAX:
                self._ring_bytes -= len(self._ring.popleft()[1])
            self._last = page[-1][0]
            moved, self.moved = self.moved, asyncio.Event()
            moved.set()
            await self.clock.sleep(PACE_SECONDS)
        self._ring.clear()
        self._ring_bytes = 0
        self._task = None

    async def _page(self, after: int, limit: int) -> list[Encoded]:
        return [encode(event) for event in await self._read(lambda rows: events_after(rows, after, limit))]

    async def after(self, seq: int) -> tuple[int, bytes]:
        """The next events after a place, as much as goes out at once, and the place behind them."""
        if seq >= self._last:
            return seq, b""
        first = self._ring[0][0] if self._ring else self._last + 1
        if seq + 1 < first:
            (horizon,) = await self._read(lambda rows: rows.one("log_horizon"))
            if seq + 1 < horizon:
                data = json.dumps({"horizon": horizon})
                return horizon - 1, b"id: %d\nevent: reset\ndata: %b\n\n" % (horizon - 1, data.encode())
            async with self._behind:  # a thousand who come at once would have a thousand pages in memory
                return _chunk(seq, await self._page(seq, BEHIND_EVENTS))
        start = seq + 1 - first
        return _chunk(seq, [self._ring[i] for i in range(start, min(start + PAGE_EVENTS, len(self._ring)))])


def _chunk(seq: int, found: Sequence[Encoded]) -> tuple[int, bytes]:
    """As many of these events as go out at once, at least one, and the place behind them."""
    told = b""
    for number, encoded in found:
        if told and len(told) + len(encoded) > CHUNK_BYTES_MAX:
            break
        seq, told = number, told + encoded
    return seq, told


def encode(event: dict[str, Any]) -> Encoded:
    """An event as a CloudEvent in one message of the stream."""
    seq = event["seq"]
    return seq, b"id: %d\ndata: %b\n\n" % (seq, structured(event, str(seq)))


def begin_at(request: Request) -> int | None:
    """After which event a reader goes on; raises `UsageError`."""
    told = request.headers.get(LAST_ID, request.query_params.get("after"))
    if told is not None and not (told.isascii() and told.isdecimal() and len(told) <= ID_DIGITS_MAX):
        raise UsageError(f"{LAST_ID} is the number of an event, as the stream's ids have it.")
    return int(told) if told is not None else None


class EventStream(StreamingResponse):
    """Follows the feed for one reader; `after` is the last event it has seen, None for one that begins now.

    It ends with the connection: a reader that stalls waits in its own place, alone.
    """

    def __init__(self, feed: Feed, after: int | None, check: Callable[[], Awaitable[object]]) -> None:
        super().__init__(self._told(), headers=HEADERS)
        self._feed, self._after, self._check = feed, after, check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the reader goes or its credential ends."""
        last = await self._feed.enter()
        self._after = last if self._after is None else self._after
        try:
            await super().__call__(scope, receive, send)
        except asyncio.CancelledError:  # the orchestrator ends, and its streams with it
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._feed.readers -= 1

    async def _told(self) -> AsyncGenerator[bytes]:
        yield b"retry: 2000\n\n"
        with suppress(PodiumError):  # its credential ended, or the log cannot be read: it may come again
            async for told in self._follow(self._after or 0):
                yield told

    async def _follow(self, seq: int) -> AsyncGenerator[bytes]:
        feed, revocations = self._feed, self._feed.revocations
        while True:
            moved = feed.moved
            seq, told = await feed.after(seq)
            if feed.revocations != revocations:
                revocations = feed.revocations
                await self._check()
            if not told:
                try:
                    async with asyncio.timeout(ALIVE_SECONDS):
                        await moved.wait()
                    continue
                except TimeoutError:
                    await self._check()
                    told = b": alive\n\n"
            yield told
