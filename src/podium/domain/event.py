"""What happened: the append-only log's record and the closed list of its types."""

import tomllib
from pathlib import Path
from typing import Any, Final, NamedTuple


class Event(NamedTuple):
    """One line of the log. `seq` is gapless and in commit order; `at` is wall-clock seconds since the epoch."""

    seq: int
    at: float
    type: str
    project: str
    workflow: str
    job: int
    attempt: int
    instance: str
    data: dict[str, Any]


_KINDS: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
DOCUMENTED: Final = ("genesis_complete", "development_milestone")
"""The events whose data is a documented payload, verbatim (EVT-3)."""
TYPES: Final = frozenset({f"{kind}.{what}" for kind, all_ in _KINDS.items() for what in all_} | {*DOCUMENTED})
"""Every event type; the store refuses another (a misspelt event is one that no subscriber hears)."""
