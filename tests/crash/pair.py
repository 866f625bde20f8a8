"""Chaos over two nodes that share a home and a PostgreSQL: whenever one is killed, the other is there."""

import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psycopg

from tests import databases
from tests.crash.chaos import OPEN_PROJECTS_MIN, Chaos
from tests.crash.verdicts import SHARED, Verdict, ask, ask_text, judge

LEADER: Final = "SELECT node FROM leader"
LAST_EVENT: Final = "SELECT coalesce(max(seq), 0) FROM event"
CALM_SECONDS: Final = (0.0, 2.0)
"""Between two crashes of the database, at random between these."""


class Pair(Chaos):
    """`orchestrator` is the node that leads, or is about to; a second one follows it until it dies."""

    def __init__(self, home: Path, seed: int, url: str) -> None:
        super().__init__(home, seed)
        SHARED[home] = url
        self.env["PODIUM_DATABASE_URL"] = url
        self.patience_seconds = 60.0  # until a node leads, whichever it is
        self.server: Any = None
        """The PostgreSQL server, for tests that crash it."""
        self.resumed: list[float] = []
        self.names = ["ash", "birch"]
        self.follower: subprocess.Popen[bytes] | None = None

    def submit(self) -> None:
        """One more project, asked of the node that goes on."""
        if self.follower is None:
            self.follower = self._first()
        super().submit()

    def _started(self, name: str) -> subprocess.Popen[bytes]:
        self.env["PODIUM_NODE"] = name
        with (self.home.parent / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "podium", "up", "--foreground"]
            return subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @contextmanager
    def orchestrator(self) -> Generator[subprocess.Popen[bytes]]:
        """The node that is there already, and a new one that follows."""
        leader = self.follower or self._first()
        self.names.reverse()
        self.follower = self._started(self.names[0])  # the one that goes on
        try:
            yield leader
        finally:
            leader.kill()
            leader.wait()

    def _first(self) -> subprocess.Popen[bytes]:
        process = self._started(self.names[0])
        deadline = time.monotonic() + self.patience_seconds
        while time.monotonic() < deadline:
            with suppress(psycopg.Error):  # it has yet to make the tables
                if self.leader() == self.names[0]:
                    return process
            time.sleep(0.05)
        raise AssertionError((self.home.parent / f"{self.names[0]}.log").read_text("utf-8")[-3000:])

    def leader(self) -> str:
        """The name of the node that leads."""
        return ask_text(self.home, LEADER)

    def crash_database(self, server: Any, crashes: int, tell: Callable[[str], None] = lambda _: None) -> Verdict:
        """Crash the database that often while there is work (`pg_ctl -m immediate`); `resumed` has how long each took.

        From when the server takes connections again to the next event, in seconds.
        """
        with self.orchestrator() as process:
            for number in range(1, crashes + 1):
                while self.open_projects() < OPEN_PROJECTS_MIN:
                    self.submit()
                self._until_busy(process)
                last = ask(self.home, LAST_EVENT)
                databases.crash(server)
                began = time.monotonic()
                while ask(self.home, LAST_EVENT) <= last:
                    assert time.monotonic() < began + self.patience_seconds, "nothing happens any more"
                    time.sleep(0.02)
                self.resumed.append(time.monotonic() - began)
                tell(f"{number} crashes, {len(self.projects)} projects, {self.resumed[-1]:.2f} s")
                time.sleep(self.random.uniform(*CALM_SECONDS))
        self._finish()
        return judge(self.home, self.projects)

    def _finish(self) -> None:
        super()._finish()
        self.close()

    def close(self) -> None:
        """End the last node."""
        if self.follower is not None:
            self.follower.kill()
            self.follower.wait()
