"""Merges without a working tree: `git merge-tree` and `git commit-tree`, so that nothing half-done is ever visible."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from podium.workspace import git

CONFLICT_FILES_MAX: Final = 50


class MergeConflict(NamedTuple):
    """Two lines of work changed the same places; `files` are the first of those that need a decision."""

    files: tuple[str, ...]


async def integrate(repository: Path, commits: Sequence[str]) -> str | MergeConflict:
    """One commit that holds all of `commits`, in their order.

    Merge commits made here take their dates from their parents, so that the same input gives the same id. Raises
    Unavailable, TimedOut.
    """
    tips = await _independent(repository, commits)
    whole = tips[0]
    for tip in tips[1:]:
        tree = await merge_tree(repository, whole, tip)
        if isinstance(tree, MergeConflict):
            return tree
        dates = await git.get(repository, "show", "--no-patch", "--format=%ct", whole, tip)
        date = f"@{max(int(line) for line in dates.split())} +0000"
        env = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        whole = await commit_tree(repository, tree, (whole, tip), f"Integrate {whole[:12]} and {tip[:12]}", env)
    if len(tips) > 1:  # out of reach of any clean-up while an attempt stands on it
        await git.get(repository, "update-ref", f"refs/podium/integrated/{whole}", whole)
    return whole


async def merge_tree(repository: Path, ours: str, theirs: str) -> str | MergeConflict:
    """The merged tree's id. Raises Unavailable, TimedOut."""
    arguments = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs)
    answer = await git.ask(repository, *arguments, fine=git.YES_OR_NO)
    tree, *files = answer.out.decode("utf-8", "replace").split("\0")
    if answer.status == 0:
        return tree.strip()
    return MergeConflict(tuple(dict.fromkeys(file for file in files if file))[:CONFLICT_FILES_MAX])


async def commit_tree(
    repository: Path, tree: str, parents: Sequence[str], message: str, env: dict[str, str] | None = None
) -> str:
    """A new commit's id. Raises Unavailable, TimedOut."""
    flags = [flag for parent in parents for flag in ("-p", parent)]
    return await git.get(repository, "commit-tree", tree, *flags, stdin=f"{message}\n".encode(), env=env or {})


async def contains(repository: Path, whole: str, part: str) -> bool:
    """Whether `part` is `whole` or one of its ancestors. Raises Unavailable, TimedOut."""
    answer = await git.ask(repository, "merge-base", "--is-ancestor", part, whole, fine=git.YES_OR_NO)
    return answer.status == 0


async def _independent(repository: Path, commits: Sequence[str]) -> list[str]:
    """Those commits that no other of them contains, in the order given."""
    wanted = list(dict.fromkeys(commits))
    if len(wanted) == 1:
        return wanted
    found = set((await git.get(repository, "merge-base", "--independent", *wanted)).split())
    return [commit for commit in wanted if commit in found]
