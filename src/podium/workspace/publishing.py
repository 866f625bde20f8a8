"""What people get to see: deployments (the files of one commit, `current` pointing at the latest) and outputs."""

import asyncio
import os
import shutil
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from podium.domain.errors import Unavailable
from podium.workspace import adoption, git
from podium.workspace.layout import Home, make_private
from podium.workspace.repository import Superseded

CURRENT: Final = "current"
ENTRIES: Final = ("public/index.html", "index.html", "docs/index.html")
"""Where a browser may begin, best first."""


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


async def publish(
    home: Home, project_id: str, commit: str, pieces: Sequence[tuple[str, str]], may_write: Callable[[], bool]
) -> list[Path] | Superseded:
    """Copy pieces, each a kind and a path, out of `commit` into the project's outputs; each file appears whole.

    Pieces published before stay unless they are replaced. Raises RefusedFilesError, Unavailable, TimedOut.
    """
    if not pieces:
        return []
    outputs = make_private(home.project(project_id) / "outputs")
    paths = tuple(path for _, path in pieces)
    if outside := [path for path in paths if path.startswith("/") or ".." in path.split("/")]:
        raise RefusedFilesError(f"{outside[0]!r} is no path inside the repository")
    part = await _export(home.repository(project_id), commit, paths, outputs)
    placed: list[Path] = []
    try:
        for kind, path in pieces:
            target = home.outputs(project_id, kind) / PurePosixPath(path)
            for source, place in _files(part / path, target):
                if not may_write():
                    return Superseded()
                make_private(place.parent)
                source.replace(place)
            placed.append(target)
    except OSError as error:
        raise Unavailable(
            f"{error.filename} could not be published: {error.strerror}. Mend that, then retry."
        ) from error
    finally:
        await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)
    return placed


async def _export(repository: Path, commit: str, paths: Sequence[str], beside: Path) -> Path:
    """A new, durable directory with these files of a commit (all, when none are named), beside where they will be."""
    part = beside / f".{commit[:12]}.part"
    await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)
    archive = part.with_suffix(".tar")
    try:
        arguments = ("archive", "--format=tar", f"--output={archive}", commit, "--", *paths)
        answer = await git.ask(repository, *arguments, env={"GIT_LITERAL_PATHSPECS": "1"})
        if answer.status != 0 and "did not match any files" in answer.said:
            raise RefusedFilesError(answer.said.strip())
        if answer.status != 0:
            raise git.failure(repository, arguments, answer)
        refused = await asyncio.to_thread(_unpack, archive, part)
        for link in refused.keys() - await adoption.links_of_source(repository, list(refused)):
            raise RefusedFilesError(refused[link])
    finally:
        archive.unlink(missing_ok=True)
    return part


def _unpack(archive: Path, directory: Path) -> dict[str, str]:
    """Unpack all but the links to the outside, and tell these, each with what is wrong with it."""
    refused: dict[str, str] = {}

    def keep(member: tarfile.TarInfo, destination: str) -> tarfile.TarInfo | None:
        try:
            return tarfile.data_filter(member, destination)
        except tarfile.FilterError as error:
            if not member.issym():
                raise RefusedFilesError(str(error)) from None
            refused[member.name] = str(error)
            return None

    directory.mkdir(mode=0o700)
    with tarfile.open(archive) as tar:
        tar.extractall(directory, filter=keep)  # noqa: S202 - `keep` lets through what `data_filter` does
    os.sync()  # the name that these files get next says that they are whole, also after a power cut
    return refused


def _files(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """Each regular file in `source`, or `source` itself, and where it goes."""
    if _is_plain(source):
        return [(source, target)]
    return [(file, target / file.relative_to(source)) for file in sorted(source.rglob("*")) if _is_plain(file)]


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
