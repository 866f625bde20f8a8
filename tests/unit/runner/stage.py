"""One attempt on a stage: a small project repository, an agent written as a shell script, and the real runner."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from podium import runner as package
from podium.runner import spec as specs
from podium.runner.spec import Limits, Spec

MAIN = Path(package.__file__).with_name("__main__.py")
WAIT_SECONDS = 20
GIT_ENV = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "someone",
    "GIT_AUTHOR_EMAIL": "someone@example.invalid",
    "GIT_COMMITTER_NAME": "someone",
    "GIT_COMMITTER_EMAIL": "someone@example.invalid",
}
PASSED = """echo '{"type": "result", "verdict": "passed", "summary": "Did it"}'\n"""

Report = dict[str, Any]


def git(directory: Path, *arguments: str) -> str:
    """Run git as a user would; returns what it printed."""
    done = subprocess.run(
        ("git", *arguments),
        cwd=directory,
        env=GIT_ENV,
        check=True,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
    )
    return done.stdout.strip()


def make_repository(path: Path, files: dict[str, str] | None = None) -> str:
    """A repository with one commit on main; its id."""
    path.mkdir(parents=True, exist_ok=True)
    git(path, "init", "--quiet", "--initial-branch=main")
    for name, text in (files or {"README.md": "# Hello\n"}).items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "--message=Begin")
    return git(path, "rev-parse", "HEAD")


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return False
    return state != b"Z"


class Stage:
    """An attempt's surroundings in a temporary directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.repository = root / "repository"
        self.base = make_repository(self.repository)
        self.directory = root / "attempts" / "12.a1"
        for part in ("clone", "home", "tmp"):
            (self.directory / part).mkdir(parents=True)
        (self.directory / "assignment.json").write_text("{}")

    @property
    def clone(self) -> Path:
        return self.directory / "clone"

    def spec(self, script: str, **changes: Any) -> Spec:
        spec = Spec(
            directory=self.directory,
            attempt="hello/12.a1",
            home_id=f"test{os.getpid()}",
            job=12,
            step="implement",
            instance="dev-02",
            repository=str(self.repository),
            base=self.base,
            argv=("/bin/sh", "-c", script),
            env={},
            path=os.environ["PATH"],
            secrets=(),
            timeout_seconds=WAIT_SECONDS,
            gates=(),
            limits=Limits(grace_seconds=0.1),
        )
        return spec._replace(**changes)

    def start(self, script: str, **changes: Any) -> subprocess.Popen[bytes]:
        """Start the runner, as a host does, and do not wait for it."""
        specs.write(self.spec(script, **changes))
        return self.start_again()

    def start_again(self, *flags: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            (sys.executable, "-I", "-S", str(MAIN), *flags, str(self.directory)),
            cwd=self.directory,
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def run(self, script: str, **changes: Any) -> Report:
        """Run an attempt to its end; the report."""
        assert self.start(script, **changes).wait(WAIT_SECONDS) == 0
        return self.report()

    def report(self) -> Report:
        return json.loads((self.directory / "exit.json").read_text())

    def messages(self) -> list[Report]:
        return [json.loads(line) for line in (self.directory / "messages.ndjson").read_text().splitlines()]

    def texts(self, stream: str) -> list[str]:
        """What was logged from one stream."""
        return [message.get("text", "") for message in self.messages() if message["stream"] == stream]

    def delivered(self) -> Path:
        """The project's repository with the bundle fetched into the branch `delivered`."""
        bundle = str(self.directory / "delivery.bundle")
        git(self.repository, "-c", "fetch.fsckObjects=true", "fetch", bundle, "+refs/heads/podium/12:delivered")
        return self.repository

    def files(self, commit: str) -> set[str]:
        """The names of all files of a delivered commit."""
        return set(git(self.delivered(), "ls-tree", "-r", "--name-only", commit).splitlines())

    def tag_of(self, pid: int) -> bool:
        """Whether a process is one of this attempt's."""
        try:
            return self.spec("").tag.encode() in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False

    def fifo(self) -> Path:
        """A pipe on which an agent tells that it has come so far."""
        path = self.root / "fifo"
        if not path.exists():
            os.mkfifo(path)
        return path

    def hear(self) -> str:
        """Wait for one message on the pipe."""
        fd = os.open(self.fifo(), os.O_RDONLY | os.O_NONBLOCK)
        try:
            assert select.select([fd], [], [], WAIT_SECONDS)[0], "the agent said nothing"
            return os.read(fd, 4096).decode().strip()
        finally:
            os.close(fd)


def command(*argv: str, **more: Any) -> dict[str, Any]:
    """A gate that runs a command."""
    return {"kind": "command", "name": "check", "command": list(argv), "timeout_seconds": WAIT_SECONDS, **more}


def shell(script: str, **more: Any) -> dict[str, Any]:
    """A gate that runs a shell script."""
    return command("/bin/sh", "-c", script, **more)


def only(report: Report) -> dict[str, Any]:
    """The one gate's result in a report."""
    (result,) = report["gates"]
    return result


def says(messages: Sequence[dict[str, Any]]) -> str:
    """A script that prints messages, then passes."""
    return "".join(f"cat <<'END'\n{json.dumps(message)}\nEND\n" for message in messages) + PASSED
