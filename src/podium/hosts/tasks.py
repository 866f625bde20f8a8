"""An attempt that is a task of this process; it ends with the process, and another attempt takes its place."""

import asyncio
from collections.abc import Awaitable, Callable

from podium.domain.attempt import Ending, Report
from podium.domain.errors import PodiumError
from podium.ports import Clock


class TaskRunning:
    """`ports.Running` over a callable; whatever it raises becomes a report."""

    __slots__ = ("_begun", "_body", "_done", "_reason", "_task")

    def __init__(self, clock: Clock, body: Callable[[], Awaitable[Report]], name: str) -> None:
        self._body = body
        self._done: asyncio.Future[Report] = asyncio.get_running_loop().create_future()
        self._reason: str | None = None
        self._begun = False
        self._task = clock.spawn(self._run(), name)

    @property
    def log_path(self) -> str | None:
        return None

    async def ended(self) -> Report:
        return await asyncio.shield(self._done)

    def cancel(self, reason: str) -> None:
        if self._done.done() or self._reason is not None:
            return
        self._reason = reason
        if not self._begun:
            self._done.set_result(Report(Ending.CANCELLED, reason))
        self._task.cancel()

    async def _run(self) -> None:
        self._begun = True
        try:
            report = await self._body()
        except asyncio.CancelledError:
            if self._reason is None:  # the orchestrator stops
                self._done.cancel()
                raise
            report = Report(Ending.CANCELLED, self._reason)
        except PodiumError as error:
            report = Report(Ending.CRASHED, str(error))
        except Exception as error:  # noqa: BLE001 - an agent may fail in any way; none may stop the orchestrator
            report = Report(Ending.CRASHED, f"{type(error).__name__}: {error}")
        if not self._done.done():
            self._done.set_result(report)


class Ended:
    """`ports.Running` of an attempt that is over, or never began."""

    def __init__(self, report: Report, log_path: str | None = None) -> None:
        self._report = report
        self._log_path = log_path

    @property
    def log_path(self) -> str | None:
        return self._log_path

    async def ended(self) -> Report:
        return self._report

    def cancel(self, reason: str) -> None:
        """It has ended: there is nothing to end."""
