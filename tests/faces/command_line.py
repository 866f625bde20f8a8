"""The real `podium` command in a process of its own, with an environment that inherits nothing."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

from podium.app import RealWorld
from podium.domain.errors import PodiumError
from podium.faces.cli import main

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS: Final = 90.0
LOOK_SECONDS: Final = 0.05
"""Between two looks at what is waited for: who looks on and on takes a processor from what it waits for."""


class CommandLine:
    """Runs commands on one home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home.parent), "PODIUM_HOME": str(home), "LANG": "C.UTF-8"}

    def __call__(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        command = [sys.executable, "-m", "podium", *words]
        done = subprocess.run(
            command,
            env=self.env,
            cwd=self.home.parent,
            input=stdin,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())

    def ask(self, *words: str) -> Any:
        """The JSON answer of a command that must succeed."""
        done = self(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command and go on."""
        command = [sys.executable, "-m", "podium", *words]
        return subprocess.Popen(
            command,
            env=self.env,
            cwd=self.home.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def until(self, what: str, *words: str, seconds: float = PATIENCE_SECONDS) -> Any:
        """Ask again and again until `what`, an expression over `answer`, is true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self.look(*words)
            if answer is not None and eval(what, {"answer": answer}):  # noqa: S307 - a test's own words
                return answer
            time.sleep(LOOK_SECONDS)
        raise AssertionError(f"not within {seconds} s: {what} of {words}")

    def look(self, *words: str) -> Any:
        """The JSON answer of a command that is not tested itself, without a process of its own; None if it has none."""
        said = io.StringIO()
        try:
            with redirect_stdout(said):
                main.podium.main(["--home", str(self.home), *words, "--json"], standalone_mode=False, obj=RealWorld)
        except PodiumError:
            return None
        return json.loads(said.getvalue())

    def document(self, name: str, text: str) -> str:
        """A requirement document beside the home."""
        path = self.home.parent / name
        path.write_text(text, "utf-8")
        return str(path)


def interrupt(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Press Ctrl-C; the exit code and what was said on standard error."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    return process.returncode, said.decode()
