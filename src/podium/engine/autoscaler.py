"""Looks at every workflow's signals and lets its pools grow and shrink; refusals are put on record, too (SCL-1)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from podium.domain.errors import PodiumError
from podium.domain.fleet import Resize
from podium.engine.service import Service
from podium.policy import autoscaling
from podium.policy.autoscaling import AutoscalerSettings, Look, Thresholds, Track
from podium.policy.scaling import resize
from podium.ports import Store

BY = "autoscaler"


@dataclass(eq=False)
class Autoscaler(Service):
    """Grows and shrinks pools."""

    store: Store
    submit: Callable[[Resize], Awaitable[Any]]
    begins_with: Mapping[str, int]
    """How many instances each workflow begins with."""
    settings: AutoscalerSettings
    gate: Callable[[], str]
    """Says why no instance may be added now, or nothing."""
    _tracks: dict[str, Track] = field(init=False, default_factory=dict[str, Track])

    async def run_once(self) -> float:
        """One look at each workflow."""
        try:
            gate = self.gate()
            for look in await self.store.looks(self.clock.now(), self.clock.wall()):
                if look.queue in self.begins_with:
                    await self._scale(look, gate)
        except PodiumError:  # the database is away, or somebody changed a pool meanwhile: the next look is soon
            pass
        return self.settings.interval_seconds

    async def _scale(self, look: Look, gate: str) -> None:
        now, limits = self.clock.now(), self.settings.workflows.get(look.queue, Thresholds())
        track = self._tracks.setdefault(look.queue, Track(now))
        seen = track.signals(look, now)
        least, most = autoscaling.bounds(limits, self.begins_with[look.queue])
        decision = autoscaling.decide(seen, limits, least, most, track.quiet_seconds(now), gate)
        news, track.refused = decision.action != "refused" or not track.refused, decision.action == "refused"
        if decision.action == "hold" or not news:
            return
        step = {"up": 1, "down": -1}.get(decision.action, 0)
        changes = resize(look.queue, look.pools, step) if step else []
        record = {"workflow": look.queue, **decision._asdict(), **seen._asdict()}
        await self.submit(Resize(tuple(changes), by=BY, reason=decision.because, decision=record))
