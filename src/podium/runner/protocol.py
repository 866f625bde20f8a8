"""What an agent may say: one JSON object a line on its standard output (docs/command-protocol.md).

Tolerant: what is malformed becomes a log line that says why, so that nothing an agent prints can hurt the runner.
"""

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

from podium.runner.lines import Redactor
from podium.runner.spec import Limits

VERDICTS = ("passed", "failed", "rework", "blocked", "unavailable")
LEVELS = ("debug", "info", "warning", "error")
STATES = ("begun", "ended")

Message = dict[str, Any]


class MalformedError(Exception):
    """A message of a known type does not hold what it must; the text names the field."""


class Conversation:
    """Listens to one agent and keeps what its report needs."""

    def __init__(self, limits: Limits, redactor: Redactor, step: str) -> None:
        self._limits, self._redactor, self._step = limits, redactor, step
        self._bytes_kept = 0
        self.artifacts: list[Message] = []
        self.result: Message | None = None
        self.spend: Message | None = None
        self.excess = ""
        """Set when the agent delivered more than can be kept: the attempt must end."""

    def hear(self, line: bytes, is_cut: bool) -> Message:
        """Take one line of standard output in; returns the message as it goes to the log."""
        said: Any = None
        if line.startswith(b"{") and not is_cut:
            with suppress(ValueError, RecursionError):
                said = json.loads(line)  # a line that begins with a brace is an object
        kind: Any = said.get("type") if said else None
        if not isinstance(kind, str) or kind not in _FIELDS:
            return self.as_log(line, is_cut)
        try:
            read = {name: field(said.get(name), name) for name, field in _FIELDS[kind].items()}
            message: Message = {"type": kind} | self._redactor.value(read)
        except (MalformedError, RecursionError) as error:
            text = f"Ignored a malformed {kind} message: {error}. It said: {line[:500].decode(errors='replace')}"
            return {"type": "log", "level": "warning", "text": self._redactor.cut_text(text)}
        self._keep(message, len(line))
        return message

    def as_log(self, line: bytes, is_cut: bool) -> Message:
        """A line that is no message, as a log message."""
        clean = (self._redactor.cut_text if is_cut else self._redactor.text)(line.decode("utf-8", "replace"))
        mark = f" … [cut: longer than {self._limits.line_bytes_max} bytes]" if is_cut else ""
        return {"type": "log", "level": "info", "text": clean + mark}

    def _keep(self, message: Message, size: int) -> None:
        if message["type"] == "spend":
            self.spend = _sum(self.spend, message)
        elif message["type"] in {"artifact", "result"}:
            self._bytes_kept += size
            count_max, bytes_max = self._limits.artifacts_max, self._limits.artifact_bytes_max
            is_one_more = message["type"] == "artifact" and len(self.artifacts) >= count_max
            if self._bytes_kept > bytes_max or is_one_more:
                self.excess = f"it delivered more than {count_max} artifacts or {bytes_max} bytes"
            elif message["type"] == "result":
                self.result = message
            else:
                made = {name: value for name, value in message.items() if name != "type"}
                self.artifacts.append(made | {"title": made["title"] or made["key"], "step": self._step})


_REQUIRED = object()


def _checked(is_good: Callable[[Any], bool], must: str, default: Any = _REQUIRED) -> Callable[[Any, str], Any]:
    """What reads one field: its value, or the default when it is null or missing."""

    def read(value: Any, name: str) -> Any:
        if value is None and default is not _REQUIRED:
            return default
        if not is_good(value):
            raise MalformedError(must.format(name))
        return value

    return read


def _fraction(value: Any, _name: str) -> Any:
    return value if isinstance(value, int | float) and 0 <= value <= 1 else None


def _level(value: Any, _name: str) -> str:
    return value if value in LEVELS else "info"


def _path(value: Any, _name: str) -> str | None:
    """A path inside the repository, in its plain form."""
    if value is None or value == "":
        return None
    path = PurePosixPath(value if isinstance(value, str) and "\0" not in value and "\\" not in value else "/")
    if path.is_absolute() or ".." in path.parts or ".git" in path.parts or not path.parts:
        raise MalformedError("`path` must be a path inside the repository")
    return str(path)


def _is_cost(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value < math.inf


_any = _checked(lambda _: True, "")
_state, _verdict = (
    _checked(words.__contains__, f"`{{}}` must be one of {', '.join(words)}") for words in (STATES, VERDICTS)
)
_required = _checked(lambda value: isinstance(value, str) and bool(value), "`{}` must be a text that is not empty")
_text = _checked(lambda value: isinstance(value, str), "`{}` must be a text", "")
_object = _checked(lambda value: isinstance(value, dict), "`{}` must be an object", {})
_cost = _checked(_is_cost, "`{}` must be a number of dollars, or null when it is not known", None)
_tokens = _checked(lambda value: isinstance(value, int) and 0 <= value < 1 << 53, "`{}` must be a whole number", 0)
_FIELDS: Mapping[str, Mapping[str, Callable[[Any, str], Any]]] = {
    "progress": {"fraction": _fraction, "text": _text},
    "log": {"level": _level, "text": _text},
    "artifact": {"kind": _required, "key": _required, "title": _text, "data": _object, "path": _path},
    "spend": {"input_tokens": _tokens, "output_tokens": _tokens, "cost_usd": _cost},
    "tool": {"id": _required, "name": _required, "state": _state},
    "raw": {"event": _any},
    "result": {"verdict": _verdict, "summary": _text, "feedback": _text, "data": _object},
}
"""What each type of message holds; an artifact without a title is called by its key."""


def _sum(before: Message | None, more: Message) -> Message:
    """Two spends added up; the cost is unknown until one is given."""
    before = before or {"input_tokens": 0, "output_tokens": 0, "cost_usd": None}
    costs = [spend["cost_usd"] for spend in (before, more) if spend["cost_usd"] is not None]
    tokens = {name: before[name] + more[name] for name in ("input_tokens", "output_tokens")}
    return tokens | {"cost_usd": sum(costs) if costs else None}
