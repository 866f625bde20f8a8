"""One route for each operation: reads are GET with what is asked in the path and the query, writes POST with JSON.

What OpenAPI says about them is made of the operations' own types, words and scopes.
"""

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.responses import Response

from podium import __version__
from podium.domain.access import Principal, Scope
from podium.domain.errors import UsageError
from podium.faces.rest.problem import MEDIA_TYPE, Problem
from podium.operations.catalogue import REGISTRY
from podium.operations.context import Context
from podium.operations.invoke import invoke, permit
from podium.operations.operation import POSITIONAL, Operation, understood
from podium.tables import beside

KEY: Final = "idempotency_key"
REF: Final = "#/components/schemas/{model}"
WORDS: Final[dict[str, Any]] = beside(__file__, "openapi.toml")
KEY_HEADER: Final[str] = WORDS["headers"]["key"]["name"]
PROBLEMS: Final[dict[str, str]] = WORDS["problems"]
"""What each status of a trouble means."""


def carried() -> list[Operation]:
    """The operations that this face has."""
    return [operation for operation in REGISTRY.values() if "rest" in operation.faces]


def in_path(operation: Operation) -> list[str]:
    """What a read takes in its path: the thing it is about."""
    fields = operation.input.model_fields.items() if operation.safety == "read" else ()
    return [name for name, field in fields if field.json_schema_extra == POSITIONAL and field.is_required()]


def path_of(operation: Operation) -> str:
    """Where an operation is; an attempt's name, `project/12.a1`, may be part of a path."""
    parts = [operation.name.replace(" ", "/"), *(f"{{{name}:path}}" for name in in_path(operation))]
    return f"/v1/{'/'.join(parts)}"


async def asked_of(operation: Operation, request: Request) -> Any:
    """The operation's input from a request; raises `UsageError`."""
    if operation.safety == "read":
        return understood(operation, {**request.query_params, **request.path_params})
    asked = understood(operation, await request.body())
    key = request.headers.get(KEY_HEADER)
    if key is None or KEY not in operation.input.model_fields:
        return asked
    if asked.idempotency_key not in (None, key):
        raise UsageError(f"The header {KEY_HEADER} and the field {KEY} differ: give one of them.")
    return understood(operation, {**asked.model_dump(exclude_unset=True), KEY: key})


Stream = Callable[[Request], Response | None]
"""Answers a reader of events that accepts `text/event-stream`, and None to one that does not."""


def endpoint(
    operation: Operation, context: Callable[[], Context], stream: Stream | None = None
) -> Callable[[Request], Any]:
    """What answers at the operation's route."""

    async def answer(request: Request) -> Response:
        principal: Principal = request.state.principal
        try:
            asked = await asked_of(operation, request)
        except UsageError:
            permit(operation, principal)  # whoever may not call it is told nothing else
            raise
        if stream is not None:
            permit(operation, principal)
            followed = stream(request)
            if followed is not None:
                return followed
        answer = await invoke(operation, context(), asked, principal)
        return Response(answer.model_dump_json(), media_type="application/json")

    return answer


def described(operation: Operation) -> dict[str, Any]:
    """What is said about one operation's route."""
    doc = (operation.call.__doc__ or "").strip()
    is_read = operation.safety == "read"
    # The smallest scope first; an agent's own attempt opens it only where that may call it.
    scopes = [operation.scope.value, *([Scope.ATTEMPT.value] if operation.agents else [])]
    said: dict[str, Any] = {
        "description": f"{doc}\n\nOn the command line: `{operation.example}`",
        "security": [{"bearer": [scope]} for scope in scopes] + [{"session": []}],
        "x-podium-safety": operation.safety,
        "responses": {"200": {"description": "The answer.", "content": _json(_ref(operation.output))}} | problems(),
    }
    shapes = operation.input.model_json_schema(ref_template=REF).get("properties", {})
    properties: dict[str, dict[str, Any]] = shapes if is_read else {}
    parameters = [_parameter(operation, name, shape) for name, shape in properties.items()]
    if KEY in operation.input.model_fields:
        parameters.append(WORDS["headers"]["key"])
    if operation.name == "events":
        parameters.append(WORDS["headers"]["last_id"])
        said["responses"]["200"]["content"]["text/event-stream"] = {"schema": {"type": "string"}}
    if parameters:
        said["parameters"] = parameters
    if not is_read:
        needed = any(field.is_required() for field in operation.input.model_fields.values())
        said["requestBody"] = {"required": needed, "content": _json(_ref(operation.input))}
    return said


def problems() -> dict[str, Any]:
    """The troubles that any route may tell of."""
    content = {MEDIA_TYPE: {"schema": _ref(Problem)}}
    return {status: {"description": what, "content": content} for status, what in PROBLEMS.items()}


def document(app: FastAPI) -> dict[str, Any]:
    """The whole document; made once, when it is first asked for."""
    if app.openapi_schema is None:
        made = get_openapi(title="Podium", version=__version__, description=WORDS["introduction"], routes=app.routes)
        types = {model for each in carried() for model in (each.input, each.output)} | {Problem}
        _, shapes = models_json_schema([(model, "validation") for model in sorted(types, key=str)], ref_template=REF)
        components = made.setdefault("components", {})
        components["schemas"] = shapes["$defs"]
        components["securitySchemes"] = WORDS["credentials"]
        app.openapi_schema = made
    return app.openapi_schema


def _parameter(operation: Operation, name: str, shape: dict[str, Any]) -> dict[str, Any]:
    place = "path" if name in in_path(operation) else "query"
    what = shape.get("description", "")
    rest = {key: value for key, value in shape.items() if key not in ("description", "title", "positional")}
    return {"name": name, "in": place, "required": place == "path", "description": what, "schema": rest}


def _ref(model: type) -> dict[str, str]:
    return {"$ref": REF.format(model=model.__name__)}


def _json(schema: dict[str, str]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
