"""What a session came to: its last message holds the result, which the role's schema has to accept."""

import json
import re
from typing import Any, Final, cast

import jsonschema

from podium.agents.claude.judgement import SAID_CHARS_MAX, refusal
from podium.agents.rehearsal.protocol import Result
from podium.tables import beside

Json = dict[str, Any]

STOPPED: Final[Json] = beside(__file__, "stopped.toml")
"""What ends a turn other than its own end (agentclientprotocol.com/protocol/prompt-turn)."""
_BLOCK: Final = re.compile(r"^```(?:json)?[ \t]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_STATUS: Final = re.compile(r"(?<![\d.])(40[1-4]|408|429|5\d\d)(?![\d.])")
AUTH_REQUIRED: Final = -32000


def answer_of(said: str, schema: Json) -> tuple[Json | None, str]:
    """The result in the agent's words, or None and what is wrong with it."""
    text: str = (_BLOCK.findall(said) or [said])[-1]
    try:
        told: Any = json.loads(text.strip())
        jsonschema.validate(told, schema)
    except ValueError as why:
        return None, f"It is not JSON: {why}"
    except jsonschema.ValidationError as why:
        return None, f"At {why.json_path}: {why.message}"[:SAID_CHARS_MAX]
    return cast("Json", told), ""


def trouble(code: int, said: str, where: str, data: Json) -> Result:
    """What it comes to when the agent answers with an error: the provider's trouble, or its own failure.

    The protocol has no code for a provider's trouble; agents put its HTTP status into the words.
    """
    status, person = _STATUS.search(said), f"See {where} in podium.toml, and `podium doctor`."
    if code == AUTH_REQUIRED:
        return Result("blocked", f"The agent is not logged in: {said}", person, data)
    refused = refusal(int(status[0]), said, person, data) if status else None
    return refused or Result("failed", f"The agent ended with an error: {said}", said, data)
