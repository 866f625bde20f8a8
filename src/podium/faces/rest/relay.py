"""The doors of one of several nodes: what it serves itself while it leads, and else passes on to the node that does."""

import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import httpx2
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podium.domain.errors import Unavailable
from podium.faces.rest.guard import BODY_BYTES_MAX, bounded
from podium.faces.rest.problem import problem
from podium.faces.rest.server import Server
from podium.ports import Clock
from podium.refusals import refusal

HELD_SECONDS: Final = 8.0
"""A request waits so long for a leader: longer than a failover takes."""
LOOK_SECONDS: Final = 0.05
CONNECT_SECONDS: Final = 1.0
HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"})
"""Headers of one connection alone (RFC 9110, 7.6.1)."""


class Relay:
    """`leader` says where the node listens that leads, empty while none does; `own` is where this one does."""

    def __init__(self, leader: Callable[[], str], clock: Clock, own: str) -> None:
        self._leader, self._clock, self._own = leader, clock, own
        self._server: Server | None = None
        patience, all_of_them = httpx2.Timeout(None, connect=CONNECT_SECONDS), httpx2.Limits(max_connections=None)
        self._client = httpx2.AsyncClient(timeout=patience, limits=all_of_them, trust_env=False)

    async def serve(self, server: Server) -> None:
        """This node leads: what `server` answers is served here, until this is cancelled."""
        async with server.mounted():
            self._server = server
            try:
                while True:
                    await self._clock.sleep(HELD_SECONDS)
            finally:
                self._server = None

    @asynccontextmanager
    async def doors(self) -> AsyncGenerator[tuple[ASGIApp, ASGIApp]]:
        """What to serve on the home's socket, and on the port."""
        async with self._client:
            yield partial(self._answer, True), partial(self._answer, False)

    async def _answer(self, is_socket: bool, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return None
        if (door := self._door(is_socket=is_socket)) is not None:
            return await door(scope, receive, send)
        request = Request(scope, receive)
        if request.url.path == "/healthz":
            health = {"pid": os.getpid(), "status": "ok", "url": self._own, "leader": self._leader()}
            return await JSONResponse(health)(scope, receive, send)
        try:
            body = await Request(scope, bounded(receive, BODY_BYTES_MAX)).body()
        except HTTPException as error:
            return await Response(status_code=error.status_code)(scope, receive, send)
        until = self._clock.now() + HELD_SECONDS
        while self._clock.now() < until:
            if (door := self._door(is_socket=is_socket)) is not None:
                return await door(scope, _again(body, receive), send)
            if (answer := await self._passed_on(request, body)) is not None:
                return await answer(scope, receive, send)
            await self._clock.sleep(LOOK_SECONDS)
        nobody = "No node leads now. One will within seconds, unless the database is away: try again."
        return await problem(Unavailable(nobody))(scope, receive, send)

    def _door(self, *, is_socket: bool) -> ASGIApp | None:
        """What this node answers itself, while it leads."""
        return self._server.door(is_socket=is_socket) if self._server else None

    async def _passed_on(self, request: Request, body: bytes) -> Response | None:
        """The leader's answer; None where it was not reached, so that nothing has been asked of it."""
        url = self._leader()
        if url in ("", self._own):
            return None
        target = f"{url}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
        asked = self._client.build_request(request.method, target, headers=_sent(request.headers), content=body)
        try:
            answer = await self._client.send(asked, stream=True)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            return None
        except httpx2.HTTPError as error:
            return problem(Unavailable(refusal("leader gone", why=type(error).__name__)))
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
        return StreamingResponse(answer.aiter_raw(), answer.status_code, kept, background=BackgroundTask(answer.aclose))


def _again(body: bytes, receive: Receive) -> Receive:
    """Tells a body that was read already, and then what comes after it."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _sent(headers: Mapping[str, str]) -> dict[str, str]:
    """The caller's own headers; over the home's socket it calls Podium by a name that no port is known by."""
    kept = {name: value for name, value in headers.items() if name not in HOP}
    return kept | ({"host": "localhost"} if kept.get("host") == "podium" else {})
