"""Owning a whole process tree: a subreaper inherits every orphan, so having no child means that nothing is left.

Agents' tools start sessions of their own, so killing a process group misses them (FIELD.md); descendants are walked.
"""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from podium.runner import files

# From linux/prctl.h.
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_PROC = Path("/proc")
IS_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True) if IS_LINUX else None


def become_subreaper() -> bool:
    """Have orphaned descendants handed to this process; False where the system has no such thing."""
    return _libc is not None and _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def die_with_parent(parent: int) -> None:
    """In a new child: ask for SIGKILL when `parent` dies, and die now if it already has."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(127)


def start_ticks(pid: int) -> int | None:
    """When the process started, in clock ticks since boot: with the pid it names a process for good. None when gone."""
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def parent_of(pid: int) -> int | None:
    """The parent's pid; None when the process is gone."""
    fields = _stat(pid)
    return int(fields[1]) if fields else None


def name_of(pid: int) -> str:
    """The program's name, of at most 15 bytes; empty when the process is gone."""
    return files.read(f"/proc/{pid}/comm").decode("utf-8", "replace").strip()


def has_terminal(pid: int) -> bool:
    """Whether it belongs to somebody's terminal; agents' processes never do."""
    fields = _stat(pid)
    return bool(fields) and fields[4] != b"0"


def _stat(pid: int) -> list[bytes]:
    """The fields of /proc/PID/stat after the name (which may hold spaces): state, parent, group, session, tty …."""
    return files.read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def all_pids() -> list[int]:
    """Every process this one can see; empty without /proc."""
    with suppress(OSError):
        return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    return []


def descendants(root: int) -> list[int]:
    """Children, grandchildren and so on, parents first. A snapshot: repeat until nothing is left."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found = list(children.get(root, ()))
    for pid in found:  # grows while it is walked
        found.extend(children.get(pid, ()))
    return found


def cpu_ticks(root: int) -> dict[int, int]:
    """What each descendant has used of the CPU, with those of its children that it has collected; empty without /proc.

    It walks the one tree, by what the kernel lists of each thread's children: every runner asks this every few seconds.
    """
    found, ticks = [root], dict[int, int]()
    for pid in found:  # grows while it is walked
        with suppress(OSError):
            for thread in (_PROC / str(pid) / "task").iterdir():
                found += map(int, (thread / "children").read_bytes().split())
        if pid != root and (fields := _stat(pid)):
            ticks[pid] = sum(map(int, fields[11:15]))
    return ticks


def _parents() -> list[tuple[int, int]]:
    """Every process with its parent."""
    if pids := all_pids():
        return [(pid, parent) for pid in pids if (parent := parent_of(pid)) is not None]
    import subprocess

    listing = subprocess.run(("ps", "-A", "-o", "pid=,ppid="), capture_output=True, check=True).stdout
    return [(int(pid), int(parent)) for pid, parent in (line.split() for line in listing.splitlines())]


def signal_all(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to each that still exists and is ours to signal."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def reap(statuses: dict[int, int]) -> bool:
    """Collect the exit status of every child that has ended; whether any child is left."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        statuses[pid] = status
