"""Who may do what: scopes, the principal behind a call, and the three forms of a credential (SEC-1)."""

import hashlib
import hmac
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


INCLUDED: Final = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.OPERATE: frozenset({Scope.READ, Scope.OPERATE}),
    Scope.ADMIN: frozenset({Scope.READ, Scope.OPERATE, Scope.ADMIN}),
    Scope.WEBHOOK: frozenset({Scope.WEBHOOK}),
    Scope.ATTEMPT: frozenset({Scope.ATTEMPT}),
}


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

_TOKEN = re.compile(r"podium_([a-z0-9]{8})_([A-Za-z0-9_-]{43})")
_ATTEMPT = re.compile(r"podium_attempt_([0-9a-f]{64})_(.{3,200})")


def token_text(id_: str, secret: str) -> str:
    """A token as its bearer has it; it is shown once and kept nowhere."""
    return f"podium_{id_}_{secret}"


def token_id(text: str) -> str | None:
    """The id in a token's text; None when it is no token."""
    found = _TOKEN.fullmatch(text)
    return found.group(1) if found else None


def token_hash(text: str) -> str:
    """What is kept of a token. Its secret has 256 bits of chance, so a plain digest cannot be guessed back."""
    return hashlib.sha256(text.encode()).hexdigest()


def attempt_token(key: bytes, attempt: str) -> str:
    """The credential of one attempt's agent: it names the attempt, `key` proves it, and it ends with the lease."""
    return f"podium_attempt_{_proof(key, attempt)}_{attempt}"


def attempt_of_token(key: bytes, text: str) -> str | None:
    """The attempt that a token speaks for; None when it is forged or no such token."""
    found = _ATTEMPT.fullmatch(text)
    if found is None or not hmac.compare_digest(found.group(1), _proof(key, found.group(2))):
        return None
    return found.group(2)


def _proof(key: bytes, attempt: str) -> str:
    return hmac.new(key, b"attempt:" + attempt.encode(), hashlib.sha256).hexdigest()
