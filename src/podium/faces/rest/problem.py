"""What went wrong, as data (RFC 9457), in the same words that every face has for it."""

from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from podium.domain.errors import Forbidden, PodiumError

HTTP_STATUS: Final = {1: 500, 2: 422, 3: 404, 4: 409, 5: 401, 6: 503, 7: 504}
"""From a documented exit code to the HTTP status of the same trouble."""
EXIT_CODE: Final = {status: code for code, status in HTTP_STATUS.items()}
PAGE: Final = """<!doctype html><html lang="en"><meta name="color-scheme" content="light dark"><title>Podium</title>
<body style="font: 16px system-ui; max-width: 42em; margin: 15vh auto"><h1>Podium</h1><p>{told}</p>"""
MEDIA_TYPE: Final = "application/problem+json"


class Problem(BaseModel):
    """What happened; `detail` says what it means and what to do."""

    type: str
    title: str
    status: int
    detail: str
    exit_code: int
    """With which the command line would end."""


def problem(error: PodiumError, accept: str = "") -> Response:
    """The answer that tells of an error; a person's browser, which accepts HTML first, gets a page."""
    status = 403 if isinstance(error, Forbidden) else HTTP_STATUS.get(error.exit_code, 500)
    if accept.startswith("text/html"):
        return HTMLResponse(PAGE.format(told=escape(str(error))), status)
    return _told(error.kind, status, str(error), error.exit_code)


async def on_podium_error(_: Request, error: Exception) -> Response:
    """An error of ours, on its way out of the application."""
    assert isinstance(error, PodiumError)
    return problem(error)


async def on_http_error(_: Request, error: Exception) -> Response:
    """No such route, no such method, too large: what the framework refuses."""
    assert isinstance(error, HTTPException)
    kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    told = f"{error.detail}. What there is to call stands in /openapi.json."
    return _told(kind, error.status_code, told, EXIT_CODE.get(error.status_code, 2), error.headers)


async def on_defect(_: Request, error: Exception) -> Response:
    """Something nobody foresaw, in the same form; the log has the traceback."""
    told = f"a defect in the orchestrator: {type(error).__name__}: {error}. Its log has the traceback."
    return _told("defect", 500, told, 1)


def _told(kind: str, status: int, detail: str, exit_code: int, headers: Mapping[str, str] | None = None) -> Response:
    told = Problem(type=f"urn:podium:{kind}", title=kind, status=status, detail=detail, exit_code=exit_code)
    more = dict(headers or {})
    if status == 401:
        more["WWW-Authenticate"] = 'Bearer realm="podium"'
    return JSONResponse(told.model_dump(), status, more, MEDIA_TYPE)
