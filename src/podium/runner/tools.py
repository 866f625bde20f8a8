"""Which tools an agent has at work, as it tells: a long build says nothing, and is no standstill (REC-2).

The fifth sign beside those that `pulse` names. Beginning and end of a tool are progress, as all that an agent says.
"""

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from podium.runner import files
from podium.runner.journal import LOG

FILE = "tools.json"
COUNT_MAX = 64
NAME_CHARS_MAX = 100
SECONDS_MAX = 3600.0
"""A tool that is at work for longer is no sign of work from then on."""


class Tool(NamedTuple):
    """A tool that is at work, and since when."""

    name: str
    since: float


class Tools:
    """Records the tools of one attempt; trouble with the disk makes it seem silent, and no more."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._at_work: dict[str, Tool] = {}

    def hear(self, told: dict[str, Any]) -> None:
        """A message of the type `tool`: one has begun, or has ended."""
        if told["state"] == "begun" and len(self._at_work) < COUNT_MAX:
            self._at_work[told["id"]] = Tool(told["name"][:NAME_CHARS_MAX], round(time.time(), 3))
        elif self._at_work.pop(told["id"], None) is None:
            return
        self._write()

    def end_all(self) -> None:
        """The agent has ended, and with it what it had not ended itself."""
        if self._at_work:
            self._at_work.clear()
            self._write()

    def _write(self) -> None:
        part = self._directory / f".{FILE}.part"
        with suppress(OSError):
            part.write_text(json.dumps({"tools": list(self._at_work.values())}), "utf-8")
            part.replace(self._directory / FILE)
            os.utime(self._directory / LOG)


def at_work(directory: Path) -> Tool | None:
    """The tool that has been at work the longest in an attempt that runs; `since` is in wall-clock seconds."""
    told = files.read_json(directory / FILE) or {}
    with suppress(KeyError, TypeError, ValueError):  # none is, or somebody else has written there
        return min((Tool(str(name), float(since)) for name, since in told["tools"]), key=lambda tool: tool.since)
    return None
