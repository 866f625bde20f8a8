"""The attempt's logs, live, redacted and bounded: `messages.ndjson`, and `raw.ndjson` in its program's own words."""

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from podium.runner import files

LOG, RAW = "messages.ndjson", "raw.ndjson"


class Journal:
    """Appends one JSON object a line: `at` (wall-clock seconds), `stream`, and the message."""

    def __init__(self, path: Path, bytes_max: int) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, files.PRIVATE_FILE)
        self._bytes_left = bytes_max - os.fstat(self._fd).st_size
        self._bytes_max = bytes_max

    def write(self, stream: str, message: dict[str, Any]) -> None:
        """Append a message that is already fit to be kept; beyond the limit, and on a full disk, it is dropped.

        The file's time goes on either way: it is how an attempt shows progress (REC-2).
        """
        if self._bytes_left <= 0:
            with suppress(OSError):
                os.utime(self._fd)  # it still goes on: whoever looks for progress looks at the file's time
            return
        line = _line(stream, message)
        self._bytes_left -= len(line)
        if self._bytes_left <= 0:
            text = f"The log has reached {self._bytes_max} bytes; later messages are dropped."
            line = _line("runner", {"type": "log", "level": "warning", "text": text})
        end = os.fstat(self._fd).st_size
        with suppress(OSError):  # whole lines only: what a full disk took of one is taken back
            if os.write(self._fd, line) < len(line):
                os.ftruncate(self._fd, end)

    def note(self, text: str, level: str = "info", stream: str = "runner") -> None:
        """Append a line of the runner's own."""
        self.write(stream, {"type": "log", "level": level, "text": text})


def _line(stream: str, message: dict[str, Any]) -> bytes:
    return json.dumps({"at": round(time.time(), 3), "stream": stream, **message}).encode() + b"\n"
