"""The dashboard's pages: each is a template over the answers of a few operations (`screens.toml`), whole or in part."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from podium.domain.errors import PodiumError, UsageError
from podium.faces.web.render import HERE, environment, fields_of
from podium.operations.catalogue import answered, operation_named
from podium.operations.context import Context
from podium.operations.operation import REGISTRY
from podium.tables import beside

_TABLE: Final = beside(__file__, "screens.toml")
HEADERS: Final[Mapping[str, str]] = _TABLE["headers"]
STATUS: Final = {2: 422, 3: 404, 5: 403}
"""From an error's exit code to the status of its page; everything else may work later."""
PART: Final = "x-podium-part"
"""A request with this header is answered with the part of the page that changes, or 304 when it has not."""
_GIVEN: Final = TypeAdapter(dict[str, Any])

Answers = dict[str, Any]
Asked = Mapping[str, Any]
"""What an operation is asked."""

DIGITS_MAX: Final = 18


class Ask(NamedTuple):
    """One operation that a screen needs; its answer has the name `name` in the template."""

    name: str
    operation: str = ""
    """Empty where it has the same name."""
    given: tuple[str, ...] = ()
    """Parameters of the address that it is asked with."""
    fixed: Asked = MappingProxyType({})
    by: str = ""
    """One of `NEEDS`, which says instead what is asked."""

    def asked(self, params: Mapping[str, str], answers: Answers) -> Asked | None:
        """What it is asked, by the answers so far too; None where there is nothing to ask."""
        if self.by:
            return NEEDS[self.by](params, answers, self.fixed)
        return {**self.fixed, **{name: params[name] for name in self.given if params.get(name)}}


class Screen(NamedTuple):
    """One page; `path` may hold a parameter. Those with a `key` stand in the navigation."""

    path: str
    title: str
    template: str
    asks: tuple[Ask, ...]
    key: str = ""
    """With which `g` leads there."""


def place(params: Mapping[str, str]) -> int | None:
    """Where the page before this one ends, by the parameter `before`; None for the newest page."""
    told = params.get("before", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < DIGITS_MAX else None


def _latest(params: Mapping[str, str], answers: Answers, fixed: Asked) -> Asked:
    """The newest events, or those before a number."""
    before = place(params)
    end = answers["log"].last if before is None else before - 1
    return {"after": max(0, end - fixed["limit"]), "named": True, **fixed}


def _page_of_log(params: Mapping[str, str], _answers: Answers, _: Asked) -> Asked:
    return {"instance": params["instance"], "before": place(params), "find": params.get("find", "")}


def _reviewed(params: Mapping[str, str], answers: Answers, _: Asked) -> Asked | None:
    """The job of the review that is chosen, or of the oldest."""
    listed = answers["reviews"].reviews
    chosen = next((one for one in listed if str(one.id) == params.get("review")), listed[-1] if listed else None)
    answers["chosen"] = chosen
    return {"job": chosen.job} if chosen else None


def _planned(_params: Mapping[str, str], answers: Answers, _: Asked) -> Asked | None:
    """The plan that the chosen review is about."""
    chosen = answers["chosen"]
    return {"project": chosen.project} if chosen and chosen.kind == "plan" else None


NEEDS: Final[Mapping[str, Callable[[Mapping[str, str], Answers, Asked], Asked | None]]] = {
    "latest": _latest, "page_of_log": _page_of_log, "reviewed": _reviewed, "planned": _planned
}  # fmt: skip


def _screen(asks: Mapping[str, Any], **told: str) -> Screen:
    return Screen(asks=tuple(Ask(name, **ask) for name, ask in asks.items()), **told)


SCREENS: Final = tuple(_screen(**told) for told in _TABLE["screens"])
"""In the order of the navigation."""


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
