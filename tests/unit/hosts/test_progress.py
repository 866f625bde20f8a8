"""Progress is read off the growth of an attempt's log; being alive is another thing (REC-2)."""

import asyncio
import os
from pathlib import Path

import pytest

from podium.domain.attempt import Ending
from podium.policy.health import hung_seconds
from podium.ports import Running
from podium.runner import tools
from podium.runner.journal import LOG
from tests.unit.hosts.world import PASSED, WAIT_SECONDS, World, end_of, make_lease

QUIET_SECONDS = 600.0


def progress(running: Running) -> float:
    last = running.signs().progress
    assert last is not None
    return last


async def until_later_than(running: Running, before: float) -> float:
    """The next sign of progress."""
    async with asyncio.timeout(WAIT_SECONDS):
        while (last := progress(running)) <= before:
            await asyncio.to_thread(os.sched_yield)
        return last


def log_of(world: World) -> Path:
    return world.directory() / LOG


def age(world: World, seconds: float) -> None:
    """Make the log look as if nothing had been written for so long."""
    written = log_of(world).stat().st_mtime - seconds
    os.utime(log_of(world), (written, written))


@pytest.mark.requirement("REC-2")
def test_a_word_is_progress_and_silence_is_not(world: World, loop: asyncio.Runner) -> None:
    script = f"echo one; echo up >{world.fifo()}; read word <{world.fifo('go')}; echo two\n" + PASSED

    async def run() -> None:
        running = await world.start(script)
        began = progress(running)
        assert await world.hear() == "up"
        spoke = await until_later_than(running, began)
        silent = [progress(running) for _ in range(5)]
        assert max(silent) - spoke < WAIT_SECONDS
        settled = silent[-1]
        assert progress(running) == settled, "asking is no progress"
        world.tell()
        assert await until_later_than(running, settled) <= world.clock.now()
        assert (await end_of(running)).ending is Ending.FINISHED

    loop.run(run())


@pytest.mark.requirement("REC-2")
def test_a_new_orchestrator_knows_how_long_an_attempt_has_been_silent(world: World, loop: asyncio.Runner) -> None:
    script = f"echo one; echo up >{world.fifo()}; read word <{world.fifo('go')}\n" + PASSED

    async def run() -> None:
        await world.start(script)
        assert await world.hear() == "up"
        async with asyncio.timeout(WAIT_SECONDS):
            while not log_of(world).exists() or b"one" not in log_of(world).read_bytes():
                await asyncio.to_thread(os.sched_yield)
        age(world, QUIET_SECONDS)
        adopted = await world.host().adopt(make_lease())
        assert adopted is not None
        silent = world.clock.now() - progress(adopted)
        assert QUIET_SECONDS - 1.0 < silent < QUIET_SECONDS + WAIT_SECONDS
        world.tell()
        assert (await end_of(adopted)).ending is Ending.FINISHED, "silence has ended nobody"

    loop.run(run())


@pytest.mark.requirement("REC-2")
def test_a_tool_at_work_is_no_silence(world: World, loop: asyncio.Runner) -> None:
    said = '{"type": "tool", "id": "t1", "name": "Bash", "state": "%s"}'
    script = f"echo '{said % 'begun'}'; echo up >{world.fifo()}; read word <{world.fifo('go')}\n"
    script += f"echo '{said % 'ended'}'\n" + PASSED

    async def run() -> None:
        running = await world.start(script)
        assert await world.hear() == "up"
        directory = world.directory()
        async with asyncio.timeout(WAIT_SECONDS):
            while tools.at_work(directory) is None:
                await asyncio.to_thread(os.sched_yield)
        age(world, QUIET_SECONDS)
        adopted = await world.host().adopt(make_lease())
        assert adopted is not None
        signs = adopted.signs()
        assert (signs.tool or ("",))[0] == "Bash"
        assert hung_seconds(signs, world.clock.now()) < WAIT_SECONDS, "it is quiet, and at work"
        world.tell()
        assert (await end_of(running)).ending is Ending.FINISHED
        assert tools.at_work(directory) is None

    loop.run(run())


def test_without_a_log_it_is_as_if_it_had_just_begun(world: World, loop: asyncio.Runner) -> None:
    async def run() -> None:
        began = world.clock.now()
        running = await world.start(f"echo up >{world.fifo()}; read word <{world.fifo('go')}\n" + PASSED)
        assert await world.hear() == "up"
        await asyncio.to_thread(os.unlink, log_of(world))
        assert progress(running) >= began
        world.tell()
        await end_of(running)

    loop.run(run())


@pytest.mark.requirement("REC-2")
def test_the_signals_of_an_attempt_are_told_apart(world: World, loop: asyncio.Runner) -> None:
    """Its process lives and its runner answers, whatever its agent says."""

    async def run() -> None:
        running = await world.start(f"echo up >{world.fifo()}; read word <{world.fifo('go')}\n" + PASSED)
        assert await world.hear() == "up"
        began = world.clock.now()
        async with asyncio.timeout(WAIT_SECONDS):
            while running.signs().heartbeat is None:
                await asyncio.to_thread(os.sched_yield)
        signs = running.signs()
        assert signs.process is not None
        assert signs.process >= began
        assert signs.heartbeat is not None
        assert signs.worked is not None
        assert signs.worked <= signs.heartbeat <= world.clock.now()
        world.tell()
        await end_of(running)
        assert running.signs().process is None, "what has ended does not live"

    loop.run(run())
