"""Where a home's orchestrator listens: a unix socket in the home, whatever the length of its path."""

import os
from pathlib import Path
from typing import Final

SOCKET: Final = "podium.sock"
LOCK: Final = "lock"
"""Held by the home's orchestrator from its start to the end of its process."""
SUN_PATH_BYTES_MAX: Final = 100


def socket_address(home: Path) -> str:
    """The socket's path, short enough for the kernel: a long home is reached through its open folder (Linux)."""
    path = str(home / SOCKET)
    if len(os.fsencode(path)) <= SUN_PATH_BYTES_MAX:
        return path
    return f"/proc/self/fd/{os.open(home, os.O_RDONLY | os.O_DIRECTORY)}/{SOCKET}"
