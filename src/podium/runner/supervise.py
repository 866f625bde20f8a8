"""Runs one program at a time, reads what it says, and leaves no process behind, however it ends."""

import os
import select
import selectors
import signal
import time
from contextlib import suppress
from types import FrameType
from typing import NamedTuple

from podium.runner import processes
from podium.runner.pulse import Pulse
from podium.runner.shortage import Room
from podium.runner.spec import Limits
from podium.runner.start import Run, Sink, close_all, start

READ_BYTES = 1 << 16
ROOM_LOOK_SECONDS = 0.1
"""How often, at least, it is looked whether the disk has room while a program runs."""
SIGNALLED = 128
WALLS = "bwrap"
"""The program that holds a sandbox."""
_KILL_AGAIN_SECONDS = 0.05


class Ended(NamedTuple):
    """How a program's run ended."""

    cause: str
    """`exited`, `timed-out`, `cancelled`, `stopped` (by the reader of its output), `lingered` or `not-started`."""
    status: int | None
    """As of `os.waitstatus_to_exitcode`: negative for a signal; None when it was not started."""
    error: str = ""
    """Why it was not started."""
    errno: int = 0

    def describe(self) -> str:
        """For people: `exit status 3`, `killed by SIGKILL`."""
        if self.status is None:
            return self.error
        if self.status >= 0:
            return f"exit status {self.status}"
        names = {number.value: number.name for number in signal.Signals}
        return f"killed by {names.get(-self.status, f'signal {-self.status}')}"


class Signals:
    """Takes over the process's signals for its whole life; `fd` becomes readable at each of them."""

    def __init__(self) -> None:
        self.fd, self._write_fd = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._write_fd, False)
        self.stop_requested = False
        signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        # A handler, however empty, makes the wake-up byte arrive.
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_requested = True

    def drain(self) -> None:
        """Forget the wake-ups so far; call it before looking at what they may be about."""
        with suppress(BlockingIOError):
            while os.read(self.fd, 4096):
                pass

    def wait(self, seconds: float) -> None:
        """Return at the next signal, or after that long."""
        select.select([self.fd], [], [], seconds)
        self.drain()


class Supervisor:
    """Starts programs as this process's children and ends them with all their descendants."""

    def __init__(self, signals: Signals, limits: Limits, room: Room) -> None:
        self._signals, self.limits, self.room = signals, limits, room
        self._pulse = Pulse(room.directory)
        self._statuses: dict[int, int] = {}

    @property
    def stop_requested(self) -> bool:
        return self._signals.stop_requested

    def pause(self, seconds: float) -> bool:
        """Wait that long, or until the next signal; False when it asks to stop."""
        self._signals.wait(seconds)
        return not self.stop_requested

    def run(self, run: Run) -> Ended:
        """Run a program to its end, or to the end of its time; afterwards none of its processes is left."""
        if run.heeds_stop and self.stop_requested:
            return Ended("cancelled", None, "cancelled before it started")
        started = start(run)
        if isinstance(started, OSError):
            return Ended("not-started", None, f"{run.program or run.argv[0]}: {started.strerror}", started.errno or 0)
        pid, out, err, said = started
        try:
            cause = self._watch(run, pid, out, err)
            self.end_tree()
            told: list[bytes] = []
            for fd, sink in ((out, run.on_stdout), (err, run.on_stderr), (said, told.append)):
                while fd >= 0 and _read(fd, sink):
                    pass
        finally:
            close_all((out, err, said))
        ended = self._statuses.pop(pid, None)
        self._statuses.clear()
        status = None if ended is None else os.waitstatus_to_exitcode(ended)
        if run.program and cause == "exited" and status is not None and status > 0:
            if b"exit-code" not in b"".join(told):
                return Ended("not-started", None, f"{run.program}: there could be no sandbox around it")
            status = SIGNALLED - status if status > SIGNALLED else status  # as a shell tells of a signal
        return Ended(cause, status)

    def _watch(self, run: Run, pid: int, out: int, err: int) -> str:
        """Read until the program itself has exited (descendants may hold the pipes open), or must be ended."""
        deadline, late = time.monotonic() + run.seconds, "timed-out"
        with selectors.DefaultSelector() as selector:
            selector.register(self._signals.fd, selectors.EVENT_READ)
            selector.register(out, selectors.EVENT_READ, run.on_stdout)
            selector.register(err, selectors.EVENT_READ, run.on_stderr)
            while True:
                processes.reap(self._statuses)
                if pid in self._statuses:
                    return "exited"
                if run.heeds_stop and self.stop_requested:
                    return "cancelled"
                if run.wants_stop():
                    return "stopped"
                if late == "timed-out" and run.is_done():
                    deadline, late = min(deadline, time.monotonic() + run.linger_seconds), "lingered"
                left = deadline - time.monotonic()
                if left <= 0:
                    return late
                self.room.look()
                self._pulse.beat()
                for key, _ in selector.select(min(left, ROOM_LOOK_SECONDS)):
                    if key.data is None:
                        self._signals.drain()
                    elif _read(key.fd, key.data) == b"":
                        selector.unregister(key.fd)

    def end_tree(self) -> bool:
        """End every descendant: SIGTERM, a short grace, SIGKILL until none is left; False when one cannot die.

        As a subreaper this process inherits every orphan, so having no child means that the tree is empty.
        """
        if not processes.reap(self._statuses):
            return True
        me = os.getpid()
        found = processes.descendants(me)  # a sandbox's walls fall with those inside, who must be asked first
        processes.signal_all([pid for pid in found if processes.name_of(pid) != WALLS], signal.SIGTERM)
        if self._is_childless_within(self.limits.grace_seconds):
            return True
        give_up = time.monotonic() + self.limits.kill_seconds_max
        while time.monotonic() < give_up:
            processes.signal_all(processes.descendants(me), signal.SIGKILL)
            if self._is_childless_within(_KILL_AGAIN_SECONDS):
                return True
        return False

    def _is_childless_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while processes.reap(self._statuses):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._signals.wait(left)
        return True


def _read(fd: int, sink: Sink) -> bytes | None:
    """Hand on what there is; nothing at the end of the stream, None when there may be more later."""
    try:
        chunk = os.read(fd, READ_BYTES)
    except BlockingIOError:
        return None
    if chunk:
        sink(chunk)
    return chunk
