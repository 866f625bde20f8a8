"""Operations over HTTP, for the command line on a unix socket in the home: the folder's rights are the credential."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from podium.address import SOCKET, socket_address
from podium.domain.errors import PodiumError, UsageError
from podium.operations.catalogue import operation_named
from podium.operations.context import Context
from podium.operations.operation import understood

BODY_BYTES_MAX: Final = 16 * 1024 * 1024
HTTP_STATUS: Final = {1: 500, 2: 422, 3: 404, 4: 409, 5: 401, 6: 503, 7: 504}
"""From a documented exit code to the HTTP status of the same trouble."""


def build(context: Callable[[], Context]) -> Starlette:
    """The application; `context` gives the running orchestrator's."""

    async def health(_: Request) -> Response:
        return JSONResponse({"pid": os.getpid(), "status": "ok"})

    async def call(request: Request) -> Response:
        operation = operation_named(request.path_params["name"].replace("/", " "))
        asked = understood(operation, await _body(request))
        answer = await operation.call(context(), asked)
        return Response(answer.model_dump_json(), media_type="application/json")

    routes = [Route("/healthz", health), Route("/v1/operations/{name:path}", call, methods=["POST"])]
    return Starlette(routes=routes, exception_handlers={PodiumError: _problem, Exception: _defect})


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise UsageError(f"The request has more than {BODY_BYTES_MAX // 2**20} MiB.")
    return bytes(body)


async def _problem(_: Request, error: Exception) -> Response:
    """RFC 9457: what happened, as data."""
    assert isinstance(error, PodiumError)
    status = HTTP_STATUS.get(error.exit_code, 500)
    body = {"type": f"urn:podium:{error.kind}", "title": error.kind, "status": status, "detail": str(error)}
    return JSONResponse({**body, "exit_code": error.exit_code}, status, media_type="application/problem+json")


async def _defect(_: Request, error: Exception) -> Response:
    """Something nobody foresaw, in the same form; the log has the traceback."""
    told = f"a defect in the orchestrator: {type(error).__name__}: {error}. Its log has the traceback."
    body = {"type": "urn:podium:defect", "title": "defect", "status": 500, "detail": told, "exit_code": 1}
    return JSONResponse(body, 500, media_type="application/problem+json")


class Server:
    """Serves the application on the home's socket beside the engine."""

    def __init__(self, home: Path, context: Callable[[], Context]) -> None:
        self._home = home
        config = uvicorn.Config(
            build(context), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2, ws="none"
        )
        self._server = uvicorn.Server(config)

    async def serve(self) -> None:
        """Listen until cancelled."""
        path = self._home / SOCKET
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            with socket_address(self._home) as address:
                listener.bind(address)  # the command line's umask keeps other users out, as the home's rights do
            try:
                await self._server._serve([listener])  # pyright: ignore[reportPrivateUsage] - serve() would take the signals
            finally:
                path.unlink(missing_ok=True)
