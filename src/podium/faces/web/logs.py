"""A page of an attempt's log: a part of the file by its place in it, so that a million lines cost no more than one."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from podium.faces.web.screens import place
from podium.faces.wording import clean, clock_time
from podium.operations.instances import LogsOutput

PAGE_BYTES: Final = 48 * 1024
"""Of the log on one page; lines are shown whole."""
SEARCHED_BYTES_MAX: Final = 32 * 1024 * 1024
"""How far back one search goes."""

_MESSAGE: Final = TypeAdapter(dict[str, Any])


class LogPage(NamedTuple):
    """Lines as (time, kind, words), and where the page lies in its file."""

    attempt: str
    running: bool
    lines: list[tuple[str, str, str]]
    start: int
    end: int
    size: int


async def page(found: LogsOutput, params: Mapping[str, str]) -> LogPage | None:
    """The newest page, that which ends before byte `before`, or the newest with the words `find`."""
    if not found.files:
        return None
    file = found.files[-1]
    start, stop, size, raw = await asyncio.to_thread(_read, Path(file.path), place(params), params.get("find", ""))
    return LogPage(file.attempt, file.running, [_line(line) for line in raw], start, stop, size)


def _read(path: Path, end: int | None, find: str) -> tuple[int, int, int, list[bytes]]:
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
                    return start, stop, size, [line for line in block.split(b"\n") if line]
                stop = start
    except OSError:
        return 0, 0, 0, []


def _line(raw: bytes) -> tuple[str, str, str]:
    """A message of the log as its time of day, its kind and its words."""
    try:
        said = _MESSAGE.validate_json(raw)
    except ValidationError:
        return "", "text", clean(raw.decode("utf-8", "replace"))
    at = said.pop("at", None)
    kind = str(said.pop("stream", "") or said.get("level", "") or said.get("type", ""))
    text = said.get("text") or said.get("summary")
    words = text if isinstance(text, str) else json.dumps(said, ensure_ascii=False)
    return clock_time(at) if isinstance(at, int | float) else "", kind[:40], clean(words)
