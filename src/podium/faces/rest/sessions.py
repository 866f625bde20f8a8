"""How a browser gets in: a link that works once, and the session that it opens (SEC-1)."""

import hmac
import secrets
from collections.abc import Callable
from typing import Final

COOKIE: Final = "podium_session"
CODE_SECONDS: Final = 300.0
CODES_MAX: Final = 100
"""Links that wait to be opened; the oldest gives way."""
SESSION_SECONDS: Final = 12 * 3600


class Sessions:
    """Codes live in memory and die with their use; a session is a signed time, and outlives a restart."""

    def __init__(self, key: bytes, wall: Callable[[], float]) -> None:
        self._key = key
        self._wall = wall
        self._codes: dict[str, float] = {}

    def code(self) -> str:
        """A code for one login within `CODE_SECONDS`."""
        while len(self._codes) >= CODES_MAX:
            del self._codes[next(iter(self._codes))]
        made = secrets.token_urlsafe(32)
        self._codes[made] = self._wall() + CODE_SECONDS
        return made

    def login(self, code: str) -> str | None:
        """The session that a code opens, this once; None for a code that is unknown, used or too old."""
        expires = self._codes.pop(code, 0.0)
        if expires < self._wall():
            return None
        told = f"{int(self._wall()) + SESSION_SECONDS}.{secrets.token_urlsafe(16)}"
        return f"{told}.{self._sign(told)}"

    def holds(self, session: str) -> bool:
        """Whether a session is one of ours, and not over."""
        told, _, sign = session.rpartition(".")
        expires = told.partition(".")[0]
        is_ours = hmac.compare_digest(sign.encode(), self._sign(told).encode())
        return is_ours and int(expires) > self._wall()

    def _sign(self, told: str) -> str:
        return hmac.new(self._key, told.encode(), "sha256").hexdigest()
