"""`podium up` and `podium down`: the orchestrator as a background process of its own."""

import asyncio
import json
import logging
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from podium import clock
from podium.address import LOCK, ORCHESTRATOR_LOG
from podium.domain.access import attempt_name
from podium.domain.errors import Conflict, HomeLocked, TimedOut, Unavailable, UsageError
from podium.faces.cli import outlet
from podium.faces.cli.client import Client
from podium.refusals import refusal
from podium.runner import files

START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 40.0
POLL_SECONDS: Final = 0.05
DESCRIPTORS_WANTED: Final = 8192
LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
"""On a terminal."""

_log = logging.getLogger("podium")


class _Lines(logging.Formatter):
    """A record as one line of JSON, with the project, job and attempt of the attempt that it names (MET-1)."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        for argument in record.args if isinstance(record.args, tuple) else ():
            if isinstance(argument, str) and (found := attempt_name(argument)):
                told |= {"project": found.project, "job": found.job, "attempt": found.number}
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told)


def foreground(client: Client, host: str | None, port: int | None, *, as_json: bool = False) -> int:
    """Run the orchestrator until a signal: SIGTERM leaves agents at work, SIGINT (Ctrl-C, `podium down`) ends them.

    It listens there beside its socket; None leaves that to the configuration.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(LOG_FORMAT) if sys.stderr.isatty() else _Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for library in ("uvicorn", "httpx2", "mcp"):  # which would tell of every URL, a login's code in it, and of itself
        logging.getLogger(library).setLevel(logging.WARNING)
    _take_descriptors()
    return clock.run(_serve(client, host, port, as_json=as_json))


def _take_descriptors() -> None:
    """Many systems let a process have 1,024 files and connections unless it asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS_WANTED if hard == resource.RLIM_INFINITY else min(DESCRIPTORS_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(client: Client, host: str | None, port: int | None, *, as_json: bool) -> int:
    signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, signals.put_nowait, number)
    async with client.composition.orchestrate(client.home, host=host, port=port) as orchestra:
        _log.info("the orchestrator of %s is up (process %d)", client.home, os.getpid())
        if as_json:
            outlet.print_json({"home": str(client.home), "pid": os.getpid(), "started": True})
        if await signals.get() is signal.SIGINT:
            ended = await orchestra.end_attempts("the orchestrator was stopped")
            _log.info("%d attempts ended; their jobs wait, uncharged", ended)
        _log.info("the orchestrator stops")
    return 0


def start(client: Client, host: str | None, port: int | None, *, as_json: bool = False) -> int:
    """Start the orchestrator detached, and return when one answers: this one, or another that was faster."""
    found = client.running()
    process: subprocess.Popen[bytes] | None = None
    log = client.home / ORCHESTRATOR_LOG
    before = log.stat().st_size if log.exists() else 0
    door = [word for flag, value in (("--host", host), ("--port", port)) if value is not None for word in (flag, value)]
    if found is None:
        client.composition.prepare(client.home)
        process = _spawn(client.home, log, door)
    deadline = time.monotonic() + START_SECONDS
    while found is None:
        if process is None or process.poll() not in (None, HomeLocked.exit_code):
            kind = UsageError if process and process.poll() == UsageError.exit_code else Unavailable
            raise kind(f"The orchestrator did not start:\n{_last_words(log, before)}\nAll of it: {log}")
        if time.monotonic() > deadline:
            raise TimedOut(f"No orchestrator answered within {START_SECONDS:.0f} s. Its log: {log}")
        time.sleep(POLL_SECONDS)
        found = client.running()
        if found is None and process.poll() == HomeLocked.exit_code and not _is_locked(client.home):
            process = _spawn(client.home, log, door)  # the home was locked for one change only
    from podium.faces.cli.render import tell  # not in the orchestrator itself, which begins the sooner

    pid = int(found["pid"])
    is_mine = process is not None and process.pid == pid
    url = found.get("url")
    if port is not None and not is_mine and (url is None or (port and not url.endswith(f":{port}"))):
        raise Conflict(refusal("up elsewhere", home=client.home, where=url or "no port", port=port or 8420))
    tell("up", {"home": str(client.home), "pid": pid, "started": is_mine, "url": url}, as_json=as_json)
    return 0


def _spawn(home: Path, log: Path, door: Sequence[object]) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "podium", "--home", str(home), "up", "--foreground", *map(str, door)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip


def _last_words(log: Path, before: int) -> str:
    """Why it did not start, or else all that it wrote; before that the log tells of earlier ones."""
    with log.open(encoding="utf-8", errors="replace") as handle:
        handle.seek(before)
        told = f"\n{handle.read()}".rpartition("\npodium: ")[2]
    return told.strip() or "It could not even write its log: is the disk full?"


def _is_locked(home: Path) -> bool:
    """Whether the orchestrator's process still lives: it holds the lock to its very end."""
    return (home / LOCK).exists() and files.is_locked(home / LOCK)


def _holder(home: Path) -> int | None:
    """The process that holds the lock, as it wrote into it; None for nobody, and in the moment before it does."""
    told = (home / LOCK).read_text("ascii", "replace").strip() if _is_locked(home) else ""
    return int(told) if told.isdecimal() else None


def stop(client: Client, *, keep: bool, as_json: bool = False) -> int:
    """Stop the orchestrator and wait until it is gone."""
    from podium.faces.cli.render import tell

    pid, answer = _process_of(client), {"home": str(client.home), "kept": keep}
    if pid is None:
        tell("down", answer | {"pid": None, "stopped": False}, as_json=as_json)
        return 0
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM if keep else signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    while _is_locked(client.home) and _holder(client.home) in (pid, None):
        if time.monotonic() > deadline:
            raise TimedOut(f"The orchestrator (process {pid}) did not stop within {STOP_SECONDS:.0f} s.")
        time.sleep(POLL_SECONDS)
    tell("down", answer | {"pid": pid, "stopped": True, "heir": _holder(client.home)}, as_json=as_json)
    return 0


def _process_of(client: Client) -> int | None:
    """The orchestrator's process; also of one that is stuck, from the lock that it holds."""
    try:
        found = client.running()
    except Unavailable:
        if (pid := _holder(client.home)) is None:
            raise
        return pid
    return int(found["pid"]) if found is not None else None
