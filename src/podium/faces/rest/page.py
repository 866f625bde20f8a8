"""The page at `/api`: what can be called here, in plain words."""

from html import escape
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response

from podium.faces.rest import schema

PAGE = Path(__file__).with_suffix(".html").read_text("utf-8")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def welcome(app: FastAPI) -> Response:
    """What there is to call."""
    rows = "".join(
        f"<tr><td><code>{method.upper()} {escape(path)}</code><td>{escape(said['summary'])}"
        for path, methods in schema.document(app)["paths"].items()
        for method, said in methods.items()
    )
    return HTMLResponse(PAGE.format(rows=rows), headers=HEADERS)
