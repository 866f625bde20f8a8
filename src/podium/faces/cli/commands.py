"""Derives a command line command from every operation: arguments, flags, help, output."""

import sys
from collections.abc import Iterable
from typing import Any, Final, Literal, cast, get_args, get_origin

import click
from click.core import ParameterSource
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from podium.faces.cli import intake, outlet
from podium.faces.cli.client import Client
from podium.operations.operation import POSITIONAL, Operation, understood

RUN_LEAVES_OUT: Final = ("name", "resume")
"""Of `submit`: a run goes on by itself where an earlier one of the same input stopped."""
RUN_SUMMARY: Final = "Take a document, a note or a request through the whole pipeline, and watch."
RUN_HELP: Final = f"""\
{RUN_SUMMARY}

DOCUMENT is a Markdown file, a typed request (.json, .toml), or - for a note on standard input; without it, --title and
--feature or --brief say what to build. An unfinished run of the same input goes on where it was. Exit 0 when all
workflows are complete, 8 when only a reviewer can let it go on (the review's number is told).

Example: podium run examples/hello-world.md
"""


def derive(operation: Operation) -> click.Command:
    """The command of an operation."""
    params: list[click.Parameter] = []
    for name, field in operation.input.model_fields.items():
        by_position = field.json_schema_extra == POSITIONAL
        params.append(_argument(name, field) if by_position else _option(field.alias or name, field))
    params.append(click.Option(["--json", "as_json"], is_flag=True, help="Print the answer as one JSON document."))

    @click.pass_obj
    def callback(client: Client, /, as_json: bool, **given: Any) -> None:
        asked = asked_for(given)
        if operation.name == "submit":
            asked = intake.read(asked)
        show(operation.name, client.call(operation.name, asked), as_json=as_json)

    doc = (operation.call.__doc__ or "").strip()
    name = operation.name.rsplit(" ", 1)[-1]
    return click.Command(
        name,
        params=params,
        callback=callback,
        help=f"{doc}\n\nExample: {operation.example}",
        short_help=operation.summary,
    )


def grouped(name: str, summary: str, own: click.Command | None, members: Iterable[click.Command]) -> click.Group:
    """The commands of one word; alone, the word is itself a command where there is an operation of that name."""

    @click.pass_context
    def callback(context: click.Context, /, **given: Any) -> None:
        if context.invoked_subcommand is None and own is not None and own.callback is not None:
            context.invoke(own.callback, **given)

    group = click.Group(
        name,
        params=own.params if own else None,
        help=own.help if own else summary,
        short_help=summary,
        callback=callback,
        invoke_without_command=own is not None,
    )
    for member in members:
        group.add_command(member)
    return group


def derive_run(submit: Operation) -> click.Command:
    """`podium run`: whatever `submit` takes, followed to its end."""
    fields = {n: f for n, f in submit.input.model_fields.items() if n not in RUN_LEAVES_OUT}
    params: list[click.Parameter] = [
        _argument(name, field) if field.json_schema_extra == POSITIONAL else _option(name, field)
        for name, field in fields.items()
    ]
    params += [
        click.Option(["--timeout"], type=float, metavar="SECONDS", help="Give up waiting after this long (exit 7)."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON document at the end."),
    ]

    @click.pass_obj
    def callback(client: Client, /, as_json: bool, timeout: float | None, **given: Any) -> None:
        from podium.faces.cli.run import follow

        asked = intake.read(asked_for(given))
        understood(submit, asked)  # before a home is made for it
        sys.exit(follow(client, asked, as_json=as_json, timeout=timeout))

    return click.Command("run", params=params, callback=callback, help=RUN_HELP, short_help=RUN_SUMMARY)


def asked_for(given: dict[str, Any]) -> dict[str, Any]:
    """What was typed; what was not is the operation's to choose."""
    context = click.get_current_context()
    return {
        key: value
        for key, value in given.items()
        if value is not None and context.get_parameter_source(key) is not ParameterSource.DEFAULT
    }


def show(name: str, answer: dict[str, Any], *, as_json: bool) -> None:
    """Print an operation's answer for a program or for a person."""
    if as_json:
        outlet.print_json(answer)
        return
    from podium.faces.cli.page import Page
    from podium.faces.cli.render import RENDERERS

    RENDERERS[name](Page(), answer)


def _argument(name: str, field: FieldInfo) -> click.Argument:
    return click.Argument([name], type=_type(field), required=field.is_required(), metavar=_metavar(name, field))


def _metavar(name: str, field: FieldInfo) -> str:
    return name.upper() if field.is_required() else f"[{name.upper()}]"


def _option(name: str, field: FieldInfo) -> click.Option:
    extra = cast("dict[str, list[str]]", field.json_schema_extra or {})
    names = extra.get("flags") or [f"--{name.replace('_', '-')}"]
    default = None if field.default is PydanticUndefined else field.default
    if field.annotation is bool:
        return click.Option([*names, name], is_flag=True, default=bool(default), help=field.description)
    if default == ():
        return click.Option([*names, name], multiple=True, metavar="TEXT", help=field.description)
    shown = default not in (None, "")
    return click.Option([*names, name], type=_type(field), default=default, show_default=shown, help=field.description)


def _type(field: FieldInfo) -> Any:
    if get_origin(field.annotation) is Literal:
        return click.Choice(get_args(field.annotation))
    told = str(field.annotation)
    return int if "int" in told else float if "float" in told else str
