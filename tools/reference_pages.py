"""Draws docs/reference: every command, route and tool with what it takes and answers, from the catalogue itself."""

import ast
import inspect
import json
import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, cast, get_args
from urllib.parse import urlencode

import click
from click.core import ParameterSource
from pydantic import BaseModel

from podium.domain.access import Scope
from podium.faces.cli.commands import derive, derive_run
from podium.faces.cli.index import Entry
from podium.faces.cli.main import podium
from podium.faces.mcp.prompts import WORDS, prompts_of
from podium.faces.mcp.servers import NAMES, operations_of, tool_name
from podium.faces.rest.routes import PROBLEMS, in_path, path_of
from podium.operations.catalogue import REGISTRY
from podium.operations.operation import Operation
from tools.command_index import entry_of, place

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "reference"
EXAMPLES: Final[Mapping[str, dict[str, Any]]] = {
    "logs": {"instance": "dev-02"},
    "preview": {"operation": "cancel", "asked": '{"project": "hello-world"}'},
    "submit": {"title": "Guest book", "brief": "For the front desk.", "features": ["Greet by name: say hello"]},
}
"""Where the command line's example says it otherwise: it reads a file, or follows one."""
SAFETIES: Final = {
    "read": "Only reads.",
    "write": "Changes something.",
    "destructive": "**Destructive**: it ends or drops something.",
}
MADE: Final = "Made from the code by `tools/generated.py`; a test keeps it current.\n"
CLI: Final = f"""\
# Command line reference

{MADE}
Every command takes `--help`, and `--json` prints its answer as one document. `--home FOLDER` before the command names
the home; else it is `PODIUM_HOME`, else `.podium` here. Exit codes: [README](../../README.md#use-it). What an answer
holds: [answers](answers.md). The same over HTTP: [rest.md](rest.md); for coding agents: [mcp.md](mcp.md).
"""
REST: Final = f"""\
# REST reference

{MADE}
`podium up --port 8420` serves this on 127.0.0.1, and `/openapi.json` describes it to programs. Every call needs
`Authorization: Bearer TOKEN`, also on this machine: `podium token create --scope SCOPE` prints a token once. The scopes
are {", ".join(f"`{scope}`" for scope in Scope)}; `admin` includes `operate`, and that `read`. `attempt` is
an agent at work, for its own attempt alone. `GET /healthz` (it lives) and `GET /readyz` (the store answers) need none.

Reads are GET, with what is asked in the path and the query. Writes are POST with a JSON object. `Idempotency-Key` on
`POST /v1/submit` makes the same request again the same project. Long lists come in pages: give what an answer calls
`next` as `after` or `before`. With `Accept: text/event-stream`, `GET /v1/events` stays open and tells events as they
happen; `Last-Event-ID` goes on after one, and a `reset` says that the ones in between are pruned.

What goes wrong is told as `application/problem+json`, and `detail` says what to do:

| Status | Meaning |
|---|---|
"""
MCP: Final = f"""\
# MCP reference

{MADE}
Five servers, over standard input and output (`podium mcp NAME`) and streamable HTTP (`/mcp/NAME`). How to connect one,
resources, progress and errors: [MCP servers](../mcp.md). Arguments are one JSON object, and the answer is structured
content. A tool is listed to whoever's credential opens it.
"""
ANSWERS: Final = f"""\
# What the operations answer

{MADE}
The same on every face: printed by `--json`, the body of a REST answer, the structured content of an MCP tool's. Times
are seconds since 1970 in UTC unless a field says otherwise; a name that ends in `_seconds` is a duration.
"""


def files() -> dict[Path, str]:
    """The four pages."""
    pages = {"cli": _cli(), "rest": _rest(), "mcp": _mcp(), "answers": _answers()}
    return {FOLDER / f"{name}.md": "\n".join(lines).rstrip() + "\n" for name, lines in pages.items()}


def example_input(operation: Operation) -> dict[str, Any]:
    """The input that the operation's example on the command line stands for."""
    if operation.name in EXAMPLES:
        return EXAMPLES[operation.name]
    words = shlex.split(operation.example)[1 + len(operation.name.split()) :]
    context = derive(entry_of(operation)).make_context(operation.name, words)
    known = {field.alias or name for name, field in operation.input.model_fields.items()}
    given = {
        name: value
        for name, value in context.params.items()
        if name in known and context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    return {name: value[0] if isinstance(value, tuple) else value for name, value in given.items()}


def _cli() -> Iterator[str]:
    yield CLI
    carried = {name: entry_of(found) for name, found in REGISTRY.items() if "cli" in found.faces}
    commands = {name: derive(entry) for name, entry in carried.items()} | {"run": derive_run(carried["submit"])}
    own = dict(cast("click.Group", podium).commands)
    for name, command in sorted((commands | own).items()):
        context = click.Context(command, info_name=name)
        text, _, example = inspect.cleandoc(command.help or "").partition("Example: ")
        usage = f"podium {name} {' '.join(command.collect_usage_pieces(context))}"
        yield from (f"## podium {name}", "", text.strip(), "", "```console", f"$ {usage}")
        yield from ([f"$ {example.strip()}"] if example.strip() not in ("", f"podium {name}") else [])
        yield from ("```", "")
        shown = [parameter for parameter in command.params if parameter.name != "as_json"]
        rows = [_typed(parameter, context, carried.get(name)) for parameter in shown]
        yield from _table(("Argument or option", "Type", "Default", "Meaning"), rows)
        if name in carried:
            asks = " It asks first, with the count of what it touches; with `--yes` it does not."
            yield from _facts(REGISTRY[name], "cli", asks if carried[name].safety == "destructive" else "")


def _typed(parameter: click.Parameter, context: click.Context, told: Entry | None) -> tuple[str, ...]:
    """A row: how it is typed, its kind, its default, what it means."""
    found = next((field for field in told.parameters if field.name == parameter.name), None) if told else None
    help_ = found.help if found else getattr(parameter, "help", None) or ""
    names = " ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if isinstance(parameter, click.Argument):
        names = f"`{parameter.make_metavar(context)}`"
    is_flag = isinstance(parameter, click.Option) and parameter.is_flag
    chosen = parameter.type.choices if isinstance(parameter.type, click.Choice) else ()
    kind = "flag" if is_flag else ", ".join(f"`{choice}`" for choice in chosen) or parameter.type.name
    value = parameter.get_default(context, call=False)
    simple = isinstance(value, str | int | float) and value not in ("", False)
    default = "on" if value is True else f"`{value}`" if simple else ""
    return names, kind, "required" if parameter.required else default, help_


def _rest() -> Iterator[str]:
    yield REST + "\n".join(f"| {status} | {what} |" for status, what in PROBLEMS.items()) + "\n"
    for operation in sorted(REGISTRY.values(), key=path_of):
        if "rest" not in operation.faces:
            continue
        yield from (f"## {route(operation)}", "", _words(operation), "")
        places = dict.fromkeys(in_path(operation), "path")
        yield from _inputs(operation, places, "query" if operation.safety == "read" else "body")
        yield from _facts(operation, "rest")
        yield from ("```console", *_curl(operation), "```", "")


def route(operation: Operation) -> str:
    """Method and path."""
    return f"{'GET' if operation.safety == 'read' else 'POST'} {path_of(operation).replace(':path}', '}')}"


def _curl(operation: Operation) -> Iterator[str]:
    method, _, path = route(operation).partition(" ")
    asked, auth, base = example_input(operation), '-H "Authorization: Bearer $TOKEN"', "http://127.0.0.1:8420"
    if method == "GET":
        query = urlencode({name: value for name, value in asked.items() if name not in in_path(operation)})
        yield f"$ curl {auth} {shlex.quote(base + path.format(**asked) + (f'?{query}' if query else ''))}"
    else:
        yield f"$ curl {auth} {base}{path} \\"
        yield f"    --json {shlex.quote(json.dumps(asked, ensure_ascii=False))}"


def _mcp() -> Iterator[str]:
    yield MCP
    for server in NAMES:
        tools = operations_of(server)
        yield from (f"## {server}", "", *_wrapped(WORDS["servers"][server]), "")
        yield from [] if tools else ["It has no tools in this version.", ""]
        prompts = [
            f"`{prompt.name}` ({', '.join(argument.name for argument in prompt.arguments or ()) or 'no arguments'})"
            for prompt in prompts_of(tools)
        ]
        yield from [*_wrapped(f"Prompts: {'; '.join(prompts)}."), ""] if prompts else []
        for name, operation in sorted(tools.items()):
            yield from (f"### {name}", "", _words(operation), "")
            yield from _inputs(operation)
            idempotent = operation.idempotent and operation.safety != "read"
            again = " A second call with the same input changes nothing more." if idempotent else ""
            yield from _facts(operation, "mcp", again)
            yield from ("```json", json.dumps(example_input(operation), ensure_ascii=False), "```", "")


def _facts(operation: Operation, face: str, more: str = "") -> Iterator[str]:
    """How safe it is, who may call it, what it answers, and where else it is."""
    agents = ", or an agent at work on its own attempt" if operation.agents else ""
    elsewhere = {
        "cli": f"[`podium {operation.name}`](cli.md#podium-{operation.name.replace(' ', '-')})",
        "rest": f"[`{route(operation)}`](rest.md#{_anchor(route(operation))})",
        "mcp": f"[`{tool_name(operation)}`](mcp.md#{tool_name(operation)}) of `{operation.server}`",
    }
    others = ", ".join(link for name, link in elsewhere.items() if name != face and name in operation.faces)
    answer = operation.output.__name__
    told = f"{SAFETIES[operation.safety]}{more} Scope `{operation.scope}`{agents}."
    links = f"Answer: [{answer}](answers.md#{answer.lower()}). Also: {others}."
    yield from (*_wrapped(f"{told} {links}"), "")


def _wrapped(text: str) -> Iterator[str]:
    """Lines of at most 120 columns, where no code is broken."""
    whole = re.sub("`[^`]+`", lambda found: found[0].replace(" ", "\0"), text)
    for line in textwrap.wrap(whole, 120, break_long_words=False, break_on_hyphens=False):
        yield line.replace("\0", " ")


def _anchor(heading: str) -> str:
    return "".join(c for c in heading.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def _words(operation: Operation) -> str:
    return inspect.cleandoc(operation.call.__doc__ or "")


def _inputs(operation: Operation, places: Mapping[str, str] | None = None, else_in: str = "") -> Iterator[str]:
    """What it takes; over REST also where each field stands."""
    schema = operation.input.model_json_schema()
    required = schema.get("required", ())
    rows = [
        (
            *(f"`{name}`", *([places.get(name, else_in)] if places is not None else ()), _kind(shape)),
            *(_default(shape, is_required=name in required), shape.get("description", "")),
        )
        for name, shape in sorted(schema.get("properties", {}).items(), key=lambda told: place(told[0]))
    ]
    yield from _table(("Field", *([] if places is None else ["In"]), "Type", "Default", "Meaning"), rows)


def _default(shape: Mapping[str, Any], *, is_required: bool) -> str:
    value = shape.get("default")
    return "required" if is_required else "" if value in (None, "", []) else f"`{json.dumps(value)}`"


def _answers() -> Iterator[str]:
    """Every answer, and every part of one, by name."""
    yield ANSWERS
    parts: dict[str, type[BaseModel]] = {}
    for operation in REGISTRY.values():
        _gather(operation.output, parts)
        _gather(operation.input, parts, is_top=False)
    for name, model in sorted(parts.items()):
        yield from (f"## {name}", "", inspect.cleandoc(model.__doc__ or ""), "")
        schema, said = model.model_json_schema(mode="serialization"), _said(model)
        rows = [
            (f"`{field}`", _kind(shape), shape.get("description") or said.get(field, ""))
            for field, shape in _properties(schema).items()
        ]
        yield from _table(("Field", "Type", "Meaning"), rows)


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A model that contains itself is described by a reference."""
    if "$ref" in schema:
        schema = schema["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    return cast("Mapping[str, Any]", schema.get("properties", {}))


def _gather(model: type[BaseModel], parts: dict[str, type[BaseModel]], *, is_top: bool = True) -> None:
    if model.__name__ in parts:
        return
    if is_top:
        parts[model.__name__] = model
    for field in model.model_fields.values():
        for inner in _models(field.annotation):
            _gather(inner, parts)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _said(model: type[BaseModel]) -> dict[str, str]:
    """What stands below each field in the source."""
    said: dict[str, str] = {}
    for base in reversed([base for base in model.__mro__ if issubclass(base, BaseModel) and base is not BaseModel]):
        body = cast("ast.ClassDef", ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]).body
        for field, below in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(field.target, ast.Name):
                said[field.target.id] = inspect.cleandoc(str(ast.literal_eval(below.value)))
    return said


def _kind(shape: Mapping[str, Any]) -> str:
    """A JSON Schema's type in a few words."""
    if "$ref" in shape:
        name = shape["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](answers.md#{name.lower()})"
    if options := shape.get("anyOf") or shape.get("oneOf"):
        return " or ".join(dict.fromkeys(map(_kind, options)))
    if "enum" in shape or "const" in shape:
        return ", ".join(f"`{value}`" for value in shape.get("enum") or [shape["const"]])
    kind = shape.get("type", "any")
    if kind == "array":
        return f"list of {_kind(shape['items'])}" if shape.get("items") else "list"
    if kind == "object" and isinstance(shape.get("additionalProperties"), dict):
        return f"object of {_kind(shape['additionalProperties'])}"
    low, high = (shape.get(f"{end}imum", shape.get(f"exclusive{end.capitalize()}imum")) for end in ("min", "max"))
    bounds = [f"from {low}"] * (low is not None) + [f"to {high}"] * (high is not None)
    return ", ".join([str(kind), *([" ".join(bounds)] if bounds else [])])


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        return
    yield _row(head)
    yield "|" + "---|" * len(head)
    for row in rows:
        yield _row(tuple(" ".join(cell.split()).replace("|", "\\|") for cell in row))
    yield ""


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")
