"""Whether each kind of agent can be used, for `podium doctor`; no secret is looked at, only whether one is named."""

import importlib.util
from typing import Final

from podium import __version__
from podium.config import AgentConfig
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


def built_in_and_own(configured: frozenset[str], git_trouble: str) -> dict[str, AgentCheck]:
    """The rehearsal, and programs of the user's own, which are not started to find out."""
    ready = importlib.util.find_spec("podium.agents.rehearsal") is not None and not git_trouble
    words = "built in: offline, free, real work on real repositories with boilerplate content"
    names = ", ".join(sorted(configured - {"rehearsal", CLAUDE}))
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
    if agent.command:
        return AgentCheck(usable=None, version=None, reason="[agents.claude] has a command of yours instead")
    if version is None:
        reason = f"{agent.program or CLAUDE}: {why}. Install Claude Code, or name it: [agents.claude] program"
        return AgentCheck(usable=False, version=None, reason=reason)
    named = [name for name in CREDENTIALS if agent.env.get(name)]
    if not named:
        reason = f"no credential is named: set one of {', '.join(CREDENTIALS[:3])} in [agents.claude.env]"
        return AgentCheck(usable=False, version=version.partition(" ")[0], reason=reason)
    return AgentCheck(
        usable=True, version=version.partition(" ")[0], reason=f"installed; {named[0]} is set, but was not tried"
    )
