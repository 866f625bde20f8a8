"""The sandbox around an agent, its gates and the git in its clone: what bubblewrap is told to show (INS-4, SEC-1).

Everything that is not named here does not exist inside: no home, no other clone, nothing of Podium's own.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import podium
from podium.address import SOCKET
from podium.agents.command import Program
from podium.config import SandboxConfig
from podium.domain.errors import Unavailable
from podium.hosts import probing
from podium.runner import overlay
from podium.runner.network import TRUSTED
from podium.runner.start import STATUS_FD
from podium.tables import beside
from podium.workspace.layout import Home, entries, make_private

PROBE_SECONDS: Final = 10.0
_TOLD: Final = ("--json-status-fd", str(STATUS_FD))
_DATA: Final[Mapping[str, list[str]]] = beside(__file__)


class Walls(NamedTuple):
    """Commands that others are run by."""

    whole: tuple[str, ...] = ()
    for_git: tuple[str, ...] = ()
    cache: str = ""
    """Where package tools find the host's downloads, if there are any."""


_worked: Final[set[str]] = set()
"""Programs that have made a sandbox here; a trial that failed is made again for the next attempt."""


def trouble() -> str:
    """Why there can be no sandbox here; empty when one has worked. Raises Unavailable where nobody can tell."""
    if not sys.platform.startswith("linux"):
        return "bubblewrap exists on Linux only"
    program = shutil.which("bwrap")
    if program is None:
        return "bubblewrap is not installed"
    if program in _worked:
        return ""
    ran = probing.run((program, *_DATA["apart"], *_DATA["probe"], "true"), PROBE_SECONDS)
    if ran.status is None:
        raise Unavailable(f"Whether bubblewrap works here cannot be told now ({ran.said}); it is tried again.")
    if not ran.status:
        _worked.add(program)
    return f"bubblewrap does not work here ({ran.said})" if ran.status else ""


def walls(chosen: SandboxConfig, home: Home, directory: Path, repository: Path, program: Program, path: str) -> Walls:
    """What the programs of the attempt in `directory` are run by; nothing for no sandbox. Raises Unavailable."""
    if chosen.mode == "off":
        return Walls()
    if why := trouble():
        if chosen.mode == "auto":
            return Walls()
        raise Unavailable(f'No agent runs without a sandbox here ([sandbox] mode = "required"), and {why}.')
    bare = [shutil.which("bwrap") or "bwrap", *_DATA["apart"], *_TOLD, *_DATA["bare"]]
    objects = repository / ".git/objects"
    bare += [*_system(home), *_shown("--ro-bind-try", (objects,)), *_shown("--bind", (directory / "clone",))]
    told = (directory / "assignment.json", directory / "document.md", home.path / "roles")
    read_only = (*(f"/etc/{name}" for name in _DATA["etc"]), *_toolchain(home, program, path, chosen.read), *told)
    session = make_private(home.session(f"{directory.parent.name}/{directory.name}"))  # only what is there can be shown
    own = (directory / "home", directory / "tmp", session, home.path / SOCKET)
    over, cache = _cache(chosen.cache or str(home.cache), directory)
    whole = (*over, *bare, *_shown("--ro-bind-try", read_only), *_shown("--bind-try", (*own, *cache)))
    git = shutil.which("git", path=path) or ""
    # Each thing that is shown takes time, and git is run often: it needs none of the toolchain but itself.
    return Walls(whole, tuple(bare) if git.startswith(tuple(_DATA["system"])) else whole, *cache)


def _cache(host: str, directory: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What lays the attempt's own folder over the host's downloads, and where they are then; nothing for none."""
    if not entries(host):
        return (), ()
    for name in overlay.FOLDERS:
        make_private(directory / name)
    return (sys.executable, "-I", "-S", overlay.__file__, host, str(directory)), (str(directory / overlay.MERGED),)


def _shown(how: str, places: Iterable[str | Path]) -> Iterator[str]:
    for place in places:
        yield from (how, str(place), str(place))


def _system(home: Home) -> Iterator[str]:
    """What the system has installed, without a home that happens to lie in it."""
    for place in _DATA["system"]:
        if Path(place).is_symlink():
            yield from ("--symlink", os.readlink(place), place)  # noqa: PTH115 - the text
        else:
            yield from _shown("--ro-bind-try", (place,))
    for hidden in (home.path, Path.home().resolve()):
        if _is_below(hidden, _DATA["system"]):
            yield from ("--tmpfs", str(hidden))


def ways_out(chosen: SandboxConfig, program: Program) -> tuple[str, ...]:
    """Whom the agent may reach: the model's endpoint, every place that its environment names, and what is allowed."""
    urls = (urlsplit(value) for value in program.env.values() if value.startswith(("http://", "https://")))
    ports = {"http": 80, "https": 443}
    hosts = ((url, f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname) for url in urls)
    # Whoever names a gateway in an agent's environment means it, wherever it is.
    named = (f"{host}:{url.port or ports[url.scheme]}{TRUSTED}" for url, host in hosts if host)
    return tuple(dict.fromkeys((*named, *program.endpoints, *chosen.allow)))


def _toolchain(home: Home, program: Program, path: str, read: Sequence[str]) -> Iterator[Path]:
    """The interpreter, Podium's own code, the folders of PATH and the files that the agent's command names.

    A folder above what must stay hidden is left out: a home that is on PATH is no toolchain.
    """
    hidden = (home.path, Path.home().resolve())
    named = [Path(part) for part in program.argv if part.startswith("/")]
    folders = [Path(folder) for folder in path.split(":") if folder.startswith("/")]
    own = [Path(sys.prefix), Path(sys.base_prefix), Path(podium.__file__).parent, *folders]
    shown: list[Path] = []
    for place in dict.fromkeys([*own, *(file for file in named if file.is_file()), *map(Path, read)]):
        is_system = _is_below(place, _DATA["system"]) and not _is_below(place, hidden)
        is_above = any(_is_below(one, (place.resolve(),)) for one in hidden)
        if place.exists() and not (is_system or is_above or _is_below(place, shown)):
            shown.append(place)
            yield place


def _is_below(place: Path, folders: Iterable[str | Path]) -> bool:
    return any(place.is_relative_to(folder) for folder in folders)
