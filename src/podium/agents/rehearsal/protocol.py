"""The protocol between Podium and any `command` agent, and the rehearsal agent's side of it.

**In.** Podium starts the program in the attempt's own git clone, on a branch at the base commit. The
environment is explicit and small: `PATH`, `HOME`, `TMPDIR`, `LANG`, git's author identity,
`PODIUM_ATTEMPT`, and `PODIUM_ASSIGNMENT`, the path of one JSON file::

    {"version": 1, "attempt": "hello-world/12.a1",
     "project": {"id", "title", "brief", "type", "complexity", "repository"},
     "workflow": "development", "step": "implement", "role": "features", "instance": "dev-02",
     "item": {"key": "003-greet-by-name", "title", "data"} or null,
     "prompt": "instructions", "document": "path of the requirement document, which is untrusted data",
     "artifacts": [{"kind", "key", "title", "data", "step"}], "feedback": ["newest last"],
     "base": "commit id", "increment": {"version": "v1.1", "reason"} or null}

**Out.** One JSON object a line on standard output; a line that is no JSON is taken as a log line, and so is
everything on standard error::

    {"type": "progress", "fraction": 0.5, "text": "…"}
    {"type": "log", "level": "info", "text": "…"}
    {"type": "artifact", "kind", "key", "title", "data": {}, "path": "relative to the clone" or null}
    {"type": "spend", "input_tokens": 0, "output_tokens": 0, "cost_usd": 0.0}
    {"type": "tool", "id", "name", "state": "begun" or "ended"}
    {"type": "raw", "event": what the agent's program said in its own words}
    {"type": "result", "verdict": "passed", "failed", "rework", "blocked" or "unavailable",
     "summary", "feedback", "data": {}}

Exactly one `result` comes last, and the exit status is 0 when it was given. The agent changes files in its
clone and may commit; Podium commits what is left over, fetches the commit, and does every merge, deployment
and publication itself. `docs/command-protocol.md` says the same at leisure.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TextIO, TypeAlias, cast

from podium.domain.errors import PodiumError, UsageError

PROTOCOL_VERSION = 1
RAW_CHARS_MAX = 4 << 20
"""Of one event of an agent's program in the raw log; a longer one is only mentioned."""

JsonObject: TypeAlias = dict[str, object]
Verdict = Literal["passed", "failed", "rework", "blocked", "unavailable"]
Level = Literal["debug", "info", "warning", "error"]


class AssignmentUnreadable(UsageError):
    """The assignment cannot be read; point PODIUM_ASSIGNMENT at a JSON file of protocol version 1."""


class StepFailed(PodiumError):
    """The step cannot be done; the message says what to change. It becomes the result's summary."""


class Told(dict[str, Any]):
    """A JSON object that somebody else wrote: a missing or odd field reads as empty, never as a crash."""

    def text(self, name: str) -> str:
        """A field that is a text."""
        return value if isinstance(value := self.get(name), str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts in a field that is a list."""
        listed = cast("list[Any]", value) if isinstance(value := self.get(name), (list, tuple)) else []
        return tuple(each for each in listed if isinstance(each, str))

    def object(self, name: str) -> "Told":
        """A field that is an object itself."""
        return Told(cast("dict[str, Any]", value) if isinstance(value := self.get(name), dict) else {})

    def objects(self, name: str) -> list["Told"]:
        """The objects in a field that is a list."""
        listed = cast("list[Any]", value) if isinstance(value := self.get(name), list) else []
        return [Told(cast("JsonObject", each)) for each in listed if isinstance(each, dict)]

    def artifact(self, kind: str) -> "Told":
        """Of an assignment: the newest artifact of this kind, empty when there is none."""
        return next((made for made in reversed(self.objects("artifacts")) if made.text("kind") == kind), Told())


@dataclass(frozen=True, slots=True)
class Result:
    """How the step ended; `feedback` is for whoever must do better."""

    verdict: Verdict
    summary: str
    feedback: str | None = None
    data: JsonObject = field(default_factory=dict[str, object])


class Messages:
    """Writes the agent's messages, one JSON object a line, each flushed at once so that logs are live."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def _send(self, type_: str, /, **message: object) -> None:
        # ASCII escapes keep the line valid whatever the locale, and whatever script a title is written in.
        self._stream.write(json.dumps({"type": type_, **message}) + "\n")
        self._stream.flush()

    def progress(self, fraction: float, text: str) -> None:
        """Tell how far the step has come, from 0 to 1."""
        self._send("progress", fraction=round(fraction, 3), text=text)

    def log(self, text: str, level: Level = "info") -> None:
        """Write one log line."""
        self._send("log", level=level, text=text)

    def artifact(self, kind: str, key: str, title: str, data: JsonObject, path: str | None = None) -> None:
        """Hand over something this step made; `path` is relative to the clone."""
        self._send("artifact", kind=kind, key=key, title=title, data=data, path=path)

    def spend(self, input_tokens: int, output_tokens: int, cost_usd: float | None) -> None:
        """Tell what was used since the last such message; a cost that nobody knows is None."""
        self._send("spend", input_tokens=input_tokens, output_tokens=output_tokens, cost_usd=cost_usd)

    def tool(self, id_: str, name: str, *, begun: bool) -> None:
        """One of its tools has begun, or has ended: while one is at work, silence is no standstill."""
        self._send("tool", id=id_, name=name, state="begun" if begun else "ended")

    def raw(self, event: object) -> None:
        """What the agent's program said in its own words, for the raw log."""
        size = len(json.dumps(event))
        self._send("raw", event=event if size <= RAW_CHARS_MAX else f"[an event of {size} characters]")

    def result(self, result: Result) -> None:
        """Give the result; nothing may follow it."""
        self._send("result", **asdict(result))


def read_assignment(path: Path) -> Told:
    """Read the assignment file, tolerant of missing fields but not of another protocol version."""
    try:
        loaded: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AssignmentUnreadable(f"The assignment {path} cannot be read: {error}") from error
    if not isinstance(loaded, dict) or cast("JsonObject", loaded).get("version") != PROTOCOL_VERSION:
        raise AssignmentUnreadable(f"The assignment {path} is not of protocol version {PROTOCOL_VERSION}.")
    return Told(cast("JsonObject", loaded))
