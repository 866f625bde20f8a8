"""`podium up` and `podium down`: the orchestrator as a background process of its own."""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import click

from podium.address import LOCK
from podium.domain.errors import TimedOut, Unavailable
from podium.faces.cli.client import Client
from podium.faces.cli.composition import Composition

START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 40.0
POLL_SECONDS: Final = 0.05
LOG: Final = "orchestrator.log"


def foreground(client: Client) -> int:
    """Run the orchestrator until a signal: SIGTERM leaves agents at work, SIGINT (Ctrl-C, `podium down`) ends them."""
    return asyncio.run(_serve(client.composition, client))


async def _serve(composition: Composition, client: Client) -> int:
    stop: asyncio.Future[signal.Signals] = asyncio.get_running_loop().create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _resolve, stop, number)
    async with composition.orchestrate(client.home) as orchestra:
        click.echo(f"podium: orchestrator of {client.home} is up (process {os.getpid()}).")
        if await stop is signal.SIGINT:
            ended = await orchestra.end_attempts("the orchestrator was stopped")
            click.echo(f"podium: {ended} attempts ended; their jobs wait, uncharged.")
    return 0


def _resolve(future: "asyncio.Future[signal.Signals]", number: signal.Signals) -> None:
    if not future.done():
        future.set_result(number)


def start(client: Client) -> int:
    """Start the orchestrator detached, and return when it answers."""
    found = client.running()
    if found is not None:
        click.echo(f"The orchestrator of {client.home} is up already (process {found['pid']}).")
        return 0
    client.composition.prepare(client.home)
    log = client.home / LOG
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "podium", "--home", str(client.home), "up", "--foreground"],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Unavailable(f"The orchestrator did not start:\n{_last_words(log)}\nAll of it: {log}")
        if client.running() is not None:
            click.echo(f"The orchestrator of {client.home} is up (process {process.pid}). Next: `podium submit FILE`.")
            return 0
        time.sleep(POLL_SECONDS)
    raise TimedOut(f"The orchestrator did not answer within {START_SECONDS:.0f} s. Its log: {log}")


def _last_words(log: os.PathLike[str]) -> str:
    with open(log, encoding="utf-8", errors="replace") as handle:  # noqa: PTH123 - takes any path
        return "".join(handle.readlines()[-5:]).strip()


def _is_locked(home: Path) -> bool:
    """Whether the orchestrator's process still lives: it holds the lock to its very end."""
    handle = os.open(home / LOCK, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def stop(client: Client, *, keep: bool) -> int:
    """Stop the orchestrator and wait until it is gone."""
    found = client.running()
    if found is None:
        click.echo(f"No orchestrator runs on {client.home}.")
        return 0
    os.kill(int(found["pid"]), signal.SIGTERM if keep else signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    while _is_locked(client.home):
        if time.monotonic() > deadline:
            raise TimedOut(f"The orchestrator (process {found['pid']}) did not stop within {STOP_SECONDS:.0f} s.")
        time.sleep(POLL_SECONDS)
    click.echo("Stopped. Agents at work go on." if keep else "Stopped.")
    return 0
