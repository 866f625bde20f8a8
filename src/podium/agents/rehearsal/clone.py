"""The attempt's git clone as the agent sees it: files it may write, programs it may run, commits it makes."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from podium.agents.rehearsal.protocol import StepFailed

RUN_SECONDS_MAX = 300.0
OUTPUT_TAIL_CHARS_MAX = 4_000

_OWN_MARK = "rehears"
_GIT = (
    "git",
    # No hook, signature or housekeeping of the machine may join in.
    *("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false"),
    *("-c", "gc.auto=0", "-c", "core.quotePath=false"),
    *("-c", "user.name=Podium rehearsal", "-c", "user.email=rehearsal@podium.invalid"),
)


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that ended: its exit status, what it printed, and what it printed as complaint."""

    status: int
    output: str
    complaint: str

    @property
    def tail(self) -> str:
        """The end of all it said, where test runners put what matters."""
        return (self.output + self.complaint).strip()[-OUTPUT_TAIL_CHARS_MAX:]


class Clone:
    """Files, programs and commits in one git clone; `environment` is what started programs see."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root = root.resolve()
        # PODIUM_ATTEMPT stays, so that Podium can find every process of an attempt.
        self._environment = {name: value for name, value in environment.items() if name != "PODIUM_ASSIGNMENT"}
        self._environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}

    def read(self, path: str | Path) -> str:
        """Return a file's text, or an empty string when there is no such file inside the clone."""
        target = (self.root / path).resolve()
        if not target.is_relative_to(self.root):
            return ""
        try:
            return target.read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return ""

    def owns(self, path: str | Path) -> bool:
        """Whether a rehearsal wrote this file: every one of its files says so."""
        return _OWN_MARK in self.read(path).lower()

    def write(self, path: str, text: str) -> bool:
        """Write a file, unless somebody else wrote what is there.

        Returns whether the file now holds this text. A path that leads out of the clone, for instance by a
        symbolic link, is refused.
        """
        target = (self.root / path).resolve()
        if not target.is_relative_to(self.root):
            raise StepFailed(f"{path} leads out of the repository; nothing was written there.")
        if target.exists() and not self.owns(path):
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
        return True

    def git(self, *arguments: str) -> str:
        """Run git in the clone and return what it prints."""
        finished = self._run((*_GIT, *arguments), {})
        if finished.status:
            raise StepFailed(f"`git {arguments[0]}` failed: {finished.tail}")
        return finished.output

    def commit(self, subject: str, body: str, issue: str | None = None) -> str | None:
        """Commit everything, with an `Issue:` trailer for review to find; None when nothing had changed."""
        self.git("add", "--all")
        if not self.git("status", "--porcelain"):
            return None
        trailer = f"\n\nIssue: {issue}" if issue else ""
        self.git("commit", "--quiet", f"--message={subject}\n\n{body}{trailer}\n")
        return self.git("rev-parse", "HEAD").strip()

    def put_back(self) -> None:
        """Undo what is not committed, such as files that a program under test left behind."""
        if self.git("status", "--porcelain"):
            self.git("reset", "--hard", "--quiet")
            self.git("clean", "--force", "-d", "--quiet")

    def python(self, *arguments: str, source_path: str = "") -> Finished:
        """Run Python in the clone, with `source_path` importable, within a time limit."""
        return self._run((sys.executable, *arguments), {"PYTHONPATH": source_path})

    def _run(self, command: tuple[str, ...], extra: Mapping[str, str]) -> Finished:
        try:
            done = subprocess.run(
                command,
                cwd=self.root,
                env={**self._environment, **extra},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=RUN_SECONDS_MAX,
                check=False,
            )
        except subprocess.TimeoutExpired as expired:
            name = Path(command[0]).name
            raise StepFailed(f"`{name}` was still running after {RUN_SECONDS_MAX:.0f} s and was ended.") from expired
        except FileNotFoundError as missing:
            raise StepFailed(f"`{command[0]}` is not on the PATH; install it.") from missing
        return Finished(done.returncode, done.stdout, done.stderr)
