"""How fast could any engine be on this store? Its group commit alone, with transitions of two statements each."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from podium.domain.job import Job
from podium.store.group_commit import GroupCommit
from tools.bench_store import writer


async def raw_steps_per_second(path: Path, steps: int, in_flight: int) -> float:
    """Steps of nothing but what no engine can do without, per second.

    A step is two transitions, begin and end, each awaited until it is durable; a transition is two statements, the
    job's new state and a line of the log. `in_flight` callers take one step after another. No law is asked.
    """
    database, thread = writer(path), ThreadPoolExecutor(1)
    rows = database.rows
    jobs = [_job(number) for number in range(1, in_flight + 1)]
    rows.many("job_insert", jobs)
    seq = 0

    def transact(transitions: Sequence[Any]) -> list[Any]:
        nonlocal seq
        told: list[tuple[Any, ...]] = []
        for job in transitions:
            seq += 1
            told.append((seq, 0.0, "job.leased", job.project, job.workflow, job.id, job.attempt, job.instance, "{}"))
        database.begin()
        rows.many("job_update", transitions)
        rows.many("event_insert", told)
        database.commit()
        return [True] * len(transitions)

    async def execute(transitions: Sequence[Any]) -> list[Any]:
        return await asyncio.get_running_loop().run_in_executor(thread, transact, transitions)

    commit: Any = GroupCommit(execute)  # it does not look into what it commits

    async def take_steps(job: Job) -> None:
        begun, ended = job.but({"state": "running"}), job.but({"state": "passed"})
        for _ in range(steps // in_flight):
            await commit.submit(begun)
            await commit.submit(ended)

    started = time.perf_counter()
    await asyncio.gather(*map(take_steps, jobs))
    seconds = time.perf_counter() - started
    thread.shutdown()
    database.close()
    return round(steps // in_flight * in_flight / seconds, 1)


def _job(number: int) -> Job:
    names = (f"project-{number}", "genesis", "s0", "", "genesis", "any", "ready")
    return Job(number, *names, 0, 0, 0, 0, 75, 0.0, 0.0, 0.0, f"genesis-{number}", "", "")
