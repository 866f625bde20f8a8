"""Makes a home from a backup: beside its place, checked whole, and only then under its name."""

import json
import os
import re
import shutil
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

import apsw

from podium import config
from podium.backup.archive import extract, opener_of, unsound
from podium.domain.errors import Conflict, PodiumError, Unavailable, UnsafeStore, UsageError
from podium.hosts import cleaning
from podium.refusals import refusal
from podium.store.sqlite import SqliteRows, connect, migrate
from podium.store.store import DATABASE
from podium.workspace import packing, publishing
from podium.workspace.layout import Home, make_private
from podium.workspace.publishing import RefusedFilesError
from podium.workspace.repository import Superseded

PATH_CHARS_MAX: Final = 2_000
SPARE_BYTES: Final = 64 << 20
"""Free space that restoring never uses up."""

_PIPELINE: Final = "pipeline"
_REPOSITORY = re.compile(r"repositories/(?P<project>[^/]+)\.(?P<kind>pack|refs)")
_OUTPUT = re.compile(r"outputs/(?P<project>[^/]+)/(?P<path>.+)")
_LOG = re.compile(r"attempts/(?P<attempt>[^/]+/[^/]+)/(?P<file>[^/]+)")


@dataclass(slots=True)
class Restored:
    """What a new home holds."""

    home: str
    made_at: str = ""
    bytes: int = 0
    projects: int = 0
    repositories: int = 0
    deployments: int = 0
    events: int = 0
    given_back: int = 0
    """Attempts that were at work when the backup was taken; they run again, uncharged."""
    notes: list[str] = field(default_factory=list[str])


async def restore(file: Path, place: Path) -> Restored:
    """Make the home `place`, which must be absent or empty. Raises InvalidBackup, Conflict, UsageError, Unavailable."""
    opener_of(file)
    if os.path.lexists(place) and (not place.is_dir() or any(place.iterdir())):
        raise Conflict(f"{place} is not empty: a backup is only restored into an empty or absent home. Choose another.")
    make_private(place.parent)
    restored = Restored(str(place))
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=place.parent, ignore_cleanup_errors=True) as folder:
        part = Path(folder)
        home = Home(part)

        def place_of(name: str, size: int) -> Path:
            if shutil.disk_usage(part).free < size + SPARE_BYTES:
                raise Unavailable(f"{name} has {size} bytes, more than are free on the disk of {place}. Free some.")
            restored.bytes += size
            return _place(home, name)

        told = extract(file, place_of)
        restored.made_at = str(told.get("made_at", ""))
        restored.notes += map(str, told.get("notes", ()))
        _check_database(part / DATABASE, file)
        if (part / _PIPELINE).is_file():
            (part / _PIPELINE).rename(part / PurePosixPath(config.load(part).pipeline).name)
        await _make_repositories(home, restored)
        await _open(home, place, restored)
        if os.environ.get(config.DATABASE_VARIABLE):
            restored.notes.append(refusal("URL in the way", variable=config.DATABASE_VARIABLE))
        os.sync()
        part.rename(place)
    return restored


def _place(home: Home, name: str) -> Path:
    """Where a member belongs: one of the few places there are, from checked names."""
    if name in {DATABASE, config.FILE, _PIPELINE}:
        return home.path / name
    if found := _REPOSITORY.fullmatch(name):
        return home.project(found["project"]) / f".{found['kind']}"
    if (found := _LOG.fullmatch(name)) and found["file"] in cleaning.KEPT_OF_LOST:
        return home.attempt(found["attempt"]) / found["file"]
    if (found := _OUTPUT.fullmatch(name)) and _is_plain(found["path"]):
        return home.project(found["project"]) / "outputs" / found["path"]
    raise UsageError("it is no part of a home")


def _is_plain(path: str) -> bool:
    return not {"", ".", ".."} & set(path.split("/")) and "\0" not in path and len(path) <= PATH_CHARS_MAX


def _check_database(database: Path, file: Path) -> None:
    if not database.is_file():
        raise unsound(file, "it holds no database")
    try:
        with closing(connect(database)) as connection:
            found = str(connection.pragma("integrity_check"))
            if found != "ok":
                raise unsound(file, f"its database is damaged: {found}")
            migrate(connection)
    except (apsw.Error, UnsafeStore) as error:
        raise unsound(file, f"its database cannot be used: {error}") from None


async def _make_repositories(home: Home, restored: Restored) -> None:
    for objects in sorted(home.projects.glob("*/.pack")):
        folder = objects.parent
        await packing.unpack(folder / "repository", objects, folder / ".refs")
        for used in (objects, folder / ".refs"):
            used.unlink()
        restored.repositories += 1


async def _open(home: Home, place: Path, restored: Restored) -> None:
    """Make the deployments again that the rows tell of, at their new place, and count what there is."""
    with closing(connect(home.path / DATABASE)) as connection:
        rows, after = SqliteRows(connection), ""
        while found := rows.all("applications_after", (after, 1)):
            after, key, data = found[0]
            told: dict[str, Any] = json.loads(data)
            try:
                made = await publishing.deploy(home, after, str(told.get("commit")), lambda: True)
                assert not isinstance(made, Superseded)
            except (PodiumError, RefusedFilesError, OSError) as error:
                restored.notes.append(f"The deployment of {after} could not be made again: {error}")
                continue
            restored.deployments += 1
            if told.get("entry"):
                url = (place / home.relative(made) / str(told["entry"])).as_uri()
                rows.many("artifact_data_put", [(json.dumps(told | {"url": url}), after, "application", key)])
        restored.projects = sum(n for subject, _, n in rows.all("tally_all") if subject == "projects")
        restored.events = rows.one("event_bounds")[1]
        restored.given_back = len(rows.all("jobs_running"))
