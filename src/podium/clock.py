"""The real clock: the only place that reads the machine's time or starts tasks."""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

COLLECT_AFTER: Final = (50_000, 20, 50)
"""Nearly all that a step makes goes with its last reference: looking for cycles more often costs 6 % of the speed."""

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run an orchestrator to its end, on uvloop."""
    import uvloop

    gc.freeze()  # what was imported stays
    gc.set_threshold(*COLLECT_AFTER)
    return uvloop.run(main)


async def end_tasks(but: set[asyncio.Task[Any]]) -> None:
    """Let go of everything that has begun since `but` was all there was; agents at work go on by themselves."""
    tasks = asyncio.all_tasks() - but - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Tasks:
    """What a clock does by its loop alone: sleep, and keep the tasks that it begins until they end.

    Those that end with an error go to `failed`, by default the loop's exception handler.
    """

    def __init__(self, failed: Callable[[asyncio.Task[Any], BaseException], None] | None = None) -> None:
        self._failed = failed or _tell_the_loop
        self.tasks: set[asyncio.Task[Any]] = set()

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds of the loop's."""
        await asyncio.sleep(seconds)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run `work` beside the caller; what it raises is not lost."""
        task = asyncio.Task(work, loop=asyncio.get_running_loop(), name=name)  # a loop would first give it another name
        self.tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(task, error)


def _tell_the_loop(task: asyncio.Task[Any], error: BaseException) -> None:
    context = {"message": f"{task.get_name()} ended with an error", "exception": error, "task": task}
    task.get_loop().call_exception_handler(context)


class SteadyClock(Tasks):
    """Epoch seconds at start, carried on by the monotonic clock; `not_before` keeps it ahead of an earlier run's."""

    def __init__(self, not_before: float = 0.0) -> None:
        super().__init__()
        self._offset = max(time.time(), not_before) - time.monotonic()

    def now(self) -> float:
        """Steady seconds."""
        return time.monotonic() + self._offset

    def wall(self) -> float:
        """Wall-clock seconds since the epoch."""
        return time.time()
