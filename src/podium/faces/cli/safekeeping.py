"""`podium backup`, `restore` and `db move`: a home as one file, taken while it runs, or its state elsewhere."""

import asyncio
from dataclasses import asdict
from pathlib import Path

from podium.backup import restoring, taking
from podium.clock import SteadyClock
from podium.faces.cli.client import Client
from podium.faces.cli.render import tell


def backup(home: Path, file: Path, *, logs: bool, as_json: bool) -> None:
    """Take a backup and say what is in it."""
    taken = asyncio.run(taking.take(home, file, SteadyClock().wall(), logs=logs))
    tell("backup", asdict(taken) | {"size_bytes": file.stat().st_size}, as_json=as_json)


def move(client: Client, url: str, *, as_json: bool) -> None:
    """Move the state of a home that nobody runs, and say what to set."""
    from podium.backup import moving

    client.composition.lock(client.home)
    tell("db move", asdict(moving.move(client.home, url)) | {"file": moving.MOVED}, as_json=as_json)


def restore(file: Path, home: Path, *, as_json: bool) -> None:
    """Make a home from a backup and say what is in it."""
    tell("restore", asdict(asyncio.run(restoring.restore(file, home))), as_json=as_json)
