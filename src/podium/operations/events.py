"""The event log, as it is."""

import json
from typing import Any

from podium.operations.context import Context
from podium.operations.jobs import JobName
from podium.operations.operation import Input, Output, option, question
from podium.store.rows import Rows


class EventsInput(Input):
    """A page of the log."""

    after: int = option(0, ge=0)
    """Only events after this number."""
    limit: int = option(1000, ge=1, le=10_000)
    """How many."""
    named: bool = False
    """Also which work the jobs are that they are about."""


class EventRow(Output):
    """One event; `seq` has no gaps and is in commit order."""

    seq: int
    at: float
    type: str
    project: str
    workflow: str
    job: int
    attempt: int
    instance: str
    data: dict[str, Any]


class EventsOutput(Output):
    """Events in order, and the number of the last one there is."""

    events: list[EventRow]
    last: int
    horizon: int
    """The first event that is still kept."""
    reset: bool
    """Events after the asked number were pruned: what a reader made of earlier ones must be read anew elsewhere."""
    jobs: tuple[JobName, ...] = ()
    """Those that these events are about and that are still kept, where it was asked for them."""


def events_after(rows: Rows, after: int, limit: int) -> list[dict[str, Any]]:
    """A page of the log, with the fields of an `EventRow`."""
    names = list(EventRow.model_fields)
    page = rows.all("events_after", (after, limit))
    return [dict(zip(names, (*row[:-1], json.loads(row[-1])), strict=True)) for row in page]


@question("events")
def events(rows: Rows, context: Context, asked: EventsInput) -> EventsOutput:
    """Read the event log."""
    (horizon,) = rows.one("log_horizon")
    made = [EventRow(**event) for event in events_after(rows, asked.after, asked.limit)]
    about = json.dumps(list({event.job for event in made if event.job}) if asked.named else [])
    jobs = tuple(map(JobName.of, rows.all("job_names", (about,))))
    (last,) = rows.one("event_last")
    return EventsOutput(events=made, last=last, horizon=horizon, reset=asked.after + 1 < horizon, jobs=jobs)
