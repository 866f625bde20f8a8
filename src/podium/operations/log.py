"""Where an agent's words are kept, and a page of them.

A page is a part of the file by its place in it, so that a million lines cost no more than one.
"""

import asyncio
from pathlib import Path
from typing import Final

from podium.domain.access import attempt_name
from podium.domain.errors import NotFound
from podium.domain.job import Job
from podium.operations.context import Context
from podium.operations.operation import Input, Output, argument, operation, option, question
from podium.operations.roster import attempts_of, fleet_of
from podium.runner.journal import LOG, RAW
from podium.store.rows import Rows

PAGE_BYTES: Final = 48 * 1024
"""Of the log on one page; lines are shown whole."""
SEARCHED_BYTES_MAX: Final = 32 * 1024 * 1024
"""How far back one search goes."""


class LogsInput(Input):
    """Whose log."""

    instance: str = argument()
    """The instance's name, or an attempt as PROJECT/JOB.aN."""
    attempts: int = option(1, ge=1, le=100)
    """How many of its latest attempts."""
    raw: bool = False
    """What its agent's program said in its own words, such as Claude Code's events."""


class LogFile(Output):
    """The log of one attempt: a file of NDJSON messages on this machine."""

    attempt: str
    instance: str
    path: str
    running: bool


class LogsOutput(Output):
    """The log files of an instance, the oldest first; a face reads and follows them."""

    files: list[LogFile]
    not_kept: int
    """Attempts that would be here, had their logs not been pruned ([retention] logs_days, logs_mib_max)."""


@question("logs")
def logs(rows: Rows, context: Context, asked: LogsInput) -> LogsOutput:
    """Show what an instance's agent said and did."""
    busy = {name: attempt for name, attempt in attempts_of(rows).items() if asked.instance in (name, attempt)}
    files = [_file(context, asked, name, attempt, running=True) for name, attempt in busy.items()]
    if "/" in asked.instance and not files:
        files.append(_file(context, asked, "", asked.instance, running=False))
    elif not files or asked.attempts > 1:
        ended = rows.all("attempt_latest_of_instance", (asked.instance, asked.attempts - len(files)))
        files += [_file(context, asked, asked.instance, f"{p}/{job}.a{n}", running=False) for p, job, n in ended]
    asked_for = len(files) if "/" not in asked.instance or _was(rows, asked.instance) else 0
    files = [file for file in files if file.path]
    fleet = fleet_of(rows, context)
    if not files and not asked_for and asked.instance not in fleet.instances:
        known = ", ".join(one.name for one in fleet.present())
        raise NotFound(f"There is no instance or attempt {asked.instance!r} with a log. Instances: {known}.")
    return LogsOutput(files=files[::-1], not_kept=asked_for - len(files) if asked_for else 0)


def _was(rows: Rows, attempt: str) -> bool:
    """Whether there has been such an attempt, as far as is known: its job may have been pruned."""
    if (told := attempt_name(attempt)) is None:
        return False
    row = rows.one("job_by_id", (told.job,))
    return told.job <= rows.one("numbers")[0] and (row is None or told.number <= Job._make(row).attempt)


def _file(context: Context, asked: LogsInput, instance: str, attempt: str, *, running: bool) -> LogFile:
    """The place of an attempt's log; empty when there is none, or the name leads elsewhere."""
    folder = (context.home / "attempts").resolve()
    path = (folder / attempt / (RAW if asked.raw else LOG)).resolve()
    inside = path.is_relative_to(folder) and (running or path.exists())
    return LogFile(attempt=attempt, instance=instance, path=str(path) if inside else "", running=running)


class LogInput(Input):
    """Whose log, and where in it."""

    instance: str = argument()
    """The instance's name, or an attempt as PROJECT/JOB.aN."""
    before: int | None = option(None, ge=0)
    """The page that ends before this byte; the newest without it."""
    find: str = option("", max_length=1000)
    """The newest page with these words."""


class LogOutput(Output):
    """Lines of NDJSON, the oldest first, and where they lie in their file, in bytes."""

    attempt: str
    """Empty when no log is kept."""
    running: bool
    lines: list[str]
    start: int
    end: int
    size: int


@operation("log")
async def log(context: Context, asked: LogInput) -> LogOutput:
    """Read a page of what an instance's agent said and did in its latest attempt."""
    files = (await logs(context, LogsInput(instance=asked.instance))).files
    if not files:
        return LogOutput(attempt="", running=False, lines=[], start=0, end=0, size=0)
    start, end, size, lines = await asyncio.to_thread(_read, Path(files[-1].path), asked.before, asked.find)
    return LogOutput.like(files[-1], lines=lines, start=start, end=end, size=size)


def _read(path: Path, end: int | None, find: str) -> tuple[int, int, int, list[str]]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            stop = size if end is None else min(end, size)
            words, floor = find.lower().encode(), max(0, stop - SEARCHED_BYTES_MAX)
            while True:
                start = max(0, stop - PAGE_BYTES)
                file.seek(start)
                block = file.read(stop - start)
                if start and (cut := block.find(b"\n") + 1) < len(block):  # the first line may have begun before
                    start, block = start + cut, block[cut:]
                if not words or words in block.lower() or start <= floor:
                    return start, stop, size, [line.decode("utf-8", "replace") for line in block.split(b"\n") if line]
                stop = start
    except OSError:
        return 0, 0, 0, []
