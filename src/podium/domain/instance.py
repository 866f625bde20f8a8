"""A durable slot with a name, a workflow and a role; an agent process lives in it only during an attempt."""

from typing import NamedTuple

from podium.domain.record import made


class Slot(NamedTuple):
    """A free instance as routing sees it."""

    name: str
    queue: str
    role: str
    attempts: int = 0
    """Attempts it has been given since start."""
    busy_seconds: float = 0.0
    """Time it has been busy since start."""
    last_project: str = ""
    freed_at: float = 0.0

    def freed(self, project: str, now: float, leased_at: float) -> "Slot":
        """The instance after an attempt at a job of `project` that began at `leased_at`."""
        busy = self.busy_seconds + now - leased_at
        return made(Slot, (self.name, self.queue, self.role, self.attempts + 1, busy, project, now))
