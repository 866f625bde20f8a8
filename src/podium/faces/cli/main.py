"""The `podium` command: operations derived from the registry, and what only a terminal has (init, run, up, down)."""

import inspect
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from podium import __version__
from podium.address import home_path
from podium.domain.errors import Defect, PodiumError, Unavailable, UsageError
from podium.faces.cli import completion, outlet
from podium.faces.cli.commands import derive, derive_run, grouped
from podium.faces.cli.index import commands

if TYPE_CHECKING:  # loaded when a command needs it: `podium --help` answers in 150 ms
    from podium.faces.cli.client import Client
    from podium.faces.cli.composition import Composition

INTERRUPTED: Final = 130
DEBUG: Final = "PODIUM_DEBUG"
"""Set to anything, a defect shows its traceback."""
LINES: Final = click.IntRange(0, 1_000_000)
JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print the answer as one JSON document.")
GROUPS: Final[dict[str, str]] = json.loads(Path(__file__).with_name("groups.json").read_bytes())
"""What a word that stands before others is for."""


def answering(function: Callable[..., None]) -> Callable[..., None]:
    """Have a command get the client, and tell its answer to a program too."""
    return JSON(click.pass_obj(function))


class _Podium(click.Group):
    """Commands of this module, and one for each operation in the index."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = {name.split(" ")[0] for name in commands()}
        return sorted({*super().list_commands(ctx), *names, "run"})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            own.short_help = inspect.cleandoc(own.help or "").partition("\n")[0]  # whole, as every operation's is
            return own
        known = commands()
        if cmd_name == "run":
            return derive_run(known["submit"])
        members = [entry for name, entry in known.items() if name.startswith(f"{cmd_name} ")]
        word = derive(known[cmd_name]) if cmd_name in known else None
        return grouped(cmd_name, GROUPS[cmd_name], word, map(derive, members)) if members else word


@click.group(cls=_Podium, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--home", "home", metavar="FOLDER", help="The home; PODIUM_HOME or ./.podium by default.")
@click.version_option(__version__, message="podium %(version)s")
@click.pass_context
def podium(context: click.Context, home: str | None) -> None:
    """Conduct many coding agents along one pipeline: Genesis, Development, Content, with Review beside them."""
    from podium.faces.cli.client import Client

    context.obj = Client(home_path(home), context.obj)


@podium.command()
@click.option("--agent", default=None, help="The agent of new projects in this home: claude, opencode, …")
@click.option("--pipeline", is_flag=True, help="Copy the shipped pipeline into the home, to change it.")
@click.option("--claude", is_flag=True, help="Let Claude Code conduct it: write a part of CLAUDE.md in this folder.")
@answering
def init(client: "Client", agent: str | None, pipeline: bool, claude: bool, as_json: bool) -> None:
    """Make a home: a folder with its configuration."""
    from podium.config import FILE
    from podium.faces.cli.home import write

    client.composition.prepare(client.home)
    said = list(write(client.home / FILE, agent, copy_pipeline=pipeline, may_ask=not as_json))
    if claude:
        from podium.faces.cli.claude import introduce

        said += introduce(Path.cwd(), client.home)
    made = {"home": str(client.home), "configuration": str(client.home / FILE), "notes": said}
    if as_json:
        outlet.print_json(made)
    else:
        click.echo("\n".join(said))


@podium.command()
@click.option("--foreground", is_flag=True, help="Stay in this terminal (for systemd: Type=exec, KillMode=process).")
@click.option("--port", type=click.IntRange(0, 65535), help="Serve the API on this port too; 0 takes any free one.")
@click.option("--host", metavar="ADDRESS", help="Listen on this address instead of 127.0.0.1, for other machines.")
@answering
def up(client: "Client", foreground: bool, port: int | None, host: str | None, as_json: bool) -> None:
    """Start the orchestrator of this home in the background."""
    from podium.faces.cli import daemon

    begin = daemon.foreground if foreground else daemon.start
    sys.exit(begin(client, host, port, as_json=as_json))


@podium.command()
@click.option("--url", metavar="URL", help="Another machine's Podium instead, with the token in PODIUM_TOKEN.")
@click.pass_obj
def dashboard(client: "Client", url: str | None) -> None:
    """Show Podium in this terminal, live: what needs you, projects, instances with their logs, reviews.

    Example: podium dashboard --url http://build-1:8420
    """
    import asyncio

    from podium.faces.cli.dashboard.app import serve

    sys.exit(asyncio.run(serve(client, url)))


@podium.command(name="open")
@click.option("--print", "print_only", is_flag=True, help="Print the link instead of opening it.")
@answering
def open_(client: "Client", print_only: bool, as_json: bool) -> None:
    """Open Podium in the browser, through a link that works once and for five minutes."""
    import webbrowser

    link = client.browser_link()
    if as_json:
        outlet.print_json(link)
    elif print_only or not webbrowser.open(link["url"]):
        click.echo(link["url"])


@podium.command()
@click.option("--keep", is_flag=True, help="Leave agents at work; the next `podium up` takes over what they make.")
@answering
def down(client: "Client", keep: bool, as_json: bool) -> None:
    """Stop the orchestrator of this home; agents at work are ended, their jobs wait uncharged."""
    from podium.faces.cli import daemon

    client.need_own_user()
    sys.exit(daemon.stop(client, keep=keep, as_json=as_json))


@podium.command()
@click.argument("instance")
@click.option("-f", "--follow", is_flag=True, help="Go on as the log grows.")
@click.option("-n", "--lines", type=LINES, default=200, show_default=True, help="How many of the last lines.")
@click.option("--raw", is_flag=True, help="What its agent's program said in its own words, as NDJSON.")
@click.option("--json", "as_json", is_flag=True, help="Print the messages as NDJSON.")
@click.pass_obj
def logs(client: "Client", instance: str, follow: bool, lines: int, raw: bool, as_json: bool) -> None:
    """Show what an instance's agent said and did.

    INSTANCE is a name such as dev-02, or an attempt such as hello-world/12.a1.
    """
    from podium.faces.cli.logs import show_logs

    show_logs(client, instance, follow=follow, lines=lines, raw=raw, as_json=as_json)


@podium.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--logs/--no-logs", default=True, show_default=True, help="Whether the logs of ended attempts go along.")
@answering
def backup(client: "Client", file: Path, logs: bool, as_json: bool) -> None:
    """Write this home into one file, also while it runs: FILE.tar or .tar.gz.

    Example: podium backup podium-monday.tar.gz
    """
    from podium.faces.cli import safekeeping

    client.need_own_user()
    safekeeping.backup(client.home, file.absolute(), logs=logs, as_json=as_json)


@podium.group()
@click.pass_obj
def db(client: "Client") -> None:
    """Look after the database that a home's state is in, its own or one that nodes share."""
    client.need_own_user()


@db.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@answering
def db_backup(client: "Client", file: Path, as_json: bool) -> None:
    """Write the state alone, without repositories, into a file that is a home's own database; also at work.

    Example: podium db backup monday.sqlite
    """
    from podium.faces.cli import safekeeping

    safekeeping.keep(client.home, file.absolute(), as_json=as_json)


@db.command("check")
@answering
def check(client: "Client", as_json: bool) -> None:
    """Look through the whole state, also at work, and tell what is not as it must be: then the exit code is 1.

    Example: podium db check
    """
    from podium.faces.cli import safekeeping

    sys.exit(safekeeping.check(client.home, as_json=as_json))


@db.command("migrate")
@answering
def migrate(client: "Client", as_json: bool) -> None:
    """Bring the database to the schema of this Podium without starting anything.

    Example: podium db migrate
    """
    from podium.faces.cli import safekeeping

    safekeeping.migrate(client, as_json=as_json)


@db.command("move")
@click.argument("url")
@answering
def move(client: "Client", url: str, as_json: bool) -> None:
    """Move this home's state to an empty PostgreSQL database, and compare every row.

    Example: podium db move postgresql://podium@db.internal/podium
    """
    from podium.faces.cli import safekeeping

    safekeeping.move(client, url, as_json=as_json)


@podium.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--home", "new_home", metavar="NEW", help="The home to make; it must be absent or empty.")
@answering
def restore(client: "Client", file: Path, new_home: str | None, as_json: bool) -> None:
    """Make a home from a backup.

    Example: podium restore podium-monday.tar.gz --home /srv/podium-again
    """
    from podium.faces.cli import safekeeping

    safekeeping.restore(file.absolute(), home_path(new_home) if new_home else client.home, as_json=as_json)


@podium.command()
@click.argument("name", metavar="NAME")
@click.pass_obj
def mcp(client: "Client", name: str) -> None:
    """Serve Podium's tools to a coding agent: NAME is queue, monitor, github, communication or scaling.

    It speaks MCP on standard input and output, as an .mcp.json starts it; changes need a running orchestrator.

    Example: claude mcp add queue -- podium mcp queue
    """
    client.composition.serve_mcp(name, client.reach, client.principal)


@podium.command(name="completion")
@click.argument("shell", type=click.Choice(completion.SHELLS))
def completion_(shell: str) -> None:
    """Print what makes a shell complete podium's commands, flags, projects and instances.

    bash: eval "$(podium completion bash)" in ~/.bashrc; zsh: the same in ~/.zshrc; fish: podium completion fish >
    ~/.config/fish/completions/podium.fish
    """
    click.echo(completion.script(shell, podium))


def execute(arguments: Sequence[str], compose: "Callable[[], Composition]") -> int:
    """Run one command line; the answer is the documented exit code."""
    os.umask(0o077)  # what Podium writes may hold credentials: it is this user's alone
    outlet.prepare_output()
    as_json = "--json" in arguments
    try:
        code = _run(arguments, compose)
        sys.stdout.flush()
    except BrokenPipeError:
        outlet.drop_output()
        return 0
    except click.ClickException as error:
        return _tell(UsageError.exit_code, UsageError.kind, error.format_message(), as_json=as_json, show=error.show)
    except (click.Abort, KeyboardInterrupt):
        return _tell(INTERRUPTED, "interrupted", "interrupted", as_json=as_json)
    except PodiumError as error:
        return _tell(error.exit_code, error.kind, str(error), as_json=as_json)
    except OSError as error:
        told = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
        code = _tell(Unavailable.exit_code, Unavailable.kind, f"the system refused: {told}", as_json=as_json)
        outlet.drop_output()
        return code
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        told = f"a defect: {type(error).__name__}: {error} ({DEBUG}=1 shows where)"
        return _tell(Defect.exit_code, Defect.kind, told, as_json=as_json)
    return code


def _run(arguments: Sequence[str], compose: "Callable[[], Composition]") -> int:
    output = sys.stdout
    try:
        podium.main(list(arguments), prog_name="podium", standalone_mode=False, obj=compose)
    except click.exceptions.Exit as done:
        return done.exit_code
    except SystemExit as done:
        if sys.stdout is not output:  # a closed pipe: click has wrapped it, and ends with exit code 1
            raise BrokenPipeError from None
        return done.code if isinstance(done.code, int) else 0
    return 0


def _tell(code: int, kind: str, words: str, *, as_json: bool, show: Callable[[], object] | None = None) -> int:
    """Say what went wrong: to a program on standard output, to a person on standard error."""
    with suppress(OSError):
        if as_json:
            outlet.print_json({"error": {"kind": kind, "message": words, "exit_code": code}}, indent=None)
    if show is None:
        outlet.note(words)
    else:
        show()
    return code
