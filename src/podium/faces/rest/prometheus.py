"""`/metrics`: how things stand, and what has been counted, as Prometheus reads it (MET-1)."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from fastapi import Request
from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.responses import Response

from podium.domain.job import PODIUM_QUEUE
from podium.operations.catalogue import answered
from podium.operations.context import Context
from podium.operations.queues import OUTPUT
from podium.store.batch import HOUR_SECONDS
from podium.tables import beside

TOLD: Final[dict[str, dict[str, Any]]] = beside(__file__)

Sums = dict[str, tuple[float, float]]
"""From a kept sum's name to how many there were, and what they come to."""


class Exposition(Collector):
    """Answers from sums that are kept by the hour, at a cost that does not depend on how much there is.

    Counters begin with the first answer, so that a restart never counts twice.
    """

    def __init__(self, context: Callable[[], Context]) -> None:
        self._context = context
        self._families: list[Metric] = []
        self._first = int(context().clock.wall() // HOUR_SECONDS)
        self._before: Sums | None = None
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def collect(self) -> list[Metric]:
        """What was found last, as the library asks for it."""
        return self._families

    async def __call__(self, request: Request) -> Response:
        """The figures in the format that the reader accepts."""
        context, principal = self._context(), request.state.principal
        answers = [await answered(name, context, {}, principal) for name in ("queues", "status")]
        kept = await context.store.read(lambda rows: rows.all("hourly_since", (self._first,)))
        sums = {name.format(flow): (0.0, 0.0) for flow in context.pipeline.workflows for name in TOLD["begin"]["names"]}
        sums |= {name: (n, total) for name, n, total in kept}
        self._families = [*_gauges(*answers), *_counters(self._since_first(sums))]
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self._registry), media_type=kind)

    def _since_first(self, sums: Sums) -> Sums:
        self._before = before = sums if self._before is None else self._before
        return {
            name: (max(0.0, n - before.get(name, (0, 0))[0]), max(0.0, total - before.get(name, (0, 0))[1]))
            for name, (n, total) in sums.items()
        }


def _gauges(queues: Any, status: Any) -> Iterator[Metric]:
    for name, told in TOLD["queues"].items():
        family = GaugeMetricFamily(f"podium_queue_{name}", told, labels=["queue"])
        for row in queues.queues:
            if (value := getattr(row, name)) is not None:
                family.add_metric([row.queue], value)
        yield family
    for name, told in TOLD["status"].items():
        yield GaugeMetricFamily(f"podium_{name}", told, getattr(status.system, name))
    shut = GaugeMetricFamily("podium_breaker_open", "Circuit breakers that are not closed.", labels=["breaker"])
    for breaker in status.system.breakers:
        shut.add_metric([breaker.name], 1)
    yield shut


def _counters(sums: Sums) -> Iterator[Metric]:
    counters: dict[str, tuple[str, list[str], str, int]] = TOLD["counters"]
    for name, (told, labels, pattern, which) in counters.items():
        family = CounterMetricFamily(f"podium_{name}", told, labels=labels)
        for of, cell in sorted(sums.items()):
            if found := re.fullmatch(pattern, of):
                family.add_metric([OUTPUT if label == PODIUM_QUEUE else label for label in found.groups()], cell[which])
        yield family
