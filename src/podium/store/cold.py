"""Reads what the writer does not remember, for many jobs and projects at once: each question is a round trip."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import orjson

from podium.domain.job import Job
from podium.policy.ordering import priority
from podium.store.hot import Owner

if TYPE_CHECKING:
    from podium.store.batch import Batch


def gather(batch: "Batch", job_ids: Iterable[int]) -> None:
    """Read whatever the laws will ask of these jobs: themselves, the jobs behind them, and their projects."""
    if cold := [job_id for job_id in job_ids if job_id not in batch.jobs and job_id not in batch.hot.jobs]:
        jobs = [Job._make(row) for row in batch.rows.all("jobs_by_ids", (listed(cold),))]
        batch.jobs |= {job.id: job for job in jobs}
        read_owners(batch, {job.project for job in jobs} - batch.hot.owners.keys())
        read_followers(batch, [job_id for job_id in cold if job_id not in batch.hot.followers])


def read_owners(batch: "Batch", projects: Iterable[str]) -> None:
    """Remember those of the projects that there are, with their runs and what they have made."""
    rows, owners, asked = batch.rows, batch.hot.owners, (listed([*projects]),)
    for row in rows.all("owners_by_ids", asked):
        id_, digest, base, value, created_at, url, state, boost, paused, plan_first, weight, assigned, *money = row
        of, pipeline = priority(base, value, boost), batch.pipelines[digest]
        chosen = (boost, bool(paused), bool(plan_first), weight, json.loads(assigned), *money)
        owners[id_] = Owner(id_, pipeline, of, created_at, url, state, *chosen)
    for project, name, at, counts, *stands in rows.all("workflows_of_projects", asked):
        owners[project].begin(name, at, json.loads(counts), *stands).changes()
    for project, kind in rows.all("made_by_projects", asked):
        owners[project].made.add(kind)


def read_followers(batch: "Batch", job_ids: Sequence[int]) -> None:
    """Remember which jobs depend on each of these, and those jobs."""
    found: dict[int, list[int]] = {job_id: [] for job_id in job_ids}
    for job_id, *row in batch.rows.all("followers_of_jobs", (listed(job_ids),)):
        follower = Job._make(row)
        found[job_id].append(follower.id)
        if follower.id not in batch.hot.jobs:
            batch.jobs.setdefault(follower.id, follower)
    for job_id, follower in batch.writes["dependency_insert"]:
        if job_id in found:
            found[job_id].append(follower)
    batch.hot.followers |= found


def listed(values: Sequence[object]) -> str:
    """A list as statements take it."""
    return orjson.dumps(values).decode()
