"""Finds and ends processes that outlived their runner, by PODIUM_ATTEMPT in their environment or by where they work."""

import os
import select
import signal
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from podium.runner import files, processes

PASSES_MAX = 100
PASS_MILLISECONDS = 100
"""Bounds on the hunt: a process that cannot die (waiting in the kernel) is left after PASSES_MAX passes."""

_PROC = Path("/proc")
_NAME = b"PODIUM_ATTEMPT="


def tags() -> dict[int, str]:
    """PODIUM_ATTEMPT of every process that has one and may be looked at, by pid; never this process."""
    found = {pid: _tag(pid) for pid in processes.all_pids() if pid != os.getpid()}
    return {pid: tag for pid, tag in found.items() if tag}


def end(is_stray: Callable[[str], bool], directory: Path | None = None) -> int:
    """Kill every process whose tag is a stray's, and orphans that work in `directory`, until none is left; how many."""
    ended: set[int] = set()
    for _ in range(PASSES_MAX):
        born = {pid: processes.start_ticks(pid) for pid in processes.all_pids()}
        found = [pid for pid, tag in tags().items() if is_stray(tag)]
        if directory is not None:
            found += _orphans_in(directory)
        found += [child for pid in found for child in processes.descendants(pid)]
        if not found:
            break
        ended.update(found)
        # One that is younger than this look may be somebody else by now; the next look tells.
        _kill({pid: ticks for pid in found if (ticks := born.get(pid)) is not None})
    return len(ended)


def _kill(found: Mapping[int, int]) -> None:
    """Send SIGKILL to processes, given by pid and start, and wait a moment for their ends."""
    poll = select.poll()
    with ExitStack() as stack:
        for pid, ticks in found.items():
            fd: int | None = None
            with suppress(OSError, AttributeError):  # the system has no such descriptor, or none left
                fd = os.pidfd_open(pid)
                stack.callback(os.close, fd)
                poll.register(fd, select.POLLIN)
            # With the descriptor open, a pid that still belongs to the process will do so for good.
            if processes.start_ticks(pid) == ticks:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL) if fd is None else signal.pidfd_send_signal(fd, signal.SIGKILL)
        for _ in found:
            for fd, _event in poll.poll(PASS_MILLISECONDS):
                poll.unregister(fd)


def _tag(pid: int) -> str:
    variables = files.read(_PROC / str(pid) / "environ").split(b"\0")
    return next((v.removeprefix(_NAME).decode("utf-8", "replace") for v in variables if v.startswith(_NAME)), "")


def _orphans_in(directory: Path) -> list[int]:
    """Processes that work below `directory` without a terminal or a parent: an agent's that shed their environment.

    Somebody's shell or editor there has a terminal or a living parent, and is left alone.
    """
    found: list[int] = []
    for pid in processes.all_pids():
        with suppress(OSError):
            where = (_PROC / str(pid) / "cwd").readlink()
            if where.is_relative_to(directory) and not processes.has_terminal(pid) and _is_orphan(pid):
                found.append(pid)
    return found


def _is_orphan(pid: int) -> bool:
    """Whether its parent is the system's reaper of orphans."""
    parent = processes.parent_of(pid)
    if parent is None or parent <= 1:
        return parent == 1
    return processes.name_of(parent) in {"systemd", "init", "tini", "dumb-init"}
