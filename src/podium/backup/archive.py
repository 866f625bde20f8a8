"""The file of a backup: a tar of plain files, streamed, whose last member says how each must be."""

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Generator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, Final, cast

from podium.domain.errors import Conflict, InvalidBackup, UsageError
from podium.runner import files
from podium.workspace.layout import make_private

MANIFEST: Final = "manifest.ndjson"
FORMAT: Final = 1
CHUNK_BYTES: Final = 1 << 20
MANIFEST_LINE_BYTES_MAX: Final = 64 << 10
SUFFIXES: Final[Mapping[str, Callable[..., Any]]] = {".tar": open, ".tar.gz": partial(gzip.open, compresslevel=6)}
"""How a backup is packed, by its name."""

_UNREADABLE: Final = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError)


def opener_of(file: Path) -> Callable[..., Any]:
    """What opens a file of this name; raises `UsageError`."""
    found = next((opener for suffix, opener in SUFFIXES.items() if file.name.endswith(suffix)), None)
    if found is None:
        raise UsageError(f"{file} does not say how it is packed: a backup's name ends in {' or '.join(SUFFIXES)}.")
    return found


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        chunk = self._file.read(size)
        self.digest.update(chunk)
        return chunk


@contextlib.contextmanager
def appearing(file: Path) -> Generator[Path]:
    """Where to write what appears under the name of `file` when it is whole and durable, in a folder for scratch.

    Raises `Conflict` where something has that name.
    """
    if os.path.lexists(file):
        raise Conflict(f"{file} is there already. Choose another name, or remove it.")
    with tempfile.TemporaryDirectory(prefix=".podium-backup-", dir=file.parent, ignore_cleanup_errors=True) as folder:
        part = Path(folder, f"part-{file.name}")
        part.touch(mode=0o600)
        yield part
        files.sync(part)
        part.rename(file)
        files.sync(file.parent)


class Writer:
    """Adds members, then the manifest, to a file whose name says how it is packed."""

    def __init__(self, part: Path) -> None:
        self._stack = contextlib.ExitStack()
        self._lines = self._stack.enter_context(tempfile.TemporaryFile(dir=part.parent))  # noqa: SIM115 - closed with the stack
        packed = self._stack.enter_context(opener_of(part)(part, "wb"))
        self._tar = self._stack.enter_context(tarfile.open(fileobj=packed, mode="w|"))  # noqa: SIM115 - closed with the stack
        self.members = self.bytes = 0

    def add(self, name: str, path: Path) -> bool:
        """Add a plain file as it is now; False when it is not there any more, or is none."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        with os.fdopen(fd, "rb") as file:
            if not path.is_file():
                return False
            size, at = os.fstat(fd).st_size, int(os.fstat(fd).st_mtime)
            digest = self._write(name, file, size, at)
        self._lines.write(_line(name, size, digest))
        self.members, self.bytes = self.members + 1, self.bytes + size
        return True

    def _write(self, name: str, file: IO[bytes], size: int, at: int = 0) -> str:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o600, at
        hashed = _Hashed(file)
        self._tar.addfile(info, cast("IO[bytes]", hashed))
        self._tar.members = []  # pyright: ignore[reportAttributeAccessIssue] - it would remember every member
        return hashed.digest.hexdigest()

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Write the manifest; nothing is added after it."""
        self._lines.write(json.dumps({"format": FORMAT, "members": self.members, **summary}).encode() + b"\n")
        size = self._lines.tell()
        self._lines.seek(0)
        self._write(MANIFEST, self._lines, size)
        self._stack.close()

    def close(self) -> None:
        """Give up; nothing was made."""
        with contextlib.suppress(Exception):
            self._stack.close()


def extract(file: Path, place: Callable[[str, int], Path]) -> dict[str, Any]:
    """Write every member where `place` (name, size) says; the answer is the manifest's summary.

    All is as the manifest says, or it raises `InvalidBackup`; so it does where `place` raises `UsageError`.
    """
    mine = hashlib.sha256()
    try:
        with opener_of(file)(file, "rb") as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            while (info := tar.next()) is not None:
                tar.members = []  # pyright: ignore[reportAttributeAccessIssue] - it would remember every member
                content = tar.extractfile(info) if info.isreg() else None
                if content is None:
                    raise unsound(file, f"{info.name!r} in it is no plain file")
                if info.name == MANIFEST:
                    return _summary(file, content, mine.digest())
                mine.update(_line(info.name, info.size, _write(file, info, content, place)))
    except _UNREADABLE as error:
        what = str(error) or type(error).__name__
        raise unsound(file, f"it cannot be read on ({what}): truncated or altered") from None
    raise unsound(file, "it ends before its manifest: it is truncated")


def _write(file: Path, info: tarfile.TarInfo, content: IO[bytes], place: Callable[[str, int], Path]) -> str:
    hashed = _Hashed(content)
    try:
        target = place(info.name, info.size)
        make_private(target.parent)
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except UsageError as error:
        raise unsound(file, f"it holds {info.name[:200]!r}: {error}") from None
    except (FileExistsError, NotADirectoryError):
        raise unsound(file, f"it holds {info.name[:200]!r} twice") from None
    with os.fdopen(fd, "wb") as made:
        shutil.copyfileobj(cast("IO[bytes]", hashed), made, CHUNK_BYTES)
    os.utime(target, (info.mtime, info.mtime))  # logs are kept by age
    return hashed.digest.hexdigest()


def _summary(file: Path, manifest: IO[bytes], mine: bytes) -> dict[str, Any]:
    """The manifest's last line, when those before it tell of the members that were read."""
    told, last = hashlib.sha256(), b""
    while line := manifest.readline(MANIFEST_LINE_BYTES_MAX):
        told.update(last)
        last = line
    summary: Any = json.loads(last)
    written: Any = summary.get("format") if isinstance(summary, dict) else None  # pyright: ignore[reportUnknownVariableType] - JSON
    if written != FORMAT:
        raise unsound(file, f"it has the format {written}, this Podium knows {FORMAT}")
    if told.digest() != mine:
        raise unsound(file, "what it holds is not what its manifest says: it was altered")
    return cast("dict[str, Any]", summary)


def unsound(file: Path, what: str) -> InvalidBackup:
    """The error for a backup that cannot be used."""
    return InvalidBackup(f"{file} is no sound backup: {what}. Nothing was restored; use another backup.")


def _line(name: str, size: int, digest: str) -> bytes:
    """What the manifest says of a member."""
    return json.dumps({"name": name, "size": size, "sha256": digest}).encode() + b"\n"
