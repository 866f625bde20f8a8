"""A real orchestrator that serves its API on a free port of loopback, and a credential for every scope."""

import json
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from podium import credential
from podium.credential import attempt_token
from tests.faces.command_line import CommandLine

SCOPES = ("read", "operate", "admin", "webhook")
WAITER = "import time; time.sleep(600)"
AT_WORK = "work/1.a1"
"""The attempt that is at work as long as the home is up."""


@dataclass
class RestHome:
    """Its command line, where it listens, and whose credentials there are."""

    podium: CommandLine
    url: str
    client: httpx2.Client
    bearers: dict[str, str | None] = field(default_factory=dict)

    def ask(self, method: str, path: str, who: str | None = "home", **more: Any) -> httpx2.Response:
        """One request, with the credential of `who`."""
        headers = dict(more.pop("headers", {}))
        if who is not None and self.bearers[who] is not None:
            headers["Authorization"] = f"Bearer {self.bearers[who]}"
        return self.client.request(method, path, headers=headers, **more)

    def login(self) -> str:
        """A browser's session, from a link that is used up by it."""
        link = self.podium.ask("open")["url"]
        answer = httpx2.get(link)
        assert answer.status_code == 303, answer.text
        return answer.headers["set-cookie"].partition(";")[0]


@contextmanager
def served(folder: Path, **agents: str) -> Generator[RestHome]:
    """Up on a free port, and down at the end. `agents` are further agents as texts of Python programs."""
    podium = CommandLine(folder / "home")
    podium.ask("init")
    with (podium.home / "podium.toml").open("a") as file:
        for name, text in {"waiter": WAITER, **agents}.items():
            file.write(f"\n[agents.{name}]\ncommand = {json.dumps([sys.executable, '-c', text])}\n")
    with running(podium) as home:
        _stage(home)
        yield home


@contextmanager
def running(podium: CommandLine) -> Generator[RestHome]:
    """A home that is there, up on a free port, and down at the end."""
    url = podium.ask("up", "--port", "0")["url"]
    with ExitStack() as stack:
        stack.callback(_down, podium)
        home = RestHome(podium, url, stack.enter_context(httpx2.Client(base_url=url, timeout=30)))
        home.bearers["home"] = credential.read(podium.home)
        yield home


def _stage(home: RestHome) -> None:
    """A credential of every kind, and an attempt at work."""
    podium = home.podium
    home.bearers |= {scope: podium.ask("token", "create", "--scope", scope)["token"] for scope in SCOPES}
    mine = home.bearers["home"]
    assert mine is not None
    revoked = podium.ask("token", "create", "--scope", "admin")
    podium.ask("token", "revoke", revoked["id"], "--yes")
    ended = attempt_token(credential.key(mine, "attempt"), "nothing/1.a1")
    home.bearers |= {"nobody": None, "revoked": revoked["token"], "ended attempt": ended}
    home.bearers["forged attempt"] = attempt_token(b"another key", "nothing/1.a1")
    podium.ask("submit", "--title", "Work", "--id", "work", "--brief", "x", "--agent", "waiter")
    podium.until("any(row['project'] == 'work' for row in answer['instances'])", "instances")
    home.bearers["attempt"] = attempt_token(credential.key(mine, "attempt"), AT_WORK)


def _down(podium: CommandLine) -> None:
    assert podium("down").returncode == 0
