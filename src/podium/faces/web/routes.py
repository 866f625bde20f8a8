"""Where the dashboard's pages are: each is drawn from the answers of operations, whole or as the part that changes."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from podium.domain.errors import PodiumError, UsageError
from podium.faces.web.render import HERE, environment, fields_of
from podium.faces.web.screens import SCREENS, Answers, Screen
from podium.operations.catalogue import answered, operation_named
from podium.operations.context import Context
from podium.operations.operation import REGISTRY

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
STATUS: Final = {2: 422, 3: 404, 5: 403}
"""From an error's exit code to the status of its page; everything else may work later."""
PART: Final = "x-podium-part"
"""A request with this header is answered with the part of the page that changes, or 304 when it has not."""
_GIVEN: Final = TypeAdapter(dict[str, Any])


class Dashboard:
    """The pages over a running orchestrator; `context` gives its."""

    def __init__(self, context: Callable[[], Context]) -> None:
        self._context = context
        self._templates = environment()

    def routes(self) -> list[BaseRoute]:
        """Everything that the dashboard answers."""
        pages = [Route(screen.path, partial(self._page, screen)) for screen in SCREENS]
        assets = [Route(f"/assets/{name.name}", partial(_asset, name.name)) for name in (HERE / "static").iterdir()]
        return [*pages, *assets, Route("/form/{operation:path}", self._form)]

    async def _page(self, screen: Screen, request: Request) -> Response:
        params = {**request.query_params, **request.path_params}
        context = self._context()
        shown: Answers = {"params": params, "now": context.clock.wall(), "steady": context.clock.now()}
        shown["lanes"] = [*context.pipeline.workflows]
        title, status, template = screen.title, 200, screen.template
        try:
            shown["log"] = await self._ask(request, "events", {"limit": 1})  # first: what comes after it is followed
            for ask in screen.asks:
                asked = ask.asked(params, shown)
                shown[ask.name] = None if asked is None else await self._ask(request, ask.operation or ask.name, asked)
        except PodiumError as error:
            title, status, template = "Not shown", STATUS.get(error.exit_code, 503), "trouble.html"
            shown["error"] = str(error)
        part = self._templates.get_template(template).render(shown)
        tag = f'"{hashlib.blake2b(part.encode(), digest_size=12).hexdigest()}"'
        headers = {**HEADERS, "ETag": tag}
        if PART in request.headers:
            is_same = request.headers.get("if-none-match") == tag
            return Response(status_code=304, headers=headers) if is_same else HTMLResponse(part, status, headers)
        last = shown["log"].last if "log" in shown else 0
        whole = {"screens": SCREENS, "here": screen, "title": title, "part": part, "last": last, "tag": tag}
        verbs = sorted(name for name, one in REGISTRY.items() if one.safety != "read" and "rest" in one.faces)
        return HTMLResponse(self._templates.get_template("page.html").render(whole, verbs=verbs), status, headers)

    async def _ask(self, request: Request, name: str, asked: Mapping[str, Any]) -> Any:
        return await answered(name, self._context(), asked, request.state.principal)

    async def _form(self, request: Request) -> Response:
        """What to fill in for an operation; of a destructive one also what it would touch."""
        operation = operation_named(request.path_params["operation"])
        try:
            given: dict[str, Any] = _GIVEN.validate_json(request.query_params.get("given", "{}"))
        except ValidationError:
            raise UsageError("The parameter `given` is not a JSON object.") from None
        touched: Any = None
        if operation.touches is not None:
            asked = {"operation": operation.name, "asked": orjson.dumps(given).decode()}
            with suppress(UsageError):  # something is still to be filled in
                touched = await self._ask(request, "preview", asked)
        fields = fields_of(operation, given)
        shown = {"operation": operation, "fields": fields, "touched": touched}
        return HTMLResponse(self._templates.get_template("form.html").render(shown), headers=HEADERS)


async def _asset(name: str, _: Request) -> Response:
    return FileResponse(HERE / "static" / name, headers=HEADERS)
