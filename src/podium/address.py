"""Where a home's orchestrator listens: a unix socket in the home, whatever the length of its path."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SOCKET: Final = "podium.sock"
LOCK: Final = "lock"
"""Held by the home's orchestrator from its start to the end of its process."""
ORCHESTRATOR_LOG: Final = "orchestrator.log"
"""In the home: what an orchestrator in the background says."""
SUN_PATH_BYTES_MAX: Final = 100


@contextmanager
def socket_address(home: Path) -> Generator[str]:
    """The socket's path, short enough for the kernel, while the block lasts; raises `OSError` without such a folder.

    A long home is reached through its open folder (Linux).
    """
    path = str(home / SOCKET)
    if len(os.fsencode(path)) <= SUN_PATH_BYTES_MAX:
        yield path
        return
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)
