"""A repository as two plain files, the objects and the refs, taken while others write to it; and back again."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from podium.domain.errors import InvalidBackup
from podium.workspace import git, worktree
from podium.workspace.layout import COMMIT, make_private
from podium.workspace.repository import MAIN, TRAILER

SECONDS_MAX: Final = 6 * 3_600.0
"""For the objects of one repository."""
MERGES_MAX: Final = 1_000
"""How far back main is looked at for merges that are not known yet."""
SETTINGS: Final = ("podium.source", "podium.branch")
"""Where an adopted repository came from; nothing else of its configuration is taken along."""

_LINE = re.compile(rf"(?P<id>{COMMIT.pattern}) (?P<ref>refs/[^\s\x00]+)")


async def main_before(repository: Path, project_id: str, main: str, is_unknown: Callable[[int], bool]) -> str:
    """The newest commit of main without the latest merges of jobs that are unknown: they happened after a moment.

    Whatever is below a commit of somebody else stays.
    """
    shape = f"--format=%H %(trailers:key={TRAILER},valueonly,separator=%x20)"
    lines = await git.get(repository, "log", "--first-parent", f"--max-count={MERGES_MAX}", shape, main)
    for line in lines.splitlines():
        commit, *keys = line.split()
        project, _, job = keys[-1].partition("/") if keys else ("", "", "")
        if project != project_id or not job.isdecimal() or not is_unknown(int(job)):
            return commit
    return main


async def pack(repository: Path, main: str | None, target: Path) -> tuple[Path, Path]:
    """Write all that the refs reach to files beside `target`: the objects and the refs, `main` as it is given.

    Raises Unavailable, TimedOut.
    """
    told = await git.get(repository, "for-each-ref", "--format=%(objectname) %(refname)")
    refs = {ref: id_ for id_, ref in (line.split(" ") for line in told.splitlines()) if ref != worktree.FOLLOWED}
    if main is not None:
        refs[MAIN] = main
    wanted = "\n".join(dict.fromkeys(refs.values())).encode() + b"\n"
    command = ("pack-objects", "--revs", "--quiet", "--delta-base-offset", "--threads=1", str(target))
    name = await git.get(repository, *command, stdin=wanted, bounds=git.Bounds(SECONDS_MAX))
    lines = [f"{id_} {ref}\n" for ref, id_ in refs.items()]
    for key in SETTINGS:
        found = await git.ask(repository, "config", "--get", key)
        lines += [f"{key} {found.text}\n"] if found.status == 0 else []
    shallow = repository / ".git" / "shallow"
    lines += [f"shallow {id_}\n" for id_ in (shallow.read_text().split() if shallow.is_file() else ())]
    listed = target.with_name(f"{target.name}.refs")
    listed.write_text("".join(lines), "utf-8")
    return target.with_name(f"{target.name}-{name}.pack"), listed


async def unpack(repository: Path, objects: Path, listed: Path) -> None:
    """Make the repository from its two files, with the files of main in its working tree.

    Raises InvalidBackup, Unavailable, TimedOut.
    """
    refs, settings, shallow = await asyncio.to_thread(_listed, listed, repository.parent.name)
    if MAIN not in refs:
        raise InvalidBackup(f"The repository of {repository.parent.name} has no branch main.")
    kind = ("--object-format=sha256",) if len(refs[MAIN]) == 64 else ()
    await git.get(make_private(repository), "init", "--quiet", "--template=", "--initial-branch=main", *kind)
    if shallow:
        (repository / ".git" / "shallow").write_text("".join(shallow))
    with objects.open("rb") as file:
        await git.get(repository, "index-pack", "--stdin", stdin=file.fileno(), bounds=git.Bounds(SECONDS_MAX))
    commands = "".join(f"create {ref} {id_}\n" for ref, id_ in refs.items())
    await git.get(repository, "update-ref", "--stdin", stdin=commands.encode())
    for key, value in settings.items():
        await git.get(repository, "config", key, value)
    await worktree.follow_main(repository, refs[MAIN])


def _listed(listed: Path, project: str) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """What a file of refs says: refs with their ids, settings, and where the history was cut off."""
    refs: dict[str, str] = {}
    settings: dict[str, str] = {}
    shallow: list[str] = []
    for line in listed.read_text("utf-8").splitlines():
        key, _, value = line.partition(" ")
        if (found := _LINE.fullmatch(line)) is not None:
            refs[found["ref"]] = found["id"]
        elif key in SETTINGS:
            settings[key] = value
        elif key == "shallow" and COMMIT.fullmatch(value):
            shallow.append(f"{value}\n")
        else:
            raise InvalidBackup(f"The refs of {project} hold {line[:80]!r}, which is none.")
    return refs, settings, shallow
