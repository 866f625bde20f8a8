"""Kills a real orchestrator at random moments of real runs, restarts it each time, and judges what is left."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from tests.crash.verdicts import Verdict, judge

UP_SECONDS: Final = 20.0
END_SECONDS: Final = 180.0
LIFE_SECONDS: Final = (0.05, 1.2)
"""How long each orchestrator may live, at random between these, from its start or from when an agent is at work."""
BUSY_SHARE: Final = 0.7
"""The share of orchestrators that are killed only once an agent is at work; the others die while they start."""
BUSY_SECONDS: Final = 10.0
COUNTS: Final = {
    "open_projects": "SELECT count(*) FROM project WHERE state = 'open'",
    "running_agents": "SELECT count(*) FROM job WHERE state = 'running' AND queue <> 'podium'",
}


class Chaos:
    """One home under fire. `podium` runs in an environment of its own, with nothing inherited."""

    def __init__(self, home: Path, seed: int, features: int = 6, pace_seconds: float = 0.15) -> None:
        self.home = home
        self.random = random.Random(seed)
        self.features = features
        self.pace_seconds = pace_seconds
        self.projects: dict[str, int] = {}
        self.kills = 0
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home.parent), "PODIUM_HOME": str(home), "LANG": "C.UTF-8"}

    def podium(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        command = [sys.executable, "-m", "podium", *words]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=60, check=False)

    def document(self, number: int) -> Path:
        """A requirement document whose agents take a little time for each step."""
        lines = [f"# Storm {number}", f"<!-- rehearsal: seconds={self.pace_seconds} -->", "", "## Features", ""]
        lines += [f"- Feature {letter} counts {letter} words" for letter in "abcdefghijkl"[: self.features]]
        path = self.home.parent / f"storm-{number}.md"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    def submit(self) -> None:
        """One more project; only what was acknowledged counts as accepted."""
        number = len(self.projects) + 1
        done = self.podium("submit", str(self.document(number)), "--idempotency-key", f"storm-{number}", "--json")
        assert done.returncode == 0, done.stderr
        self.projects[f"storm-{number}"] = self.features

    def orchestrator(self) -> subprocess.Popen[bytes]:
        """Start one in the foreground of a process of its own."""
        with (self.home.parent / "orchestrator.log").open("ab") as log:
            command = [sys.executable, "-m", "podium", "up", "--foreground"]
            return subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _until_busy(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until an agent is at work, so that its orchestrator is killed with something to lose."""
        deadline = time.monotonic() + BUSY_SECONDS
        while time.monotonic() < deadline and process.poll() is None and self.open_projects():
            if self._count("running_agents"):
                return
            time.sleep(0.02)

    def open_projects(self) -> int:
        """How many projects have not ended, from the database file."""
        return self._count("open_projects")

    def _count(self, what: str) -> int:
        with closing(sqlite3.connect(f"file:{self.home / 'podium.sqlite'}?mode=ro", uri=True, timeout=10)) as database:
            (count,) = database.execute(COUNTS[what]).fetchone()
            return int(count)

    def storm(self, kills: int, tell: Callable[[str], None] = lambda _: None) -> Verdict:
        """Kill that many orchestrators, let the last one finish, and judge."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.submit()
        while self.kills < kills:
            process = self.orchestrator()
            if self.random.random() < BUSY_SHARE:
                self._until_busy(process)
            time.sleep(self.random.uniform(*LIFE_SECONDS))
            assert process.poll() is None, (self.home.parent / "orchestrator.log").read_text("utf-8")[-3000:]
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.kills += 1
            tell(f"{self.kills} kills, {len(self.projects)} projects")
            if self.open_projects() == 0:
                self.submit()
        self._finish()
        return judge(self.home, self.projects)

    def _finish(self) -> None:
        process = self.orchestrator()
        deadline = time.monotonic() + END_SECONDS
        while self.open_projects() and time.monotonic() < deadline:
            assert process.poll() is None, (self.home.parent / "orchestrator.log").read_text("utf-8")[-3000:]
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
