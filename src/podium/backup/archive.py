"""The file of a backup: a tar of plain files, streamed, whose last member says how each must be."""

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, cast

from podium.domain.errors import InvalidBackup, UsageError

MANIFEST: Final = "manifest.ndjson"
FORMAT: Final = 1
GZIP_LEVEL: Final = 6
CHUNK_BYTES: Final = 1 << 20
MANIFEST_LINE_BYTES_MAX: Final = 64 << 10
SUFFIXES: Final = (".tar", ".tar.gz", ".tar.zst")

_UNREADABLE: Final = (tarfile.TarError, EOFError, zlib.error, OSError, ValueError)


def suffix_of(file: Path) -> str:
    """How the file is compressed, by its name; raises `UsageError`."""
    found = next((suffix for suffix in SUFFIXES if file.name.endswith(suffix)), None)
    if found is None:
        raise UsageError(f"{file} does not say how it is packed: a backup's name ends in {', '.join(SUFFIXES)}.")
    if found == ".tar.zst" and shutil.which("zstd") is None:
        raise UsageError(f"{file} needs the program `zstd`, which is not on PATH: install it, or use .tar.gz.")
    return found


class Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        chunk = self._file.read(size)
        self.digest.update(chunk)
        return chunk


class Writer:
    """Adds members, then the manifest; the file appears under its name only when it is whole and durable."""

    def __init__(self, file: Path, scratch: Path) -> None:
        self._file = file
        self._part = scratch / "archive.part"
        self._lines = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 - closed by `finish`
        self._stack = contextlib.ExitStack()
        fd = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._out = self._stack.enter_context(os.fdopen(fd, "wb"))
        compressed = self._stack.enter_context(_compressed(self._out, suffix_of(file)))
        self._tar = self._stack.enter_context(tarfile.open(fileobj=compressed, mode="w|"))  # noqa: SIM115 - closed with the stack
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
            status = os.fstat(fd)
            size = status.st_size
            digest = self._write(name, file, size, int(status.st_mtime))
        line = {"name": name, "size": size, "sha256": digest}
        self._lines.write(json.dumps(line).encode() + b"\n")
        self.members, self.bytes = self.members + 1, self.bytes + size
        return True

    def _write(self, name: str, file: IO[bytes], size: int, at: int = 0) -> str:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o600, at
        hashed = Hashed(file)
        self._tar.addfile(info, cast("IO[bytes]", hashed))
        self._tar.members = []  # pyright: ignore[reportAttributeAccessIssue] - it would remember every member
        return hashed.digest.hexdigest()

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Write the manifest, make the file durable, give it its name."""
        self._lines.write(json.dumps({"format": FORMAT, "members": self.members, **summary}).encode() + b"\n")
        size = self._lines.tell()
        self._lines.seek(0)
        self._write(MANIFEST, self._lines, size)
        self._lines.close()
        out, last = self._out, self._stack.pop_all()
        duplicate = os.dup(out.fileno())
        try:
            last.close()
            os.fsync(duplicate)
        finally:
            os.close(duplicate)
        self._part.rename(self._file)
        folder = os.open(self._file.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Give up; nothing was made."""
        self._lines.close()
        with contextlib.suppress(Exception):
            self._stack.close()


class Reader:
    """Gives the members one after the other; at the end everything has been as the manifest says, or it raises."""

    def __init__(self, file: Path, scratch: Path) -> None:
        self._file = file
        self._scratch = scratch
        self.summary: dict[str, Any] = {}

    def members(self) -> Iterator[tuple[str, int, float, IO[bytes]]]:
        """(Name, size, time, content); the content must be read whole before the next. Raises `InvalidBackup`."""
        with (
            self._file.open("rb") as packed,
            tempfile.TemporaryFile(dir=self._scratch) as lines,
            _expanded(packed, suffix_of(self._file)) as expanded,
            contextlib.closing(self._opened(expanded)) as tar,
        ):
            while (info := self._guarded(tar.next)) is not None:
                tar.members = []  # pyright: ignore[reportAttributeAccessIssue] - as above
                if not info.isreg():
                    raise self.unsound(f"{info.name!r} in it is no plain file")
                content = tar.extractfile(info)
                assert content is not None
                if info.name == MANIFEST:
                    self._compare(lines, content)
                    return
                hashed = Hashed(cast("IO[bytes]", _Guarded(self, content)))
                yield info.name, info.size, info.mtime, cast("IO[bytes]", hashed)
                line = {"name": info.name, "size": info.size, "sha256": hashed.digest.hexdigest()}
                lines.write(json.dumps(line).encode() + b"\n")
            raise self.unsound("it ends before its manifest: it is truncated")

    def _opened(self, expanded: IO[bytes]) -> tarfile.TarFile:
        return self._guarded(lambda: tarfile.open(fileobj=expanded, mode="r|"))

    def _compare(self, lines: IO[bytes], manifest: IO[bytes]) -> None:
        """What was read is, line by line, what the manifest says was written."""
        lines.seek(0)
        for mine in lines:
            told = self._guarded(lambda: manifest.readline(MANIFEST_LINE_BYTES_MAX))
            if told != mine:
                raise self.unsound(f"{json.loads(mine)['name']} is not as the manifest says: it was altered")
        last = self._guarded(lambda: json.loads(manifest.readline(MANIFEST_LINE_BYTES_MAX)))
        if not isinstance(last, dict) or "format" not in last:
            raise self.unsound("members that its manifest tells of are missing")
        self.summary = cast("dict[str, Any]", last)
        if self.summary["format"] != FORMAT:
            raise self.unsound(f"it has the format {self.summary['format']}, this Podium knows {FORMAT}")

    def _guarded(self, read: Any) -> Any:
        try:
            return read()
        except _UNREADABLE as error:
            raise self.unsound(
                f"it cannot be read on ({error or type(error).__name__}): truncated or altered"
            ) from None

    def unsound(self, what: str) -> InvalidBackup:
        """The error for a backup that cannot be used."""
        return InvalidBackup(f"{self._file} is no sound backup: {what}. Nothing was restored; use another backup.")


class _Guarded:
    """A member's content, whose trouble is the backup's."""

    def __init__(self, reader: Reader, content: IO[bytes]) -> None:
        self._reader = reader
        self._content = content

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        return self._reader._guarded(lambda: self._content.read(size))  # pyright: ignore[reportPrivateUsage] - its other half


@contextmanager
def _compressed(out: IO[bytes], suffix: str) -> Generator[IO[bytes]]:
    if suffix == ".tar":
        yield out
    elif suffix == ".tar.gz":
        with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=GZIP_LEVEL) as packed:
            yield cast("IO[bytes]", packed)
    else:
        with subprocess.Popen(("zstd", "-q", "-c"), stdin=subprocess.PIPE, stdout=out) as program:
            assert program.stdin is not None
            yield program.stdin
            program.stdin.close()
            if program.wait() != 0:
                raise OSError(f"zstd ended with status {program.returncode}")


@contextmanager
def _expanded(packed: IO[bytes], suffix: str) -> Generator[IO[bytes]]:
    if suffix == ".tar":
        yield packed
    elif suffix == ".tar.gz":
        with gzip.GzipFile(fileobj=packed, mode="rb") as expanded:
            yield cast("IO[bytes]", expanded)
    else:
        with subprocess.Popen(
            ("zstd", "-q", "-dc"), stdin=packed, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as program:
            assert program.stdout is not None
            try:
                yield program.stdout
            finally:
                program.kill()
