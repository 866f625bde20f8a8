"""Removes what an attempt leaves on disk, whatever rights and shapes its agent gave it; nothing here raises OSError."""

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from podium.hosts import probing
from podium.runner import claim
from podium.runner.journal import LOG, RAW
from podium.workspace.layout import PRIVATE

KEPT: Final = frozenset({LOG, RAW, claim.EXIT})
"""What stays of an attempt whose report was taken."""
KEPT_OF_LOST: Final = KEPT | {claim.REVOKED, "runner.log"}
"""Without a report, what keeps it from starting again, and what its runner said last, stay too."""
UNFINISHED: Final = claim.LOCK
"""An attempt's directory holds it from its making until all is removed, so one look tells if there is work left."""
REMOVE_SECONDS_MAX: Final = 300.0


def reclaim(directory: Path) -> None:
    """Take back the rights to an attempt's directory and those above it, which its agent may have given away."""
    for path in (directory.parent.parent, directory.parent, directory):
        with suppress(OSError):
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode) and mode & PRIVATE != PRIVATE:
                path.chmod(PRIVATE)


def clean(directory: Path) -> list[str]:
    """Remove what is not kept; one sentence for each thing that would not go."""
    reclaim(directory)
    try:
        if directory.is_symlink() or directory.is_file():
            directory.unlink()
            return []
        names = os.listdir(directory)  # noqa: PTH208 - names are wanted
    except FileNotFoundError:
        return []
    except OSError as error:
        return [str(error)]
    kept = KEPT if claim.EXIT in names else KEPT_OF_LOST
    removed = [name for name in names if name not in kept and name != UNFINISHED]
    problems = [problem for name in removed if (problem := remove(directory / name))]
    if not problems and UNFINISHED in names and (problem := remove(directory / UNFINISHED)):
        problems.append(problem)
    return problems


def remove(path: Path) -> str:
    """Remove a file or a tree; why it is still there, or ""."""
    try:
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)
            return ""
    except OSError as error:
        return str(error)
    with suppress(OSError, RecursionError):
        shutil.rmtree(path, ignore_errors=True)
    if not os.path.lexists(path):
        return ""
    _take_back_rights(path)
    # A program that walks without paths: some are nested deeper than a path may be long.
    said = probing.run(("rm", "-rf", "--", str(path)), REMOVE_SECONDS_MAX).said
    return f"{path} cannot be removed: {said}" if os.path.lexists(path) else ""


def _take_back_rights(path: Path) -> None:
    pending = [str(path)]  # texts: a Path of a deep tree takes its time
    while pending:  # from the top down
        directory = pending.pop()
        with suppress(OSError):
            os.chmod(directory, PRIVATE)  # noqa: PTH101 - as above
            with os.scandir(directory) as entries:
                pending += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
