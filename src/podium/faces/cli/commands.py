"""Derives a command line command from every operation: arguments, flags, help, output."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from podium.domain import document
from podium.domain.errors import InvalidDocument, NotFound
from podium.faces.cli import outlet
from podium.faces.cli.client import Client
from podium.operations.operation import POSITIONAL, Operation


def derive(operation: Operation) -> click.Command:
    """The command of an operation."""
    params: list[click.Parameter] = []
    for name, field in operation.input.model_fields.items():
        by_position = field.json_schema_extra == POSITIONAL
        params.append(_argument(name, field) if by_position else _option(field.alias or name, field))
    params.append(click.Option(["--json", "as_json"], is_flag=True, help="Print the answer as one JSON document."))

    @click.pass_obj
    def callback(client: Client, /, as_json: bool, **given: Any) -> None:
        asked = {key: value for key, value in given.items() if value is not None}
        if operation.name == "submit":
            asked = with_repository(with_document(asked))
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


def with_document(asked: dict[str, Any]) -> dict[str, Any]:
    """Read the file that the command line names; `-` is standard input."""
    return asked | read_document(str(asked["document"]), asked.get("name"))


def with_repository(asked: dict[str, Any]) -> dict[str, Any]:
    """Say from the root where an existing repository is that the command line names from here."""
    if not asked.get("repository"):
        return asked
    from podium.workspace import source

    return asked | {"repository": source.from_here(asked["repository"], Path.cwd())}


def read_document(file: str, name: str | None = None) -> dict[str, Any]:
    """A document's text and name; raises `InvalidDocument` or `NotFound`."""
    if file == "-":
        return {
            "document": document.decode(sys.stdin.buffer.read(document.BYTES_MAX + 1), "standard input"),
            "name": name or "standard-input.md",
        }
    path = Path(file)
    if path.is_dir():
        raise InvalidDocument(f"{file} is a folder. Give a requirement document: a Markdown file.")
    try:
        with path.open("rb") as handle:
            content = handle.read(document.BYTES_MAX + 1)
        if len(content) > document.BYTES_MAX:
            size = path.stat().st_size / 2**20
            raise InvalidDocument(
                f"{file} has {size:.1f} MiB; a requirement document may have {document.BYTES_MAX / 2**20:.0f} MiB. "
                "Put large material into the repository and refer to it."
            )
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}. Give the path of a requirement document in Markdown.") from None
    except OSError as error:
        raise InvalidDocument(f"{file} cannot be read: {error.strerror}.") from None
    return {"document": document.decode(content, file), "name": name or path.name}


def show(name: str, answer: dict[str, Any], *, as_json: bool) -> None:
    """Print an operation's answer for a program or for a person."""
    if as_json:
        outlet.print_json(answer)
        return
    from podium.faces.cli.page import Page
    from podium.faces.cli.render import RENDERERS

    RENDERERS[name](Page(), answer)


def _argument(name: str, field: FieldInfo) -> click.Argument:
    return click.Argument([name], type=_type(field), metavar=name.upper())


def _option(name: str, field: FieldInfo) -> click.Option:
    flag = f"--{name.replace('_', '-')}"
    default = None if field.default is PydanticUndefined else field.default
    if field.annotation is bool:
        return click.Option([flag, name], is_flag=True, default=bool(default), help=field.description)
    shown = default not in (None, "")
    return click.Option([flag, name], type=_type(field), default=default, show_default=shown, help=field.description)


def _type(field: FieldInfo) -> Any:
    told = str(field.annotation)
    return int if "int" in told else float if "float" in told else str
