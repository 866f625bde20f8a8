"""Commands as prompts: the words with which a person has a coding agent carry out one operation."""

from collections.abc import Mapping
from typing import Final

from mcp.server.mcpserver.prompts import Prompt
from mcp.server.mcpserver.prompts.base import PromptArgument

from podium.operations.operation import Operation

THEN: Final[Mapping[str, str]] = {
    "status": (
        "Begin with what needs a person (reviews, dead letters, what is stuck, notices), then each workflow: waiting, "
        "in work, completed today. A figure that is null is not known: say so, and never call it zero."
    ),
    "backlog": (
        "Tell which queues are longest and how long their oldest job has waited; if one has waited for more than an "
        "hour, find out why with the tool `why` and propose what to do. Change nothing."
    ),
    "priority-boost": "Then look with the tool `backlog`, and tell where the project stands now.",
}
"""What is to be done with a command's answer (CMD-1)."""


def prompts_of(operations: Mapping[str, Operation]) -> list[Prompt]:
    """A prompt for each of a server's operations that is a command, with its input as arguments."""
    return [_prompt(name, operation) for name, operation in operations.items() if operation.name in THEN]


def _prompt(tool: str, operation: Operation) -> Prompt:
    fields = operation.input.model_fields
    arguments = [
        PromptArgument(name=name, description=field.description, required=field.is_required())
        for name, field in fields.items()
        if name != "by"
    ]

    async def words(**given: str) -> str:
        values = ", ".join(f"{name} = {value!r}" for name, value in given.items() if name in fields and value)
        return f"Call the tool `{tool}`{f' with {values}' if values else ''}. {THEN[operation.name]}"

    title = operation.name.replace("-", " ").capitalize()
    return Prompt(
        name=tool, title=title, description=operation.summary, arguments=arguments, fn=words, context_kwarg=None
    )
