"""The one shape of every background loop: settings that validate themselves, `run_once`, and this shared loop."""

import asyncio
import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Final

from podium.domain.errors import Unavailable
from podium.ports import Clock

PAUSE_SECONDS_MAX: Final = 3600.0
TROUBLE_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Service(ABC):
    """A loop that runs when it is due and when it is nudged; a test calls `run_once`."""

    clock: Clock
    _nudged: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    @abstractmethod
    async def run_once(self) -> float:
        """Do what is due; answer with the seconds until it wants to run again."""

    def nudge(self) -> None:
        """Run soon: something happened. A hint, never relied upon."""
        self._nudged.set()

    async def run(self) -> None:
        """The loop, until cancelled."""
        while True:
            self._nudged.clear()
            try:
                pause = min(max(await self.run_once(), 0.001), PAUSE_SECONDS_MAX)
            except Unavailable as trouble:
                _log.warning("%s has to wait: %s", type(self).__name__, trouble)
                pause = TROUBLE_SECONDS
            except Exception:  # noqa: BLE001 - the loop that repairs others must not die of one bad look
                _log.exception("%s had trouble; it goes on", type(self).__name__)
                pause = TROUBLE_SECONDS
            timer = self.clock.spawn(self._wake_after(pause), f"{type(self).__name__} timer")
            await self._nudged.wait()
            timer.cancel()

    async def _wake_after(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        self._nudged.set()
