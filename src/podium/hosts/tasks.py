"""An attempt that is a coroutine of this process: it ends with the process, and another attempt takes its place."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from podium.domain.attempt import Ending, Report
from podium.domain.errors import PodiumError, Unavailable
from podium.ports import OVERDUE
from podium.runner import shortage


class TaskRunning:
    """`ports.Running` over a callable, which runs in whoever waits for its end; whatever it raises becomes a report."""

    __slots__ = ("_body", "_reason", "_report", "_waiter")

    log_path = None

    def __init__(self, body: Callable[[], Awaitable[Report]]) -> None:
        self._body = body
        self._reason: str | None = None
        self._report: Report | None = None
        self._waiter: asyncio.Task[Any] | None = None

    def last_progress(self) -> float | None:
        """A callable does not say."""
        return None

    async def ended(self) -> Report:
        if self._report is None:
            self._report = cancelled(self._reason) if self._reason is not None else await self._run()
        return self._report

    def cancel(self, reason: str) -> None:
        if self._report is None and self._reason is None:
            self._reason = reason
            if self._waiter is not None:
                self._waiter.cancel()

    async def _run(self) -> Report:
        self._waiter = asyncio.current_task()
        try:
            return await self._body()
        except asyncio.CancelledError:
            if self._reason is None or self._waiter is None:  # the orchestrator stops
                raise
            self._waiter.uncancel()
            return cancelled(self._reason)
        except PodiumError as error:
            return could_not_start(error) if isinstance(error, Unavailable) else Report(Ending.CRASHED, str(error))
        except OSError as error:
            return could_not_start(error)
        except Exception as error:  # noqa: BLE001 - an agent may fail in any way; none may stop the orchestrator
            return Report(Ending.CRASHED, f"{type(error).__name__}: {error}")


def cancelled(reason: str) -> Report:
    """What an attempt reports that was ended from outside."""
    return Report(Ending.TIMED_OUT if reason.startswith(OVERDUE) else Ending.CANCELLED, reason)


def could_not_start(error: PodiumError | OSError) -> Report:
    """What an attempt reports that could not begin; it says when the machine is short of something (REC-9)."""
    is_short = shortage.is_shortage(error) if isinstance(error, OSError) else isinstance(error, Unavailable)
    return Report(Ending.COULD_NOT_START, str(error), is_environment=is_short)


class Ended:
    """`ports.Running` of an attempt that is over, or never began."""

    def __init__(self, report: Report, log_path: str | None = None) -> None:
        self._report = report
        self._log_path = log_path

    @property
    def log_path(self) -> str | None:
        return self._log_path

    def last_progress(self) -> float | None:
        """Nothing more comes of it."""
        return None

    async def ended(self) -> Report:
        return self._report

    def cancel(self, reason: str) -> None:
        """It has ended: there is nothing to end."""
