"""Agents that are programs of their own and speak the command protocol: the configured ones and the built-in ones."""

import json
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from podium.agents.acp import presets
from podium.domain.errors import UsageError

BUILT_IN: Final = {"rehearsal": "podium.agents.rehearsal", "claude": "podium.agents.claude"}
"""The agents that come with Podium, as modules to run."""
ENDPOINTS: Final = {"claude": ("api.anthropic.com:443",)}
_SECRET: Final = re.compile("KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Program:
    """What is started for an agent, and what it gets beyond the standard environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    endpoints: tuple[str, ...] = ()
    """Where its model is, when its environment does not say: in a sandbox it always reaches that."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must not reach a log: those of variables that are named like a credential."""
        return tuple(value for name, value in self.env.items() if value and _SECRET.search(name))


class Programs:
    """What is started for each agent; some instances may have been swapped to others than the rest."""

    def __init__(self, of_all: Mapping[str, Program]) -> None:
        self.of_all = of_all
        self._of: dict[str, Mapping[str, Program]] = {}

    def find(self, agent: str, instance: str) -> Program | None:
        """What the instance starts for an agent; None where nobody knows it."""
        return self._of.get(instance, self.of_all).get(agent)

    def swap(self, fresh: Mapping[str, Program], instances: Collection[str] | None) -> list[str]:
        """From their next attempt on these instances (None: all, and whoever comes) start others; whose are new."""
        before = [self._of.get(name, self.of_all) for name in instances or ()] or [self.of_all, *self._of.values()]
        if instances is None:
            self.of_all, self._of = fresh, {}
        else:
            self._of |= dict.fromkeys(instances, fresh)
        return sorted({name for known in before for name in {*known, *fresh} if known.get(name) != fresh.get(name)})


def program(
    name: str, command: Sequence[str], env: Mapping[str, str], options: Sequence[str] = (),
    acp: str | Sequence[str] = "",
) -> Program:  # fmt: skip
    """The program of the agent called `name`; `options` are a built-in one's. Raises UsageError without a command."""
    if acp:
        preset = presets.find(acp)
        told = ("--name", name, "--mode", preset.mode, "--meta", json.dumps(preset.meta))
        module = (sys.executable, "-I", "-m", "podium.agents.acp", *told)
        return Program((*module, *options, "--", *preset.command), {**preset.env, **env}, preset.endpoints)
    if command:
        return Program(tuple(part.replace("{python}", sys.executable) for part in command), dict(env))
    if name in BUILT_IN:
        argv = (sys.executable, "-I", "-m", BUILT_IN[name], *options)
        return Program(argv, dict(env), ENDPOINTS.get(name, ()) if "ANTHROPIC_BASE_URL" not in env else ())
    raise UsageError(f'The agent {name!r} has no command; set one, for example [agents.{name}] command = ["my-agent"].')
