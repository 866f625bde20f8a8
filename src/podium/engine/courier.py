"""Brings what the outbox holds to its webhooks, each at its own pace: a slow receiver delays no other (EVT-2)."""

import logging
import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from podium.domain.command import Settle
from podium.domain.delivery import Answer, Delivery, Outcome
from podium.domain.errors import PodiumError
from podium.engine.service import Service
from podium.policy.delivery import decide
from podium.ports import Sender, Store

LOOK_SECONDS: Final = 0.02
"""Between two looks at whether a last round is over."""
INTERVAL_SECONDS: Final = 1.0
"""Between two looks at what is due."""
ROUND_MAX: Final = 16
"""Deliveries that are taken along for one webhook."""

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Courier(Service):
    """Sends, judges the answer and records it. A try that a crash cut short is made again, under the same key."""

    store: Store
    sender: Sender
    rng: random.Random
    _out: set[str] = field(init=False, default_factory=set[str])
    """Webhooks that a round is being made for."""

    async def run_once(self) -> float:
        """Begin a round for every webhook that has something due; the seconds until the next look."""
        rounds: defaultdict[str, list[Delivery]] = defaultdict(list)
        for delivery in await self.store.due_deliveries(self.clock.now(), ROUND_MAX):
            rounds[delivery.webhook].append(delivery)
        for webhook in rounds.keys() - self._out:
            self._out.add(webhook)
            self.clock.spawn(self._round(webhook, rounds[webhook]), f"webhook {webhook}")
        return INTERVAL_SECONDS

    async def finish(self, seconds: float) -> None:
        """A last round before the orchestrator stops, for so long at most; what is left is sent by the next one."""
        await self.run_once()
        deadline = self.clock.now() + seconds
        while self._out and self.clock.now() < deadline:
            await self.clock.sleep(LOOK_SECONDS)

    async def _round(self, webhook: str, deliveries: list[Delivery]) -> None:
        """One after another, until one fails: the rest wait until the next look rather than for as many timeouts."""
        try:
            for delivery in deliveries:
                outcome = await self._try(delivery)
                await self.store.submit(Settle(delivery.id, delivery.attempts, outcome))
                if outcome.state == "pending" or outcome.disable:
                    break
        except PodiumError as error:  # the database is away: it is tried again, under the same key
            _log.warning("what came of a delivery to webhook %s cannot be recorded now: %s", webhook, error)
        finally:
            self._out.discard(webhook)

    async def _try(self, delivery: Delivery) -> Outcome:
        if delivery.disabled:
            return Outcome("dead", 0.0, "its receiver said 410 (gone) before; a replay enables the webhook again")
        try:
            answer = await self.sender.send(delivery)
        except Exception as error:  # noqa: BLE001 - a defect with one receiver must not stop the others
            answer = Answer(None, f"{type(error).__name__}: {error}")
        return decide(delivery, answer, self.rng.random())
