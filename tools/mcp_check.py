"""The official MCP Inspector and conformance scenarios against all five servers of a live Podium, over HTTP and stdio.

Needs Node.js and npm, and installs both programs, at the versions named here, into `.dev/mcp`. Not part of the tests.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
NODE: Final = ROOT / ".dev" / "mcp"
PACKAGES: Final = ("@modelcontextprotocol/inspector@2.12.0", "@modelcontextprotocol/conformance@0.1.13")
"""Later versions of the second need Node.js 22."""
SECONDS_MAX: Final = 120.0
SERVERS: Final = ("queue", "monitor", "github", "communication", "scaling")
INSPECTED: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "queue": (
        ("prompts/list",),
        ("prompts/get", "--prompt-name", "priority_boost", "--prompt-args", "project=p"),
        ("prompts/get", "--prompt-name", "assign_content", "--prompt-args", "project=p", "instance=content-01"),
        ("tools/call", "--tool-name", "backlog"),
        ("tools/call", "--tool-name", "assign_content", "--tool-arg", "project=p", "instance=content-01"),
    ),
    "monitor": (
        ("prompts/list",),
        ("resources/list",),
        ("resources/templates/list",),
        ("resources/read", "--uri", "podium://status"),
        ("tools/call", "--tool-name", "status"),
    ),
    "communication": (("tools/call", "--tool-name", "messages_send", "--tool-arg", "to=all", "text=hello"),),
    "scaling": (
        ("prompts/list",),
        ("prompts/get", "--prompt-name", "scale_up", "--prompt-args", "workflow=content"),
        ("tools/call", "--tool-name", "rebalance", "--tool-arg", "preview=true"),
        ("tools/call", "--tool-name", "scale_up", "--tool-arg", "workflow=content", "count=1"),
        ("tools/call", "--tool-name", "scale_down", "--tool-arg", "workflow=content", "count=1"),
        ("tools/call", "--tool-name", "drain", "--tool-arg", "target=content-01"),
        ("tools/call", "--tool-name", "undrain", "--tool-arg", "target=content-01"),
    ),
}
"""What each server is asked beside its tools."""
SCENARIOS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(SERVERS, ("server-initialize", "ping", "tools-list", "dns-rebinding-protection")),
    **dict.fromkeys(
        ("queue", "scaling"), ("server-initialize", "ping", "tools-list", "prompts-list", "dns-rebinding-protection")
    ),
    "monitor": (
        *("server-initialize", "ping", "tools-list", "resources-list", "prompts-list", "dns-rebinding-protection"),
    ),
}
"""Those that need no tool, resource or prompt of the conformance suite's own example server."""


def main() -> int:
    """Run all of it; 0 when nothing failed."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    if shutil.which("npm") is None:
        print("npm is not on PATH: install Node.js 20 or newer.")
        return 2
    NODE.mkdir(parents=True, exist_ok=True)
    install = ("npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(NODE), *PACKAGES)
    subprocess.run(install, check=True)
    failed = 0
    with (
        tempfile.TemporaryDirectory(prefix="podium-mcp-") as folder,
        _podium(Path(folder)) as (home, url, token),
        _bearing(url, token) as open_url,
    ):
        for name in SERVERS:
            calls = (("tools/list",), *INSPECTED.get(name, ()))
            for call in calls:
                what = f"{call[0]} {' '.join(call[1:])}"
                failed += _told(f"{name:14} stdio  {what}", _inspect(_stdio(home, name), call))
                http = (f"{url}/mcp/{name}", "--transport", "http", "--header", f"Authorization: Bearer {token}")
                failed += _told(f"{name:14} http   {what}", _inspect(http, call))
            for scenario in SCENARIOS[name]:
                failed += _told(f"{name:14} scenario {scenario}", _conforms(f"{open_url}/mcp/{name}", scenario))
    print(f"{failed} failed" if failed else "all passed")
    return 1 if failed else 0


def _told(what: str, wrong: str) -> int:
    print(f"{'FAILED' if wrong else 'ok    '} {what.strip()}{f': {wrong}' if wrong else ''}", flush=True)
    return 1 if wrong else 0


def _stdio(home: Path, name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "podium", "mcp", name, "-e", f"PODIUM_HOME={home}")


def _inspect(target: tuple[str, ...], call: tuple[str, ...]) -> str:
    """What went wrong; empty when the answer is JSON and no error."""
    command = [str(NODE / "node_modules/.bin/mcp-inspector"), "--cli", *target, "--method", *call]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False, env=_env())
    try:
        answer: Any = json.loads(done.stdout)
    except ValueError:
        return (done.stderr or done.stdout or "no answer").strip()[-500:]
    is_error = done.returncode != 0 or answer.get("isError") is True
    return json.dumps(answer)[:500] if is_error else ""


def _conforms(url: str, scenario: str) -> str:
    """What went wrong; empty when every check of the scenario passed."""
    command = [str(NODE / "node_modules/.bin/conformance"), "server", "--url", url, "--scenario", scenario]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False, env=_env(), cwd=NODE
    )
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()[-800:]


def _env() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(NODE), "LANG": "C.UTF-8"}


@contextmanager
def _podium(folder: Path) -> Generator[tuple[Path, str, str]]:
    """A live orchestrator of a new home, where it listens, and a token."""
    home = folder / "home"

    def run(*words: str) -> Any:
        command = [sys.executable, "-m", "podium", "--home", str(home), *words, "--json"]
        return json.loads(subprocess.run(command, capture_output=True, timeout=SECONDS_MAX, check=True).stdout)

    run("init")
    url = run("up", "--port", "0")["url"]
    try:
        run("submit", "--title", "P", "--id", "p", "--brief", "x", "--not-before", "1d")
        yield home, url, run("token", "create", "--scope", "operate")["token"]
    finally:
        run("down")


@contextmanager
def _bearing(url: str, token: str) -> Generator[str]:
    """An address on loopback that passes all on with the token: the conformance suite cannot send one."""
    where = url.removeprefix("http://")

    class Bearing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = HTTPConnection(where, timeout=SECONDS_MAX)
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.putheader("Authorization", f"Bearer {token}")
            connection.endheaders(body)
            answer = connection.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            with closing(connection), suppress(OSError, HTTPException):  # a stream lasts until one of the two ends it
                while some := answer.read1():
                    self.wfile.write(some)
                    self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's signature
            """Say nothing."""

    for verb in ("GET", "POST", "DELETE"):
        setattr(Bearing, f"do_{verb}", Bearing.pass_on)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bearing)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    sys.exit(main())
