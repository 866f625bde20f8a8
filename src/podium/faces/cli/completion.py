"""Completion of what is typed: Click's own, with the names that the running orchestrator knows."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import click
from click.shell_completion import get_completion_class

from podium.domain.errors import PodiumError

VARIABLE: Final = "_PODIUM_COMPLETE"
"""Set by the shell while it asks what may follow."""
SHELLS: Final = ("bash", "zsh", "fish")
ANSWER_SECONDS: Final = 0.5
"""How long the orchestrator is waited for: nobody waits for a completion."""
NAMES_MAX: Final = 200
SOURCES: Final[dict[str, tuple[str, dict[str, Any], str, str]]] = {
    "project": ("projects", {"limit": NAMES_MAX}, "projects", "id"),
    "instance": ("instances", {}, "instances", "name"),
    "review": ("review list", {"limit": NAMES_MAX}, "reviews", "id"),
}
"""For a parameter of that name: the operation to ask, with what, where its rows are, and what in them to take."""

Completer = Callable[[click.Context, click.Parameter, str], list[Any]]


def completer(parameter: str) -> Completer | None:
    """What completes a parameter of that name; None leaves it to Click."""
    if parameter not in SOURCES:
        return None
    operation, asked, rows, key = SOURCES[parameter]

    def complete(context: click.Context, _: click.Parameter, begun: str) -> list[Any]:
        from podium.address import home_path
        from podium.faces.cli.client import Client

        with suppress(PodiumError, OSError):
            client = Client(home_path(context.find_root().params.get("home")), context.find_root().obj, ANSWER_SECONDS)
            names = (str(row[key]) for row in client.ask(operation, asked)[rows])
            return [name for name in names if name.startswith(begun)]
        return []

    return complete


def script(shell: str, command: click.Command) -> str:
    """What a shell reads to complete `podium`."""
    found = get_completion_class(shell)
    assert found is not None, "SHELLS are those that Click knows"
    return found(command, {}, "podium", VARIABLE).source()
