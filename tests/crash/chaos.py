"""Kills orchestrators, runners and agents at random moments of real runs, and judges what is left."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final

from tests.crash.ballast import Ballast
from tests.crash.verdicts import Verdict, ask, ask_text, charged, judge

UP_SECONDS: Final = 20.0
END_SECONDS: Final = 180.0
LIFE_SECONDS: Final = (0.05, 3.0)
"""How long each orchestrator may live, at random between these, from its start or from when an agent is at work."""
BUSY_SHARE: Final = 0.7
"""The share of orchestrators that are killed only once an agent is at work; the others die while they start."""
BUSY_SECONDS: Final = 10.0
OPEN_PROJECTS_MIN: Final = 2
"""So many run at once, so that there is always something to lose."""
STRIKE_SECONDS: Final = 1.0
"""How long a victim is looked for."""
VICTIMS_PER_LIFE: Final = (0, 2)
"""How many runners and agents are killed while one orchestrator lives, at random between these."""
STOPPED_SECONDS: Final = (0.1, 3.0)
"""How long a stopped process stays so, at random between these."""
FULL_SHARE: Final = 0.3
"""The share of orchestrators that die on a full disk, where there is a small one."""
OPEN_PROJECTS: Final = "SELECT count(*) FROM project WHERE state = 'open'"
INSTANCE_AT: Final = "SELECT instance FROM job WHERE id = ? AND state = 'running'"
RUNNING_AGENTS: Final = "SELECT count(*) FROM job WHERE state = 'running' AND queue <> 'podium'"


class Chaos:
    """One home under fire. `podium` runs in an environment of its own, with nothing inherited."""

    def __init__(
        self,
        home: Path,
        seed: int,
        features: int = 6,
        pace_seconds: float = 0.15,
        disk: Path | None = None,
        *,
        freezes: bool = False,
    ) -> None:
        self.home = home
        self.freezes = freezes
        """Whether processes are also stopped for a while and go on."""
        self.frozen = 0
        self.disk = disk
        """The small disk that the home is on, when it is to be full at times."""
        self.full = 0
        self.patience_seconds = 0.0
        """How long a submission is tried again."""
        self.random = random.Random(seed)
        self.features = features
        self.pace_seconds = pace_seconds
        self.projects: dict[str, int] = {}
        self.kills = 0
        self.victims: dict[str, str] = {}
        """What was killed for each job, `project/job`: a runner's or an agent's death costs a try, so one each."""
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
        words = ("submit", str(self.document(number)), "--idempotency-key", f"storm-{number}", "--json")
        deadline = time.monotonic() + self.patience_seconds
        while (done := self.podium(*words)).returncode and time.monotonic() < deadline:
            time.sleep(0.1)
        assert done.returncode == 0, done.stderr
        self.projects[f"storm-{number}"] = self.features

    @contextmanager
    def orchestrator(self) -> Generator[subprocess.Popen[bytes]]:
        """One in the foreground of a process of its own, which does not outlive the block, however that ends."""
        with (self.home.parent / "orchestrator.log").open("ab") as log:
            command = [sys.executable, "-m", "podium", "up", "--foreground"]
            process = subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def _until_busy(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until an agent is at work, so that its orchestrator is killed with something to lose."""
        deadline = time.monotonic() + BUSY_SECONDS
        while time.monotonic() < deadline and process.poll() is None and self.open_projects():
            if ask(self.home, RUNNING_AGENTS):
                return
            time.sleep(0.02)

    def open_projects(self) -> int:
        """How many projects have not ended, from the database file."""
        return ask(self.home, OPEN_PROJECTS)

    def _runners(self) -> dict[int, str]:
        """The living runners of this home whose job nobody has been killed for, and their jobs."""
        found: dict[int, str] = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().decode().rstrip("\0").split("\0")
            except (OSError, UnicodeDecodeError):
                continue
            attempt = Path(words[-1])
            job = f"{attempt.parent.name}/{attempt.name.partition('.')[0]}"
            if attempt.is_relative_to(self.home / "attempts") and "runner" in words[-2] and job not in self.victims:
                found[int(process.name)] = job
        return found

    def _strike(self) -> bool:
        """Kill a runner or its agent; False when none came in time."""
        deadline = time.monotonic() + STRIKE_SECONDS
        while not (runners := self._runners()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        pid, job = self.random.choice(sorted(runners.items()))
        kind = self.random.choice(("runner", "agent"))
        try:
            if kind == "agent":
                (pid, *_) = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            os.kill(pid, signal.SIGKILL)
        except (OSError, ValueError):  # it has just ended, or has no agent at the moment
            return False
        self.victims[job] = kind
        return True

    def _freeze(self, orchestrator: subprocess.Popen[bytes]) -> None:
        """Stop the orchestrator, a runner or an agent for a while (SIGSTOP), and let it go on."""
        runners = self._runners()
        pids = [orchestrator.pid, *runners]
        for runner in runners:
            with suppress(OSError):
                pids += map(int, Path(f"/proc/{runner}/task/{runner}/children").read_text().split())
        pid = self.random.choice(pids)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(self.random.uniform(*STOPPED_SECONDS))
            os.kill(pid, signal.SIGCONT)
        self.frozen += 1

    def stop_past_lease(self, stops: int, tell: Callable[[str], None] = lambda _: None) -> Verdict:
        """Stop that many attempts, take their leases away meanwhile, let them go on; then finish and judge.

        Nothing that such an attempt does afterwards may be in the database, or on a project's main branch.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        for _ in range(OPEN_PROJECTS_MIN):
            self.submit()
        with self.orchestrator() as process:
            while self.frozen < stops:
                while self.open_projects() < OPEN_PROJECTS_MIN:
                    self.submit()
                self._until_busy(process)
                runners = self._runners()
                if not runners:
                    continue
                pid, job = self.random.choice(sorted(runners.items()))
                with suppress(ProcessLookupError, IndexError, ValueError):
                    os.kill(pid, signal.SIGSTOP)
                    instance = ask_text(self.home, INSTANCE_AT, job.rpartition("/")[2])
                    done = self.podium("restart-instance", instance, "--reason", "it was stopped", "--yes")
                    time.sleep(self.random.uniform(*STOPPED_SECONDS) if done.returncode == 0 else 0.0)
                    self.frozen += done.returncode == 0
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
                tell(f"{self.frozen} stopped, {len(self.projects)} projects")
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
        self._finish()
        verdict = judge(self.home, self.projects)
        return verdict._replace(lost=verdict.lost + [f"{job} was charged: {why}" for job, why in charged(self.home)])

    def storm(self, kills: int, tell: Callable[[str], None] = lambda _: None) -> Verdict:
        """Kill that many processes, let the last orchestrator finish, and judge."""
        self.home.mkdir(parents=True, exist_ok=True)
        for _ in range(OPEN_PROJECTS_MIN):
            self.submit()
        while self.kills < kills:
            with self.orchestrator() as process:
                is_busy = self.random.random() < BUSY_SHARE
                if is_busy:
                    self._until_busy(process)
                struck = sum(self._strike() for _ in range(self.random.randint(*VICTIMS_PER_LIFE)))
                for _ in range(self.random.randint(*VICTIMS_PER_LIFE) if self.freezes else 0):
                    self._freeze(process)
                with self._full_disk(is_busy and self.random.random() < FULL_SHARE):
                    time.sleep(self.random.uniform(*LIFE_SECONDS))
                    self._kill(process)
            self.kills += 1 + struck
            tell(f"{self.kills} kills, {len(self.projects)} projects")
            while self.open_projects() < OPEN_PROJECTS_MIN:
                self.submit()
        self._finish()
        verdict = judge(self.home, self.projects)
        blameless = [f"{job} was charged: {why}" for job, why in charged(self.home) if job not in self.victims]
        return verdict._replace(lost=verdict.lost + blameless)

    def _full_disk(self, is_due: bool) -> AbstractContextManager[None]:
        """The disk full while the block lasts, when it is due and there is a small one."""
        if self.disk is None or not is_due:
            return nullcontext()
        self.full += 1
        return Ballast(self.disk)

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        assert process.poll() is None, (self.home.parent / "orchestrator.log").read_text("utf-8")[-3000:]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def _finish(self) -> None:
        with self.orchestrator() as process:
            deadline = time.monotonic() + END_SECONDS
            while self.open_projects() and time.monotonic() < deadline:
                assert process.poll() is None, (self.home.parent / "orchestrator.log").read_text("utf-8")[-3000:]
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
