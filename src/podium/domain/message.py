"""Messages between people, workflows and instances: whom one can be for, and how much an inbox holds (COM-1)."""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from podium.domain.errors import UsageError

ALL: Final = "all"
"""The address of every instance."""
KINDS: Final = ("instance", "role", "workflow")
TEXT_CHARS_MAX: Final = 2_000
INBOX_MESSAGES_MAX: Final = 20
"""Messages that one address keeps, for each project they are about; a new one takes the place of the oldest."""
KEPT_SECONDS: Final = 7 * 24 * 3600.0
"""A message that nobody has read by then is not delivered any more."""


class Message(NamedTuple):
    """One message as an agent gets it. `at` is wall-clock seconds; `project` is empty when it is about none."""

    id: int
    to: str
    sender: str
    project: str
    text: str
    at: float


def addresses(instance: str, role: str, workflow: str) -> tuple[str, str, str, str]:
    """Every address that an instance gets messages under while it does a job of `workflow`."""
    return f"instance:{instance}", f"role:{role}", f"workflow:{workflow}", ALL


def checked_address(text: str, known: Mapping[str, Collection[str]]) -> str:
    """`text` if somebody has that address; `known` maps each of `KINDS` to its names. Raises `UsageError`."""
    kind, _, name = text.partition(":")
    if text == ALL or (kind in KINDS and name in known[kind]):
        return text
    if kind not in KINDS or not name:
        raise UsageError(f"{text[:80]!r} is no address; write instance:NAME, role:NAME, workflow:NAME or {ALL}.")
    raise UsageError(f"There is no {kind} {name[:80]!r}; known: {', '.join(known[kind]) or 'none'}.")
