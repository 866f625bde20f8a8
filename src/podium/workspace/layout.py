"""Where everything is in a Podium home: the one module that knows the paths."""

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from podium.domain.errors import UsageError
from podium.domain.project import checked_id

PRIVATE: Final = 0o700
HOME_ID_CHARS: Final = 12
SESSION: Final = ".session"
"""How the folder ends in which a job keeps something from one attempt to the next."""

_ATTEMPT = re.compile(r"(?P<project>[^/]+)/(?P<job>[0-9]+)\.a(?P<number>[0-9]+)")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Home:
    """A home's paths, made from validated ids. Nothing is created by asking."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.id: Final = hashlib.sha256(str(self.path).encode()).hexdigest()[:HOME_ID_CHARS]
        """Names this home in the environment of its processes, so that two homes never touch each other's."""
        self.projects, self.attempts = self.path / "projects", self.path / "attempts"
        self.cache = self.path / "cache"
        """What agents' and gates' tools have downloaded; it may be removed at any time."""

    def project(self, project_id: str) -> Path:
        return self.projects / checked_id(project_id)

    def repository(self, project_id: str) -> Path:
        return self.project(project_id) / "repository"

    def outputs(self, project_id: str, kind: str) -> Path:
        """Published pieces of one kind, such as `documentation`."""
        if not _NAME.fullmatch(kind):
            raise UsageError(f"{kind[:80]!r} cannot name a kind of output: use lower-case letters, digits and dashes.")
        return self.project(project_id) / "outputs" / kind

    def deployments(self, project_id: str) -> Path:
        return self.path / "deployments" / checked_id(project_id)

    def deployment(self, project_id: str, commit: str) -> Path:
        return self.deployments(project_id) / checked_commit(commit)[:12]

    def attempt(self, name: str) -> Path:
        """The directory of the attempt `project/job.aN`."""
        found = _ATTEMPT.fullmatch(name)
        if not found:
            raise UsageError(f"{name[:80]!r} is no attempt's name; those look like `hello-world/12.a1`.")
        return self.attempts / checked_id(found["project"]) / f"{int(found['job'])}.a{int(found['number'])}"

    def session(self, name: str) -> Path:
        """What the job of this attempt keeps from one attempt to the next, such as its agent's conversation."""
        return self.attempt(name).with_suffix(SESSION)

    def attempt_names(self, holding: str = "") -> list[str]:
        """Every attempt that has a directory here; given a name, those whose directory holds such an entry.

        Directories that cannot be read are passed over. There may be very many finished attempts: one look at each.
        """
        return sorted(
            name
            for project in entries(self.attempts)
            for attempt in entries(project.path)
            if _ATTEMPT.fullmatch(name := f"{project.name}/{attempt.name}")
            and os.path.lexists(f"{attempt.path}/{holding}")
        )

    def relative(self, path: Path) -> str:
        """A path as it is told to others: from the home, so that a home can be moved."""
        return path.relative_to(self.path).as_posix()


def entries(path: str | Path) -> list[os.DirEntry[str]]:
    """What a directory holds; nothing when it cannot be read."""
    with suppress(OSError), os.scandir(path) as entries:
        return list(entries)
    return []


def checked_commit(commit: str) -> str:
    """`commit` if it is a whole commit id; else UsageError."""
    if not COMMIT.fullmatch(commit):
        raise UsageError(f"{commit[:80]!r} is not a commit id of 40 or 64 hexadecimal digits.")
    return commit


def make_private(path: Path) -> Path:
    """Make a directory, and those above it that are missing, for its owner alone."""
    if not path.is_dir():
        make_private(path.parent)
        path.mkdir(mode=PRIVATE, exist_ok=True)
    return path


def tree_bytes(path: Path) -> int:
    """What the files below a folder take, as far as they can be looked at."""
    size = 0
    for folder, _, files in os.walk(path):
        for name in files:
            with suppress(OSError):
                size += os.lstat(f"{folder}/{name}").st_size
    return size
