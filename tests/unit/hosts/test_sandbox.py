"""What an agent, a gate and the git in a clone reach from inside the sandbox: all by real processes."""

import asyncio
import http.server
import os
import shlex
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from podium.agents.command import Program
from podium.config import SandboxConfig
from podium.domain.attempt import Ending, Report
from podium.hosts import sandbox
from tests.unit.hosts.world import PASSED, PROJECT, World, end_of, make_lease

pytestmark = [
    pytest.mark.requirement("INS-4", "SEC-1"),
    pytest.mark.skipif(bool(sandbox.trouble()), reason=f"there is no sandbox here: {sandbox.trouble()}"),
]
CANARY = "canary-7d1f9c"
FETCH = """
import http.client, os, sys, urllib.request
for url in sys.argv[1:]:
    try:
        if url.startswith("tunnel:"):
            proxy = http.client.HTTPConnection(os.environ["http_proxy"].partition("://")[2], timeout=5)
            proxy.set_tunnel("127.0.0.1", int(url.partition(":")[2]))
            proxy.request("GET", "/")
            print("tunnelled", proxy.getresponse().read().decode())
            continue
        print("got", urllib.request.urlopen(url, timeout=5).read().decode())
    except Exception as error:
        print("no", url, error)
"""


@pytest.fixture
def walled(world: World) -> World:
    """A world whose attempts run in a sandbox, or not at all."""
    world.settings = world.settings._replace(sandbox=SandboxConfig(mode="required"))
    return world


@contextmanager
def serving(text: str, host: str = "127.0.0.1") -> Generator[int]:
    """A web server on loopback; its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            """Nothing: a test's output is read by people."""

    class Server(http.server.ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    server = Server((host, 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def log_of(world: World) -> str:
    return (world.directory() / "messages.ndjson").read_text()


def test_an_agent_works_in_its_clone_and_sees_nothing_else(walled: World, loop: asyncio.Runner) -> None:
    async def run() -> Report:
        neighbour = walled.home.attempts / PROJECT / "13.a1" / "clone"
        neighbour.mkdir(parents=True)
        (neighbour / "theirs.txt").write_text(CANARY)
        (walled.home.path / "podium.toml").write_text(f"# {CANARY}\n")
        seen = [
            neighbour,
            walled.home.path / "podium.toml",
            walled.home.repository(PROJECT) / "README.md",
            walled.home.repository(PROJECT) / ".git/config",
            Path.home() / ".bashrc",
            "/etc/shadow",
        ]
        looks = "".join(f"test -e {shlex.quote(str(path))} && echo sees {path}\n" for path in seen)
        script = f"{looks} ls {walled.home.path} {walled.home.attempts / PROJECT}; id; echo made >made.txt\n" + PASSED
        return await walled.run(script)

    report = loop.run(run())
    said = log_of(walled)
    assert (report.ending, report.verdict) == (Ending.FINISHED, "passed"), said
    assert report.commit is not None
    assert "sees " not in said
    assert CANARY not in said
    assert "13.a1" not in said


def test_a_gate_and_the_git_in_the_clone_run_inside_too(walled: World, loop: asyncio.Runner) -> None:
    outside = walled.root / "outside"
    script = (
        f"mkdir -p .git/hooks; printf '#!/bin/sh\\ntouch {outside}\\n' >.git/hooks/pre-commit\n"
        "cp .git/hooks/pre-commit .git/hooks/post-checkout\n"
        f"chmod +x .git/hooks/*; git config core.fsmonitor 'touch {outside}'; echo a >a.txt\n" + PASSED
    )
    gate = {
        "kind": "command",
        "name": "look",
        "command": ["/bin/sh", "-c", f"! test -e {walled.home.repository(PROJECT)}/.git/config && ls a.txt"],
    }

    async def run() -> Report:
        return await walled.run(script, gates=(gate,))

    report = loop.run(run())
    assert [(result.name, result.outcome.value) for result in report.gates] == [("look", "passed")], report
    assert report.commit is not None
    assert not outside.exists()


def test_nobody_is_reached_but_who_is_allowed(walled: World, loop: asyncio.Runner) -> None:
    with serving("allowed") as friend, serving("foreign") as foreign:
        urls = (
            f"http://127.0.0.1:{friend}/ http://127.0.0.1:{foreign}/ http://example.invalid/ https://example.invalid/"
        )
        fetch = f"{shlex.quote(sys.executable)} -c {shlex.quote(FETCH)}"
        script = f"{fetch} {urls} tunnel:{friend} tunnel:{foreign}\n"
        script += f"no_proxy= NO_PROXY= {fetch} http://127.0.0.1:{friend}/again http://127.0.0.1:{foreign}/\n" + PASSED
        walled.settings = walled.settings._replace(
            sandbox=SandboxConfig(mode="required", allow=(f"127.0.0.1:{friend}",))
        )

        async def run() -> Report:
            return await walled.run(script)

        assert loop.run(run()).verdict == "passed"
    said = log_of(walled)
    assert (said.count("got allowed"), said.count("tunnelled allowed")) == (2, 1), said
    assert "foreign" not in said
    assert (said.count("no http"), said.count("no tunnel")) == (4, 1), said
    assert said.replace("403: ", "403 ").count("403 Forbidden") == 4, "the proxy says why"


@pytest.mark.requirement("PRF-1")
def test_downloads_of_the_host_are_read_inside_and_written_by_nobody(walled: World, loop: asyncio.Runner) -> None:
    kept = walled.home.cache / "pip"
    kept.mkdir(parents=True)
    (kept / "wheel").write_text("theirs\n")
    script = "cat $PIP_CACHE_DIR/wheel; echo mine >$PIP_CACHE_DIR/wheel; echo more >$PIP_CACHE_DIR/more; echo x >x\n"
    look = ["/bin/sh", "-c", "cat $PIP_CACHE_DIR/wheel $PIP_CACHE_DIR/more"]

    async def run() -> Report:
        return await walled.run(script + PASSED, gates=({"kind": "command", "name": "look", "command": look},))

    report = loop.run(run())
    if "theirs" not in log_of(walled):
        pytest.skip("this kernel lays no overlay in a user namespace: each attempt has a cache of its own")
    assert "mine\nmore" in report.gates[0].detail, "the gate finds what its agent has downloaded"
    assert {path.name: path.read_text() for path in kept.iterdir()} == {"wheel": "theirs\n"}
    assert loop.run(walled.host().forget(make_lease())) is None
    assert not list(walled.directory().glob("cache*"))


def test_an_address_of_ipv6_is_reached_as_it_is_written(walled: World, loop: asyncio.Runner) -> None:
    with serving("six", "::1") as port:
        fetch = f"{shlex.quote(sys.executable)} -c {shlex.quote(FETCH)} http://[::1]:{port}/ http://[::2]:{port}/\n"
        walled.settings = walled.settings._replace(sandbox=SandboxConfig(mode="required", allow=(f"[::1]:{port}",)))

        async def run() -> Report:
            return await walled.run(fetch + PASSED)

        assert loop.run(run()).verdict == "passed"
    said = log_of(walled)
    assert (said.count("got six"), said.count("no http://[::2]")) == (1, 1), said


def test_without_anybody_allowed_there_is_no_network_at_all(walled: World, loop: asyncio.Runner) -> None:
    with serving("foreign") as port:
        script = f"(echo >/dev/tcp/127.0.0.1/{port}) 2>/dev/null && echo reached; cat /proc/net/dev\n" + PASSED

        async def run() -> Report:
            return await walled.run(f"/bin/bash -c {shlex.quote(script)}\n" + PASSED)

        loop.run(run())
    assert "reached" not in log_of(walled)
    assert "eth0" not in log_of(walled)


def test_a_cancelled_agent_is_asked_first_and_nothing_of_it_is_left(walled: World, loop: asyncio.Runner) -> None:
    async def run() -> Report:
        script = f"trap 'echo asked; exit 0' TERM; echo in >{walled.fifo()}; while :; do sleep 0.05; done"
        limits = walled.settings.limits._replace(grace_seconds=5.0)
        walled.settings = walled.settings._replace(
            limits=limits, sandbox=SandboxConfig(mode="required", read=(str(walled.fifo()),))
        )
        running = await walled.start(script)
        assert await walled.hear() == "in"
        running.cancel("enough")
        return await end_of(running)

    assert loop.run(run()).ending is Ending.CANCELLED
    assert '"asked"' in log_of(walled)


def test_when_it_is_required_and_there_is_none_no_agent_begins(
    walled: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "trouble", lambda: "bubblewrap is not installed")
    report = loop.run(_begun(walled, "touch ran\n" + PASSED))
    assert (report.ending, report.is_environment) == (Ending.COULD_NOT_START, True)
    assert "bubblewrap is not installed" in report.detail
    assert not walled.directory().exists() or not (walled.directory() / "run.json").exists()


async def _begun(world: World, script: str) -> Report:
    return await world.run(script, make_lease())


def test_an_orchestrators_secrets_stay_outside(
    walled: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_ORCHESTRATOR", CANARY)
    report = loop.run(_begun(walled, "env >env.txt; env; cat /proc/*/environ | tr '\\0' '\\n'\n" + PASSED))
    assert report.verdict == "passed"
    assert CANARY not in log_of(walled)
    assert os.environ["SECRET_OF_THE_ORCHESTRATOR"] == CANARY


def test_where_there_can_be_none_auto_goes_without(
    world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.settings = world.settings._replace(sandbox=SandboxConfig(mode="auto"))
    monkeypatch.setattr(sandbox, "trouble", lambda: "bubblewrap is not installed")
    report = loop.run(_begun(world, f"test -e {world.home.repository(PROJECT)}/README.md || ls /etc/passwd\n" + PASSED))
    assert report.verdict == "passed"


def test_a_home_is_not_shown_because_it_is_on_path_or_in_the_system(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    person = tmp_path / "person"
    (person / "bin").mkdir(parents=True)
    (person / "agent").touch()
    monkeypatch.setenv("HOME", str(person))
    system = [*sandbox._DATA["system"], str(world.home.path.parent)]  # as in /opt
    monkeypatch.setattr(sandbox, "_DATA", {**sandbox._DATA, "system": system})
    program = Program((str(person / "agent"), str(person)))
    path = f"{person}:{person / 'bin'}:/usr/bin"
    told = sandbox.walls(
        SandboxConfig(mode="required"), world.home, world.directory(), tmp_path / "r", program, path
    ).whole
    shown = {place for how, place in pairwise(told) if how.startswith("--ro-bind")}
    assert {str(person / "bin"), str(person / "agent")} <= shown
    assert str(person) not in shown
    assert told[told.index(str(world.home.path)) - 1] == "--tmpfs", "what lies in the system is covered"


def test_a_sandbox_that_cannot_be_made_is_no_start(world: World, loop: asyncio.Runner, tmp_path: Path) -> None:
    world.settings = world.settings._replace(sandbox=SandboxConfig(mode="required"))

    async def run() -> Report:
        host = world.host()
        real = sandbox.walls

        def broken(*told: Any) -> sandbox.Walls:
            walls = real(*told)
            return walls._replace(whole=(*walls.whole, "--ro-bind", str(tmp_path / "nothing"), "/nothing"))

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sandbox, "walls", broken)
            return await end_of(await world.start("touch ran\n" + PASSED, host=host))

    report = loop.run(run())
    assert report.ending is Ending.COULD_NOT_START
    assert "there could be no sandbox around it" in report.detail
