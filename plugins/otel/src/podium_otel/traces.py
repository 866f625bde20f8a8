"""Each project's journey as an OpenTelemetry trace: spans of the project, of its workflows' runs and of their attempts.

Made from what is committed, when a thing has ended. Ids follow from what a span is of, so after a crash the same spans
may be sent once more, but never others; where they go is said by the standard `OTEL_…` variables.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from podium.domain.errors import PodiumError
from podium.ports import Clock, Read

if TYPE_CHECKING:  # a home that sends no traces loads nothing of it
    from opentelemetry.sdk.trace import ReadableSpan

PLACE: Final = "traces.seq"
"""The home's file that says up to which event spans have been sent."""
VARIABLES: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
EVENTS_AT_ONCE: Final = 500
INTERVAL_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 30.0
"""After the exporter has given up; it tries several times itself."""
_SAID: Final = frozenset({"seq", "at", "kind", "seconds"})
"""What a span itself says; the rest of a row is its attributes."""
_GOOD: Final = frozenset({"pass", "release", "complete"})

_log = logging.getLogger(__name__)
Send = Callable[[Sequence["ReadableSpan"]], bool]
"""Hands spans over and says whether they were taken. Blocks."""


class Ended(NamedTuple):
    """A row of `log_traced`; `seconds` from beginning to end, and no `kind` where the event ended nothing."""

    seq: int
    at: float
    kind: str | None
    seconds: float
    project: str
    workflow: str
    job: int
    attempt: int
    instance: str
    step: str | None
    item: str | None
    outcome: str
    reason: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None


def follower(home: Path, read: Read, clock: Clock, environ: Mapping[str, str]) -> "Traces | None":
    """Sends traces where the environment says to whom."""
    if not any(environ.get(name) for name in VARIABLES):
        return None
    return Traces(clock, read, exporter(), home / PLACE)


def exporter() -> Send:
    """The exporter that the `OTEL_…` variables configure."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import SpanExportResult

    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # what it cannot send is told here, once
    sending = OTLPSpanExporter()
    return lambda spans: sending.export(spans) is SpanExportResult.SUCCESS


@dataclass
class Traces:
    """Follows the log and hands over a span for everything that ended; a span that is not taken is tried again."""

    clock: Clock
    read: Read
    send: Send
    place: Path

    def environment(self, attempt: str) -> dict[str, str]:
        """The attempt's span as W3C Trace Context has it: what its agent traces itself becomes a part of it."""
        trace, number = _ids(attempt.split("/"))
        return {"TRACEPARENT": f"00-{trace:032x}-{number:016x}-01"}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.clock.sleep(await self.run_once())

    async def finish(self, seconds: float) -> None:
        """What has just ended, before the orchestrator stops; the next one sends what these seconds are too few for."""
        deadline = self.clock.now() + seconds
        while await self.run_once() == 0.0 and self.clock.now() < deadline:
            pass

    async def run_once(self) -> float:
        """Send what has ended since; the seconds until the next look. Trouble is told, and passes."""
        try:
            return await self._send_on()
        except (PodiumError, OSError, ValueError) as error:
            _log.warning("traces cannot be sent now: %s", error)
            return RETRY_SECONDS

    async def _send_on(self) -> float:
        after = await self._after()
        page = await self.read(lambda rows: [Ended(*row) for row in rows.all("log_traced", (after, EVENTS_AT_ONCE))])
        if not page:
            return INTERVAL_SECONDS
        spans = [span(ended) for ended in page if ended.kind]
        if spans and not await asyncio.to_thread(self.send, spans):
            _log.warning("the collector of %s does not take spans; they are sent again later", " or ".join(VARIABLES))
            return RETRY_SECONDS
        part = self.place.with_suffix(".part")
        part.write_text(str(page[-1].seq), "utf-8")
        part.replace(self.place)
        return 0.0 if len(page) == EVENTS_AT_ONCE else INTERVAL_SECONDS

    async def _after(self) -> int:
        """A home that never sent traces begins with what happens from now on."""
        if not self.place.exists():
            (last,) = await self.read(lambda rows: rows.one("event_last"))
            self.place.write_text(str(last), "utf-8")
        return int(self.place.read_text("utf-8"))


def span(ended: Ended) -> "ReadableSpan":
    """What ended, as a span below what it is a part of."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, TraceFlags
    from opentelemetry.trace.status import Status, StatusCode

    project, run = (ended.project,), (ended.project, ended.workflow)
    name, path, above = {
        "project": (ended.project, project, None),
        "run": (ended.workflow, run, project),
        "attempt": (f"{ended.workflow}.{ended.step}", (ended.project, f"{ended.job}.a{ended.attempt}"), run),
    }[str(ended.kind)]
    context, parent = (
        SpanContext(*_ids(place), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)) if place else None
        for place in (path, above)
    )
    told = {f"podium.{key}": value for key, value in ended._asdict().items() if key not in _SAID and value}
    is_good = ended.kind == "run" or ended.outcome in _GOOD
    return ReadableSpan(
        name, context, parent, Resource.create({"service.name": "podium"}), told,
        status=Status(StatusCode.OK) if is_good else Status(StatusCode.ERROR, ended.outcome),
        start_time=int((ended.at - ended.seconds) * 1e9), end_time=int(ended.at * 1e9),
    )  # fmt: skip


def _ids(path: Sequence[str]) -> tuple[int, int]:
    """The numbers of a trace and of the span at that place in it."""
    trace, number = (hashlib.sha256("/".join(words).encode()).digest() for words in (("trace", path[0]), path))
    return int.from_bytes(trace[:16]), int.from_bytes(number[:8])
