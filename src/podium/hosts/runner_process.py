"""A runner's process as a host sees it: started detached, found again after a restart, waited for without polling."""

import asyncio
import fcntl
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from podium.runner import claim, files, processes

LOG: Final = "runner.log"
_MAIN = Path(claim.__file__).with_name("__main__.py")
# Isolated and without `site`: the runner needs the standard library alone, and starts in half the time.
_COMMAND = (sys.executable, "-I", "-S", str(_MAIN))


class RunnerProcess:
    """One living or ended runner. With a pidfd a signal can never reach a stranger that got the same pid."""

    def __init__(self, pid: int, directory: Path, *, is_child: bool = False) -> None:
        self._pid, self._is_child, self._directory = pid, is_child, directory
        self._fd: int | None = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None

    def __del__(self) -> None:
        self._close()

    async def exited(self) -> None:
        """Return once the runner has ended."""
        if self._fd is None:
            await _finished(self._wait, f"waits for {self._directory.name}")
        else:
            await _readable(self._fd)
        with suppress(ChildProcessError):  # an earlier orchestrator's child is reaped by the system
            os.waitpid(self._pid, os.WNOHANG)  # noqa: ASYNC222 - it has ended, and WNOHANG does not wait
        self._close()

    def lives(self) -> bool:
        """Whether it has not ended, asked of the system itself."""
        if self._fd is not None:
            return not select.select([self._fd], [], [], 0)[0]
        return not hasattr(os, "pidfd_open") and files.is_locked(self._directory / claim.LOCK)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it still lives."""
        with suppress(ProcessLookupError):
            if self._fd is not None:
                signal.pidfd_send_signal(self._fd, number)
            elif not hasattr(os, "pidfd_open") and (self._is_child or files.is_locked(self._directory / claim.LOCK)):
                os.kill(self._pid, number)

    def _wait(self) -> None:
        if self._is_child:
            with suppress(ChildProcessError):
                os.waitpid(self._pid, 0)
        else:  # it holds its lock until it ends
            with (self._directory / claim.LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH)

    def _close(self) -> None:
        fd, self._fd = getattr(self, "_fd", None), None
        if fd is not None:
            os.close(fd)


def spawn(directory: Path, path: str, tag: str) -> RunnerProcess:
    """Start the runner of the attempt in `directory`, in a session of its own. Raises OSError."""
    with (directory / LOG).open("ab") as log:
        started = subprocess.Popen((*_COMMAND, str(directory)), **_apart(directory, path, tag, log))
    try:
        runner = RunnerProcess(started.pid, directory, is_child=True)
    except OSError:  # no descriptor is left: a runner that nobody could wait for or end must not go on
        started.kill()
        started.wait()
        raise
    started.returncode = 0  # it outlives this object, which would complain; `exited` reaps it
    return runner


def salvage(directory: Path, path: str, tag: str, seconds: float) -> str | None:
    """Have the unfinished work of a dead runner's attempt bundled; its commit, None when there is none."""
    with suppress(subprocess.TimeoutExpired), (directory / LOG).open("ab") as log:
        command = (*_COMMAND, "--salvage", str(directory))
        subprocess.run(command, timeout=seconds, check=False, **_apart(directory, path, tag, log))
    commit = (files.read_json(directory / "salvage.json") or {}).get("commit")
    return commit if isinstance(commit, str) else None


def find(directory: Path) -> RunnerProcess | None:
    """The living runner that introduced itself in `directory`; None when it has not yet, or has ended."""
    said = files.read_json(directory / claim.RUNNER) or {}
    pid = said.get("pid")
    if not isinstance(pid, int):
        return None
    try:
        runner = RunnerProcess(pid, directory)
    except OSError:
        return None
    # With the descriptor open, a pid that still belongs to the runner will do so for good.
    return runner if processes.start_ticks(pid) == said.get("started_at") else None


async def _readable(fd: int) -> None:
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(fd, done.set)
    try:
        await done.wait()
    finally:
        loop.remove_reader(fd)


async def _finished(wait: Callable[[], None], name: str) -> None:
    """Where the system has no pidfd: wait in a thread of its own, which the end of this process does not wait for."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def follow() -> None:
        wait()
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=follow, daemon=True, name=name).start()
    await done.wait()


def _apart(directory: Path, path: str, tag: str, log: IO[bytes]) -> dict[str, Any]:
    """How a runner is started: in a session and an environment of its own."""
    env = {"PATH": path, "LC_ALL": "C.UTF-8", "PODIUM_ATTEMPT": tag}
    streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
    return {"cwd": directory, "env": env, "start_new_session": True, **streams}
