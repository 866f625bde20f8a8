"""Podium over HTTP: one application beside the engine, with a credential on every call (API-1).

It is served on the home's socket always, and on a port where one is asked for.
"""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from podium import credential
from podium.address import url_of
from podium.domain.access import OPERATOR, Principal
from podium.domain.errors import Forbidden, PodiumError, Unauthorized, Unavailable
from podium.faces.rest import doors, hooks, problem, routes
from podium.faces.rest.guard import COOKIE, LOOPBACK, SESSION_SECONDS, Guard, Sessions
from podium.faces.rest.prometheus import Exposition
from podium.faces.rest.stream import EventStream, Feed, begin_at
from podium.operations.catalogue import answered
from podium.operations.context import Context
from podium.operations.tokens import caller
from podium.ports import Clock
from podium.refusals import refusal
from podium.workspace.layout import Home
from podium.workspace.publishing import site

NO_SCHEMA: Final[dict[str, Any]] = {"include_in_schema": False}
SOCKET_HOST: Final = frozenset({"podium"})
"""Whom the command line addresses over the home's socket."""
DOMAIN: Final = "localhost"
"""Browsers take every name below it for this machine (RFC 6761); none of Podium's cookies goes there."""


Mounted = tuple[str, Router]
"""Another face that lives in this application: below which path, and what answers there, as long as the server."""


class Server:
    """One application, behind both doors.

    `committed` is done after the next commit; `port` is a socket that listens; `pages` are those for browsers.
    """

    def __init__(
        self, context: Callable[[], Context], committed: Callable[[], Awaitable[None]],
        port: socket.socket | None = None, mounts: Sequence[Mounted] = (), pages: Sequence[BaseRoute] = (),
    ) -> None:  # fmt: skip
        self._home = context().home
        self._port, self._mounts = port, mounts
        mine = credential.ensure(self._home)
        self.url = url_of(port) if port else None
        sessions = Sessions(credential.key(mine, "session"), context().clock.wall)

        def stream(request: Request) -> Response | None:
            begin = begin_at(request)
            is_wanted = "text/event-stream" in request.headers.get("accept", "")
            return EventStream(feed, begin, request.state.ask_again) if is_wanted else None

        feed = Feed(context().store.read, committed, context().clock)
        app = _built(context, sessions, self.url, stream)
        app.router.routes.extend(pages)
        for path, router in mounts:
            app.mount(path, router)

        async def authenticate(presented: str) -> Principal:
            return await caller(context(), mine, presented)

        bound = {str(port.getsockname()[0])} if port else set[str]()
        names = LOOPBACK | bound | {name.lower() for name in context().config.server.hosts}
        self._on_socket = Guard(app, SOCKET_HOST, authenticate, sessions)
        self._on_port = Sites(Guard(app, names, authenticate, sessions), Home(self._home))

    def door(self, *, is_socket: bool) -> ASGIApp:
        """What is served on the home's socket, or on a port."""
        return self._on_socket if is_socket else self._on_port

    @asynccontextmanager
    async def mounted(self) -> AsyncGenerator[None]:
        """What is mounted lives as long as the block."""
        async with AsyncExitStack() as stack:
            for _, router in self._mounts:
                await stack.enter_async_context(router.lifespan_context(router))
            yield

    async def serve(self, clock: Clock) -> None:
        """Serve behind doors of its own until cancelled."""
        async with self.mounted():
            await doors.serve(self._home, self._on_socket, self._port, self._on_port, clock.sleep)


@dataclass(frozen=True, slots=True)
class Sites:
    """ASGI before everything else: PROJECT.localhost is that project's site, every other host is Podium's."""

    app: ASGIApp
    home: Home

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file, or hand on."""
        project, _, domain = Headers(scope=scope).get("host", "").partition(":")[0].lower().partition(".")
        answer = self.app
        if domain == DOMAIN:
            found = await asyncio.to_thread(site, self.home, project)
            nothing = PlainTextResponse("There is nothing here.\n", 404)
            answer = ExceptionMiddleware(StaticFiles(directory=found, html=True) if found else nothing)
        await answer(scope, receive, send)


# --- the application --------------------------------------------------------------------------------------------------


def _built(context: Callable[[], Context], sessions: Sessions, url: str | None, stream: routes.Stream) -> FastAPI:
    """The application behind the guard; `context` gives the running orchestrator's, `url` is where browsers find it."""
    app = FastAPI(title="Podium", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(PodiumError, problem.on_podium_error)
    app.add_exception_handler(HTTPException, problem.on_http_error)
    app.add_exception_handler(Exception, problem.on_defect)
    _open_routes(app, context, sessions, url)
    _browser_routes(app, sessions, url)
    hooks.add_routes(app, context)
    for operation in routes.carried():
        app.add_api_route(
            routes.path_of(operation),
            routes.endpoint(operation, context, stream if operation.name == "events" else None),
            methods=["GET" if operation.safety == "read" else "POST"],
            operation_id=operation.name.replace(" ", "_").replace("-", "_"),
            summary=operation.summary,
            tags=[operation.server or "home"],
            openapi_extra=routes.described(operation),
            response_model=None,
        )

    async def call(request: Request) -> Response:
        name = request.path_params["name"].replace("/", " ")
        answer = await answered(name, context(), await request.body(), request.state.principal)
        return Response(answer.model_dump_json(), media_type="application/json")

    app.add_api_route("/v1/operations/{name:path}", call, methods=["POST"], **NO_SCHEMA)
    app.add_api_route("/metrics", Exposition(context), **NO_SCHEMA)
    return app


def _open_routes(app: FastAPI, context: Callable[[], Context], sessions: Sessions, url: str | None) -> None:
    async def health(_: Request) -> Response:
        return JSONResponse({"pid": os.getpid(), "status": "ok", "url": url})

    async def ready(_: Request) -> Response:
        await context().store.read(lambda rows: rows.one("event_last"))
        return JSONResponse({"status": "ready"})

    async def login(request: Request) -> Response:
        session = sessions.login(request.query_params.get("code", ""))
        if session is None:
            raise Unauthorized(refusal("old link"))
        answer = RedirectResponse("/", 303, {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})
        answer.set_cookie(COOKIE, session, max_age=SESSION_SECONDS, httponly=True, samesite="strict", path="/")
        return answer

    healthy: dict[str, Any] = {"security": [], "responses": {"200": {"description": "It lives."}}}
    app.add_api_route("/healthz", health, summary="Tell that the orchestrator lives.", openapi_extra=healthy)
    is_ready: dict[str, Any] = {"security": [], "responses": {"200": {"description": "It does."}} | routes.problems()}
    app.add_api_route("/readyz", ready, summary="Tell whether the store answers.", openapi_extra=is_ready)
    app.add_api_route("/login", login, **NO_SCHEMA)


def _browser_routes(app: FastAPI, sessions: Sessions, url: str | None) -> None:
    async def openapi(_: Request) -> Response:
        return JSONResponse(routes.document(app))

    async def link(request: Request) -> Response:
        if request.state.principal != OPERATOR:
            raise Forbidden("Only the home's own user makes a link for a browser: `podium open`, where the home is.")
        if url is None:
            raise Unavailable(refusal("no port"))
        return JSONResponse({"url": f"{url}/login?code={sessions.code()}"})

    app.add_api_route("/openapi.json", openapi, **NO_SCHEMA)
    app.add_api_route("/v1/login-link", link, methods=["POST"], **NO_SCHEMA)
