"""Starts programs: agents and gates as sessions that die with the runner, tools such as git as fast as can be."""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from errno import EINVAL, ENOENT
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from podium.runner import network, processes
from podium.runner.spec import Spec

STATUS_FD = 3
"""Where what holds a sandbox says whether the program inside has been started, and how it ended."""

Sink = Callable[[bytes], Any]


class Run(NamedTuple):
    """One program to run. It gets this environment and no other, and `stdin` as its input."""

    argv: Sequence[str]
    env: Mapping[str, str]
    directory: Path | None
    """Where it works; None for a tool of the runner's own, which does not care and starts in half the time."""
    seconds: float
    on_stdout: Sink
    on_stderr: Sink
    stdin: bytes = b""
    """Fits into a pipe's buffer."""
    heeds_stop: bool = True
    """Whether a request to stop the runner ends this run; saving unfinished work goes on regardless."""
    wants_stop: Callable[[], bool] = bool
    """Asked after each reading: True ends the run."""
    is_done: Callable[[], bool] = bool
    """Asked likewise: from True on, the program has `linger_seconds` to exit by itself."""
    linger_seconds: float = 0.0
    program: str = ""
    """What runs inside of a sandbox, by which `argv` begins; empty when it is `argv` itself that is meant."""
    allow: Sequence[str] = ()
    """Whom a program in a sandbox may reach; what serves that is a child as well."""


def inside(spec: Spec, run: Run) -> Run:
    """The run of an agent or a gate, inside of the attempt's sandbox when it has one."""
    if not spec.walls:
        return run
    allow = spec.allow
    ports = [str(port) for port in network.loopback_ports(allow)]
    way = (sys.executable, "-I", "-S", network.__file__, str(len(ports)), *ports) if allow else ()
    walls = (*spec.walls, "--chdir", str(spec.clone), "--", *way)
    return run._replace(argv=(*walls, *run.argv), program=run.argv[0], allow=allow)


class Started(NamedTuple):
    """A running child and the pipes of its output, which do not block."""

    pid: int
    out: int
    err: int
    said: int
    """What holds its sandbox writes here; -1 without one."""


def start(run: Run) -> Started | OSError:
    """Start a program, or say why it cannot be started."""
    path = run.env.get("PATH", os.defpath)
    program = _find(run.argv[0], path)
    if program is None or (run.program and _find(run.program, path) is None):
        return FileNotFoundError(ENOENT, "no such program on PATH")
    out, child_out = os.pipe()
    err, child_err = os.pipe()
    said, child_said = os.pipe() if run.program else (-1, -1)
    streams = [_input(run.stdin), child_out, child_err, *((child_said,) if run.program else ())]
    runner = os.getpid()
    try:
        if run.allow:
            streams.append(network.begin(run.allow, lambda: processes.die_with_parent(runner)))
        begin = _spawn if run.directory is None else _fork
        pid = begin(run, program, streams)
    except OSError as error:
        close_all((out, err, said))
        return error
    finally:
        close_all(streams)
    for fd in (out, err, said):
        if fd >= 0:
            os.set_blocking(fd, False)
    return Started(pid, out, err, said)


def close_all(fds: Iterable[int]) -> None:
    """Close those that are open."""
    for fd in fds:
        if fd >= 0:
            os.close(fd)


def _spawn(run: Run, program: str, streams: Sequence[int]) -> int:
    """Start without a fork, which costs a millisecond and more when the machine is busy."""
    actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(streams)]
    reset = (signal.SIGPIPE, signal.SIGHUP)
    return os.posix_spawn(program, list(run.argv), dict(run.env), file_actions=actions, setsigdef=reset)


def _fork(run: Run, program: str, streams: Sequence[int]) -> int:
    """Start as a session that dies with this process."""
    failed, child_failed = os.pipe()
    runner = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(run, program, runner, streams, child_failed)
    os.close(child_failed)
    error = os.read(failed, 16)
    os.close(failed)
    if error:
        os.waitpid(pid, 0)
        raise OSError(int(error), os.strerror(int(error)))
    return pid


def _become(run: Run, program: str, runner: int, streams: Sequence[int], failed: int) -> NoReturn:
    """In the child: become the program. Every other descriptor closes itself on exec."""
    try:
        os.setsid()
        processes.die_with_parent(runner)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and ignored signals survive exec
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        for number, fd in enumerate(streams):
            os.dup2(fd, number)
        os.chdir(run.directory or "/")
        os.execve(program, list(run.argv), dict(run.env))
    except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
        os.write(failed, str(getattr(error, "errno", EINVAL)).encode())
    finally:
        os._exit(127)


def _find(name: str, path: str) -> str | None:
    """Where a program is: on the absolute folders of PATH, or at the path that it was given by.

    Looked up before the fork, since the child of a fork pays dearly for every step it takes.
    """
    if "/" in name:
        return name
    candidates = (f"{folder}/{name}" for folder in path.split(":") if folder.startswith("/"))
    return next((candidate for candidate in candidates if os.access(candidate, os.X_OK)), None)


def _input(content: bytes) -> int:
    """A descriptor to read `content` from."""
    if not content:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    read_fd, write_fd = os.pipe()
    os.write(write_fd, content)
    os.close(write_fd)
    return read_fd
