"""The runner's heartbeat: a file that changes every few seconds, and says how long the attempt's processes have idled.

Alive, answering, getting on and working are four signals (REC-2). This is the second and the fourth: a build that says
nothing for an hour uses the CPU, an agent that hangs does not.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from podium.runner import files, processes

FILE = "heartbeat"
BEAT_SECONDS = 5.0
WORK_SHARE = 0.02
"""Of one CPU, so much is work: an idle event loop wakes up now and then, too."""


class Pulse:
    """Beats when it is asked to and due; trouble with the disk is no reason to stop."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._due = self._looked_at = self._worked_at = time.monotonic()
        self._ticks: dict[int, int] = {}

    def beat(self) -> None:
        """Write down how long nothing has worked, if it is time."""
        now = time.monotonic()
        if now < self._due:
            return
        ticks = processes.cpu_ticks(os.getpid())
        used = sum(n - self._ticks.get(pid, 0) for pid, n in ticks.items()) / os.sysconf("SC_CLK_TCK")
        if used >= WORK_SHARE * (now - self._looked_at):
            self._worked_at = now
        self._due, self._looked_at, self._ticks = now + BEAT_SECONDS, now, ticks
        with suppress(OSError):
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, files.PRIVATE_FILE)
            with os.fdopen(fd, "wb", 0) as file:
                file.write(b"%12.3f" % (now - self._worked_at) if processes.IS_LINUX else b"unknown")


def idle_seconds(path: str) -> float | None:
    """What the last beat said; None where there is none."""
    with suppress(ValueError):
        return float(files.read(path))
    return None
