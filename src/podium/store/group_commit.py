"""Group commit: callers submit commands as values, all that wait share one transaction and one fsync.

Pure asyncio over `execute`; production runs it on a thread, simulation gives it a virtual delay and faults.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from podium.domain.command import Command

BATCH_COMMANDS_MAX: Final = 512
"""Larger ones would hardly be faster, but hold up whoever asks for little and take more memory."""

Execute = Callable[[Sequence[Command]], Awaitable[list[Any]]]
"""Runs a batch durably. The answers are in order; an answer that is an exception was that command's refusal."""


class GroupCommit:
    """Gathers what is submitted while a batch runs into the next one."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._pending: list[tuple[Command, asyncio.Future[Any]]] = []
        self._flushing: asyncio.Task[None] | None = None

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """Queue a command; the future has its answer once it is durable, or its refusal."""
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush())
        answer: asyncio.Future[Any] = self._flushing.get_loop().create_future()
        self._pending.append((command, answer))
        return answer

    async def _flush(self) -> None:
        await asyncio.sleep(0)  # noqa: TID251 - one turn of the loop, so that what is submitted together commits together
        try:
            while self._pending:
                batch, self._pending = self._pending[:BATCH_COMMANDS_MAX], self._pending[BATCH_COMMANDS_MAX:]
                await self._run(batch)
        finally:
            self._flushing = None

    async def _run(self, batch: list[tuple[Command, asyncio.Future[Any]]]) -> None:
        try:
            answers: list[Any] = await self._execute([command for command, _ in batch])
        except Exception as error:  # noqa: BLE001 - the failure belongs to every caller of this batch
            answers = [error] * len(batch)
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
            raise
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
