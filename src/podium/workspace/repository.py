"""The projects' repositories: where delivered commits arrive, and the only hands that move a main branch."""

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from podium.domain.errors import NotFound, PodiumError, Unavailable
from podium.refusals import refusal
from podium.workspace import adoption, git, merging, worktree
from podium.workspace.layout import Home, checked_commit, make_private
from podium.workspace.merging import MergeConflict

MAIN: Final = "refs/heads/main"
TRAILER: Final = "Podium-Job"
MERGE_TRIES_MAX: Final = 5
"""How often a merge is made again because main moved meanwhile."""
PACKS_MAX: Final = 40
"""Every delivery arrives as a pack; beyond this many, they are put together."""
SUBJECT_CHARS_MAX: Final = 200
INTEGRATED_MAX: Final = 1024
"""Results of `integrate` that are remembered: commits never change, so neither do these."""
HEADER_BYTES_MAX: Final = 64 << 10
"""Of a bundle file (gitformat-bundle(5))."""

_SIGNATURES = (b"# v2 git bundle\n", b"# v3 git bundle\n")
_BEGINNING = {"GIT_AUTHOR_DATE": "@1767225600 +0000", "GIT_COMMITTER_DATE": "@1767225600 +0000"}


@dataclass(frozen=True, slots=True)
class Superseded:
    """The attempt is no longer its job's latest: it changed nothing, and must not."""


@dataclass(frozen=True, slots=True)
class Merged:
    """Main holds the work; `commit` is the merge that brought it, `is_new` false when that had happened before."""

    commit: str
    is_new: bool


class Repositories:
    """All projects' repositories in one home. Methods raise Unavailable or TimedOut when git or the disk fails."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._integrated: dict[tuple[str, ...], str] = {}

    async def create(self, project_id: str, source: str | None = None) -> Path:
        """The project's repository, made unless it is there; it is whole or absent.

        It begins as a full copy of the repository `source` (`source.checked`), or with a first, empty commit.
        """
        path = self._home.repository(project_id)
        if (path / ".git").is_dir():
            return path
        async with self._lock(project_id):
            if not (path / ".git").is_dir():
                await self._begin(path, project_id, source)
        return path

    async def main(self, project_id: str) -> str:
        """The head of the project's main branch."""
        path = await self.create(project_id)
        head = await worktree.read_ref(path, MAIN)
        if head is None:
            raise NotFound(f"{path} has no branch `main`; make one with `git branch main COMMIT`.")
        return head

    async def integrate(self, project_id: str, commits: Sequence[str]) -> str | MergeConflict:
        """What an attempt that stands on `commits` starts from: all of them, and main where it merges cleanly.

        Without main in it, work that was sent back because it conflicts with main would conflict for ever.
        """
        path = await self.create(project_id)
        main = await self.main(project_id)
        if not commits:
            return main
        stands_on = (project_id, main, *map(checked_commit, commits))
        known = self._integrated.get(stands_on)
        if known is not None:  # an attempt that runs again stands on what the one before stood on
            return known
        whole = await merging.integrate(path, stands_on[2:])
        if isinstance(whole, MergeConflict):
            return whole
        fresh = await merging.integrate(path, [whole, main])
        whole = whole if isinstance(fresh, MergeConflict) else fresh
        if len(self._integrated) >= INTEGRATED_MAX:
            self._integrated.clear()
        self._integrated[stands_on] = whole
        return whole

    async def merge(
        self, project_id: str, commits: Sequence[str], key: str, subject: str, may_write: Callable[[], bool]
    ) -> Merged | MergeConflict | Superseded:
        """Bring `commits` into main with a merge commit that names `key`; done before means done.

        `may_write` is asked right before main is moved, which only happens if it still is where it was looked at.
        """
        path = await self.create(project_id)
        async with self._lock(project_id):
            main = await self.main(project_id)
            await worktree.follow_main(path, main)  # heals what a crash left between the branch and its files
            if not commits:
                return Merged(await _merge_for(path, main, key) or main, is_new=False)
            tip = await merging.integrate(path, [checked_commit(commit) for commit in commits])
            if isinstance(tip, MergeConflict):
                return tip
            message = f"{' '.join(subject.split())[:SUBJECT_CHARS_MAX]}\n\n{TRAILER}: {key}"
            merged = await self._advance(project_id, path, tip, message, key, may_write)
            if isinstance(merged, Merged) and merged.is_new:
                await worktree.follow_main(path, merged.commit)
                await _put_packs_together(path)
            return merged

    async def collect(self, project_id: str, bundle: Path, source: str, target: str, commit: str) -> None:
        """Take `commit` from the bundle file into the ref `target`, every object checked; no git runs in any clone."""
        path = self._home.repository(project_id)
        if await worktree.read_ref(path, target) == commit:
            return
        async with self._lock(f"{project_id}/incoming"):
            try:
                await _unpack(path, bundle, source, commit)
            except (PodiumError, OSError):
                await asyncio.to_thread(_remove_partial_packs, path)
                raise
        await git.get(path, "update-ref", target, checked_commit(commit))

    async def _begin(self, path: Path, project_id: str, source: str | None) -> None:
        part = path.with_name(f".{path.name}.part")
        await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)
        if part.exists():
            raise Unavailable(f"{part} cannot be removed: something still writes there. Try again later.")
        make_private(part)
        if source is None:
            await _begin_empty(part, project_id)
        else:
            await adoption.adopt(part, source)
        part.rename(path)

    async def _advance(
        self, project_id: str, path: Path, tip: str, message: str, key: str, may_write: Callable[[], bool]
    ) -> Merged | MergeConflict | Superseded:
        for _ in range(MERGE_TRIES_MAX):
            main = await self.main(project_id)
            if await merging.contains(path, main, tip):
                return Merged(await _merge_for(path, main, key) or main, is_new=False)
            tree = await merging.merge_tree(path, main, tip)
            if isinstance(tree, MergeConflict):
                return tree
            commit = await merging.commit_tree(path, tree, (main, tip), message)
            if not may_write():
                return Superseded()
            if (await git.ask(path, "update-ref", "-m", f"podium: {key}", MAIN, commit, main)).status == 0:
                return Merged(commit, is_new=True)
        raise Unavailable(f"The branch main of {path} moved {MERGE_TRIES_MAX} times during one merge; try again later.")

    def _lock(self, name: str) -> asyncio.Lock:
        """One for each project, and one for what it takes in."""
        return self._locks.setdefault(name, asyncio.Lock())


async def _begin_empty(part: Path, project_id: str) -> None:
    await git.get(part, "init", "--quiet", "--template=", "--initial-branch=main")
    tree = await git.get(part, "mktree")
    first = await merging.commit_tree(part, tree, (), f"Begin {project_id}", _BEGINNING)
    await worktree.begin(part, first)


async def _merge_for(path: Path, main: str, key: str) -> str | None:
    """The newest commit on main itself that names `key`."""
    which = ("--first-parent", "--fixed-strings", f"--grep={TRAILER}: {key}")
    # The pattern also finds longer keys that begin with this one, so the whole value is compared.
    shape = f"--format=%H %(trailers:key={TRAILER},valueonly,separator=%x20)"
    found = await git.get(path, "log", *which, shape, main)
    return next((line.split()[0] for line in found.splitlines() if line.split()[1:] == [key]), None)


def _remove_partial_packs(path: Path) -> None:
    """Git leaves the part of a pack that a full disk took; tried again and again it would keep the disk full."""
    for part in (path / ".git" / "objects" / "pack").glob("tmp_pack_*"):
        part.unlink(missing_ok=True)


async def _put_packs_together(path: Path) -> None:
    if len(list((path / ".git" / "objects" / "pack").glob("*.pack"))) > PACKS_MAX:
        await git.ask(path, "repack", "--quiet", "-d", "--geometric=2")


async def _unpack(repository: Path, bundle: Path, source: str, commit: str) -> None:
    """Add a bundle file's objects to the repository, every one checked; `source` in it must be `commit`.

    `git fetch` would do it in one call, but git before 2.46 checks no objects that come from a bundle, whatever
    `fetch.fsckObjects` says (seen with 2.39). So the pack in the bundle goes to `git index-pack --strict`, which also
    checks that everything its objects refer to is there. Raises Unavailable, TimedOut.
    """
    try:
        fd = os.open(bundle, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise Unavailable(f"{bundle} cannot be read ({error.strerror}); the work in it is not taken.") from None
    with os.fdopen(fd):
        head = os.read(fd, HEADER_BYTES_MAX)
        end = head.find(b"\n\n") + 2
        if not head.startswith(_SIGNATURES) or end < 2 or f"\n{commit} {source}\n".encode() not in head[:end]:
            raise Unavailable(refusal("another commit", bundle=bundle, commit=commit[:12]))
        os.lseek(fd, end, os.SEEK_SET)
        await git.get(repository, "index-pack", "--stdin", "--fix-thin", "--strict", stdin=fd)
