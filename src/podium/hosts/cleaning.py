"""Removes what an attempt leaves on disk, whatever permissions its agent gave it."""

import logging
import shutil
from pathlib import Path
from typing import Final

from podium.workspace.layout import PRIVATE

REMOVED: Final = ("clone", "nested", "home", "tmp", "run.json", "delivery.bundle", "delivery.part", "document.md")
"""Everything but the log, the assignment, the report and the marks that keep the attempt from starting again."""

_log = logging.getLogger(__name__)


def is_littered(directory: Path) -> bool:
    """Whether there is anything to remove."""
    return any((directory / name).exists() for name in REMOVED)


def clean(directory: Path) -> bool:
    """Remove what is not kept; False when something would not go."""
    for name in REMOVED:
        path = directory / name
        if path.is_dir() and not path.is_symlink():
            _remove_tree(path)
        else:
            path.unlink(missing_ok=True)
    return not is_littered(directory)


def _remove_tree(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    if not path.exists():
        return
    # An agent took its own rights away: give them back, from the top down, and try again.
    pending = [path]
    while pending:
        directory = pending.pop()
        try:
            directory.chmod(PRIVATE)
            pending += [entry for entry in directory.iterdir() if entry.is_dir() and not entry.is_symlink()]
        except OSError as error:
            _log.warning("cannot open %s to remove it: %s", directory, error)
    shutil.rmtree(path, ignore_errors=True)
