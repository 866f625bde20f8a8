"""Whether Podium can work on this machine and in this home, stated truthfully: each check with what to do about it."""

import asyncio
import os
import platform
import re
import shlex
import shutil
import stat
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import apsw

from podium import config
from podium.domain.errors import PodiumError
from podium.hosts import sandbox
from podium.operations import agent_checks, probing
from podium.operations.agent_checks import AgentCheck
from podium.operations.context import Context
from podium.operations.operation import Nothing, Output, operation
from podium.store.rows import Rows
from podium.store.sqlite import SAFE_VERSION

PYTHON_MIN: Final = (3, 11)
GIT_MIN: Final = (2, 38)
"""The first with `git merge-tree --write-tree`."""
MEND_CONFIGURATION: Final = "Mend the file, or move it away: without it Podium uses what it was shipped with."
FREE_BYTES_MIN: Final = 1 << 30
FREE_BYTES_NEEDED: Final = 128 << 20
"""With less, the database's next commits may fail."""
MEMORY_BYTES_MIN: Final = 512 << 20
AGENT_BYTES: Final = 112 << 20
"""What one instance of the Claude Code CLI was measured to need (proportional set size)."""
SHARED_FILESYSTEMS: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "drvfs", "fuse.sshfs", "afs", "ceph"}
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


@operation("doctor", server="monitor")
async def doctor(context: Context, asked: Nothing) -> DoctorOutput:
    """Check the machine and the home, and say what to do."""
    git, walls = await asyncio.gather(_git(), asyncio.to_thread(_sandbox, context.home))
    checks = [
        check_python(sys.version_info[:3]),
        git,
        check_sqlite(apsw.SQLITE_VERSION_NUMBER, apsw.sqlite_lib_version()),
        check_home(context.home),
        check_configuration(context.home),
        check_filesystem(context.home, _mounts()),
        check_disk(context.home),
        check_memory(memory_available()),
        _cores(),
        check_platform(sys.platform, platform.release()),
        walls,
        await _orchestrator(context),
    ]
    return DoctorOutput(
        healthy=all(check.state != "problem" for check in checks),
        checks=checks,
        agents=await agent_checks.examine(context.home, git.detail if git.state != "ok" else ""),
    )


# --- programs --------------------------------------------------------------------------------------------------------


async def _git() -> Check:
    ran = await probing.run(("git", "--version"), probing.environment())
    return check_git(ran.said if ran.status == 0 else None, ran.said)


def _sandbox(home: Path) -> Check:
    try:
        mode = config.load(home).sandbox.mode
    except (PodiumError, OSError):  # another check says so
        mode = "auto"
    try:
        return check_sandbox(sandbox.trouble(), mode)
    except PodiumError as error:
        return warning("Sandbox", str(error), "Ask again when the machine is less busy.")


# --- checks: pure, except that some look at the home -----------------------------------------------------------------


def ok(name: str, detail: str) -> Check:
    """All is as it should be."""
    return Check(name=name, state="ok", detail=detail)


def warning(name: str, detail: str, to_do: str = "") -> Check:
    """Something to know, or to look at."""
    return Check(name=name, state="warning", detail=detail, to_do=to_do)


def _problem(name: str, detail: str, to_do: str) -> Check:
    return Check(name=name, state="problem", detail=detail, to_do=to_do)


def check_python(version: Sequence[int]) -> Check:
    """The interpreter's version."""
    told = ".".join(map(str, version))
    if tuple(version[:2]) >= PYTHON_MIN:
        return ok("Python", told)
    return _problem("Python", f"{told} is too old", "Install Python 3.11 or newer.")


def check_git(said: str | None, why: str = "") -> Check:
    """What `git --version` said; None when it could not be asked."""
    to_do = "Install git 2.38 or newer."
    if said is None:
        return _problem("git", f"git cannot be used: {why}", to_do)
    found = re.search(r"(\d+)\.(\d+)(?:\.\d+)*", said)
    if found is None:
        return _problem("git", f"git does not tell its version: {said}", to_do)
    if (int(found[1]), int(found[2])) < GIT_MIN:
        return _problem("git", f"{found[0]} cannot merge without a work tree", to_do)
    return ok("git", found[0])


def check_sqlite(number: int, version: str) -> Check:
    """The SQLite that comes with apsw."""
    if number >= SAFE_VERSION:
        return ok("SQLite", f"{version}, safe with a write-ahead log")
    return _problem("SQLite", f"{version} can lose committed work in WAL mode", "Install apsw 3.51.3 or newer.")


def check_home(home: Path) -> Check:
    """Whether the home can be written, and by nobody else; one that is not there yet can be made."""
    place = _nearest(home)
    quoted = shlex.quote(str(place))
    try:
        found = place.stat()
    except OSError as error:
        to_do = "Choose another home: --home, PODIUM_HOME."
        return _problem("Home", f"{home} cannot be looked at: {error.strerror}", to_do)
    if not stat.S_ISDIR(found.st_mode):
        to_do = f"Move {quoted} away, or choose another home: --home, PODIUM_HOME."
        return _problem("Home", f"{place} is a file, not a folder", to_do)
    if not os.access(place, os.W_OK | os.X_OK):
        to_do = f"Give yourself the right (chmod u+rwx {quoted}), or choose another home: --home, PODIUM_HOME."
        return _problem("Home", f"{place} cannot be written", to_do)
    if place != home:
        return ok("Home", f"{home} is not there yet; `podium run FILE` makes it")
    rights = stat.S_IMODE(found.st_mode)
    if rights & 0o077:
        detail = f"{home} has rights {rights:04o}: other users of this machine may look inside"
        return warning("Home", detail, f"chmod 700 {quoted}")
    return ok("Home", f"{home}, writable, closed to other users")


def _nearest(home: Path) -> Path:
    """The home, or the folder in which it would be made."""
    return next((path for path in (home, *home.parents) if os.path.lexists(path)), home)


def check_configuration(home: Path) -> Check:
    """Whether podium.toml and the pipeline can be used."""
    try:
        made = config.load(home)
        pipeline, _ = config.load_pipeline(home, made)
    except PodiumError as error:
        return _problem("Configuration", str(error), MEND_CONFIGURATION)
    except OSError as error:
        return _problem("Configuration", f"{home / config.FILE} cannot be read: {error.strerror}", MEND_CONFIGURATION)
    return ok("Configuration", f"agent {made.agent}, pipeline {pipeline.name}")


def check_filesystem(home: Path, mounts: Sequence[tuple[str, str]]) -> Check:
    """The kind of the file system that the home is on; `mounts` are (mount point, kind)."""
    path = str(home.resolve())
    holding = [(point, kind) for point, kind in mounts if path == point or path.startswith(point.rstrip("/") + "/")]
    if not holding:
        return ok("File system", "its kind is not known here; it must be a local one")
    kind = max(reversed(holding), key=lambda mount: len(mount[0]))[1]
    if kind in SHARED_FILESYSTEMS:
        detail = f"the home is on {kind}, which is shared between machines: SQLite can lose or corrupt data there"
        return _problem("File system", detail, "Put the home on a local disk (--home, PODIUM_HOME).")
    return ok("File system", f"{kind}, local")


def _mounts() -> list[tuple[str, str]]:
    """(Mount point, kind) of every mount, in order; empty where the system does not tell."""
    try:
        rows = [line.split() for line in Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines()]
    except OSError:
        return []
    return [(row[1].replace("\\040", " "), row[2]) for row in rows if len(row) > 2]


def check_disk(home: Path) -> Check:
    """Free space where the home is."""
    try:
        free = shutil.disk_usage(_nearest(home)).free
    except OSError as error:
        return warning("Disk", f"free space is not known: {error.strerror}")
    detail = f"{_size(free)} free"
    if free >= FREE_BYTES_MIN:
        return ok("Disk", detail)
    where = "`podium disk` tells what takes the room, `podium prune --dry-run` what could go."
    if free < FREE_BYTES_NEEDED:
        detail += ": soon nothing can be recorded any more, and all work stands still"
        return _problem("Disk", detail, f"Free some space at once. {where}")
    return warning("Disk", detail, f"Free some space: clones and logs need at least 1 GiB. {where}")


def check_memory(available_bytes: int | None) -> Check:
    """Memory that can be had without swapping; None when the system does not tell."""
    if available_bytes is None:
        return ok("Memory", "how much is available is not known here")
    room = available_bytes // AGENT_BYTES
    detail = f"{_size(available_bytes)} available, room for about {room} Claude instances of {AGENT_BYTES >> 20} MiB"
    if available_bytes >= MEMORY_BYTES_MIN:
        return ok("Memory", detail)
    return warning("Memory", detail, "Close other programs, or run fewer instances.")


def memory_available() -> int | None:
    """Bytes that processes of this machine, or of its container, may still take; None where nobody says."""
    try:
        told = Path("/proc/meminfo").read_text("ascii", "replace")
    except OSError:
        return None
    found = re.search(r"^MemAvailable:\s+(\d+) kB", told, re.MULTILINE)
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
    return ok("Cores", f"{usable} usable: about as many test suites run at once without waiting")


PLATFORMS: Final = tomllib.loads(Path(__file__).with_name("platforms.toml").read_text("utf-8"))


def check_platform(system: str, release: str) -> Check:
    """What this system can and cannot do for Podium (OPS-1)."""
    if system == "linux" and "microsoft" in release.lower():
        system = "wsl1" if release.endswith("-Microsoft") else "wsl2"
    if system not in PLATFORMS:
        return _problem("Platform", f"{system} is not supported", "Use Linux, macOS, or WSL2 on Windows.")
    told = PLATFORMS[system]
    return Check(name="Platform", **told | {"detail": told["detail"].format(release)})


def check_sandbox(trouble: str, mode: str) -> Check:
    """What stands between agents and this user's files; `trouble` says why there can be no sandbox here."""
    if mode != "off" and not trouble:
        detail = "agents are sandboxed: each sees its clone and its tools, and reaches its model and who is allowed"
        return ok("Sandbox", f"{detail} (bubblewrap; mode {mode})")
    if mode == "required":
        to_do = "Install bubblewrap or allow it to make user namespaces; until then every job waits."
        return _problem("Sandbox", f"no agent begins: a sandbox is required, and {trouble}", to_do)
    detail = "agents are NOT sandboxed: they run as your user and can read this home and all else that you can read; "
    detail += trouble or "bubblewrap works here, but [sandbox] mode is off"
    to_do = "Install bubblewrap, or give untrusted work a user, a container or a machine of its own."
    return warning("Sandbox", detail, to_do)


async def _orchestrator(context: Context) -> Check:
    def read(rows: Rows) -> int:
        return sum(n for subject, state, n in rows.all("tally_all") if (subject, state) == ("projects", "open"))

    try:
        return check_orchestrator(await context.store.read(read), running=context.running)
    except (PodiumError, apsw.Error) as error:
        return _problem("Database", str(error), "Mend what is said above and here, then run `podium doctor` again.")


def check_orchestrator(open_projects: int, *, running: bool) -> Check:
    """Whether somebody works on this home."""
    if running:
        return ok("Orchestrator", f"running, {open_projects} open projects")
    if open_projects:
        return warning("Orchestrator", f"stopped, while {open_projects} projects are open", "Start it: `podium up`.")
    return ok("Orchestrator", "stopped; nothing is open. `podium run FILE` or `podium up` starts it")


def _size(number: int) -> str:
    return f"{number / 2**30:.1f} GiB" if number >= 1 << 30 else f"{number / 2**20:.0f} MiB"
