"""What work has changed, file by file: a commit against the main branch that it was made on (REV-1)."""

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from podium.workspace import git
from podium.workspace.repository import MAIN

FILE_BYTES_MAX: Final = 128 << 10
"""A larger file counts as binary: nobody reads its lines."""

_DIFF: Final = (
    *("--literal-pathspecs", "-c", f"core.bigFileThreshold={FILE_BYTES_MAX}", "diff"),
    # Nothing that a repository says has a program run, or shows another text than the file's own.
    *("--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--ignore-submodules=none"),
)
_FILE: Final = re.compile(r"^(?=diff --git )", re.MULTILINE)


class Changed(NamedTuple):
    """One file; the lines are None where nobody reads them (binary, or too large)."""

    path: str
    """Bytes that are no UTF-8 are surrogates."""
    added: int | None
    removed: int | None


async def base_of(repository: Path, commit: str) -> str | None:
    """Where main stood when it took this work in, or where the work left it; None when the commit is not kept."""
    if not (repository / ".git").is_dir() or (await git.ask(repository, "cat-file", "-e", commit)).status:
        return None
    since = await git.get(repository, "rev-list", "--first-parent", "--ancestry-path", f"{commit}..{MAIN}")
    onto = f"{since.split()[-1]}^1" if since else MAIN
    base = await git.get(repository, "merge-base", onto, commit)
    return f"{base}^1" if base == commit else base  # it is one of main's own: the merge of somebody's work


async def files(repository: Path, base: str, commit: str) -> list[Changed]:
    """Every file that differs, in the order of their names. Raises Unavailable, TimedOut."""
    told = await git.ask(repository, *_DIFF, "--numstat", "-z", base, commit, "--", fine=git.SUCCESS)
    rows = [line.split("\t", 2) for line in told.out.decode("utf-8", "surrogateescape").split("\0") if line]
    counts = [[int(n) if n.isdecimal() else None for n in row[:2]] for row in rows]
    return [Changed(row[2], *count) for row, count in zip(rows, counts, strict=True)]


async def patches(repository: Path, base: str, commit: str, paths: Sequence[str]) -> list[str]:
    """How each of these files differs, from its first `@@` on; they must differ, and be in the order of `files`."""
    told = await git.ask(repository, *_DIFF, base, commit, "--", *paths, fine=git.SUCCESS)
    parts = _FILE.split(told.out.decode("utf-8", "replace"))[1:]
    # A file that became a link, or the reverse, is two parts of one name.
    return ["".join(map(_hunks, same)) for _, same in groupby(parts, lambda part: part.partition("\n")[0])]


def _hunks(part: str) -> str:
    begin = part.find("\n@@ ")
    return part[begin + 1 :] if begin >= 0 else ""
