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
    {"type": "result", "verdict": "passed", "failed", "rework", "blocked" or "unavailable",
     "summary", "feedback", "data": {}}

Exactly one `result` comes last, and the exit status is 0 when it was given. The agent changes files in its
clone and may commit; Podium commits what is left over, fetches the commit, and does every merge, deployment
and publication itself. `docs/command-protocol.md` says the same at leisure.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, TextIO, cast

from podium.agents.rehearsal import json_fields
from podium.agents.rehearsal.json_fields import JsonObject
from podium.domain.errors import PodiumError, UsageError

PROTOCOL_VERSION = 1

Verdict = Literal["passed", "failed", "rework", "blocked", "unavailable"]
Level = Literal["debug", "info", "warning", "error"]


class AssignmentUnreadable(UsageError):
    """The assignment cannot be read; point PODIUM_ASSIGNMENT at a JSON file of protocol version 1."""


class StepFailed(PodiumError):
    """The step cannot be done; the message says what to change. It becomes the result's summary."""


@dataclass(frozen=True, slots=True)
class Project:
    """What Podium knows of the project; type and complexity are None until somebody decides them."""

    id: str
    title: str
    brief: str
    type: str | None
    complexity: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """The one thing a fanned-out step works on, such as an issue."""

    key: str
    title: str
    data: JsonObject


@dataclass(frozen=True, slots=True)
class Artifact:
    """What an earlier step made."""

    kind: str
    key: str
    title: str
    data: JsonObject


@dataclass(frozen=True, slots=True)
class Increment:
    """What a further run of a workflow is for."""

    version: str
    reason: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to this instance, which it gets once."""

    sender: str
    text: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """One attempt at one step, as Podium describes it."""

    attempt: str
    project: Project
    workflow: str
    step: str
    item: Item | None
    document: Path | None
    artifacts: tuple[Artifact, ...]
    feedback: tuple[str, ...]
    base: str
    increment: Increment | None = None
    messages: tuple[Letter, ...] = ()

    @property
    def is_first_attempt(self) -> bool:
        """Whether nobody has tried this job before."""
        return self.attempt.endswith(".a1")

    def artifact(self, kind: str) -> Artifact | None:
        """Return the newest artifact of this kind."""
        return next((made for made in reversed(self.artifacts) if made.kind == kind), None)


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

    def _send(self, message: JsonObject) -> None:
        # ASCII escapes keep the line valid whatever the locale, and whatever script a title is written in.
        self._stream.write(json.dumps(message) + "\n")
        self._stream.flush()

    def progress(self, fraction: float, text: str) -> None:
        """Tell how far the step has come, from 0 to 1."""
        self._send({"type": "progress", "fraction": round(fraction, 3), "text": text})

    def log(self, text: str, level: Level = "info") -> None:
        """Write one log line."""
        self._send({"type": "log", "level": level, "text": text})

    def artifact(self, kind: str, key: str, title: str, data: JsonObject, path: str | None = None) -> None:
        """Hand over something this step made; `path` is relative to the clone."""
        self._send({"type": "artifact", "kind": kind, "key": key, "title": title, "data": data, "path": path})

    def spend(self, input_tokens: int, output_tokens: int, cost_usd: float | None) -> None:
        """Tell what was used since the last such message; a cost that nobody knows is None."""
        spent: JsonObject = {"input_tokens": input_tokens, "output_tokens": output_tokens, "cost_usd": cost_usd}
        self._send({"type": "spend", **spent})

    def result(self, result: Result) -> None:
        """Give the result; nothing may follow it."""
        self._send({"type": "result", **asdict(result)})


def read_assignment(path: Path) -> Assignment:
    """Read the assignment file, tolerant of missing fields but not of another protocol version."""
    try:
        loaded: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AssignmentUnreadable(f"The assignment {path} cannot be read: {error}") from error
    if not isinstance(loaded, dict) or cast("JsonObject", loaded).get("version") != PROTOCOL_VERSION:
        raise AssignmentUnreadable(f"The assignment {path} is not of protocol version {PROTOCOL_VERSION}.")
    return _assignment(cast("JsonObject", loaded))


def _assignment(data: JsonObject) -> Assignment:
    document = json_fields.optional_text(data, "document")
    return Assignment(
        attempt=json_fields.text(data, "attempt"),
        project=_project(json_fields.nested(data, "project")),
        workflow=json_fields.text(data, "workflow"),
        step=json_fields.text(data, "step"),
        item=_item(json_fields.nested(data, "item")),
        document=Path(document) if document else None,
        artifacts=tuple(_artifact(made) for made in json_fields.objects(data, "artifacts")),
        feedback=json_fields.texts(data, "feedback"),
        base=json_fields.text(data, "base"),
        increment=_increment(json_fields.nested(data, "increment")),
        messages=tuple(
            Letter(json_fields.text(told, "from"), json_fields.text(told, "text"))
            for told in json_fields.objects(data, "messages")
        ),
    )


def _increment(data: JsonObject) -> Increment | None:
    version = json_fields.text(data, "version")
    return Increment(version, json_fields.text(data, "reason")) if version else None


def _project(data: JsonObject) -> Project:
    return Project(
        id=json_fields.text(data, "id"),
        title=json_fields.text(data, "title"),
        brief=json_fields.text(data, "brief"),
        type=json_fields.optional_text(data, "type"),
        complexity=json_fields.optional_text(data, "complexity"),
    )


def _item(data: JsonObject) -> Item | None:
    key = json_fields.text(data, "key")
    if not key:
        return None
    return Item(key, json_fields.text(data, "title", key), json_fields.nested(data, "data"))


def _artifact(data: JsonObject) -> Artifact:
    return Artifact(
        kind=json_fields.text(data, "kind"),
        key=json_fields.text(data, "key"),
        title=json_fields.text(data, "title"),
        data=json_fields.nested(data, "data"),
    )
