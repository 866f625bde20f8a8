"""Where other services deliver: signed by GitHub, or with a token of the scope `webhook` (GIT-1, GIT-2)."""

import hashlib
import json
import os
from collections.abc import Callable
from typing import Any, Final, cast

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from podium.domain.access import OPERATOR, Scope
from podium.domain.errors import Forbidden, Unauthorized, UsageError
from podium.operations.arrivals import receive
from podium.operations.context import Context

SECRET: Final = "PODIUM_GITHUB_WEBHOOK_SECRET"  # noqa: S105 - the name of the variable
UNSIGNED: Final = f"This delivery is not signed with the secret that {SECRET} holds; nothing in it was read."


def add_routes(app: FastAPI, context: Callable[[], Context]) -> None:
    """The doors for deliveries."""

    async def github(request: Request) -> Response:
        from gidgethub import BadRequest, ValidationFailure
        from gidgethub.sansio import Event

        from podium.integrations.github.deliveries import read

        secret, body, headers = os.environ.get(SECRET, ""), await request.body(), dict(request.headers)
        if not secret or not headers.get("x-hub-signature-256", "é").isascii():
            raise Unauthorized(UNSIGNED)
        try:
            told = Event.from_http(headers, body, secret=secret)
        except ValidationFailure:
            raise Unauthorized(UNSIGNED) from None
        except (BadRequest, KeyError, RecursionError, ValueError):
            raise UsageError("A delivery is JSON with X-GitHub-Event and X-GitHub-Delivery beside it.") from None
        await receive(context(), f"github:{told.delivery_id[:100]}", read(told.event[:100], _object(told.data)))
        return JSONResponse({"delivery": told.delivery_id}, 202)

    async def alertmanager(request: Request) -> Response:
        from podium.integrations.alerts import read

        if request.state.principal != OPERATOR and not request.state.principal.may(Scope.WEBHOOK):
            raise Forbidden("Alerts need a token of the scope webhook: `podium token create --scope webhook`.")
        body = await request.body()
        try:
            payload = _object(json.loads(body))
        except (RecursionError, ValueError):
            raise UsageError("A notification of Alertmanager is JSON.") from None
        for key, asked in read(payload).items():
            await receive(context(), key, asked)
        return JSONResponse({"delivery": hashlib.sha256(body).hexdigest()[:32]}, 202)

    for name, endpoint in (("github", github), ("alertmanager", alertmanager)):  # their form is other people's contract
        app.add_api_route(f"/webhooks/{name}", endpoint, methods=["POST"], include_in_schema=False)


def _object(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise UsageError("A delivery is a JSON object.")
    return cast("dict[str, Any]", told)
