"""A page of an attempt's log: a part of the file by its place in it, so that a million lines cost no more than one."""

import asyncio
from pathlib import Path
from typing import Final

from podium.operations.context import Context
from podium.operations.instances import LogsInput, logs
from podium.operations.operation import Input, Output, argument, operation, option

PAGE_BYTES: Final = 48 * 1024
"""Of the log on one page; lines are shown whole."""
SEARCHED_BYTES_MAX: Final = 32 * 1024 * 1024
"""How far back one search goes."""


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
