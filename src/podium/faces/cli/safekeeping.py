"""`podium backup`, `restore` and `db`: a home as one file, taken while it runs; its state kept, moved, looked at."""

import asyncio
from dataclasses import asdict
from pathlib import Path

from podium.backup import restoring, snapshot, taking
from podium.clock import SteadyClock
from podium.faces.cli.client import Client
from podium.faces.cli.render import tell


def backup(home: Path, file: Path, *, logs: bool, as_json: bool) -> None:
    """Take a backup and say what is in it."""
    taken = asyncio.run(taking.take(home, file, SteadyClock().wall(), logs=logs))
    tell("backup", asdict(taken) | {"size_bytes": file.stat().st_size}, as_json=as_json)


def keep(home: Path, file: Path, *, as_json: bool) -> None:
    """Write the state alone to a file, and say what it is good for."""
    tell("db backup", snapshot.keep(home, file) | {"size_bytes": file.stat().st_size}, as_json=as_json)


def check(home: Path, *, as_json: bool) -> int:
    """Say what of the state is not as it must be; the exit code."""
    from podium.backup import checking

    found = checking.check(home)
    tell("db check", found, as_json=as_json)
    return 0 if found["ok"] else 1


def migrate(client: Client, *, as_json: bool) -> None:
    """Bring the database up to date; one of the home's own while nobody runs it."""
    tell("db migrate", snapshot.migrate(client.home, client.composition.lock), as_json=as_json)


def move(client: Client, url: str, *, as_json: bool) -> None:
    """Move the state of a home that nobody runs, and say what to set."""
    from podium.backup import moving

    client.composition.lock(client.home)
    tell("db move", asdict(moving.move(client.home, url)) | {"file": moving.MOVED}, as_json=as_json)


def restore(file: Path, home: Path, *, as_json: bool) -> None:
    """Make a home from a backup and say what is in it."""
    tell("restore", asdict(asyncio.run(restoring.restore(file, home))), as_json=as_json)
