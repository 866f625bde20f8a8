"""Looks at every workflow's signals and lets its pools grow and shrink; refusals are put on record, too (SCL-1)."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from podium.domain.errors import PodiumError
from podium.domain.fleet import Resize
from podium.domain.instance import Slot
from podium.engine.service import Service
from podium.policy import autoscaling
from podium.policy.autoscaling import AutoscalerSettings, Look, Thresholds, Track
from podium.policy.scaling import resize
from podium.ports import Clock, Store

BY = "autoscaler"


class Autoscaler(Service):
    """`first` are the instances that workflows begin with; `gate` says why none may be added now, or nothing."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        submit: Callable[[Resize], Awaitable[Any]],
        first: Iterable[Slot],
        settings: AutoscalerSettings,
        gate: Callable[[], str],
    ) -> None:
        super().__init__(clock)
        self._store = store
        self._submit = submit
        self._settings = settings
        self._gate = gate
        self._begins_with = Counter(slot.queue for slot in first)
        self._tracks: dict[str, Track] = {}

    async def run_once(self) -> float:
        """One look at each workflow."""
        try:
            gate = self._gate()
            for look in await self._store.looks(self.clock.now(), self.clock.wall()):
                if look.queue in self._begins_with:
                    await self._scale(look, gate)
        except PodiumError:  # the database is away, or somebody changed a pool meanwhile: the next look is soon
            pass
        return self._settings.interval_seconds

    async def _scale(self, look: Look, gate: str) -> None:
        now, limits = self.clock.now(), self._settings.workflows.get(look.queue, Thresholds())
        track = self._tracks.setdefault(look.queue, Track(now))
        seen = track.signals(look, now)
        least, most = autoscaling.bounds(limits, self._begins_with[look.queue])
        decision = autoscaling.decide(seen, limits, least, most, track.quiet_seconds(now), gate)
        news, track.refused = decision.action != "refused" or not track.refused, decision.action == "refused"
        if decision.action == "hold" or not news:
            return
        step = {"up": 1, "down": -1}.get(decision.action, 0)
        changes = resize(look.queue, look.pools, step) if step else []
        record = {"workflow": look.queue, **decision._asdict(), **seen._asdict()}
        await self._submit(Resize(tuple(changes), by=BY, reason=decision.because, decision=record))
