"""What do readers cost who follow the events and do not read, and whom do they slow? Against a real orchestrator."""

import http.client
import json
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

from podium import credential
from tools.bench_home import cpu_seconds

LOOPBACK: Final = "127.0.0.1"
START_SECONDS_MAX: Final = 60.0
ANSWER_SECONDS_MAX: Final = 30.0
SPOKEN: Final = 200
"""Messages of some two kilobytes, so that there is more to tell than a connection takes."""
HEARD: Final = 40
"""Events whose way to a reader that reads is timed, and calls that are timed."""
REST_SECONDS: Final = 0.5
REST_SHARE: Final = 0.05
DESCRIPTORS_SPARE: Final = 100


class _Podium:
    """An orchestrator on a port, asked with its home's own credential."""

    def __init__(self, home: Path, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process = process
        self._port = port
        self._bearer = f"Bearer {credential.read(home)}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """An answer as data."""
        headers = {"Authorization": self._bearer}
        with closing(http.client.HTTPConnection(LOOPBACK, self._port, timeout=ANSWER_SECONDS_MAX)) as connection:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            content = answer.read()
        assert answer.status == http.HTTPStatus.OK, content
        return json.loads(content)

    def say(self, text: str) -> None:
        """One more event."""
        self.ask("POST", "/v1/messages/send", {"to": "all", "text": text})

    def follow(self, after: int, received_bytes: int | None = None) -> socket.socket:
        """A reader of the events behind a number; it takes in no more than `received_bytes` unless it reads."""
        reader = socket.socket()
        if received_bytes is not None:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, received_bytes)
        reader.settimeout(ANSWER_SECONDS_MAX)
        reader.connect((LOOPBACK, self._port))
        head = f"GET /v1/events HTTP/1.1\r\nHost: {LOOPBACK}:{self._port}\r\nAccept: text/event-stream\r\n"
        reader.sendall(f"{head}Last-Event-ID: {after}\r\nAuthorization: {self._bearer}\r\n\r\n".encode())
        assert reader.recv(12) == b"HTTP/1.1 200"
        return reader

    def resident_bytes(self) -> int:
        """What the orchestrator has in memory (Linux)."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def measure(home: Path, readers: int) -> dict[str, Any]:
    """Memory of `readers` that stall; how long others wait for an event and for an answer, before and beside them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < readers + DESCRIPTORS_SPARE:
        resource.setrlimit(resource.RLIMIT_NOFILE, (readers + DESCRIPTORS_SPARE, hard))
    with _up(home) as podium, ExitStack() as stack:
        for _ in range(SPOKEN):
            podium.say("x" * 1900)
        alone = _waits(podium)
        before = podium.resident_bytes()
        for _ in range(readers):
            stack.enter_context(podium.follow(0, received_bytes=4096))
        _settle(podium.process.pid)
        beside = _waits(podium)
        cost = podium.resident_bytes() - before
    return {
        "stalled_readers": readers,
        "stalled_readers_mib": round(cost / 2**20, 1),
        **{f"{name}_alone": value for name, value in alone.items()},
        **{f"{name}_beside_stalled": value for name, value in beside.items()},
    }


def _settle(pid: int) -> None:
    """Until every reader has what its connection takes, and the orchestrator rests."""
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    while time.monotonic() < deadline:
        before = cpu_seconds(pid)
        time.sleep(REST_SECONDS)
        if cpu_seconds(pid) - before < REST_SECONDS * REST_SHARE:
            return


def _waits(podium: _Podium) -> dict[str, float]:
    """Medians and worst, in milliseconds: from sending a message until a reader has its event; of asking for status."""
    events, answers = list[float](), list[float]()
    last = podium.ask("GET", "/v1/events?limit=1")["last"]
    with podium.follow(last) as reader, reader.makefile("rb") as lines:
        for n in range(HEARD):
            begun = time.perf_counter()
            podium.say(f"word {n}")
            while f"word {n}".encode() not in lines.readline():
                pass
            events.append((time.perf_counter() - begun) * 1000)
            begun = time.perf_counter()
            podium.ask("GET", "/v1/status")
            answers.append((time.perf_counter() - begun) * 1000)
    return {
        "event_ms_p50": round(statistics.median(events), 1),
        "event_ms_max": round(max(events), 1),
        "status_ms_p50": round(statistics.median(answers), 1),
        "status_ms_max": round(max(answers), 1),
    }


@contextmanager
def _up(home: Path) -> Generator[_Podium]:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    credential.ensure(home)
    command = [sys.executable, "-m", "podium", "--home", str(home), "up", "--foreground", "--port"]
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    with subprocess.Popen([*command, str(port)], env=env, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield _Podium(home, process, port)
        finally:
            process.send_signal(signal.SIGINT)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
