"""What is stuck, since when, why, and what to do about it; read through indexes, a bounded number of rows (QUE-6)."""

from typing import Any, Final

from podium.domain.job import Job
from podium.operations.causes import Blocker, Finding, Standing, findings
from podium.operations.context import Context
from podium.operations.operation import Listing, Output, question
from podium.operations.projects import need_project, open_projects
from podium.operations.roster import fleet_of
from podium.policy.health import last_sign
from podium.store.looks import lanes_of
from podium.store.rows import Rows

ROWS_MAX: Final = 200
"""Jobs in each state, and projects, that one look reads."""
LANES_MAX: Final = 100
LANE_ROWS_MAX: Final = 20
"""Heads of each lane that one look reads."""
FOLLOWERS_MAX: Final = 20
OPEN_PROJECTS_MAX: Final = 500
"""Open projects that one look examines for the defect that none of their jobs can move."""


class StuckRow(Output):
    """One stuck item: a job, or, with job 0, a whole project. `since` is in seconds since the epoch."""

    kind: str
    project: str
    job: int
    workflow: str
    step: str
    item: str
    instance: str
    since: float | None
    because: str
    todo: str
    more: int
    """Others of the project that are stuck for the same reason."""


class StuckOutput(Output):
    """What is stuck, the longest first; `total` counts those that are not shown too."""

    stuck: list[StuckRow]
    total: int
    unattended: int = 0
    """Open projects that nobody works on, because no orchestrator runs."""


@question("stuck", seeing=True)
def stuck(rows: Rows, context: Context, asked: Listing) -> StuckOutput:
    """Find what has stood still for too long, with its cause and what to do about it."""
    found = look(rows, context)
    told = [_row(finding) for finding in found[: asked.limit]]
    return StuckOutput(stuck=told, total=len(found), unattended=0 if context.running else open_projects(rows))


def _row(found: Finding) -> StuckRow:
    job = found.job
    if job is None:
        return StuckRow.like(found, job=0, workflow="", step="", item="", instance="")
    instance = job.instance if job.state == "running" else ""
    return StuckRow.like(found, job=job.id, workflow=job.workflow, step=job.step, item=job.item, instance=instance)


def look(rows: Rows, context: Context) -> list[Finding]:
    """Everything that is stuck, as far as one bounded look finds it."""
    now, limits = context.clock.now(), context.config.limits
    beyond = now - limits.stuck_delayed_seconds, now + limits.stuck_delayed_seconds
    jobs = rows.all("jobs_running")
    jobs += rows.all("jobs_held_longest", (ROWS_MAX,)) + rows.all("jobs_delayed_beyond", (*beyond, ROWS_MAX))
    jobs += rows.all("jobs_in_review_longest", (ROWS_MAX,)) + rows.all("jobs_dead_longest", (ROWS_MAX,))
    for queue, lane, _ in lanes_of(rows)[:LANES_MAX]:
        jobs += rows.all("jobs_ready_first", (queue, lane, LANE_ROWS_MAX))
    busy = {row[0] for row in rows.all("instances_busy")}
    standings = [standing(rows, context, Job._make(row), busy) for row in jobs]
    for at in [at for at in standings if at.job.state in ("dead", "in_review")]:
        followers = [Job._make(row) for row in rows.all("waiting_behind", (at.job.id, FOLLOWERS_MAX))]
        block = Blocker(at.job.id, at.job.workflow, at.job.step, at.job.item, at.job.state)
        standings += [Standing(follower, at.since, blockers=(block,)) for follower in followers]
    paused = [(project, since) for project, since, _ in rows.all("projects_paused", (ROWS_MAX,))]
    stranded = [project for (project,) in rows.all("projects_stranded", (OPEN_PROJECTS_MAX,))]
    return findings(standings, paused, stranded, limits, now)


def standing(rows: Rows, context: Context, job: Job, busy: set[str]) -> Standing:
    """A job with what decides whether it moves."""
    more: dict[str, Any] = {}
    since = job.ready_at
    if job.state == "waiting":
        more["blockers"] = tuple(map(Blocker._make, rows.all("blockers_of_job", (job.id,))))
    elif job.state == "held":
        weight = need_project(rows, job.project)[14]
        workflow = context.pipeline_of(rows, job.project).workflow(job.workflow)
        more |= {"places": workflow.project_jobs_max * weight, "weight": weight}
    elif job.state == "ready":
        fleet = fleet_of(rows, context)
        pool = frozenset(one.name for one in fleet.present(job.queue))
        shut = frozenset(one.name for one in fleet.present(job.queue) if not fleet.may_lease(one.slot))
        (ahead,) = rows.one("ahead_in_lane", (job.queue, job.lane, job.rank))
        more |= {"pool": pool, "idle": pool - busy - shut, "drained": shut, "ahead": ahead}
    elif job.state == "running":
        signs = context.vitals().signs.get(f"{job.project}/{job.id}.a{job.attempt}")
        last = last_sign(signs) if signs else None
        step = context.pipeline_of(rows, job.project).step(job.workflow, job.step)
        since = job.leased_at if last is None else last
        tool = signs.tool if signs else None
        more |= {"tool": tool, "heard": last is not None, "timeout_seconds": step.timeout_seconds}
    elif job.state == "in_review":
        number, kind, words, since = rows.one("review_of_open_job", (job.id,))
        more |= {"review": number, "review_kind": kind, "words": words}
    elif job.state == "dead":
        since, more["words"] = rows.one("attempt_last", (job.id,))
    return Standing(job, since, context.running, **more)
