"""Podium over HTTP: one application for the home's socket and for a port, with a credential on every call (API-1)."""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from podium.domain.access import OPERATOR
from podium.domain.errors import Forbidden, PodiumError, Unauthorized, Unavailable
from podium.faces.rest import hooks, problem, routes
from podium.faces.rest.guard import COOKIE, SESSION_SECONDS, Sessions
from podium.faces.rest.prometheus import Exposition
from podium.operations.catalogue import answered
from podium.operations.context import Context

NO_SCHEMA: Final[dict[str, Any]] = {"include_in_schema": False}


@dataclass(frozen=True, slots=True)
class Mounted:
    """Another face that lives in this application: below which path, and what lasts as long as the server."""

    path: str
    app: ASGIApp
    lifespan: Callable[[], AbstractAsyncContextManager[Any]]


def build(
    context: Callable[[], Context],
    sessions: Sessions,
    mounts: Sequence[Mounted] = (),
    url: str | None = None,
    stream: Callable[[Request], Response | None] | None = None,
    pages: Sequence[BaseRoute] = (),
) -> FastAPI:
    """The application behind the guard; `context` gives the running orchestrator's, `url` is where browsers find it.

    `stream` answers a reader of events that accepts `text/event-stream`, and None to one that does not; `pages` are
    those for browsers.
    """
    app = FastAPI(
        title="Podium",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        exception_handlers={
            PodiumError: problem.on_podium_error,
            HTTPException: problem.on_http_error,
            Exception: problem.on_defect,
        },
    )
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
    app.router.routes.extend(pages)
    for mounted in mounts:
        app.mount(mounted.path, mounted.app)
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
            raise Unauthorized(
                "This link was used before, or is older than five minutes. `podium open` makes a new one."
            )
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
            raise Unavailable(
                "Podium listens on no port here. Start it with one: `podium down`, `podium up --port 8420`."
            )
        return JSONResponse({"url": f"{url}/login?code={sessions.code()}"})

    app.add_api_route("/openapi.json", openapi, **NO_SCHEMA)
    app.add_api_route("/v1/login-link", link, methods=["POST"], **NO_SCHEMA)
