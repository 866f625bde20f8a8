"""One route for each operation: reads are GET with what is asked in the path and the query, writes POST with JSON."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from podium.domain.access import Principal
from podium.domain.errors import UsageError
from podium.operations.catalogue import REGISTRY
from podium.operations.context import Context
from podium.operations.invoke import invoke, permit
from podium.operations.operation import POSITIONAL, Operation, understood

KEY: Final = "idempotency_key"
KEY_HEADER: Final = "Idempotency-Key"


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


def endpoint(
    operation: Operation, context: Callable[[], Context], stream: Callable[[Request], Response | None] | None = None
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
