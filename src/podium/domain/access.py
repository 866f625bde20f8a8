"""Who may do what: scopes, the principal behind a call, and how an attempt is named (SEC-1)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple


class Scope(StrEnum):
    """What a credential opens."""

    READ = "read"
    """See everything, change nothing."""
    OPERATE = "operate"
    """All that an operator does; includes `read`."""
    ADMIN = "admin"
    """Also make and revoke tokens; includes `operate`."""
    WEBHOOK = "webhook"
    """Deliver webhooks, and nothing else."""
    ATTEMPT = "attempt"
    """Speak for one attempt, and see what is that attempt's own."""


INCLUDED: Final = {scope: frozenset({scope}) for scope in Scope} | {
    Scope.OPERATE: frozenset({Scope.READ, Scope.OPERATE}),
    Scope.ADMIN: frozenset({Scope.READ, Scope.OPERATE, Scope.ADMIN}),
}
"""What each opens: itself, and what it includes."""


class AttemptName(NamedTuple):
    """Which attempt: `project/job.aNUMBER`, see `Lease.name`."""

    project: str
    job: int
    number: int


_ATTEMPT_NAME = re.compile(r"(.{1,100})/([0-9]{1,18})\.a([0-9]{1,9})", re.ASCII)


def attempt_name(text: str) -> AttemptName | None:
    """The parts of an attempt's name; None when it is none."""
    found = _ATTEMPT_NAME.fullmatch(text)
    return AttemptName(found[1], int(found[2]), int(found[3])) if found else None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a call; `attempt` is set for an agent at work (`project/job.aN`)."""

    name: str
    scope: Scope
    attempt: str = ""

    def may(self, scope: Scope) -> bool:
        """Whether its credential opens what needs `scope`."""
        return scope in INCLUDED[self.scope]


OPERATOR: Final = Principal("operator", Scope.ADMIN)
"""The home's own user: whoever can read the credential file in the home."""
