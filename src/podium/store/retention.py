"""The law of forgetting: what has ended goes row by row, a bounded number in each transaction (EVT-5)."""

from typing import Final

from podium.domain.command import Prune, Pruned
from podium.store.batch import Batch
from podium.store.rows import Rows

JOBS_MAX: Final = 200
"""Jobs that one transaction removes; each has a few attempts, dependencies, words and reviews."""
PROJECTS_MAX: Final = 1_000_000
"""Projects that a forecast looks at."""


def prune(batch: Batch, command: Prune) -> Pruned:
    """Remove the next rows of one kind. It reads and writes the database directly: nobody's working set holds them."""
    return {"events": _events, "counters": _counters, "projects": _projects}[command.kind](batch, command)


def forecast(rows: Rows, command: Prune) -> Pruned:
    """What all commands like this one would remove together; nothing is."""
    if command.kind == "events":
        first, _ = rows.one("event_bounds")
        return Pruned(_first_kept(rows, command, rows_max=None) - first)
    if command.kind == "counters":
        return Pruned(sum(rows.one("counters_before", (command.before,))))
    (jobs,) = rows.one("job_count_prunable", (command.before,))
    return Pruned(jobs, projects=len(rows.all("projects_prunable", (command.before, PROJECTS_MAX))))


def _first_kept(rows: Rows, command: Prune, rows_max: int | None) -> int:
    """The first event that stays, looking at most so far; the last event always does: it holds the next number."""
    first, last = rows.one("event_bounds")
    end = last if rows_max is None else min(last, first + rows_max)
    found = rows.one("event_first_kept", (first, end, command.before))
    by_age = found[0] if found else end
    by_size = min(end, last - command.keep + 1) if command.keep else first
    return max(first, by_age, by_size)


def _events(batch: Batch, command: Prune) -> Pruned:
    first, _ = batch.rows.one("event_bounds")
    kept = _first_kept(batch.rows, command, command.rows_max)
    if kept > first:
        batch.rows.many("events_prune", [(kept,)])
        batch.rows.many("floor_raise", [("horizon", kept)])
    return Pruned(kept - first, more=kept - first >= command.rows_max)


def _counters(batch: Batch, command: Prune) -> Pruned:
    found = batch.rows.one("counters_before", (command.before,))
    for name in ("hourly_prune", "wait_prune"):
        batch.rows.many(name, [(command.before, command.rows_max)])
    return Pruned(sum(min(n, command.rows_max) for n in found), more=max(found) > command.rows_max)


def _projects(batch: Batch, command: Prune) -> Pruned:
    """Take the next part of the project that ended first; from its first part on it is told to be pruned."""
    found = batch.rows.all("projects_prunable", (command.before, 2))
    if not found:
        return Pruned(0)
    project, pruned_at = found[0]
    if batch.owner(project).state == "open":  # released anew in this batch
        return Pruned(0)
    many = batch.rows.many
    jobs = batch.rows.all("jobs_some_of_project", (project, JOBS_MAX))
    artifacts = batch.rows.all("artifacts_prunable", (project, command.rows_max))
    for name in ("attempts_prune", "dependencies_prune", "feedback_prune", "reviews_prune", "job_prune"):
        many(name, [(job,) for job, _, _ in jobs])
    for _, queue, state in jobs:
        batch.tally[queue, state] -= 1
    many("artifact_prune", artifacts)
    is_last = len(jobs) < JOBS_MAX and len(artifacts) < command.rows_max
    if is_last:
        many("document_prune", [(project,)])
    many("project_prune", [(batch.wall, int(not is_last), project)])
    # Numbers are never given out twice, also when the row that had the highest is gone.
    many("floor_raise", [("job", batch.numbers.job - 1), ("review", batch.numbers.review - 1)])
    if pruned_at is None:
        batch.emit("project.pruned", project)
    return Pruned(len(jobs), more=len(found) > 1 or not is_last, projects=int(is_last))
