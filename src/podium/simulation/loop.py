"""An asyncio loop on virtual time: no waiting, no sockets, and ready callbacks in an order that the seed decides."""

import asyncio
import random
import selectors
from collections import deque
from typing import Any, Final

from podium.clock import Tasks

EPOCH: Final = 1_800_000_000.0
"""Virtual time begins here, in seconds since the epoch."""


class Stalled(Exception):
    """Everything waits and nothing is scheduled: a lost wake-up that no sweep repairs."""


class _VirtualSelector(selectors.SelectSelector):
    """Moves the loop's time forward instead of waiting; nothing is ever written to the loop's own self-pipe."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        """Nothing is ever ready; time passes at once."""
        if timeout is None:
            raise Stalled("nothing is left that could happen")
        self.loop.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs coroutines to their end on virtual seconds; the same seed gives the same run."""

    def __init__(self, seed: int) -> None:
        self._virtual_now = 0.0
        self._random = random.Random(seed)
        selector = _VirtualSelector()
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._virtual_now

    def advance(self, seconds: float) -> None:
        """Let time pass, and shuffle what is ready: no code may rely on an order that asyncio does not promise."""
        self._virtual_now += max(seconds, 0.0)
        ready: deque[Any] = getattr(self, "_ready")  # noqa: B009 - asyncio has no public way to reorder callbacks
        if len(ready) > 1:
            shuffled = list(ready)
            self._random.shuffle(shuffled)
            ready.clear()
            ready.extend(shuffled)


class VirtualClock:
    """`ports.Clock` on a virtual loop. `stop` fences one simulated process: its tasks end, its timers never fire.

    `asleep` are the seconds that the machine had been suspended when the process was born.
    """

    def __init__(self, loop: VirtualLoop, asleep: float = 0.0) -> None:
        self._tasks = Tasks(self._failed)
        self.sleep, self.spawn = self._tasks.sleep, self._tasks.spawn
        self._loop = loop
        self._began = EPOCH + asleep
        self.wall_offset = 0.0
        self.failures: list[BaseException] = []
        self.stopped = False

    def now(self) -> float:
        """Steady virtual seconds."""
        return self._began + self._loop.time()

    def wall(self) -> float:
        """Virtual wall-clock seconds; `wall_offset` steps it."""
        return self.now() + self.wall_offset

    def _failed(self, task: asyncio.Task[Any], error: BaseException) -> None:  # noqa: ARG002 - as any clock's
        """It is kept for the checkers."""
        if not self.stopped:
            self.failures.append(error)

    def stop(self) -> None:
        """The simulated process dies here: ports are fenced by `stopped`, then its tasks are cancelled."""
        self.stopped = True
        for task in list(self._tasks.tasks):
            task.cancel()
