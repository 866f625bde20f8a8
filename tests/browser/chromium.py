"""A real Chromium: the one on the PATH, else Debian's package where there are apt and root, else Playwright's own."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 600.0
FLAGS = ("--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update")
"""Root has no Chromium sandbox; a browser in a test asks nobody outside."""


class NoBrowser(Exception):
    """There is none, and none can be installed; the message says why."""


def found() -> str | None:
    """The program; None for Playwright's own. Raises `NoBrowser`."""
    folder = Path(__file__).parents[2] / ".dev"
    folder.mkdir(exist_ok=True)
    with (folder / "browser.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (program := _on_path()) is not None:
            return program
        if shutil.which("apt-get") and os.geteuid() == 0:
            _run("apt-get", "update")
            if _run("apt-get", "install", "-y", "--no-install-recommends", "chromium"):
                return _on_path()
        if _run(sys.executable, "-m", "playwright", "install", "chromium"):
            return None
    raise NoBrowser("no Chromium is on the PATH, and neither apt nor Playwright can bring one")


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def _run(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=SECONDS, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
