"""When is something that fails too often left alone, and when is it tried again? Circuit breakers (REC-6).

One for each provider, project and receiver of webhooks. It is a retry budget at the same time (REC-3): every failure
takes a token, every success gives a part of one back, so that in the long run no more than a sixth of all tries may be
in vain. Out of tokens it opens for a while, which doubles; then it lets one through at a time, until one succeeds.
"""

from typing import Final, Literal, NamedTuple

TOKENS_MAX: Final = 10.0
"""So many failures in a row open it."""
TOKEN_BACK: Final = 0.2
"""Of a token, for each success."""
OPEN_SECONDS: Final = 30.0
OPEN_SECONDS_MAX: Final = 900.0
PROBE_SECONDS: Final = 30.0
"""From one that a half-open breaker lets through to the next, as long as nobody knows what came of it."""

State = Literal["closed", "open", "half-open"]


class Breaker(NamedTuple):
    """What is remembered of one, such as `provider:claude`, `project:shop`, `webhook:chat`."""

    name: str
    tokens: float = TOKENS_MAX
    """Under 1 it has opened; 0 until a first one was let through."""
    openings: int = 0
    """In a row."""
    until: float = 0.0
    """Steady seconds before which nothing, or no other one, is let through."""
    reason: str = ""

    @property
    def tripped(self) -> bool:
        """Whether it has opened for its failures, and nothing has succeeded since."""
        return self.tokens < 1.0

    def state(self, now: float) -> State:
        """As people call it; what has stated a time to come back is open until then, and closed afterwards."""
        if now < self.until and (self.tokens == 0.0 or not self.tripped):
            return "open"
        return "half-open" if self.tripped else "closed"

    def failed(self, now: float, reason: str) -> "Breaker":
        """After a failure; what fails while it is open had begun before."""
        if self.tokens - 1.0 >= 1.0:
            return self._replace(tokens=self.tokens - 1.0, reason=reason)
        if self.tokens == 0.0 and now < self.until:
            return self
        seconds = min(OPEN_SECONDS_MAX, OPEN_SECONDS * 2.0 ** min(self.openings, 10))
        return Breaker(self.name, 0.0, self.openings + 1, now + seconds, reason)

    def succeeded(self) -> "Breaker":
        """After a success: half-open it closes, with half of its tokens."""
        if self.tripped:
            return Breaker(self.name, TOKENS_MAX / 2)
        return self._replace(tokens=min(TOKENS_MAX, self.tokens + TOKEN_BACK))

    def held(self, until: float, reason: str) -> "Breaker":
        """It has itself said when it comes back: no failure, and no success of what runs ends that."""
        return self._replace(until=max(self.until, until), reason=reason)

    def probed(self, now: float) -> "Breaker":
        """Half-open, it has let one through."""
        return self._replace(tokens=TOKENS_MAX / 20, until=now + PROBE_SECONDS)
