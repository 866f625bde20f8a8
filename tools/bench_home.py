"""How soon does a real orchestrator work again on a full home, and what does it cost while nothing happens?"""

import asyncio
import os
import signal
import statistics
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

import apsw

from podium.clock import SteadyClock
from podium.domain import pipeline_file
from podium.domain.command import Submit
from podium.domain.project import Project
from podium.policy.admission import UNLIMITED
from podium.store.rows import sql
from podium.store.store import DATABASE, open_store

RESTARTS: Final = 5
LOOK_SECONDS: Final = 0.0005
START_SECONDS_MAX: Final = 60.0
SETTLE_SECONDS: Final = 2.0
IDLE_SECONDS: Final = 5.0
SUBMISSIONS_AT_ONCE: Final = 4096


async def measure(folder: Path, waiting: int) -> dict[str, Any]:
    """`restart_resume_ms`: from exec to the first committed lease, median; `idle_cpu_percent` of one core."""
    full, empty = folder / "full", folder / "empty"
    for home in (full, empty):
        home.mkdir(mode=0o700)
    await _fill(full / DATABASE, waiting)
    resumed = [await _resume(full) for _ in range(RESTARTS)]
    async with _orchestrator(empty) as process:
        await asyncio.sleep(SETTLE_SECONDS)
        before = cpu_seconds(process.pid)
        await asyncio.sleep(IDLE_SECONDS)
        percent = (cpu_seconds(process.pid) - before) / IDLE_SECONDS * 100
    return {"restart_resume_ms": round(statistics.median(resumed), 1), "idle_cpu_percent": round(percent, 2)}


async def _fill(path: Path, waiting: int) -> None:
    """Submit so many projects of the shipped pipeline, whose first job waits."""
    text = resources.files("podium.pipelines").joinpath("default.toml").read_text("utf-8")
    digest = pipeline_file.parse(text).digest
    async with open_store(path, SteadyClock, limits=UNLIMITED) as (store, _):
        for first in range(0, waiting, SUBMISSIONS_AT_ONCE):
            numbers = range(first, min(first + SUBMISSIONS_AT_ONCE, waiting))
            await asyncio.gather(*[store.submit(_submission(n, digest, text)) for n in numbers])


def _submission(number: int, digest: str, text: str) -> Submit:
    name = f"project-{number}"
    project = Project(name, name, "", None, None, 50, 50, None, "bench", 0.0, digest, "rehearsal")
    return Submit(project, f"# {name}\n\n- Say hello\n", text)


async def _resume(home: Path) -> float:
    """Milliseconds from exec to the first lease on record; then its agents are ended and their jobs wait again."""
    rows = apsw.Connection(str(home / DATABASE), flags=apsw.SQLITE_OPEN_READONLY)
    statement = sql("jobs_running")
    started = time.perf_counter()
    async with _orchestrator(home) as process:
        while not next(iter(rows.execute(statement)), None):
            assert process.returncode is None, "the orchestrator did not start"
            assert time.perf_counter() - started < START_SECONDS_MAX
            await asyncio.sleep(LOOK_SECONDS)
        spent = time.perf_counter() - started
    rows.close()
    return spent * 1000


@asynccontextmanager
async def _orchestrator(home: Path) -> AsyncGenerator[Process]:
    command = (sys.executable, "-m", "podium", "--home", str(home), "up", "--foreground")
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.wait()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15 of `stat`)."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
