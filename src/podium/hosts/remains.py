"""What ended work has left on disk, and how it goes when it is over its limit (EVT-5)."""

import asyncio
import logging
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from podium.address import ORCHESTRATOR_LOG
from podium.domain import lifecycle
from podium.domain.errors import PodiumError
from podium.domain.job import Job
from podium.hosts import cleaning
from podium.policy.retention import HOUR_SECONDS, MIB, Removed, Retention, before, size_cutoff
from podium.ports import Read, Rows
from podium.runner import claim
from podium.workspace import git
from podium.workspace.layout import SESSION, Home, entries, tree_bytes
from podium.workspace.publishing import CURRENT

AT_ONCE_MAX: Final = 200
"""Attempts that are looked at between two looks at the clock."""
NAMES_MAX: Final = 100
"""Pieces of unfinished work that are named in an answer."""
KINDS: Final = ("attempts", "salvage", "integrated")
"""Refs below `refs/podium` that keep what no branch holds."""
SALVAGE: Final = "refs/podium/salvage/"
GC_AGE: Final = "1.hour.ago"
"""Younger objects stay: somebody may be at work in the repository."""
GC_SECONDS_MAX: Final = 3_600.0

MayGoOn = Callable[[], bool]
"""Asked between one removal and the next: whether there is time for another."""

_DEPLOYMENT = re.compile(r"[0-9a-f]{12}")
_log = logging.getLogger(__name__)


class _Ended(NamedTuple):
    """The directory of an ended attempt: nothing but its log and report."""

    job: int
    path: Path
    at: float
    size_bytes: int


class Remains:
    """`ports.Remains` of a home. `read` asks the store what is still open."""

    def __init__(self, home: Home, read: Read) -> None:
        self._home, self._read = home, read

    async def prune(self, limits: Retention, now: float, may_go_on: MayGoOn, *, dry_run: bool) -> list[Removed]:
        reclaim = partial(asyncio.to_thread, _reclaim)
        log = await asyncio.to_thread(_cut_log, self._home.path / ORCHESTRATOR_LOG, limits, dry_run=dry_run)
        return [
            await self._prune_logs(limits, now, may_go_on, dry_run=dry_run),
            await self._prune_sessions(before(now, limits.logs_days), may_go_on, dry_run=dry_run),
            Removed("orchestrator log", int(log > 0), log),
            await reclaim("deployments", self._superseded(limits.deployments_keep), may_go_on, dry_run=dry_run),
            await reclaim("caches", self._downloads(limits.cache_mib_max * MIB), may_go_on, dry_run=dry_run),
            await self._prune_work(before(now, limits.work_days), may_go_on, dry_run=dry_run),
        ]

    # --- logs --------------------------------------------------------------------------------------------------------

    async def _prune_logs(self, limits: Retention, now: float, may_go_on: MayGoOn, *, dry_run: bool) -> Removed:
        cutoff = before(now, limits.logs_days)
        if limits.logs_mib_max:
            by_hour = await asyncio.to_thread(self._bytes_by_hour)
            cutoff = max(cutoff, size_cutoff(by_hour, limits.logs_mib_max * MIB))
        found = (log for log in self._ended() if log.at < cutoff)
        count = size = 0
        while may_go_on() and (some := await asyncio.to_thread(lambda: list(islice(found, AT_ONCE_MAX)))):
            done = await self._read(lambda rows, some=some: [log for log in some if _is_done(rows, log.job)])
            sized = [(log.size_bytes, log.path) for log in done]
            gone = await asyncio.to_thread(_reclaim, "logs", sized, lambda: True, cleaning.remove, dry_run=dry_run)
            count, size = count + gone.count, size + (gone.size_bytes or 0)
        return Removed("logs", count, size)

    async def _prune_sessions(self, cutoff: float, may_go_on: MayGoOn, *, dry_run: bool) -> Removed:
        """What jobs kept for an attempt that never came."""
        found = [path for path in self._home.attempts.glob(f"*/*{SESSION}") if path.lstat().st_mtime < cutoff]
        done = await self._read(lambda rows: [path for path in found if _is_done(rows, int(path.stem))])
        return _reclaim("sessions", ((tree_bytes(path), path) for path in done), may_go_on, dry_run=dry_run)

    def _bytes_by_hour(self) -> dict[int, int]:
        found: defaultdict[int, int] = defaultdict(int)
        for log in self._ended():
            found[int(log.at // HOUR_SECONDS)] += log.size_bytes
        return found

    def _ended(self) -> Iterator[_Ended]:
        """Every attempt whose report was taken: it has no lock any more."""
        for project in entries(self._home.attempts):
            for attempt in entries(project.path):
                job = attempt.name.partition(".a")[0]
                files = {entry.name: entry for entry in entries(attempt.path)} if job.isdecimal() else {}
                if cleaning.UNFINISHED in files or not files.keys() & {claim.EXIT, claim.REVOKED}:
                    continue
                told = [entry.stat(follow_symlinks=False) for entry in files.values()]
                at = max(status.st_mtime for status in told)
                yield _Ended(int(job), Path(attempt.path), at, sum(status.st_size for status in told))

    # --- deployments and downloads -----------------------------------------------------------------------------------

    def _superseded(self, keep: int) -> Iterator[tuple[int, Path]]:
        for project in entries(self._home.path / "deployments") if keep else ():
            yield from ((tree_bytes(path), path) for path in _superseded(Path(project.path), keep))

    def _downloads(self, bytes_max: int) -> Iterator[tuple[int, Path]]:
        """The largest first, until what is left fits."""
        tools = sorted(((tree_bytes(Path(e.path)), e.path) for e in entries(self._home.cache)), reverse=True)
        left = sum(size for size, _ in tools)
        for size, path in tools if bytes_max else ():
            if left <= bytes_max:
                return
            left -= size
            yield size, Path(path)

    # --- unmerged work -----------------------------------------------------------------------------------------------

    async def _prune_work(self, cutoff: float, may_go_on: MayGoOn, *, dry_run: bool) -> Removed:
        count, size = 0, 0
        names: list[str] = []
        for project in await asyncio.to_thread(entries, self._home.projects):
            if not may_go_on():
                break
            repository = Path(project.path, "repository")
            try:
                if await asyncio.to_thread(_has_work, repository) and await self._ended_before(project.name, cutoff):
                    refs = await _refs(repository, cutoff)
                    count += len(refs)
                    names += [f"{project.name} {ref.removeprefix(SALVAGE)}" for ref in refs if ref.startswith(SALVAGE)]
                    size += await _forget(repository, refs) if refs and not dry_run else 0
            except (PodiumError, OSError) as error:
                _log.warning("work of %s that is over its limit cannot be removed: %s", project.name, error)
        return Removed("attempt refs", count, None if dry_run else size, tuple(names[:NAMES_MAX]))

    async def _ended_before(self, project: str, cutoff: float) -> bool:
        row = await self._read(lambda rows: rows.one("project_by_id", (project,)))
        return row is not None and row[8] is not None and row[8] < cutoff


def _is_done(rows: Rows, job_id: int) -> bool:
    """Whether nobody can need the logs of a job any more: it is done, or there is no such job."""
    row = rows.one("job_by_id", (job_id,))
    return row is None or Job._make(row).state in lifecycle.JOB_DONE


def _remove_whole(path: Path) -> str:
    """A deployment is whole or absent, and whoever downloads into a cache now makes its own anew."""
    aside = path.with_name(f".{path.name}.part")
    cleaning.remove(aside)
    path.rename(aside)
    cleaning.remove(aside)
    return ""  # it is not there any more, whatever is left beside it


def _reclaim(
    kind: str, found: Iterable[tuple[int, Path]], may_go_on: MayGoOn,
    remove: Callable[[Path], str] = _remove_whole, *, dry_run: bool,
) -> Removed:  # fmt: skip
    """Remove what has so many bytes, one after the other, as long as there is time; what would not go is logged."""
    count = size = 0
    for more, path in found:
        if not may_go_on():
            break
        if not dry_run and (problem := remove(path)):
            _log.warning("what is over the limit of %s stays: %s", kind, problem)
        else:
            count, size = count + 1, size + more
    return Removed(kind, count, size)


def _superseded(project: Path, keep: int) -> list[Path]:
    """Deployments that are neither the current one nor among the youngest that stay."""
    current = os.readlink(project / CURRENT) if (project / CURRENT).is_symlink() else ""  # noqa: PTH115 - the text
    found = [e for e in entries(project) if _DEPLOYMENT.fullmatch(e.name) and e.is_dir(follow_symlinks=False)]
    found.sort(key=lambda entry: (entry.name == current, entry.stat().st_mtime), reverse=True)
    return [Path(entry.path) for entry in found[keep:] if entry.name != current]


def _has_work(repository: Path) -> bool:
    """Whether it may hold refs of unmerged work; git is not started for those that do not."""
    refs = repository / ".git" / "refs" / "podium"
    packed = repository / ".git" / "packed-refs"
    return any(entries(refs / kind) for kind in KINDS) or (packed.is_file() and b" refs/podium/" in packed.read_bytes())


async def _refs(repository: Path, cutoff: float) -> dict[str, str]:
    """Refs of unmerged work whose commit is older than a time, with their commits."""
    wanted = [f"refs/podium/{kind}" for kind in KINDS]
    told = await git.get(repository, "for-each-ref", "--format=%(refname) %(objectname) %(committerdate:unix)", *wanted)
    rows = [line.split(" ") for line in told.splitlines()]
    return {ref: commit for ref, commit, at in rows if int(at or 0) < cutoff}


async def _forget(repository: Path, refs: dict[str, str]) -> int:
    """Delete the refs, and what only they held; the bytes that became free."""
    objects = repository / ".git" / "objects"
    was = await asyncio.to_thread(tree_bytes, objects)
    commands = "".join(f"delete {ref} {commit}\n" for ref, commit in refs.items())
    await git.get(repository, "update-ref", "--stdin", stdin=commands.encode())
    await git.get(repository, "gc", "--quiet", f"--prune={GC_AGE}", bounds=git.Bounds(GC_SECONDS_MAX))
    return max(0, was - await asyncio.to_thread(tree_bytes, objects))


def _cut_log(path: Path, limits: Retention, *, dry_run: bool) -> int:
    """Keep the end of a log that has grown too long beside it; the bytes that go. Its writer only appends."""
    limit = limits.orchestrator_log_mib_max * MIB
    size = path.stat().st_size if path.is_file() else 0
    if not limit or size <= limit:
        return 0
    if not dry_run:
        with path.open("r+b") as log, path.with_name(f"{path.name}.1").open("wb") as older:
            log.seek(-(limit // 2), os.SEEK_END)
            shutil.copyfileobj(log, older)
            log.truncate(0)
    return size - limit // 2
