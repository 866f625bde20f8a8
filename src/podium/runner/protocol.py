"""What an agent may say: one JSON object a line on its standard output (docs/command-protocol.md).

Tolerant: what is malformed becomes a log line that says why, so that nothing an agent prints can hurt the runner.
"""

import json
import math
from pathlib import PurePosixPath
from typing import Any, cast

from podium.runner.limits import Limits
from podium.runner.lines import Redactor

VERDICTS = ("passed", "failed", "rework", "blocked", "unavailable")
LEVELS = ("debug", "info", "warning", "error")

Message = dict[str, Any]


class MalformedError(Exception):
    """A message of a known type does not hold what it must; the text names the field."""


class Conversation:
    """Listens to one agent and keeps what its report needs."""

    def __init__(self, limits: Limits, redactor: Redactor, step: str) -> None:
        self._limits = limits
        self._redactor = redactor
        self._step = step
        self._bytes_kept = 0
        self.artifacts: list[Message] = []
        self.result: Message | None = None
        self.spend: Message | None = None
        self.excess = ""
        """Set when the agent delivered more than can be kept: the attempt must end."""

    def hear(self, line: bytes, is_cut: bool) -> Message:
        """Take one line of standard output in; returns the message as it goes to the log."""
        if is_cut or not line.startswith(b"{"):
            return self.as_log(line, is_cut)
        try:
            said: Any = json.loads(line)
        except (ValueError, RecursionError):
            return self.as_log(line, is_cut)
        kind: Any = said.get("type")  # a line that begins with a brace is an object
        reader = _READERS.get(kind) if isinstance(kind, str) else None
        if reader is None:
            return self.as_log(line, is_cut)
        try:
            message: Message = {"type": kind} | self._redactor.value(reader(said))
        except (MalformedError, RecursionError) as error:
            text = f"Ignored a malformed {kind} message: {error}. It said: {line[:500].decode(errors='replace')}"
            return {"type": "log", "level": "warning", "text": self._redactor.cut_text(text)}
        self._keep(message, len(line))
        return message

    def as_log(self, line: bytes, is_cut: bool, level: str = "info") -> Message:
        """A line that is no message, as a log message."""
        text = line.decode("utf-8", "replace")
        if is_cut:
            mark = f" … [cut: longer than {self._limits.line_bytes_max} bytes]"
            return {"type": "log", "level": level, "text": self._redactor.cut_text(text) + mark}
        return {"type": "log", "level": level, "text": self._redactor.text(text)}

    def _keep(self, message: Message, size: int) -> None:
        if message["type"] == "spend":
            self.spend = _sum(self.spend, message)
        elif message["type"] in {"artifact", "result"}:
            self._bytes_kept += size
            is_one_more = message["type"] == "artifact" and len(self.artifacts) >= self._limits.artifacts_max
            if self._bytes_kept > self._limits.artifact_bytes_max or is_one_more:
                self.excess = (
                    f"it delivered more than {self._limits.artifacts_max} artifacts "
                    f"or {self._limits.artifact_bytes_max} bytes"
                )
            elif message["type"] == "result":
                self.result = message
            else:
                self.artifacts.append({k: v for k, v in message.items() if k != "type"} | {"step": self._step})


def _progress(said: Message) -> Message:
    fraction = said.get("fraction")
    if not isinstance(fraction, int | float) or not 0 <= fraction <= 1:
        fraction = None
    return {"fraction": fraction, "text": _text(said, "text")}


def _log(said: Message) -> Message:
    level = said.get("level")
    return {"level": level if level in LEVELS else "info", "text": _text(said, "text")}


def _artifact(said: Message) -> Message:
    kind, key = _text(said, "kind"), _text(said, "key")
    if not kind or not key:
        raise MalformedError("`kind` and `key` must be texts that are not empty")
    return {
        "kind": kind,
        "key": key,
        "title": _text(said, "title") or key,
        "data": _object(said, "data"),
        "path": _path(said.get("path")),
    }


def _spend(said: Message) -> Message:
    cost = said.get("cost_usd")
    if cost is not None and (isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < math.inf):
        raise MalformedError("`cost_usd` must be a number of dollars, or null when it is not known")
    tokens = {name: said.get(name, 0) for name in ("input_tokens", "output_tokens")}
    if not all(isinstance(count, int) and 0 <= count < 1 << 53 for count in tokens.values()):
        raise MalformedError("`input_tokens` and `output_tokens` must be whole numbers")
    return tokens | {"cost_usd": cost}


def _result(said: Message) -> Message:
    verdict = said.get("verdict")
    if verdict not in VERDICTS:
        raise MalformedError(f"`verdict` must be one of {', '.join(VERDICTS)}")
    return {
        "verdict": verdict,
        "summary": _text(said, "summary"),
        "feedback": _text(said, "feedback"),
        "data": _object(said, "data"),
    }


_READERS = {"progress": _progress, "log": _log, "artifact": _artifact, "spend": _spend, "result": _result}


def _text(said: Message, name: str) -> str:
    value = said.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedError(f"`{name}` must be a text")
    return value


def _object(said: Message, name: str) -> Message:
    value = said.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedError(f"`{name}` must be an object")
    return cast("Message", value)


def _path(value: object) -> str | None:
    """A path inside the repository, in its plain form."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or "\0" in value or "\\" in value:
        raise MalformedError("`path` must be a path inside the repository")
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or ".git" in path.parts or not path.parts:
        raise MalformedError("`path` must be a path inside the repository")
    return str(path)


def _sum(before: Message | None, more: Message) -> Message:
    """Two spends added up; the cost is unknown until one is given."""
    if before is None:
        return {name: value for name, value in more.items() if name != "type"}
    costs = [cost for cost in (before["cost_usd"], more["cost_usd"]) if cost is not None]
    return {
        "input_tokens": before["input_tokens"] + more["input_tokens"],
        "output_tokens": before["output_tokens"] + more["output_tokens"],
        "cost_usd": sum(costs) if costs else None,
    }
