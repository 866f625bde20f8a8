"""The page at `/`: what is served here, in plain words."""

from html import escape

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response

from podium.faces.rest import schema

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Podium</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
td {{ padding: .1rem 1rem .1rem 0; vertical-align: top }} code {{ white-space: nowrap }}
</style><h1>Podium</h1>
<p>The orchestrator of this home serves its API here. Its description: <a href="/openapi.json">/openapi.json</a>.
Programs need a token: <code>podium token create</code>. On a terminal: <code>podium status</code>.</p>
<table>{rows}</table></html>"""
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
