"""Whether each kind of agent can be used, for `podium doctor`; no secret is looked at, only whether one is named."""

import asyncio
import importlib.util
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from podium import __version__, config
from podium.agents.acp import presets
from podium.domain.errors import PodiumError, UsageError
from podium.hosts import probing
from podium.operations.operation import Output
from podium.tables import beside

CLAUDE: Final = "claude"
_WORDS: Final = beside(__file__)
CREDENTIALS: Final[Sequence[str]] = _WORDS["claude"]["credentials"]
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


def _configured(home: Path) -> tuple[Mapping[str, config.AgentConfig], str]:
    try:
        return config.load(home).all_agents(), ""
    except (PodiumError, OSError) as error:
        return {}, f"podium.toml cannot be read: {error}"


async def _claude(agents: Mapping[str, config.AgentConfig], trouble: str) -> AgentCheck:
    agent = agents.get(CLAUDE)
    if agent is None:
        return _found("claude.unread", why=trouble)
    if agent.command:
        return _found("claude.replaced")
    ran = await asyncio.to_thread(probing.run, (agent.program or CLAUDE, "--version"))
    return claude(agent, ran.said if ran.status == 0 else None, ran.said)


async def _acp(agents: Mapping[str, config.AgentConfig], trouble: str) -> AgentCheck:
    """All agents that are driven by ACP in one answer: usable when one of them is."""
    found = {name: await _by_acp(name, agent) for name, agent in agents.items() if agent.acp}
    if not found:
        return _found("acp.unread" if trouble else "acp.none", why=trouble, presets=", ".join(presets.known()))
    best = next((check for wanted in (True, None) for check in found.values() if check.usable is wanted), None)
    told = [f"{name}{f' {check.version}' * bool(check.version)}: {check.reason}" for name, check in found.items()]
    return AgentCheck(usable=best.usable if best else False, version=best and best.version, reason="; ".join(told))


async def _by_acp(name: str, agent: config.AgentConfig) -> AgentCheck:
    """One agent that is driven by ACP: whether its program is there, and what that says of its version."""
    try:
        preset = presets.find(agent.acp)
    except UsageError as error:
        return _found("acp.unread", why=error)
    program = agent.program or preset.command[0]
    if shutil.which(program) is None:
        return _found("acp.missing", program=program, title=preset.title or "it", name=name)
    if not preset.credentials:
        return _found("acp.untried", program=program)
    ran = await asyncio.to_thread(probing.run, (program, "--version"))
    version = re.search(r"\d+(?:\.\d+)+", ran.said) if ran.status == 0 else None
    return _logged_in(name, agent, preset.credentials, version and version[0])


def built_in_and_own(configured: Sequence[str], git_trouble: str) -> dict[str, AgentCheck]:
    """The rehearsal, and programs of the user's own, which are not started to find out."""
    ready = importlib.util.find_spec("podium.agents.rehearsal") is not None and not git_trouble
    names = ", ".join(sorted(configured))
    return {
        "rehearsal": _found("rehearsal.ready" if ready else "rehearsal.gitless", __version__, why=git_trouble),
        "command": _found("command.untried" if names else "command.none", names=names),
    }


def claude(agent: config.AgentConfig, version: str | None, why: str) -> AgentCheck:
    """Claude Code as configured: `version` is what it said, None when it did not answer, and `why`."""
    if version is None:
        return _found("claude.missing", program=agent.program or CLAUDE, why=why)
    return _logged_in(CLAUDE, agent, CREDENTIALS, version.partition(" ")[0])


def _logged_in(name: str, agent: config.AgentConfig, credentials: Sequence[str], version: str | None) -> AgentCheck:
    named = next((variable for variable in credentials if agent.env.get(variable)), "")
    outcome = "named" if named else "unnamed"
    return _found(f"credential.{outcome}", version, named=named, some=", ".join(credentials[:3]), name=name)


def _found(outcome: str, version: str | None = None, **about: Any) -> AgentCheck:
    """What was found out, as `agent_checks.toml` words it."""
    told = _WORDS[outcome]
    return AgentCheck(usable=told.get("usable"), version=version, reason=told["reason"].format(**about))
