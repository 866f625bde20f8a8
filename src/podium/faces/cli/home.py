"""Writes a new home's configuration file, with the agent that it chooses and that one's credential."""

import json
import sys
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Final

import click

from podium.agents.acp import presets
from podium.operations.agent_checks import CLAUDE, CREDENTIALS

LATER: Final = "later"
HINT: Final = "For Claude by subscription: `claude setup-token` prints a CLAUDE_CODE_OAUTH_TOKEN; else take an API key."


def write(path: Path, agent: str | None, *, copy_pipeline: bool, may_ask: bool) -> Iterator[str]:
    """Write `podium.toml` (and the pipeline) unless it is there; yields what was done, for people.

    At a terminal a person is asked for the agent's credential; what is typed is shown nowhere.
    """
    pipeline = path.parent / "pipeline.toml"
    if copy_pipeline and not pipeline.exists():
        _write_whole(pipeline, resources.files("podium.pipelines").joinpath("default.toml").read_text("utf-8"))
        yield f"Wrote {pipeline}: the pipeline of new projects."
    if path.exists():
        yield f"{path} is there already and was left as it is."
        return
    line = 'pipeline = "pipeline.toml"\n' if copy_pipeline else ""
    template = Path(__file__).with_name("podium.toml.txt").read_text("utf-8")
    variables = CREDENTIALS[:3] if agent == CLAUDE else _credentials(agent)
    named = _asked(variables) if variables and may_ask and sys.stdin.isatty() else ""
    table = f"\n[agents.{agent}]\n" * bool(variables) + f'acp = "{agent}"\n' * bool(_credentials(agent))
    text = template.format(agent=json.dumps(agent or "rehearsal"), pipeline=line)
    _write_whole(path, text + (table if agent != CLAUDE or named else "") + named)
    yield f"Wrote {path}. Next: `podium run FILE`, or `podium up` and `podium submit FILE`."
    if variables and not named:
        yield f"{agent} needs a credential: set one of {', '.join(variables)} in [agents.{agent}.env] there. {HINT}"
    if variables:
        yield "`podium doctor` tells whether all is there that it needs."


def _credentials(agent: str | None) -> Sequence[str]:
    """Of an agent that is driven by ACP; `claude` is the built-in one."""
    preset = presets.known().get(agent or "") if agent != CLAUDE else None
    return preset.credentials if preset else ()


def _asked(variables: Sequence[str]) -> str:
    """The credential that a person types, as a line of the agent's table; empty for later."""
    click.echo(f"The agent gets a credential of its own, from podium.toml, which only you can read. {HINT}")
    chosen = click.prompt("Which one do you have", type=click.Choice([*variables, LATER]), default=LATER)
    if chosen == LATER:
        return ""
    secret = click.prompt(f"{chosen} (nothing is shown as you type)", hide_input=True)
    return f"env = {{ {chosen} = {json.dumps(secret.strip())} }}\n"


def _write_whole(path: Path, text: str) -> None:
    """An empty file, which a full disk leaves, would be taken for the user's own."""
    try:
        path.write_text(text, "utf-8")
    except OSError:
        path.unlink(missing_ok=True)
        raise
