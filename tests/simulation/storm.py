"""The store under the faults of a seed: commits that fail, hang or kill, late answers, results that come again."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from podium.domain.command import Command, Complete, Dispatch
from podium.domain.errors import Unavailable
from podium.simulation.loop import VirtualClock
from podium.store.rows import Rows
from podium.store.store import Store
from tests.simulation.world import World

COMMIT_SECONDS: Final = (0.0002, 0.003)
SLOW_COMMIT_SECONDS: Final = (0.5, 10.0)
LATE_SECONDS: Final = (1.0, 20.0)
"""Within one interval of the sweeper, which adopts what it has seen unattended twice."""
DISK_FULL_SECONDS: Final = (5.0, 120.0)
CLOCK_STEP_SECONDS: Final = 12 * 3600.0
SUSPENDED_SECONDS: Final = (600.0, 12 * 3600.0)


class Crash(BaseException):
    """A failpoint of the database raises this: the simulated orchestrator dies there."""


class FaultyExecutor:
    """Runs batches on the world's database for one simulated orchestrator, with the faults of its seed."""

    def __init__(self, world: World, clock: VirtualClock, crash: Callable[[], None]) -> None:
        self._world = world
        self._clock = clock
        self._crash = crash

    async def __call__(self, commands: Sequence[Command]) -> list[Any]:
        """One batch: a little virtual time, then durable, aborted, or cut short by a crash."""
        await self._delay()
        if self._clock.stopped:
            raise asyncio.CancelledError  # a dead orchestrator writes nothing, and nobody is left to be told
        if self._world.chance("crash_before_commit"):
            self._die()
        self._refuse()
        if self._world.chance("clock_step", self._world.weather):
            self._clock.wall_offset = self._world.weather.uniform(-CLOCK_STEP_SECONDS, CLOCK_STEP_SECONDS)
        if self._world.chance("suspended", self._world.outside):
            asleep = self._world.outside.uniform(*SUSPENDED_SECONDS)
            self._world.suspended += asleep
            self._clock.wall_offset += asleep
        kept = [c for c in commands if not (isinstance(c, Dispatch) and self._world.chance("lost_wakeup"))]
        try:
            answers = self._world.database.run(kept, self._clock.now(), self._clock.wall())
        except Crash:
            self._die()
        self._watch(kept, answers)
        if self._world.chance("crash_after_commit"):
            self._die()
        answered = dict(zip(map(id, kept), answers, strict=True))
        return [answered.get(id(command), ()) for command in commands]

    async def _delay(self) -> None:
        seconds = SLOW_COMMIT_SECONDS if self._world.chance("slow_commit") else COMMIT_SECONDS
        await self._clock.sleep(self._world.rng.uniform(*seconds))

    def _refuse(self) -> None:
        world = self._world
        now = world.loop.time()
        if now < world.full_until:
            raise Unavailable("the disk is full")
        if world.chance("disk_full"):
            world.full_until = now + world.rng.uniform(*DISK_FULL_SECONDS)
            raise Unavailable("the disk is full")
        world.aborts = world.chance("abort_batch")

    def _die(self) -> NoReturn:
        self._crash()
        raise asyncio.CancelledError

    def _watch(self, commands: Sequence[Command], answers: list[Any]) -> None:
        """Note what the checkers must know of a commit: no stale fence may have been accepted."""
        ground = self._world.ground
        for command, answer in zip(commands, answers, strict=True):
            if isinstance(command, Complete) and answer is True:
                if any((c.job, c.attempt) == (command.job, command.attempt) for c in self._world.spent):
                    ground.violations.append(f"{command.job}.a{command.attempt} was completed twice")
                self._world.spent.append(command)
                name = f"{command.job}.a{command.attempt}"
                if any(a.lease.name.endswith("/" + name) for a in ground.live.values()):
                    ground.violations.append(f"{name} was completed while its agent still runs")


class FaultyStore(Store):
    """The store as one simulated orchestrator reaches it: its answers come late and its results come again."""

    def __init__(self, world: World, clock: VirtualClock, crash: Callable[[], None]) -> None:
        async def read(question: Callable[[Rows], Any]) -> Any:
            await clock.sleep(0.0001)
            return question(world.database.rows)

        super().__init__(FaultyExecutor(world, clock, crash), read, world.database.pipelines)
        self._world = world
        self._clock = clock

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """Queue a command, and what the seed adds to it."""
        answer = super().submit(command)
        world = self._world
        if isinstance(command, Complete):
            if world.chance("duplicate_result"):
                _heed(super().submit(command))
            if world.spent and world.chance("stale_result"):
                anew = {attempt.lease.job.id for attempt in world.ground.live.values()}
                relived = [old for old in world.spent if old.job in anew]
                _heed(super().submit(world.rng.choice(relived or list(world.spent))))
        elif isinstance(command, Dispatch) and world.chance("late_wakeup"):
            return self._late(answer)
        return answer

    def _late(self, answer: asyncio.Future[Any]) -> asyncio.Future[Any]:
        """The same answer, seconds later; never, if the orchestrator has died by then."""
        world = self._world
        late: asyncio.Future[Any] = world.loop.create_future()

        def deliver() -> None:
            error = None if answer.cancelled() else answer.exception()
            if self._clock.stopped or answer.cancelled():
                return
            if error is not None:
                late.set_exception(error)
            else:
                late.set_result(answer.result())

        seconds = world.rng.uniform(*LATE_SECONDS)
        answer.add_done_callback(lambda _: world.loop.call_later(seconds, deliver))
        return late


def _heed(answer: asyncio.Future[Any]) -> None:
    """Nobody awaits this answer; a refusal is none of its sender's business."""
    answer.add_done_callback(lambda done: done.cancelled() or done.exception())
