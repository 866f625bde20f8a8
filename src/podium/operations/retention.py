"""What a home keeps: removing what is over its limit at once, and what takes how much room (EVT-5)."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

from podium.engine.pruner import Pruner, told
from podium.hosts.remains import Remains
from podium.operations.context import Context
from podium.operations.operation import Change, Nothing, Output, operation
from podium.policy.retention import Removed
from podium.store.retention import forecast
from podium.workspace.layout import Home, entries, tree_bytes

KINDS = ("database", "logs", "clones", "repositories", "publications", "deployments", "shared-state", "other")
"""Of what a home's disk is used for."""
PRUNE_SECONDS_MAX = 40.0
"""How long one call removes things; a caller waits no longer than a minute for its answer."""


class PruneInput(Change):
    """Whether to remove anything."""

    dry_run: bool = False
    """Only say what would go."""


class PrunedRow(Output):
    """What went of one kind; `bytes` is null where it is not known (rows leave room that the database uses again)."""

    kind: str
    count: int
    bytes: int | None
    names: list[str]
    """Of unfinished work: project and attempt."""


class PruneOutput(Output):
    """What was removed, or would be; `more` when there was no time for all of it."""

    dry_run: bool
    removed: list[PrunedRow]
    more: bool
    horizon: int
    """The first event that is still kept."""


async def _forecast(context: Context) -> tuple[list[Removed], bool]:
    """What would go now, and whether there was no time to look at all of it."""
    remains = Remains(Home(context.home), context.store.read)
    removed: list[Removed] = []
    for command in Pruner(context.clock, context.submit, remains, context.config.retention).commands():
        found = await context.store.read(lambda rows, command=command: forecast(rows, command))
        removed += told(command, found.rows, found.projects)
    deadline = context.clock.now() + PRUNE_SECONDS_MAX
    removed += await remains.prune(
        context.config.retention, context.clock.now(), lambda: context.clock.now() < deadline, dry_run=True
    )
    return removed, context.clock.now() >= deadline


async def _touched(context: Context, asked: PruneInput) -> dict[str, int]:
    removed, _ = ([], False) if asked.dry_run else await _forecast(context)
    return {row.kind.removesuffix("s"): row.count for row in removed}


@operation("prune", _touched)
async def prune(context: Context, asked: PruneInput) -> PruneOutput:
    """Remove what is over its limit in podium.toml's [retention]; a running orchestrator does so every hour."""
    if asked.dry_run:
        removed, more = await _forecast(context)
    else:
        remains = Remains(Home(context.home), context.store.read)
        pruner = Pruner(context.clock, context.submit, remains, context.config.retention)
        outcome = await pruner.prune(PRUNE_SECONDS_MAX)
        removed, more = list(outcome.removed), outcome.more
    horizon = await context.store.read(lambda rows: rows.one("log_horizon")[0])
    rows = [PrunedRow(kind=r.kind, count=r.count, bytes=r.size_bytes, names=list(r.names)) for r in removed]
    return PruneOutput(dry_run=asked.dry_run, removed=rows, more=more, horizon=horizon)


class DiskRow(Output):
    """How much one kind of thing takes."""

    kind: str
    bytes: int


class DiskOutput(Output):
    """A home's use of its disk, and what is left there."""

    home: str
    kinds: list[DiskRow]
    total_bytes: int
    free_bytes: int


@operation("disk")
async def disk(context: Context, asked: Nothing) -> DiskOutput:
    """Show how much room the database, logs, clones, repositories and deployments take."""
    kinds = await asyncio.to_thread(lambda: list(_used(context.home)))
    free = shutil.disk_usage(context.home).free
    return DiskOutput(home=str(context.home), kinds=kinds, total_bytes=sum(row.bytes for row in kinds), free_bytes=free)


def _used(home: Path) -> Iterator[DiskRow]:
    """Every file in the home belongs to exactly one kind."""
    found = dict.fromkeys(KINDS, 0)
    for entry in entries(home):
        path = Path(entry.path)
        if entry.is_symlink() or not entry.is_dir():
            size = entry.stat(follow_symlinks=False).st_size
            found["database" if entry.name.startswith("podium.sqlite") else "other"] += size
        elif entry.name == "attempts":
            for attempt in (attempt for project in entries(path) for attempt in entries(project.path)):
                for part in entries(attempt.path):
                    is_tree = part.is_dir(follow_symlinks=False)
                    size = tree_bytes(Path(part.path)) if is_tree else part.stat(follow_symlinks=False).st_size
                    found["clones" if is_tree else "logs"] += size
        elif entry.name == "projects":
            for project in entries(path):
                for part in entries(project.path):
                    kind = "publications" if part.name == "outputs" else "repositories"
                    found[kind] += tree_bytes(Path(part.path))
        else:
            found[entry.name if entry.name in ("deployments", "shared-state") else "other"] += tree_bytes(path)
    return (DiskRow(kind=kind, bytes=size) for kind, size in found.items())
