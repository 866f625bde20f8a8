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
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, cast

from podium.domain.errors import InvalidBackup, UsageError
from podium.runner import files

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
    """A file that is hashed as it is read; `guard` does the reading and says whose trouble with it is."""

    def __init__(self, file: IO[bytes], guard: Callable[[Callable[[], Any]], Any] = lambda read: read()) -> None:
        self._file = file
        self._guard = guard
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        chunk: bytes = self._guard(lambda: self._file.read(size))
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
        out = self._stack.enter_context(os.fdopen(fd, "wb"))
        compressed = self._stack.enter_context(_compressed(out, suffix_of(file)))
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
            size, at = os.fstat(fd).st_size, int(os.fstat(fd).st_mtime)
            digest = self._write(name, file, size, at)
        self._lines.write(_line(name, size, digest))
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
        self._stack.close()
        files.sync(self._part)
        self._part.rename(self._file)
        files.sync(self._file.parent)

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
            self._guarded(lambda: tarfile.open(fileobj=expanded, mode="r|")) as tar,
        ):
            while (info := self._guarded(tar.next)) is not None:
                tar.members = []
                if not info.isreg():
                    raise self.unsound(f"{info.name!r} in it is no plain file")
                content = tar.extractfile(info)
                assert content is not None
                if info.name == MANIFEST:
                    self._compare(lines, content)
                    return
                hashed = Hashed(content, self._guarded)
                yield info.name, info.size, info.mtime, cast("IO[bytes]", hashed)
                lines.write(_line(info.name, info.size, hashed.digest.hexdigest()))
            raise self.unsound("it ends before its manifest: it is truncated")

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

    def _guarded(self, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except _UNREADABLE as error:
            what = error or type(error).__name__
            raise self.unsound(f"it cannot be read on ({what}): truncated or altered") from None

    def unsound(self, what: str) -> InvalidBackup:
        """The error for a backup that cannot be used."""
        return InvalidBackup(f"{self._file} is no sound backup: {what}. Nothing was restored; use another backup.")


def _line(name: str, size: int, digest: str) -> bytes:
    """What the manifest says of a member."""
    return json.dumps({"name": name, "size": size, "sha256": digest}).encode() + b"\n"


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
        streams: dict[str, Any] = {"stdin": packed, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(("zstd", "-q", "-dc"), **streams) as program:
            assert program.stdout is not None
            try:
                yield program.stdout
            finally:
                program.kill()
