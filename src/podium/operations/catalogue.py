"""All operations: importing this module registers every one of them."""

from podium.domain.errors import NotFound
from podium.operations import (
    arrivals,
    assigning,
    attempts,
    diff,
    doctor,
    events,
    fleet,
    health,
    instances,
    intake,
    jobs,
    letters,
    log,
    messages,
    metrics,
    outbox,
    plan,
    preview,
    projects,
    queues,
    releases,
    retention,
    reviews,
    scaling,
    settings,
    status,
    steering,
    stuck,
    swap,
    targets,
    tokens,
)
from podium.operations.operation import REGISTRY, Operation

MODULES = (
    arrivals, assigning, attempts, diff, doctor, events, fleet, health, instances, intake, jobs, letters, log, messages,
    metrics, outbox, plan, preview, projects, queues, releases, retention, reviews, scaling, settings, status,
    steering, stuck, swap, targets, tokens,
    steering, stuck, swap, targets, tokens,
)  # fmt: skip


def operation_named(name: str) -> Operation:
    """The operation of that name; raises `NotFound`."""
    try:
        return REGISTRY[name]
    except KeyError:
        raise NotFound(f"There is no operation {name!r}. Known: {', '.join(sorted(REGISTRY))}.") from None
