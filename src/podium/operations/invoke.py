"""The one way in which every face calls an operation: is it allowed, and who did what and why is on record (SEC-1)."""

from dataclasses import replace
from typing import Any, Final

from podium.domain.access import Principal, Scope
from podium.domain.command import Audit
from podium.domain.errors import Forbidden, PodiumError
from podium.operations.context import Context
from podium.operations.operation import Input, Operation, Output
from podium.refusals import refusal

ARGUMENT_CHARS_MAX: Final = 500
"""Of each argument that is put on record; a document is not repeated in the log."""


def permit(operation: Operation, principal: Principal) -> None:
    """Raise `Forbidden` unless the caller's credential opens this operation."""
    if principal.scope is Scope.ATTEMPT and operation.agents:
        return
    if principal.scope is Scope.ATTEMPT:
        raise Forbidden(refusal("agent at work", operation=operation.name))
    if not principal.may(operation.scope):
        raise Forbidden(refusal("small scope", caller=principal, operation=operation))


async def invoke(operation: Operation, context: Context, asked: Input, principal: Principal) -> Output:
    """The operation's answer. Every write is on record with its outcome, a refused one too."""
    if operation.safety == "read":
        permit(operation, principal)
        return await operation.call(replace(context, principal=principal), asked)
    try:
        permit(operation, principal)
        answer: Output = await operation.call(replace(context, principal=principal), asked)
    except PodiumError as error:
        await _record(operation, context, asked, principal, f"refused: {error.kind}")
        raise
    await _record(operation, context, asked, principal, "done")
    return answer


async def _record(operation: Operation, context: Context, asked: Input, principal: Principal, outcome: str) -> None:
    if context.conductor is None:
        return
    given = {name: _short(value) for name, value in asked.model_dump(exclude_defaults=True).items()}
    await context.submit(Audit(operation.name, principal.name, principal.attempt, given, outcome))


def _short(value: Any) -> Any:
    if isinstance(value, str):  # also one that was refused because it cannot be kept
        return value[:ARGUMENT_CHARS_MAX].replace("\0", "").encode("utf-8", "replace").decode()
    return value if isinstance(value, int | float) else "…"
