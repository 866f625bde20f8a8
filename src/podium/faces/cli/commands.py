"""Makes a command line command of every operation in the index: arguments, flags, help, confirmation, output."""

import inspect
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from podium.faces.cli import outlet
from podium.faces.cli.completion import completer
from podium.faces.cli.index import Entry, Parameter

if TYPE_CHECKING:  # help and completion need none of what a call needs
    from podium.faces.cli.client import Client

JSON: Final = click.Option(["--json", "as_json"], is_flag=True, help="Print the answer as one JSON document.")
YES: Final = click.Option(["--yes", "-y", "is_sure"], is_flag=True, help="Do not ask whether it is meant.")
KINDS: Final[dict[str, type]] = {"text": str, "many": str, "flag": bool, "int": int, "float": float}
RUN_LEAVES_OUT: Final = ("name", "resume")
"""Of `submit`: a run goes on by itself where an earlier one of the same input stopped."""


def derive(entry: Entry) -> click.Command:
    """The command of an operation. One that ends or drops things takes several, and asks before it does so."""
    target = _target(entry)
    params = [_parameter(told, is_many=told is target) for told in entry.parameters]
    params += [YES, JSON] if entry.safety == "destructive" else [JSON]

    @click.pass_obj
    def callback(client: "Client", /, as_json: bool, is_sure: bool = False, **given: Any) -> None:
        calls = _calls(entry, target, given)
        if entry.safety == "destructive" and not is_sure:
            from podium.faces.cli.confirmation import confirm

            confirm(client, entry.name, calls)
        answers: list[dict[str, Any]] = []
        for asked in calls:
            answers.append(client.call(entry.name, asked))
            if not as_json:
                from podium.faces.cli.render import tell

                tell(entry.name, answers[-1], as_json=False)
        if as_json:
            outlet.print_json(answers[0] if len(answers) == 1 else {"answers": answers})

    name = entry.name.rsplit(" ", 1)[-1]
    return click.Command(name, params=params, callback=callback, help=entry.help, short_help=entry.summary)


def _target(entry: Entry) -> Parameter | None:
    """What a destructive call is about, where it is about one thing."""
    needed = [told for told in entry.parameters if not told.flags]
    return needed[0] if entry.safety == "destructive" and len(needed) == 1 else None


def _calls(entry: Entry, target: Parameter | None, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The operation's input, once for each thing that is named."""
    asked = asked_for(given)
    if entry.name == "submit":
        from podium.faces.cli import intake

        return [intake.read(asked)]
    if target is None:
        return [asked]
    return [asked | {target.name: value} for value in dict.fromkeys(asked[target.name])]


def grouped(name: str, summary: str, own: click.Command | None, members: Iterable[click.Command]) -> click.Group:
    """The commands of one word; alone, the word is itself a command where there is an operation of that name."""

    @click.pass_context
    def callback(context: click.Context, /, **given: Any) -> None:
        if context.invoked_subcommand is None and own is not None and own.callback is not None:
            context.invoke(own.callback, **given)

    group = click.Group(
        name, params=own.params if own else None, help=own.help if own else summary, short_help=summary,
        callback=callback, invoke_without_command=own is not None,
    )  # fmt: skip
    for member in members:
        group.add_command(member)
    return group


def derive_run(submit: Entry) -> click.Command:
    """`podium run`: whatever `submit` takes, followed to its end."""
    params = [_parameter(told) for told in submit.parameters if told.name not in RUN_LEAVES_OUT]
    params += [
        click.Option(["--host"], metavar="NAME", help="Where agents run; podium.toml's choice by default."),
        click.Option(["--timeout"], type=float, metavar="SECONDS", help="Give up waiting after this long (exit 7)."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON document at the end."),
    ]

    @click.pass_obj
    def callback(client: "Client", /, as_json: bool, timeout: float | None, host: str | None, **given: Any) -> None:
        """Take a document, a note or a request through the whole pipeline, and watch.

        DOCUMENT is a Markdown file, a typed request (.json, .toml), or - for a note on standard input; without it,
        --title and --feature or --brief say what to build. An unfinished run of the same input goes on where it was.
        Exit 0 when all workflows are complete, 8 when only a reviewer can let it go on (the review's number is told).

        Example: podium run examples/hello-world.md
        """
        from podium.faces.cli import intake
        from podium.faces.cli.run import follow
        from podium.hosts import hosting
        from podium.operations.catalogue import operation_named
        from podium.operations.operation import understood

        asked = intake.read(asked_for(given))
        understood(operation_named(submit.name), asked)  # before a home is made for it
        if host:
            hosting.factory(host)  # likewise
        client.agents_on = host
        sys.exit(follow(client, asked, as_json=as_json, timeout=timeout))

    told = inspect.cleandoc(callback.__doc__ or "")
    return click.Command("run", params=params, callback=callback, help=told, short_help=told.partition("\n")[0])


def asked_for(given: dict[str, Any]) -> dict[str, Any]:
    """What was typed; what was not is the operation's to choose."""
    context = click.get_current_context()
    typed = [key for key in given if context.get_parameter_source(key) is not ParameterSource.DEFAULT]
    return {key: given[key] for key in typed if given[key] is not None}


def _parameter(told: Parameter, *, is_many: bool = False) -> click.Parameter:
    kind = click.Choice(told.choices) if told.kind == "choice" else KINDS[told.kind]
    if not told.flags:
        word = told.name.upper()
        metavar = f"{word}..." if is_many else word if told.required else f"[{word}]"
        return click.Argument(
            [told.name], type=kind, required=told.required, nargs=-1 if is_many else 1, metavar=metavar,
            shell_complete=completer(told.name),
        )  # fmt: skip
    names = [*told.flags, told.name]
    if told.kind == "flag":
        return click.Option(names, is_flag=True, default=bool(told.default), help=told.help)
    if told.kind == "many":
        return click.Option(names, multiple=True, metavar="TEXT", help=told.help)
    shown = told.default not in (None, "")
    return click.Option(
        names, type=kind, default=told.default, show_default=shown, help=told.help, shell_complete=completer(told.name)
    )
