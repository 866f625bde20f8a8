"""Whether Podium can work on this machine and in this home, stated truthfully: each check with what to do about it."""

import asyncio
import os
import platform
import re
import shlex
import shutil
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import apsw

from podium import config
from podium.domain.errors import PodiumError
from podium.hosts import hosting, probing, sandbox
from podium.operations.agent_checks import AgentCheck, examine
from podium.operations.context import Context
from podium.operations.operation import Nothing, Output, operation
from podium.operations.projects import open_projects
from podium.runner import files
from podium.store.sqlite import SAFE_VERSION
from podium.tables import beside

PYTHON_MIN: Final = (3, 11)
GIT_MIN: Final = (2, 38)
"""The first with `git merge-tree --write-tree`."""
FREE_BYTES_MIN: Final = 1 << 30
FREE_BYTES_NEEDED: Final = 128 << 20
"""With less, the database's next commits may fail."""
MEMORY_BYTES_MIN: Final = 512 << 20
AGENT_BYTES: Final = 112 << 20
"""What one instance of the Claude Code CLI was measured to need (proportional set size)."""
SHARED_FILESYSTEMS: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "drvfs", "fuse.sshfs", "fuse.glusterfs", "lustre", "afs", "ceph"}
)
"""Where SQLite's write-ahead log cannot be relied on: it needs memory that all readers share (sqlite.org/wal.html)."""

State = Literal["ok", "warning", "problem"]


class Check(Output):
    """One finding; `to_do` is empty when there is nothing to do."""

    name: str
    state: State
    detail: str
    to_do: str = ""


class DoctorOutput(Output):
    """The machine and the home; healthy when no check found a problem (warnings are to be known, not mended)."""

    healthy: bool
    checks: list[Check]
    agents: dict[str, AgentCheck]


@operation("doctor")
async def doctor(context: Context, asked: Nothing) -> DoctorOutput:
    """Check the machine and the home, and say what to do."""
    git, walls = await asyncio.gather(_git(), asyncio.to_thread(_sandbox, context.home))
    checks = [
        check_python(sys.version_info[:3]),
        git,
        check_sqlite(apsw.SQLITE_VERSION_NUMBER, apsw.sqlite_lib_version()),
        check_home(context.home),
        check_configuration(context.home),
        check_filesystem(context.home, _mounts(), context.config.database_url),
        check_disk(context.home),
        check_memory(memory_available()),
        _cores(),
        check_platform(sys.platform, platform.release()),
        walls,
        await _orchestrator(context),
    ]
    healthy = all(check.state != "problem" for check in checks)
    agents = await examine(context.home, git.detail if git.state != "ok" else "")
    return DoctorOutput(healthy=healthy, checks=checks, agents=agents)


# --- programs --------------------------------------------------------------------------------------------------------


async def _git() -> Check:
    ran = await asyncio.to_thread(probing.run, ("git", "--version"))
    return check_git(ran.said if ran.status == 0 else None, ran.said)


def _sandbox(home: Path) -> Check:
    try:
        mode = config.load(home).sandbox.mode
    except (PodiumError, OSError):  # another check says so
        mode = "auto"
    try:
        return check_sandbox(sandbox.trouble(), mode)
    except PodiumError as error:
        return finding("Sandbox", "busy", why=error)


# --- checks: pure, except that some look at the home -----------------------------------------------------------------


CHECKS: Final = beside(__file__, "checks.toml")


def finding(check: str, outcome: str, /, **about: Any) -> Check:
    """What a check has found, as `checks.toml` words it."""
    words = {part: text.format(**about) for part, text in CHECKS[check][outcome].items()}
    return Check.model_validate({"name": check, "state": "ok"} | words)


def check_python(version: Sequence[int]) -> Check:
    """The interpreter's version."""
    return finding("Python", "ok" if tuple(version[:2]) >= PYTHON_MIN else "old", version=".".join(map(str, version)))


def check_git(said: str | None, why: str = "") -> Check:
    """What `git --version` said; None when it could not be asked."""
    if said is None:
        return finding("git", "missing", why=why)
    found = re.search(r"(\d+)\.(\d+)(?:\.\d+)*", said)
    if found is None:
        return finding("git", "unclear", said=said)
    return finding("git", "ok" if (int(found[1]), int(found[2])) >= GIT_MIN else "old", version=found[0])


def check_sqlite(number: int, version: str) -> Check:
    """The SQLite that comes with apsw."""
    return finding("SQLite", "ok" if number >= SAFE_VERSION else "old", version=version)


def check_home(home: Path) -> Check:
    """Whether the home can be written, and by nobody else; one that is not there yet can be made."""
    place = _nearest(home)
    try:
        found = place.stat()
    except OSError as error:
        return finding("Home", "unseen", home=home, why=error.strerror)
    rights, outcome = stat.S_IMODE(found.st_mode), "ok"
    if not stat.S_ISDIR(found.st_mode):
        outcome = "file"
    elif not os.access(place, os.W_OK | os.X_OK):
        outcome = "closed"
    elif place != home:
        outcome = "new"
    elif rights & 0o077:
        outcome = "open"
    return finding("Home", outcome, home=home, place=place, quoted=shlex.quote(str(place)), rights=rights)


def _nearest(home: Path) -> Path:
    """The home, or the folder in which it would be made."""
    return next((path for path in (home, *home.parents) if os.path.lexists(path)), home)


def check_configuration(home: Path) -> Check:
    """Whether podium.toml and the pipeline can be used."""
    try:
        made = config.load(home)
        hosting.factory(made.host)
        pipeline, _ = config.load_pipeline(home, made)
    except PodiumError as error:
        return finding("Configuration", "wrong", why=error)
    except OSError as error:
        return finding("Configuration", "wrong", why=f"{home / config.FILE} cannot be read: {error.strerror}")
    return finding("Configuration", "ok", agent=made.agent, pipeline=pipeline.name)


def check_filesystem(home: Path, mounts: Sequence[tuple[str, str]], database_url: str = "") -> Check:
    """The kind of the file system that the home is on; `mounts` are (mount point, kind).

    One that is shared between machines is right for the home of several nodes, which has no database of its own.
    """
    path = str(home.resolve())
    holding = [(point, kind) for point, kind in mounts if path == point or path.startswith(point.rstrip("/") + "/")]
    if not holding:
        return finding("File system", "unknown")
    kind = max(reversed(holding), key=lambda mount: len(mount[0]))[1]
    shared = "of nodes" if database_url else "shared"
    return finding("File system", shared if kind in SHARED_FILESYSTEMS else "ok", kind=kind)


def _mounts() -> list[tuple[str, str]]:
    """(Mount point, kind) of every mount, in order; empty where the system does not tell."""
    rows = [line.split() for line in files.read("/proc/self/mounts").decode("utf-8", "replace").splitlines()]
    return [(row[1].replace("\\040", " "), row[2]) for row in rows if len(row) > 2]


def check_disk(home: Path) -> Check:
    """Free space where the home is."""
    try:
        free = shutil.disk_usage(_nearest(home)).free
    except OSError as error:
        return finding("Disk", "unknown", why=error.strerror)
    outcome = "ok" if free >= FREE_BYTES_MIN else "low" if free >= FREE_BYTES_NEEDED else "full"
    return finding("Disk", outcome, free=_size(free))


def check_memory(available_bytes: int | None) -> Check:
    """Memory that can be had without swapping; None when the system does not tell."""
    if available_bytes is None:
        return finding("Memory", "unknown")
    room, each = available_bytes // AGENT_BYTES, AGENT_BYTES >> 20
    outcome = "ok" if available_bytes >= MEMORY_BYTES_MIN else "low"
    return finding("Memory", outcome, free=_size(available_bytes), room=room, each=each)


def memory_available() -> int | None:
    """Bytes that processes of this machine, or of its container, may still take; None where nobody says."""
    found = re.search(rb"^MemAvailable:\s+(\d+) kB", files.read("/proc/meminfo"), re.MULTILINE)
    available = int(found[1]) << 10 if found else None
    left = _cgroup_left_bytes()
    return min(available, left) if available is not None and left is not None else available


def _cgroup_left_bytes() -> int | None:
    """What a container may still take (cgroup 2); None without a limit."""
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = (group / "memory.max").read_text().strip(), (group / "memory.current").read_text().strip()
        return max(0, int(limit) - int(used)) if limit != "max" else None
    except (OSError, ValueError):
        return None


def _cores() -> Check:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return finding("Cores", "ok", usable=usable)


def check_platform(system: str, release: str) -> Check:
    """What this system can and cannot do for Podium (OPS-1)."""
    if system == "linux" and "microsoft" in release.lower():
        system = "wsl1" if release.endswith("-Microsoft") else "wsl2"
    return finding("Platform", system if system in CHECKS["Platform"] else "unknown", system=system, release=release)


def check_sandbox(trouble: str, mode: str) -> Check:
    """What stands between agents and this user's files; `trouble` says why there can be no sandbox here."""
    outcome = "ok" if mode != "off" and not trouble else "required" if mode == "required" else "none"
    why = trouble or "bubblewrap works here, but [sandbox] mode is off"
    return finding("Sandbox", outcome, mode=mode, why=why)


async def _orchestrator(context: Context) -> Check:
    try:
        return check_orchestrator(await context.store.read(open_projects), running=context.running)
    except (PodiumError, apsw.Error) as error:
        return finding("Database", "wrong", why=error)


def check_orchestrator(open_projects: int, *, running: bool) -> Check:
    """Whether somebody works on this home."""
    outcome = "running" if running else "missed" if open_projects else "stopped"
    return finding("Orchestrator", outcome, open=open_projects)


def _size(number: int) -> str:
    return f"{number / 2**30:.1f} GiB" if number >= 1 << 30 else f"{number / 2**20:.0f} MiB"
