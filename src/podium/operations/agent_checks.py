"""Whether each kind of agent can be used, for `podium doctor`; no secret is looked at, only whether one is named."""

import importlib.util
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from podium import __version__, config
from podium.agents.acp import presets
from podium.config import AgentConfig
from podium.domain.errors import PodiumError, UsageError
from podium.operations import probing
from podium.operations.operation import Output

CLAUDE: Final = "claude"
CREDENTIALS: Final = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
)
"""Variables by which Claude Code is logged in (code.claude.com/docs/en/env-vars)."""


class AgentCheck(Output):
    """Whether an agent can be used; `usable` is null when nobody has tried."""

    usable: bool | None
    version: str | None
    reason: str


async def examine(home: Path, git_trouble: str) -> dict[str, AgentCheck]:
    """All kinds of agent, as this home configures them."""
    agents, trouble = _configured(home)
    own = [name for name, agent in agents.items() if agent.command and name != CLAUDE]
    checks = built_in_and_own(own, git_trouble)
    return checks | {CLAUDE: await _claude(agents, trouble), "acp": await _acp(agents, trouble)}


def _configured(home: Path) -> tuple[Mapping[str, AgentConfig], str]:
    try:
        return config.load(home).all_agents(), ""
    except (PodiumError, OSError) as error:
        return {}, f"podium.toml cannot be read: {error}"


async def _claude(agents: Mapping[str, AgentConfig], trouble: str) -> AgentCheck:
    agent = agents.get(CLAUDE)
    if agent is None or agent.command:
        reason = "[agents.claude] has a command of yours instead" if agent else trouble
        return AgentCheck(usable=None, version=None, reason=reason)
    ran = await probing.run((agent.program or CLAUDE, "--version"), probing.environment())
    return claude(agent, ran.said if ran.status == 0 else None, ran.said)


async def _acp(agents: Mapping[str, AgentConfig], trouble: str) -> AgentCheck:
    """All agents that are driven by ACP in one answer: usable when one of them is."""
    found = {name: await _by_acp(name, agent) for name, agent in agents.items() if agent.acp}
    if not found:
        names = ", ".join(presets.known())
        none = f'none is configured: add [agents.NAME] with acp = "PRESET" to podium.toml; presets: {names}'
        return AgentCheck(usable=False, version=None, reason=trouble or none)
    best = next((check for wanted in (True, None) for check in found.values() if check.usable is wanted), None)
    told = "; ".join(
        f"{name}{f' {check.version}' * bool(check.version)}: {check.reason}" for name, check in found.items()
    )
    return AgentCheck(usable=best.usable if best else False, version=best and best.version, reason=told)


async def _by_acp(name: str, agent: AgentConfig) -> AgentCheck:
    """One agent that is driven by ACP: whether its program is there, and what that says of its version."""
    try:
        preset = presets.find(agent.acp)
    except UsageError as error:
        return AgentCheck(usable=False, version=None, reason=str(error))
    program = agent.program or preset.command[0]
    if shutil.which(program) is None:
        reason = f"{program} is not there. Install {preset.title or 'it'}, or name it: [agents.{name}] program"
        return AgentCheck(usable=False, version=None, reason=reason)
    if not preset.credentials:
        return AgentCheck(usable=None, version=None, reason=f"{program} is there; doctor does not start it to find out")
    ran = await probing.run((program, "--version"), probing.environment())
    version = re.search(r"\d+(?:\.\d+)+", ran.said) if ran.status == 0 else None
    return _logged_in(name, agent, preset.credentials, version and version[0])


def built_in_and_own(configured: Sequence[str], git_trouble: str) -> dict[str, AgentCheck]:
    """The rehearsal, and programs of the user's own, which are not started to find out."""
    ready = importlib.util.find_spec("podium.agents.rehearsal") is not None and not git_trouble
    words = "built in: offline, free, real work on real repositories with boilerplate content"
    names = ", ".join(sorted(configured))
    told = f"configured: {names}; doctor does not start programs of yours to find out" if names else (
        'none is configured: add [agents.NAME] with command = ["PROGRAM"] to podium.toml'
    )  # fmt: skip
    return {
        "rehearsal": AgentCheck(
            usable=ready, version=__version__, reason=words if ready else f"needs git: {git_trouble}"
        ),
        "command": AgentCheck(usable=None if names else False, version=None, reason=told),
    }


def claude(agent: AgentConfig, version: str | None, why: str) -> AgentCheck:
    """Claude Code as configured: `version` is what it said, None when it did not answer, and `why`."""
    if version is None:
        reason = f"{agent.program or CLAUDE}: {why}. Install Claude Code, or name it: [agents.claude] program"
        return AgentCheck(usable=False, version=None, reason=reason)
    return _logged_in(CLAUDE, agent, CREDENTIALS, version.partition(" ")[0])


def _logged_in(name: str, agent: AgentConfig, credentials: Sequence[str], version: str | None) -> AgentCheck:
    named = [variable for variable in credentials if agent.env.get(variable)]
    if not named:
        reason = f"no credential is named: set one of {', '.join(credentials[:3])} in [agents.{name}.env]"
        return AgentCheck(usable=False, version=version, reason=reason)
    return AgentCheck(usable=True, version=version, reason=f"installed; {named[0]} is set, but was not tried")
