"""Keeps the files of a project's repository in step with its main branch, and never touches a user's own changes."""

import logging
from contextlib import suppress
from pathlib import Path
from typing import Final

from podium.workspace import git

FOLLOWED: Final = "refs/podium/worktree"
"""The commit whose files the working tree shows; it lags behind main when Podium died between the two."""

_log = logging.getLogger(__name__)


async def follow_main(repository: Path, main: str) -> bool:
    """Bring the working tree to `main`; False when a user's own changes are in the way, which then stay as they are.

    Raises Unavailable, TimedOut.
    """
    shown = await read_ref(repository, FOLLOWED)
    if shown == main:
        return True
    if (repository / ".git" / "HEAD").read_text().strip() != "ref: refs/heads/main":
        _log.info("%s is on another branch than main; its files stay as they are", repository)
        return False
    arguments = ("read-tree", "-m", "-u", *((shown,) if shown else ()), main)
    answer = await git.ask(repository, *arguments)
    if git.lacks_room(answer):
        raise git.failure(repository, arguments, answer)  # whoever comes again brings them there
    if answer.status != 0:
        _log.warning("the files in %s do not follow main: %s", repository, answer.said.strip()[-500:])
        return False
    await git.get(repository, "update-ref", FOLLOWED, main)
    return True


async def begin(repository: Path, head: str) -> None:
    """Give a new repository its main branch."""
    refs = f"create refs/heads/main {head}\ncreate {FOLLOWED} {head}\n"
    await git.get(repository, "update-ref", "--stdin", stdin=refs.encode())


async def read_ref(repository: Path, ref: str) -> str | None:
    """The commit a ref points to, None when there is no such ref. Raises Unavailable, TimedOut."""
    content = _content(repository / ".git" / ref)
    if len(content) in {40, 64} and not content.startswith("ref:"):
        return content
    if not content and (repository / ".git" / "refs").is_dir() and ref not in _content(repository / ".git/packed-refs"):
        return None  # the usual answer about a new delivery is given without starting git
    answer = await git.ask(repository, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    return answer.text if answer.status == 0 else None


def _content(path: Path) -> str:
    with suppress(OSError):
        return path.read_text("ascii", "replace").strip()
    return ""
