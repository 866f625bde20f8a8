"""What a scripted model is asked and what it answers; a script is a function from one to the other."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

REMINDER: Final = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)
"""What Claude Code adds to a prompt that nobody typed."""


@dataclass(frozen=True, slots=True)
class Text:
    """The model says something."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """The model calls a tool."""

    tool: str
    input: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Failure:
    """The API answers with an error, such as 429 `rate_limit_error` or 529 `overloaded_error`."""

    status: int
    kind: str = "api_error"
    message: str = "the script fails here"
    retry_after_seconds: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further ones, such as `anthropic-ratelimit-unified-reset`."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection breaks in the middle of this answer."""

    blocks: Sequence[Text | Call]


class Silence:
    """The answer begins and then nothing comes, until the reader goes away or the server ends."""


Answer = Text | Call | Sequence[Text | Call] | Failure | Cut | Silence
Script = Callable[["Asked"], Answer]


class Unscripted(Exception):
    """The script has no answer to what it was asked."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool answered to the model's latest calls."""

    tool: str
    input: Mapping[str, Any]
    text: str
    is_error: bool


@dataclass(frozen=True)
class Asked:
    """One request to the Messages API. A script that looks at nothing else serves any number of agents at once."""

    body: Mapping[str, Any]

    @property
    def system(self) -> str:
        """The system prompt."""
        return _text(self.body.get("system", ""))

    @property
    def tools(self) -> list[str]:
        """The tools' names. An agent that only wants a title for its session offers none."""
        return [str(tool["name"]) for tool in self.body.get("tools", ())]

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """The conversation as it was sent."""
        return self.body.get("messages", ())

    @cached_property
    def _begin(self) -> int:
        """Where the latest prompt is: the last message of the user with words.

        In a session that was resumed, results of tools may stand before them in the same message.
        """
        places = [n for n, message in enumerate(self.messages) if message["role"] == "user" and _typed(message)]
        return places[-1] if places else 0

    @property
    def prompt(self) -> str:
        """The latest prompt, without the reminders that the agent adds to it."""
        return _typed(self.messages[self._begin]) if self.messages else ""

    @property
    def turn(self) -> int:
        """How often the model has answered since that prompt: 0 for its first answer."""
        return sum(message["role"] == "assistant" for message in self.messages[self._begin :])

    @property
    def results(self) -> list[Result]:
        """What the tools answered that the model called last; empty when it called none."""
        calls = {
            block["id"]: block for message in self.messages for block in _blocks(message, "tool_use") if "id" in block
        }
        spoken = [place for place, message in enumerate(self.messages) if message["role"] == "assistant"]
        latest = self.messages[spoken[-1] :] if spoken else ()  # the agent's own reminders may stand among them
        found: list[Result] = []
        for block in (block for message in latest for block in _blocks(message, "tool_result")):
            call = calls.get(block.get("tool_use_id"), {})
            said = _text(block.get("content", ""))
            found.append(
                Result(str(call.get("name", "")), call.get("input", {}), said, bool(block.get("is_error", False)))
            )
        return found


def in_turn(*answers: Answer | Script) -> Script:
    """Answer a prompt with these, one after the other; a request without tools gets a title. Raises `Unscripted`."""

    def script(asked: Asked) -> Answer:
        if not asked.tools:
            return Text("A scripted session")
        if asked.turn >= len(answers):
            raise Unscripted(f"the script has {len(answers)} answers and is asked for one more; prompt: {asked.prompt}")
        answer = answers[asked.turn]
        return answer(asked) if callable(answer) else answer

    return script


def by_prompt(scripts: Mapping[str, Script]) -> Script:
    """Choose a script by a regular expression that the prompt holds; the first that fits. Raises `Unscripted`."""

    def script(asked: Asked) -> Answer:
        for pattern, chosen in scripts.items():
            if re.search(pattern, asked.prompt):
                return chosen(asked)
        raise Unscripted(f"no pattern fits the prompt: {asked.prompt}")

    return script


def _blocks(message: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    content = message.get("content", ())
    return [] if isinstance(content, str) else [block for block in content if block.get("type") == kind]


def _typed(message: Mapping[str, Any]) -> str:
    return REMINDER.sub("", _text(message.get("content", ""))).strip()


def _text(content: str | Sequence[Mapping[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(block["text"]) for block in content if block.get("type") == "text")
