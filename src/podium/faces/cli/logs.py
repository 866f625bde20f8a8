"""`podium logs`: the messages of an instance's latest attempts, for people or as NDJSON."""

import threading
from pathlib import Path

import click

from podium.faces.cli.client import Client


def show_logs(client: Client, instance: str, *, follow: bool, lines: int, as_json: bool) -> None:
    """Print the latest attempt's log; with `follow`, go on until it ends or the reader leaves."""
    from rich.console import Console

    from podium.faces.cli.logview import follow as follow_lines
    from podium.faces.cli.logview import render_line, tail

    console = Console(highlight=False)

    def show(line: str) -> None:
        if as_json:
            click.echo(line)
        else:
            render_line(console, line)

    files = client.call("logs", {"instance": instance})["files"]
    for file in files:
        if not as_json:
            console.print(f"[bold]{file['attempt']}[/] on {file['instance'] or instance}", style="dim")
        path = Path(file["path"])
        if follow and file["running"]:
            for line in follow_lines(path, threading.Event(), lines):
                show(line)
        else:
            for line in tail(path, lines):
                show(line)
    if not files and not as_json:
        console.print(f"{instance} has had no attempt yet. `podium instances` shows who works.")
