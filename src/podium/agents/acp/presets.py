"""ACP agents that Podium knows by name, from `presets.toml`."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from podium.domain.errors import UsageError
from podium.tables import beside


class Preset(BaseModel):
    """How an agent's ACP program is started."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: tuple[str, ...]
    title: str = ""
    env: Mapping[str, str] = Field(default_factory=dict)
    mode: str = ""
    """The session mode in which it asks before it acts, where it would begin in another."""
    meta: Mapping[str, Any] = Field(default_factory=dict)
    """What a session is begun with beyond the protocol, in words of the agent's own (`_meta`)."""
    endpoints: tuple[str, ...] = ()
    """Where its model is: in a sandbox it always reaches that."""
    credentials: tuple[str, ...] = ()
    """Variables by which it is logged in; none are known of a program of the user's own."""


@cache
def known() -> Mapping[str, Preset]:
    """All of them by name."""
    return {name: Preset.model_validate(row) for name, row in beside(__file__).items()}


def find(acp: str | Sequence[str]) -> Preset:
    """The preset of that name, or a program of the user's own; raises UsageError."""
    if not isinstance(acp, str):
        return Preset(command=tuple(acp))
    if acp not in known():
        names = ", ".join(known())
        raise UsageError(f'acp = "{acp}" is none of {names}. Another agent is named by its command: acp = ["PROGRAM"].')
    return known()[acp]
