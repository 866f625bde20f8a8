"""Attempts that are coroutines of this process: they end with it, and others take their place.

For Podium's own steps, for benchmarks, tests and whoever embeds Podium.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from podium.domain.attempt import Ending, Report
from podium.domain.errors import PodiumError, Unavailable
from podium.domain.job import Lease
from podium.hosts.reports import cancelled, could_not_start
from podium.policy.health import Signs
from podium.ports import Brief, Running

Body = Callable[[Lease, Brief], Awaitable[Report]]
"""Does one attempt. It fetches its assignment by `await brief()`, if it wants it at all."""


class InProcessHost:
    """`ports.Host` for one callable. A process that dies takes its attempts along, so none is ever adopted."""

    def __init__(self, body: Body) -> None:
        self._body = body

    async def start(self, lease: Lease, brief: Brief) -> Running:
        return TaskRunning(lambda: self._body(lease, brief))

    async def adopt(self, lease: Lease) -> Running | None:  # noqa: ARG002 - the port's shape
        return None

    async def forget(self, lease: Lease) -> None:
        """Nothing was left behind."""

    async def sweep(self, is_open: Callable[[str], bool]) -> int:  # noqa: ARG002 - the port's shape
        return 0


class TaskRunning:
    """`ports.Running` over a callable, which runs in whoever waits for its end; whatever it raises becomes a report."""

    __slots__ = ("_body", "_reason", "_report", "_waiter")

    def __init__(self, body: Callable[[], Awaitable[Report]]) -> None:
        self._body = body
        self._reason: str | None = None
        self._report: Report | None = None
        self._waiter: asyncio.Task[Any] | None = None

    def signs(self) -> Signs:
        """A callable does not say."""
        return Signs()

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
        except (Unavailable, OSError) as error:
            return could_not_start(error)
        except PodiumError as error:
            return Report(Ending.CRASHED, str(error))
        except Exception as error:  # noqa: BLE001 - an agent may fail in any way; none may stop the orchestrator
            return Report(Ending.CRASHED, f"{type(error).__name__}: {error}")


class Ended(TaskRunning):
    """`ports.Running` of an attempt that is over, or never began."""

    __slots__ = ()

    def __init__(self, report: Report) -> None:
        super().__init__(_never)
        self._report = report


async def _never() -> Report:
    raise AssertionError("its report is there")
