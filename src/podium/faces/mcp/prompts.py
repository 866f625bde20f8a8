"""Commands as prompts: the words with which a person has a coding agent carry out one operation."""

from collections.abc import Mapping, Sequence
from typing import Final

from mcp.server.mcpserver.prompts import Prompt
from mcp.server.mcpserver.prompts.base import PromptArgument

from podium.operations.operation import Operation
from podium.tables import beside

WORDS: Final = beside(__file__)
"""What is to be done with an operation's answer: `by_name`, else `by_safety`."""
COMMANDS: Final[Sequence[str]] = WORDS["commands"]
"""The commands of CMD-1; those that this version has are prompts."""


def afterwards(operation: Operation) -> str:
    """What is to be done with the operation's answer; a slash command of the plugin says the same as a prompt."""
    return WORDS["by_name"].get(operation.name, WORDS["by_safety"][operation.safety])


def prompts_of(operations: Mapping[str, Operation]) -> list[Prompt]:
    """A prompt for each of a server's operations that is a command, with its input as arguments."""
    return [_prompt(name, operation) for name, operation in operations.items() if operation.name in COMMANDS]


def _prompt(tool: str, operation: Operation) -> Prompt:
    fields = operation.input.model_fields
    asks = [
        PromptArgument(name=name, description=field.description, required=field.is_required())
        for name, field in sorted(fields.items(), key=lambda told: (told[0] == "reason", not told[1].is_required()))
        if name != "by"
    ]

    async def words(**given: str) -> str:
        values = ", ".join(f"{name} = {value!r}" for name, value in given.items() if name in fields and value)
        return f"Call the tool `{tool}`{f' with {values}' if values else ''}. {afterwards(operation)}"

    title = operation.name.replace("-", " ").capitalize()
    return Prompt(name=tool, title=title, description=operation.summary, arguments=asks, fn=words, context_kwarg=None)
