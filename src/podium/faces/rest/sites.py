"""Serves what projects have deployed, each under a host name of its own and without cookies (GIT-4, SEC-1)."""

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from podium.workspace.layout import Home
from podium.workspace.publishing import site

DOMAIN: Final = "localhost"
"""Browsers take every name below it for this machine (RFC 6761); none of Podium's cookies goes there."""


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
