"""`podium backup` and `podium restore`: a home as one file, taken while it runs."""

import asyncio
from dataclasses import asdict
from pathlib import Path

import click

from podium.backup import restoring, taking
from podium.clock import SteadyClock
from podium.config import DATABASE_VARIABLE
from podium.faces.cli import outlet
from podium.faces.cli.client import Client
from podium.faces.wording import counted, size

UNCOMMITTED = "Files in working trees that were never committed are not in it."


def backup(home: Path, file: Path, *, logs: bool, as_json: bool) -> None:
    """Take a backup and say what is in it."""
    taken = asyncio.run(taking.take(home, file, SteadyClock().wall(), logs=logs))
    if as_json:
        outlet.print_json(asdict(taken) | {"size_bytes": file.stat().st_size})
        return
    click.echo(
        f"{file}: {size(file.stat().st_size)}, with {counted(taken.projects, 'project')}, "
        f"{counted(taken.repositories, 'repository', 'repositories')}, {counted(taken.events, 'event')} and "
        f"{counted(taken.logs, 'log file')}. {UNCOMMITTED}"
    )
    for note in taken.notes:
        outlet.note(note)
    click.echo(f"To make a home of it: podium restore {file} --home NEW")


def move(client: Client, url: str, *, as_json: bool) -> None:
    """Move the state of a home that nobody runs, and say what to set."""
    from podium.backup import moving

    client.composition.lock(client.home)
    moved = moving.move(client.home, url)
    if as_json:
        outlet.print_json(asdict(moved))
        return
    click.echo(
        f"Moved {counted(sum(moved.rows.values()), 'row')} of {counted(len(moved.rows), 'table')}, up to event "
        f"{moved.last_event}; each was compared. The file is now {moving.MOVED}.\n"
        f"To go on: set {DATABASE_VARIABLE} to that URL, then podium up."
    )


def restore(file: Path, home: Path, *, as_json: bool) -> None:
    """Make a home from a backup and say what is in it."""
    made = asyncio.run(restoring.restore(file, home))
    if as_json:
        outlet.print_json(asdict(made))
        return
    click.echo(
        f"{home}: {counted(made.projects, 'project')}, {counted(made.repositories, 'repository', 'repositories')}, "
        f"{counted(made.deployments, 'deployment')} and {counted(made.events, 'event')}, as of {made.made_at}."
    )
    if made.given_back:
        click.echo(f"{counted(made.given_back, 'attempt')} at work then will run again, uncharged.")
    for note in made.notes:
        outlet.note(note)
    click.echo(
        f"To go on: podium --home {home} up. If the home it was taken from is still there, stop that one first "
        "(podium down): both would do the same work."
    )
