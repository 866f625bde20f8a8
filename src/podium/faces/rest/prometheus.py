"""`/metrics`: how things stand, and what has been counted, as Prometheus reads it (MET-1)."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from fastapi import Request
from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.responses import Response

from podium.operations.catalogue import operation_named
from podium.operations.context import Context
from podium.operations.invoke import invoke
from podium.operations.operation import Nothing
from podium.store.batch import HOUR_SECONDS

QUEUE_GAUGES: Final = {
    "depth": "How many wait: projects for room, jobs for an instance, reviews for a decision.",
    "running": "Jobs at work.",
    "held": "Jobs whose project has as many open chains as one may have.",
    "oldest_seconds": "How long the one that waits longest has waited.",
    "wait_p50_seconds": "The median wait of the last full and the current hour.",
    "wait_p95_seconds": "The 95th percentile of it.",
    "instances": "Instances that work for the queue.",
}
GAUGES: Final = {
    "projects_open": "Projects that have not ended.",
    "projects_waiting": "Of them, those that have not begun.",
    "projects_paused": "Of them, those that somebody paused.",
    "reviews_open": "Reviews that wait for a decision.",
    "dead_letters": "Jobs that died as often as they may be tried.",
    "stuck": "Items that have stood still for too long.",
    "notices_needing_you": "Notices that wait for a person to act.",
    "instances_busy": "Instances at work.",
    "instances_total": "Instances.",
    "instances_drained": "Instances that get no new work.",
}
COUNTERS: Final[tuple[tuple[str, str, list[str], str, int], ...]] = (
    ("projects_ended", "Projects that came to their end.", ["outcome"], r"project\.(\w+)", 0),
    ("pipeline_seconds", "What complete projects took, from submission to end.", [], r"project\.completed", 1),
    ("workflow_runs", "Runs of a workflow that reached its end.", ["workflow"], r"workflow\.(.+)\.completed", 0),
    ("jobs_started", "Jobs given to an instance.", ["queue"], r"queue\.(\w.*)\.started", 0),
    ("busy_seconds", "What attempts that ended took.", ["queue"], r"queue\.(\w.*)\.busy", 1),
    (
        "attempts_ended",
        "Attempts that ended, by what became of them.",
        ["queue", "verdict"],
        r"verdict\.(.+)\.(\w+)",
        0,
    ),
    ("spend_usd", "What agents said their attempts cost.", ["queue"], r"spend\.(.+)", 1),
)
"""Name, help and labels of a counter; which of the kept sums it is; whether their number (0) or their total (1)."""

Sums = Mapping[tuple[str, int], float]
"""From a sum's name, and which part of it, to what it came to."""


class Exposition(Collector):
    """Answers Prometheus from counters that are kept, at a cost that does not depend on what there is.

    Sums of hours that are over are added up once; each answer reads the last two hours alone. Counters begin with the
    first answer, so that a restart never counts twice.
    """

    def __init__(self, context: Callable[[], Context]) -> None:
        self._context = context
        self._families: list[Metric] = []
        self._hour = int(context().clock.wall() // HOUR_SECONDS) - 1
        self._closed: Counter[tuple[str, int]] = Counter()
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
        queues, status = [
            await invoke(operation_named(name), context, Nothing(), principal) for name in ("queues", "status")
        ]
        sums = self._counted(await context.store.read(lambda rows: rows.all("hourly_series", (self._hour,))))
        self._families = [*_gauges(queues, status), *_counters(sums)]
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self._registry), media_type=kind)

    def _counted(self, series: list[Any]) -> Sums:
        """The sums since the first look; an hour is over for good when the next one is."""
        last = max(self._hour, int(self._context().clock.wall() // HOUR_SECONDS) - 1)
        sums = Counter(self._closed)
        for metric, hour, *cell in series:
            for which, value in enumerate(cell) if hour >= self._hour else ():
                sums[metric, which] += value
                if hour < last:
                    self._closed[metric, which] += value
        self._hour = last
        self._before = sums if self._before is None else self._before
        return {key: max(0.0, value - self._before.get(key, 0.0)) for key, value in sums.items()}


def _gauges(queues: Any, status: Any) -> Iterator[Metric]:
    for name, told in QUEUE_GAUGES.items():
        family = GaugeMetricFamily(f"podium_queue_{name}", told, labels=["queue"])
        for row in queues.queues:
            if (value := getattr(row, name)) is not None:
                family.add_metric([row.queue], value)
        yield family
    for name, told in GAUGES.items():
        yield GaugeMetricFamily(f"podium_{name}", told, getattr(status.system, name))
    shut = GaugeMetricFamily("podium_breaker_open", "Circuit breakers that are not closed.", labels=["breaker"])
    for breaker in status.system.breakers:
        shut.add_metric([breaker.name], 1)
    yield shut


def _counters(sums: Sums) -> Iterator[Metric]:
    for name, told, labels, pattern, which in COUNTERS:
        family = CounterMetricFamily(f"podium_{name}", told, labels=labels)
        for (metric, part), value in sorted(sums.items()):
            if part == which and (found := re.fullmatch(pattern, metric)):
                family.add_metric(list(found.groups()), value)
        yield family
