"""What a host of agents is made of, and where one is found that comes in a distribution of its own.

Such a distribution, as plugins/ray is one, has an entry point of the group `podium.hosts` that names a `Factory`. Its
host may be a `local.LocalHost` that begins, finds and cleans up runners elsewhere.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Final, NamedTuple

from podium.agents.command import Program, Programs, program
from podium.config import Config, SandboxConfig
from podium.domain.errors import UsageError
from podium.ports import Clock, Host
from podium.refusals import refusal
from podium.runner.spec import Limits
from podium.workspace.layout import Home
from podium.workspace.repository import Repositories

GROUP: Final = "podium.hosts"
LOCAL: Final = "local"
"""The host that Podium brings itself: processes on this machine."""

Access = Callable[[str], Mapping[str, str]]
"""The environment that lets the agent of the attempt so named speak to Podium; its token dies with the lease."""


class HostSettings(NamedTuple):
    """What an operator may choose."""

    cancel_grace_seconds: float = 15.0
    """From asking a runner to end its attempt and save the work, to killing it."""
    salvage_seconds: float = 120.0
    limits: Limits = Limits()
    sandbox: SandboxConfig = SandboxConfig(mode="off")


class Hosting(NamedTuple):
    """What a host of agents that are programs is given."""

    home: Home
    repositories: Repositories
    clock: Clock
    programs: Programs
    """What is started for each agent."""
    settings: HostSettings = HostSettings()
    access: Access = lambda _: {}
    """What an attempt's agent, and nobody else, needs to speak to Podium."""


def programs_of(chosen: Config) -> dict[str, Program]:
    """What is started for each agent of a configuration; raises UsageError."""
    agents = chosen.all_agents().items()
    return {name: program(name, agent.command, agent.env, agent.options(), agent.acp) for name, agent in agents}


Factory = Callable[[Hosting], Host]
"""Makes a host. It begins nothing: the first attempt, or the first sweep, may."""


def factory(name: str) -> Factory:
    """What makes the host of that name; raises UsageError where nothing that is installed does."""
    if name == LOCAL:
        from podium.hosts.local import LocalHost

        return LocalHost
    offered = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name in offered:
        return offered[name].load()
    known = ", ".join(sorted({LOCAL, *offered}))
    raise UsageError(refusal("no such host", name=name, known=known))
