"""Who may run an attempt: exactly one runner, once, and none after it was revoked."""

import os
from pathlib import Path

from podium.runner import files, processes

LOCK, REVOKED, EXIT, RUNNER = "lock", "revoked", "exit.json", "runner.json"


def take(directory: Path, is_salvage: bool = False) -> bool:
    """Lock the attempt for this process's whole life; False when it is another's, ended or revoked.

    Saving the unfinished work of a dead runner is allowed although its attempt is revoked.
    """
    fd = files.try_lock(directory / LOCK)
    if fd is None:
        return False
    if (directory / EXIT).exists() or (not is_salvage and (directory / REVOKED).exists()):
        os.close(fd)
        return False
    return True  # the descriptor stays open until the process ends


def introduce(directory: Path) -> None:
    """Say which process this is: a pid, and when it started, since pids are used again."""
    me = os.getpid()
    files.write_json(directory / RUNNER, {"pid": me, "started_at": processes.start_ticks(me)})
