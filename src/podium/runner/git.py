"""Git in a clone that is trusted in nothing: our configuration, our environment, the attempt's own process tree."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from podium.runner import shortage
from podium.runner.lines import Tail
from podium.runner.spec import Spec, environment
from podium.runner.start import Run, Sink
from podium.runner.supervise import Ended, Supervisor

OUTPUT_BYTES_MAX = 1 << 20
_SAFE = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.attributesFile=/dev/null"),
    *("-c", "core.excludesFile=/dev/null", "-c", "core.fsync=none", "-c", "core.quotePath=false", "-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false", "-c", "advice.addEmbeddedRepo=false"),
)


class GitFailedError(Exception):
    """A git command in the clone failed; the text is what it said last."""

    is_environment = False
    """Whether the machine is to blame: git is missing, or there is no space, memory or descriptor left."""


class Answer(NamedTuple):
    """What a git command printed, and how it ended."""

    ended: Ended
    out: str
    said: str
    """Its standard error."""

    @property
    def is_good(self) -> bool:
        return self.ended.status == 0

    def complaint(self, command: str) -> GitFailedError:
        how = self.ended.cause if self.ended.cause != "exited" else self.ended.describe()
        error = GitFailedError(f"git {command} failed ({how}): {self.said[-1000:]}")
        error.is_environment = self.ended.cause == "not-started" or shortage.is_said(self.said)
        return error


class Git:
    """Runs git for one clone. Once `heeds_stop` is off, a request to stop no longer interrupts it."""

    def __init__(self, spec: Spec, supervisor: Supervisor) -> None:
        self._spec, self._supervisor = spec, supervisor
        self._walls = (*spec.git_walls, "--chdir", str(spec.clone), "--") if spec.git_walls else ()
        self._where = (f"--git-dir={spec.clone / '.git'}", f"--work-tree={spec.clone}")
        # HOME is a directory without any configuration; agents' commits keep their author through the environment.
        self._env = environment(spec) | {"HOME": str(spec.directory), "GIT_NO_REPLACE_OBJECTS": "1"}
        self.heeds_stop = True
        self.begin_phase()

    def begin_phase(self) -> None:
        """The commands until the next phase have `git_seconds_max` together."""
        self._phase_ends_at = time.monotonic() + self._spec.limits.git_seconds_max

    def ask(self, arguments: Sequence[str], stdin: bytes = b"", on_stdout: Sink | None = None) -> Answer:
        """Run one command, however it ends. `stdin` must fit into a pipe."""
        out, said = Tail(OUTPUT_BYTES_MAX), Tail(OUTPUT_BYTES_MAX)
        seconds = self._phase_ends_at - time.monotonic()
        if seconds <= 0:
            limit = self._spec.limits.git_seconds_max
            return Answer(Ended("timed-out", None), "", f"no time is left of {limit:g} s for git")
        argv = (*self._walls, "git", *_SAFE, *self._where, *arguments)
        run = Run(argv, self._env, None, seconds, on_stdout or out, said, stdin, self.heeds_stop)
        run = run._replace(program="git" if self._walls else "")
        ended = self._supervisor.run(run)
        return Answer(ended, out.text(), said.text() or ended.error)

    def get(self, *arguments: str) -> str:
        """Run one command and return what it printed, stripped. Raises GitFailedError."""
        answer = self.ask(arguments)
        if not answer.is_good:
            raise answer.complaint(arguments[0])
        return answer.out
