"""What a host tells the runner about one attempt: `run.json`, private because it may hold an agent's credential."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from podium.runner import files

CACHES = {"PIP_CACHE_DIR": "pip", "UV_CACHE_DIR": "uv", "npm_config_cache": "npm", "GOMODCACHE": "go-mod"}
"""Where package tools keep downloads: only of tools that may share them between processes that run at once.

So say pip's and uv's documentation of their caches, npm-cache(1) (and each content is verified when it is read), and
go.dev/ref/mod#module-cache. Cargo is missing: its one folder holds configuration, credentials and programs, too, with
which one attempt could change what another runs. Who writes to a cache is trusted by who reads it, as all agents of one
user are without a sandbox; in a sandbox what is written goes elsewhere (`overlay`).
"""


class Limits(NamedTuple):
    """Bounds on one attempt's output and endings."""

    line_bytes_max: int = 8 << 20
    """A longer line is cut, with a mark. A plan of 5,000 features is one line, with six bytes for many a letter."""
    log_bytes_max: int = 64 << 20
    """Beyond it messages are dropped, with one line that says so; results still count."""
    raw_bytes_max: int = 64 << 20
    """Likewise of what an agent's program said in its own words."""
    artifacts_max: int = 6_000
    """More than the issues that one project may have, so that too many of them are told, and mended, as just that."""
    artifact_bytes_max: int = 32 << 20
    """All artifacts and results together, as JSON; an agent that sends more is ended."""
    gate_output_bytes_max: int = 8 << 10
    """The last part of a gate's output, kept in its result."""
    grace_seconds: float = 2.0
    """From SIGTERM to SIGKILL."""
    kill_seconds_max: float = 30.0
    """How long SIGKILL is repeated before the runner gives up on a process that cannot die."""
    git_seconds_max: float = 300.0
    """For all git commands of one phase: making the clone, delivering, saving what could not be delivered."""
    result_grace_seconds: float = 10.0
    """From an agent's result to its end, when it does not exit by itself."""
    room_seconds_max: float = 600.0
    """How long an attempt that has done its work waits, in all, for room on a full disk to deliver it."""


GIT_PHASES_MAX = 3


def attempt_seconds_max(timeout_seconds: float, gates: Iterable[float], limits: Limits = Limits()) -> float:  # noqa: B008 - immutable
    """How long a runner may take for a whole attempt: its agent's and gates' time, git's, waiting for room, endings.

    `gates` are the timeouts of the gates that run a command, in seconds.
    """
    timeouts = tuple(gates)
    ending = limits.grace_seconds + limits.kill_seconds_max
    waiting = GIT_PHASES_MAX * limits.git_seconds_max + limits.room_seconds_max
    return timeout_seconds + sum(timeouts) + waiting + (1 + len(timeouts) + GIT_PHASES_MAX) * ending


class Spec(NamedTuple):
    """One attempt, and where its files are. Written by a host, read by the runner."""

    directory: Path
    attempt: str
    """`project/job.aN`."""
    home_id: str
    job: int
    step: str
    instance: str
    repository: str
    base: str
    argv: tuple[str, ...]
    env: dict[str, str]
    """What this agent needs beyond the standard environment."""
    path: str
    """PATH of agent and gates."""
    secrets: tuple[str, ...]
    """Values that must not reach the log or the report."""
    timeout_seconds: float
    gates: tuple[dict[str, Any], ...]
    limits: Limits = Limits()
    walls: tuple[str, ...] = ()
    """What the agent and the gates are run by, with its arguments; empty for no sandbox."""
    git_walls: tuple[str, ...] = ()
    """What git in the clone is run by."""
    allow: tuple[str, ...] = ()
    """Whom agent and gates may reach from inside (`network.allowing`)."""
    cache: str = ""
    """The folder of what package tools have downloaded, as agent and gates see it; empty for none."""

    @property
    def tag(self) -> str:
        """PODIUM_ATTEMPT: names the attempt to whoever looks for the processes of this home."""
        return f"{self.home_id}:{self.attempt}"

    @property
    def branch(self) -> str:
        return f"podium/{self.job}"

    @property
    def clone(self) -> Path:
        return self.directory / "clone"

    @property
    def bundle(self) -> Path:
        return self.directory / "delivery.bundle"


def write(spec: Spec) -> None:
    """Write `run.json`."""
    content = spec._asdict() | {"limits": spec.limits._asdict()}
    del content["directory"]
    files.write_json(spec.directory / "run.json", content)


def read(directory: Path) -> Spec:
    """Read `run.json`. Raises ValueError when it is not what a host writes."""
    content = files.read_json(directory / "run.json")
    if content is None:
        raise ValueError(f"{directory / 'run.json'} is missing or no JSON object.")
    limits = Limits(**content.pop("limits", {}))
    for name in ("argv", "secrets", "gates", "walls", "git_walls", "allow"):
        content[name] = tuple(content.get(name, ()))
    return Spec(directory=directory, limits=limits, **content)


_SETTLED = {
    "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0",
}  # fmt: skip
_PLACES = {"HOME": "home", "TMPDIR": "tmp", "PODIUM_ASSIGNMENT": "assignment.json"}


def environment(spec: Spec) -> dict[str, str]:
    """The whole environment of agents and gates; nothing is inherited that is not named here (INS-4)."""
    return _SETTLED | {
        "PATH": spec.path,
        "PODIUM_ATTEMPT": spec.tag,
        **{name: str(spec.directory / place) for name, place in _PLACES.items()},
        **{f"GIT_{who}_NAME": spec.instance for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": f"{spec.instance}@podium.invalid" for who in ("AUTHOR", "COMMITTER")},
        **{name: f"{spec.cache}/{tool}" for name, tool in CACHES.items() if spec.cache},
        # uv would link installed files to the cache's own, so that whoever edits the one edits the other.
        **({"UV_LINK_MODE": "copy"} if spec.cache else {}),
    }


def fill(argv: tuple[str, ...]) -> list[str]:
    """A gate's command with `{python}` replaced by the interpreter that runs Podium."""
    return [part.replace("{python}", sys.executable) for part in argv]
