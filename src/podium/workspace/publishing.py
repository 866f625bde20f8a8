"""What people get to see: deployments (the files of one commit, `current` pointing at the latest) and outputs."""

import asyncio
import os
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

from podium.domain.errors import Unavailable, UsageError
from podium.refusals import refusal
from podium.workspace import adoption, git
from podium.workspace.layout import PRIVATE, Home, make_private
from podium.workspace.repository import Superseded

CURRENT: Final = "current"
ENTRIES: Final = ("public/index.html", "index.html", "docs/index.html")
"""Where a browser may begin, best first."""
PATH_CHARS_MAX: Final = 1_024

_NOT_THERE: Final = re.compile("pathspec '(.*)' did not match any file")
_NO_ATTRIBUTES = "* !text !eol !crlf !ident !filter !working-tree-encoding\n"
"""For `info/attributes`, which outweighs every `.gitattributes`: files are written as they were committed."""


class RefusedFilesError(Exception):
    """What is to be shown is missing in the commit, or must not leave it (a link to the outside); the text names it.

    Links to the outside that came with an adopted repository are no fault of the work: they are left out.
    """


async def deploy(home: Home, project_id: str, commit: str, may_write: Callable[[], bool]) -> Path | Superseded:
    """Put the files of `commit` where they are served and make them the current ones; done before means done.

    Raises RefusedFilesError, Unavailable, TimedOut.
    """
    directory = home.deployment(project_id, commit)
    if not directory.is_dir():
        part = await _export(home.repository(project_id), commit, (), make_private(directory.parent))
        if not may_write():
            await asyncio.to_thread(shutil.rmtree, part)
            return Superseded()
        part.rename(directory)
    current = directory.parent / CURRENT
    if not current.is_symlink() or os.readlink(current) != directory.name:  # noqa: PTH115 - the text is compared
        if not may_write():
            return Superseded()
        part = current.with_name(f".{CURRENT}.part")
        part.unlink(missing_ok=True)
        part.symlink_to(directory.name)
        part.replace(current)
    return directory


def entry(directory: Path) -> str | None:
    """The deployment's first page, relative to it; None when it has none."""
    return next((name for name in ENTRIES if (directory / name).is_file()), None)


def site(home: Home, project_id: str) -> Path | None:
    """The folder of the project's current deployment that a browser may see: its first page's, and nothing else."""
    with suppress(UsageError):
        current = home.deployments(project_id) / CURRENT
        return (current / name).resolve().parent if (name := entry(current)) else None
    return None


async def publish(
    home: Home, project_id: str, commit: str, pieces: Sequence[tuple[str, str]], may_write: Callable[[], bool]
) -> list[Path] | Superseded:
    """Copy pieces, each a kind and a path, out of `commit` into the project's outputs; each file appears whole.

    Pieces published before stay unless they are replaced. Raises RefusedFilesError, Unavailable, TimedOut.
    """
    if not pieces:
        return []
    outputs = make_private(home.project(project_id) / "outputs")
    pieces = [(kind, str(PurePosixPath(path))) for kind, path in pieces]
    paths = tuple(dict.fromkeys(path for _, path in pieces))
    if outside := [path for path in paths if not _is_inside(path)]:
        raise RefusedFilesError(f"{outside[0]!r} is no path inside the repository")
    part = await _export(home.repository(project_id), commit, paths, outputs)
    try:
        found: dict[Path, Path] = {}
        placed: list[Path] = []
        for kind, path in pieces:
            placed.append(home.outputs(project_id, kind) / path)
            found |= _files(part / path, placed[-1], path)
        for place, source in found.items():
            if not may_write():
                return Superseded()
            _place(source, place, outputs)
    except OSError as error:
        raise Unavailable(refusal("not published", file=error.filename, why=error.strerror)) from error
    finally:
        await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)
    return placed


def _is_inside(path: str) -> bool:
    return not path.startswith("/") and path != "." and ".." not in path.split("/") and len(path) <= PATH_CHARS_MAX


async def _export(repository: Path, commit: str, paths: Sequence[str], beside: Path) -> Path:
    """A new, durable directory with these files of a commit (all, when none are named), beside where they will be.

    Git checks them out byte for byte: through a repository directory of our own, which has the project's objects but
    none of its configuration, and attributes above all those in the tree, so nothing is converted, filtered or left
    out.
    """
    part = beside / f".{commit[:12]}.part"
    some = ("restore", f"--source={commit}", "--pathspec-from-file=-", "--pathspec-file-nul")
    command = some if paths else ("read-tree", "--reset", "-u", commit)
    try:
        await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)
        part.mkdir(mode=PRIVATE)
        with git.nowhere(commit) as own:
            (own / "info" / "attributes").write_text(_NO_ATTRIBUTES)
            env = {"GIT_DIR": str(own), "GIT_WORK_TREE": str(part), "GIT_LITERAL_PATHSPECS": "1"}
            env["GIT_OBJECT_DIRECTORY"] = str(repository / ".git" / "objects")
            answer = await git.ask(part, *command, stdin="\0".join(paths).encode(), env=env)
        if answer.status != 0:
            raise _complaint(repository, command, answer)
        outside = await asyncio.to_thread(_links_outside, part)
        for link in outside.keys() - await adoption.links_of_source(repository, list(outside)):
            raise RefusedFilesError(f"{link!r} is a link to {outside[link]!r}, outside of the repository")
        await asyncio.to_thread(_settle, part, outside)
    except BaseException as error:
        await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)
        if isinstance(error, OSError):
            raise Unavailable(f"{part} could not be written: {error}. Mend that, then retry.") from error
        raise
    return part


def _complaint(repository: Path, command: Sequence[str], answer: git.Answer) -> Exception:
    """Why files could not be checked out: they are not there, for want of space, or no disk can hold such names."""
    if missing := _NOT_THERE.search(answer.said):
        return RefusedFilesError(f"{missing[1]!r} is not in the commit: it was never added, or git ignores it")
    if git.lacks_room(answer):
        return git.failure(repository, command, answer)
    return RefusedFilesError(f"git cannot write its files: {answer.said.strip()[-1000:]}")


def _links_outside(part: Path) -> dict[str, str]:
    """Every link that leads out of `part`, and where to; a link to an absolute path does, wherever that is."""
    inside = os.path.realpath(part) + os.sep
    outside: dict[str, str] = {}
    for folder, directories, files in os.walk(part):
        for path in (os.path.join(folder, name) for name in (*directories, *files)):  # noqa: PTH118 - many files
            if not os.path.islink(path):  # noqa: PTH114
                continue
            target = os.readlink(path)  # noqa: PTH115
            if os.path.isabs(target) or not (os.path.realpath(path) + os.sep).startswith(inside):  # noqa: PTH117
                outside[os.path.relpath(path, part)] = target
    return outside


def _settle(part: Path, links: Iterable[str]) -> None:
    """Remove these links, and make what is left durable."""
    for link in links:
        (part / link).unlink()
    os.sync()  # the name that these files get next says that they are whole, also after a power cut


def _files(source: Path, target: Path, path: str) -> dict[Path, Path]:
    """Where each file in `source`, or `source` itself, goes, and the file; refuses links and what holds no file."""
    if source.is_symlink():
        raise RefusedFilesError(f"{path!r} is a link; name the file it leads to")
    if source.is_file():
        return {target: source}
    found: dict[Path, Path] = {}
    for file in sorted(source.rglob("*")):
        if file.is_symlink():
            raise RefusedFilesError(f"{path!r} holds a link, {file.relative_to(source).as_posix()!r}; copy the file")
        if file.is_file():
            found[target / file.relative_to(source)] = file
    if not found:
        raise RefusedFilesError(f"{path!r} holds no file")
    return found


def _place(source: Path, place: Path, outputs: Path) -> None:
    """Give a file its place in one step; what was published there before and is of another kind makes way."""
    for folder in reversed(place.relative_to(outputs).parents):
        if not (above := outputs / folder).is_dir():
            above.unlink(missing_ok=True)
            above.mkdir(mode=PRIVATE)
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    again = source.with_name(f".{source.name[:100]}.again")  # one file may be part of two pieces
    again.unlink(missing_ok=True)
    try:
        os.link(source, again)
    except OSError:  # not every file system has hard links
        shutil.copyfile(source, again)
    source.replace(place)
    again.replace(source)
