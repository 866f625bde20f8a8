"""Runs the git command line for Podium itself: explicit environment, no hooks, no prompts, bounded output and time."""

import asyncio
import os
import selectors
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Container, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from podium.domain.errors import TimedOut, Unavailable
from podium.tables import beside

SILENCE_SECONDS_MAX: Final = 300.0
"""How long a git command may run without a word; most say nothing until their end."""
LOOK_SECONDS: Final = 0.5
"""How often a bounded command is looked at."""
OUTPUT_BYTES_MAX: Final = 16 << 20
NO_ROOM: Final = ("No space left on device", "Disk quota exceeded", "unable to write file ", "unable to write new")
"""What git says of a full disk; of a file that it checks out, and of its index, it does not say why."""

SUCCESS: Final = frozenset({0})
YES_OR_NO: Final = frozenset({0, 1})
"""The statuses of a command that answers a question by them; any other is trouble."""

_READ_BYTES = 1 << 16
_NOTHING: Mapping[str, str] = {}
_DATA = beside(__file__)
_SAFE = tuple(part for name, value in _DATA["config"].items() for part in ("-c", f"{name}={value}"))


class Answer(NamedTuple):
    """What a git command printed and its exit status (negative for a signal)."""

    status: int
    out: bytes
    said: str
    """Its standard error."""

    @property
    def text(self) -> str:
        return self.out.decode("utf-8", "replace").strip()


class Bounds:
    """What a long command may take: `seconds` in all, and as long as `excess` has no objection (`""`)."""

    def __init__(self, seconds: float, excess: Callable[[], str] = str) -> None:
        self.seconds: Final = seconds
        self.objection = ""
        self._excess = excess
        self._is_over = threading.Event()

    def hold(self, process: subprocess.Popen[bytes]) -> None:
        """Watch until `release`; end the process when it takes too much."""
        waited = 0.0
        while not self._is_over.wait(LOOK_SECONDS):
            waited += LOOK_SECONDS
            late = f"it took longer than {self.seconds:.0f} s" if waited >= self.seconds else ""
            self.objection = late or self._excess()
            if self.objection:
                break
        if self.objection and process.returncode is None:
            _kill(process)

    def release(self, objection: str = "") -> None:
        """Watch no more; with an objection the process is ended."""
        self.objection = self.objection or objection
        self._is_over.set()


async def ask(
    repository: Path, *arguments: str, stdin: bytes | int = b"", env: Mapping[str, str] = _NOTHING,
    bounds: Bounds | None = None, fine: Container[int] | None = None,
) -> Answer:  # fmt: skip
    """Run a git command, whatever its status unless `fine` holds those that it may have.

    `stdin` is its input, or a descriptor to read it from. With `bounds`, silence is no reason to end it, and a
    cancelled caller is. Raises Unavailable (no git, no directory, too much output or more than the bounds, another
    status), TimedOut.
    """
    try:
        answer = await asyncio.to_thread(_run, repository, arguments, stdin, env, bounds)
    except asyncio.CancelledError:
        if bounds is not None:
            bounds.release("it is not wanted any more")
        raise
    if fine is not None and answer.status not in fine:
        raise failure(repository, arguments, answer)
    return answer


async def get(repository: Path, *arguments: str, **rest: Any) -> str:
    """`ask` a command that must succeed, and return what it printed, stripped."""
    return (await ask(repository, *arguments, **rest, fine=SUCCESS)).text


@contextmanager
def nowhere(head: str = "ref: refs/heads/none") -> Generator[Path]:
    """A repository without objects, references or configuration, for a moment; its head may be a commit elsewhere."""
    with tempfile.TemporaryDirectory(prefix="podium-") as name:
        directory, is_sha256 = Path(name), len(head) == 64
        for part in ("objects", "refs", "info"):
            (directory / part).mkdir()
        (directory / "HEAD").write_text(f"{head}\n")
        extension = "[extensions]\n\tobjectformat = sha256\n" if is_sha256 else ""
        core = f"[core]\n\trepositoryformatversion = {int(is_sha256)}\n\tbare = false\n"
        (directory / "config").write_text(core + extension)
        yield directory


def lacks_room(answer: Answer) -> bool:
    """Whether a command failed for want of space."""
    return answer.status != 0 and any(words in answer.said for words in NO_ROOM)


def failure(repository: Path, arguments: Sequence[str], answer: Answer) -> Unavailable:
    """The error for a command that had to succeed."""
    said = answer.said.strip()[-1000:] or f"exit status {answer.status}"
    hint = "Free some space and it goes on." if lacks_room(answer) else "Look at the repository with git, then retry."
    return Unavailable(f"`git {arguments[0]}` failed in {repository}: {said}. {hint}")


def _run(
    repository: Path, arguments: Sequence[str], stdin: bytes | int, env: Mapping[str, str], bounds: Bounds | None
) -> Answer:
    try:
        process = subprocess.Popen(
            ("git", *_SAFE, *arguments), cwd=repository, start_new_session=True,
            env={"PATH": os.environ.get("PATH", os.defpath), **_DATA["environment"], **env},
            stdin=stdin if isinstance(stdin, int) else subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    except FileNotFoundError as error:
        missing = "git is not on PATH; install it" if error.filename == "git" else f"{repository} does not exist"
        raise Unavailable(f"`git {arguments[0]}` could not be started: {missing}.") from None
    if bounds is not None:
        threading.Thread(target=bounds.hold, args=(process,), daemon=True, name="git bounds").start()
    where = f"`git {arguments[0]}` in {repository}"
    with process:
        talk = _talk(process, b"" if isinstance(stdin, int) else stdin, None if bounds else SILENCE_SECONDS_MAX)
    if bounds is not None:
        bounds.release()
        if bounds.objection:
            raise Unavailable(f"{where} was ended: {bounds.objection}.")
    if talk is None:
        raise TimedOut(f"{where} said nothing for {SILENCE_SECONDS_MAX:.0f} s and was ended; look what holds it.")
    out, said = talk
    if len(out) > OUTPUT_BYTES_MAX:
        raise Unavailable(f"{where} printed more than {OUTPUT_BYTES_MAX} bytes; ask for less.")
    return Answer(process.returncode, out, said.decode("utf-8", "replace"))


def _talk(process: subprocess.Popen[bytes], stdin: bytes, seconds: float | None) -> tuple[bytes, bytes] | None:
    """Feed the input and read both outputs to their ends, ending a process that says more than is kept.

    None when it neither spoke nor ended for so many seconds; it is ended, too.
    """
    kept: dict[IO[bytes], bytearray] = {}
    with selectors.DefaultSelector() as selector:
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            kept[stream] = bytearray()
            selector.register(stream, selectors.EVENT_READ, stream)
        if process.stdin is not None:
            with suppress(BrokenPipeError), process.stdin as pipe:
                pipe.write(stdin)
        while selector.get_map():
            ready = selector.select(seconds)
            if not ready:
                _kill(process)
                return None
            for key, _ in ready:
                chunk = os.read(key.fd, _READ_BYTES)
                if not chunk:
                    selector.unregister(key.fd)
                elif len(kept[key.data]) > OUTPUT_BYTES_MAX:
                    _kill(process)
                else:
                    kept[key.data] += chunk
    out, said = (bytes(content) for content in kept.values())
    return out, said


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
