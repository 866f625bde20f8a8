"""A small disk of its own for a home, and ballast that fills it to the last byte, or uses up its last file."""

import os
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final

import pytest

IN_NAMESPACE: Final = "PODIUM_TEST_IN_NAMESPACE"
REFILL_SECONDS: Final = 0.03
PIECES_BYTES: Final = (1 << 20, 4096, 1)


@contextmanager
def small_disk(path: Path, size: str = "64m", files: int = 20_000) -> Generator[Path]:
    """A tmpfs at `path`, unmounted afterwards; raises PermissionError where this process may not mount one."""
    path.mkdir()
    options = f"size={size},nr_inodes={files}"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(path)], capture_output=True, check=False)
    if done.returncode:
        raise PermissionError(done.stderr.decode(errors="replace").strip())
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def passed_in_namespace(test: str) -> bool:
    """Whether a test (its node id) has passed as root of a namespace of its own; False when we may mount ourselves.

    Skips the test where neither is allowed.
    """
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    if os.environ.get(IN_NAMESPACE) or subprocess.run(probe, capture_output=True, check=False).returncode == 0:
        return False
    inside = ["unshare", "--user", "--map-root-user", "--mount"]
    allowed = subprocess.run([*inside, "true"], capture_output=True, check=False)
    if allowed.returncode:
        pytest.skip(f"a small disk can be mounted neither by this user nor in a namespace: {allowed.stderr.decode()}")
    command = [*inside, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", test]
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), IN_NAMESPACE: "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout[-5000:]
    return True


class Ballast:
    """Keeps a disk full while the block lasts, whatever others delete meanwhile."""

    def __init__(self, disk: Path, *, of_files: bool = False) -> None:
        self._file = disk / "ballast"
        self._folder = disk / "many"
        self._of_files = of_files
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._hold, daemon=True)

    def __enter__(self) -> None:
        self._fill()
        self._thread.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._is_over.set()
        self._thread.join()
        self._file.unlink(missing_ok=True)
        if self._of_files:
            for file in self._folder.iterdir():
                file.unlink()

    def _hold(self) -> None:
        while not self._is_over.wait(REFILL_SECONDS):
            self._fill()

    def _fill(self) -> None:
        with suppress(OSError):
            self._fill_files() if self._of_files else self._fill_bytes()

    def _fill_files(self) -> None:
        self._folder.mkdir(exist_ok=True)
        number = len(list(self._folder.iterdir()))
        while True:
            (self._folder / str(number)).touch()
            number += 1

    def _fill_bytes(self) -> None:
        with self._file.open("ab", buffering=0) as file:
            for size in PIECES_BYTES:
                with suppress(OSError):
                    while True:
                        file.write(b"x" * size)
