"""Signals as something to wait for: SIGTERM and SIGINT ask the runner to stop, SIGCHLD says that a child ended."""

import os
import select
import signal
from types import FrameType


class Signals:
    """Takes over the process's signals for its whole life; `fd` becomes readable at each of them."""

    def __init__(self) -> None:
        self.fd, self._write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else _plain_pipe()
        self.stop_requested = False
        signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, _noted)  # a handler, however empty, makes the wake-up byte arrive

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_requested = True

    def drain(self) -> None:
        """Forget the wake-ups so far; call it before looking at what they may be about."""
        try:
            while os.read(self.fd, 4096):
                pass
        except BlockingIOError:
            return

    def wait(self, seconds: float) -> None:
        """Return at the next signal, or after that long."""
        select.select([self.fd], [], [], seconds)
        self.drain()


def _noted(_number: int, _frame: FrameType | None) -> None:
    """The wake-up byte is all that is wanted."""


def _plain_pipe() -> tuple[int, int]:
    read_fd, write_fd = os.pipe()
    os.set_blocking(read_fd, False)
    os.set_blocking(write_fd, False)
    return read_fd, write_fd
