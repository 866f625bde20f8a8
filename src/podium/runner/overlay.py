"""Shows a sandbox the host's download caches as if they were its own: read from there, written elsewhere (PRF-1).

Package tools cannot use a cache which they may not write to, and nobody inside may write to what others read. So this
program, started before the one that makes the sandbox, lays an attempt's own folder over the host's (mount(2):
overlayfs in a user namespace, Linux 5.11 and newer), and becomes that one. Where that cannot be, the attempt's folder
is all.
"""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

FOLDERS = MERGED, OWN, WORK = ("cache", "cache-own", "cache-work")
"""In an attempt's directory: what is shown, what is written, and what the kernel needs beside it."""
# From linux/sched.h and linux/prctl.h.
_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_PR_SET_PDEATHSIG = 1


def _lay(host: str, attempt: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    ids = {"uid": os.getuid(), "gid": os.getgid()}
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)  # the kernel has forgotten it
    Path("/proc/self/setgroups").write_text("deny")
    for kind, number in ids.items():
        Path(f"/proc/self/{kind}_map").write_text(f"{number} {number} 1")
    told = f"lowerdir={host},upperdir={attempt / OWN},workdir={attempt / WORK},userxattr"
    if libc.mount(b"overlay", os.fsencode(attempt / MERGED), b"overlay", 0, os.fsencode(told)):
        raise OSError(ctypes.get_errno(), "mount")


def _works(host: str, attempt: Path) -> bool:
    """Whether it can be laid here, tried in a child: half of it would leave this program with no rights at all."""
    child = os.fork()
    if child == 0:
        with suppress(OSError):
            _lay(host, attempt)
            os._exit(0)
        os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def main(arguments: list[str]) -> None:
    """Lay it, and become the program after the two folders."""
    host, attempt, *argv = arguments
    if _works(host, Path(attempt)):
        _lay(host, Path(attempt))
    os.execvp(argv[0], argv)


if __name__ == "__main__":
    main(sys.argv[1:])
