"""What a step is given to act with: the clone, the messages to Podium, and the troubles to rehearse.

Trouble is asked for by a directive in the requirement document, since the agent's environment is fixed and a
demonstration or a test can write there. It stands on a line of its own, from its first column, outside code blocks::

    <!-- rehearsal: seconds=0.2 rework=003 crash=002 hang=005 fail=004,performance -->

`seconds` is the pace of every step. `rework` leaves a real fault in the first implementation, for review to
find. `crash` kills the first attempt at implementing with SIGKILL. `hang` never ends the implementation.
`fail` makes the named steps, or the implementation of the numbered issues, answer `failed`. Lists are
separated by commas.
"""

import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from podium.agents.rehearsal import prose
from podium.agents.rehearsal.protocol import Messages, Result, StepFailed

SECONDS_MAX = 60.0
DIRECTIVE_BYTES_MAX = 262_144
RUN_SECONDS_MAX = 300.0
OUTPUT_TAIL_CHARS_MAX = 4_000

SUITE = ("-m", "unittest", "discover", "-s", "tests", "-t", ".")
"""The arguments of Python for all tests, as the gates run them."""

_DIRECTIVE = re.compile(r"^<!-- rehearsal:(.*)-->[ \t]*$", re.MULTILINE)
_FENCED = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1|\Z)", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"\d+(?:\.\d*)?(?:e\d{1,2})?|\.\d+")
_OWN_MARK = "rehears"
_GIT = ("git", "-c", f"include.path={Path(__file__).with_name('gitconfig')}")


class Troubles(NamedTuple):
    """What to rehearse: a pace in seconds a step, and the issues or steps that each trouble strikes."""

    seconds: float = 0.0
    rework: frozenset[str] = frozenset()
    crash: frozenset[str] = frozenset()
    hang: frozenset[str] = frozenset()
    fail: frozenset[str] = frozenset()


def strikes(targets: frozenset[str], key: str) -> bool:
    """Whether the targets name this issue, by its number (`3` and `003` alike) or by its whole key."""
    number = prose.feature_number(key)
    return key in targets or any(target.isdecimal() and int(target) == number for target in targets)


def read_troubles(document: Path) -> Troubles:
    """Read the directives of a document; a missing document asks for no trouble."""
    if not document.is_file():
        return Troubles()
    # Every step reads this, so it looks at lines and leaves the Markdown parser to the steps that need it.
    with document.open("rb") as stream:
        return parse_troubles(stream.read(DIRECTIVE_BYTES_MAX).decode("utf-8", "replace"))


def parse_troubles(text: str) -> Troubles:
    """Collect the settings of all directives in the text; what is not understood is left out."""
    words = " ".join(_DIRECTIVE.findall(_FENCED.sub("", text))).split()
    settings = {name: value for name, _, value in (word.partition("=") for word in words)}
    pace = settings.get("seconds", "")
    lists = {name: frozenset(filter(None, settings.get(name, "").split(","))) for name in Troubles._fields[1:]}
    return Troubles(min(float(pace), SECONDS_MAX) if _NUMBER.fullmatch(pace) else 0.0, **lists)


def tail(finished: subprocess.CompletedProcess[str]) -> str:
    """The end of all a program said, where test runners put what matters."""
    return (finished.stdout + finished.stderr).strip()[-OUTPUT_TAIL_CHARS_MAX:]


class Stage:
    """The effects a step may have: files, programs and commits in one git clone, and messages to Podium.

    `environment` is what started programs see. Progress is where a rehearsal takes its time.
    """

    def __init__(self, root: Path, environment: Mapping[str, str], messages: Messages, troubles: Troubles) -> None:
        self.root = root.resolve()
        self.messages, self.troubles = messages, troubles
        self._reached = 0.0
        # PODIUM_ATTEMPT stays, so that Podium can find every process of an attempt.
        self._environment = {name: value for name, value in environment.items() if name != "PODIUM_ASSIGNMENT"}
        self._environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}

    def read(self, path: str | Path) -> str:
        """Return a file's text, or an empty string when there is no such file inside the clone."""
        target = (self.root / path).resolve()
        inside = target.is_relative_to(self.root) and target.is_file()
        return target.read_text(encoding="utf-8", errors="replace") if inside else ""

    def owns(self, path: str | Path) -> bool:
        """Whether a rehearsal wrote this file: every one of its files says so."""
        return _OWN_MARK in self.read(path).lower()

    def write(self, path: str, text: str) -> bool:
        """Write a file, unless somebody else wrote what is there: then the log says so.

        Returns whether the file now holds this text. A path that leads out of the clone, for instance by a
        symbolic link, is refused.
        """
        target = (self.root / path).resolve()
        if not target.is_relative_to(self.root):
            raise StepFailed(f"{path} leads out of the repository; nothing was written there.")
        if target.exists() and not self.owns(path):
            self.messages.log(f"{path} is not of a rehearsal's making, so it stays as it is.", "warning")
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
        return True

    def git(self, *arguments: str) -> str:
        """Run git in the clone and return what it prints."""
        finished = self._run((*_GIT, *arguments), {})
        if finished.returncode:
            raise StepFailed(f"`git {arguments[0]}` failed: {tail(finished)}")
        return finished.stdout

    def commit(self, subject: str, body: str) -> str | None:
        """Commit everything; None when nothing had changed."""
        self.git("add", "--all")
        if not self.git("status", "--porcelain"):
            return None
        self.git("commit", "--quiet", f"--message={subject}\n\n{body}\n")
        return self.git("rev-parse", "HEAD").strip()

    def put_back(self) -> None:
        """Undo what is not committed, such as files that a program under test left behind."""
        if self.git("status", "--porcelain"):
            self.git("reset", "--hard", "--quiet")
            self.git("clean", "--force", "-d", "--quiet")

    def python(self, *arguments: str, source_path: str = "") -> subprocess.CompletedProcess[str]:
        """Run Python in the clone, with `source_path` importable, within a time limit."""
        return self._run((sys.executable, *arguments), {"PYTHONPATH": source_path})

    def _run(self, command: tuple[str, ...], extra: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        environment = {**self._environment, **extra}
        try:
            return subprocess.run(
                command, cwd=self.root, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                encoding="utf-8", errors="replace", timeout=RUN_SECONDS_MAX,
            )  # fmt: skip
        except subprocess.TimeoutExpired as expired:
            name = Path(command[0]).name
            raise StepFailed(f"`{name}` was still running after {RUN_SECONDS_MAX:.0f} s and was ended.") from expired
        except FileNotFoundError as missing:
            raise StepFailed(f"`{command[0]}` is not on the PATH; install it.") from missing

    def progress(self, fraction: float, text: str) -> None:
        """Tell progress, at the pace that the document asks for."""
        time.sleep(self.troubles.seconds * max(fraction - self._reached, 0.0))
        self._reached = fraction
        self.messages.progress(fraction, text)

    def deliver(self, kind: str, key: str, title: str, path: str, text: str, /, **data: object) -> None:
        """Write a file and hand it over; what is known of it goes with it."""
        self.write(path, text)
        self.messages.artifact(kind, key, title, data, path)

    def hand_in(self, change: tuple[str, str], summary: str, **data: object) -> Result:
        """Commit everything under this subject and body, and pass."""
        return Result("passed", summary, data={"commit": self.commit(*change), **data})
