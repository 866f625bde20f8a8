"""Attempts outlive the orchestrator (INS-8), and what nobody owns any more is ended, saved and removed (REC-8)."""

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from podium.domain.attempt import Ending
from podium.hosts import local, runner_process, strays
from podium.hosts.hosting import HostSettings
from podium.runner import processes
from podium.runner.spec import Limits
from tests.unit.hosts.world import PASSED, PROJECT, WAIT_SECONDS, World, end_of, make_lease
from tests.unit.runner.stage import is_alive
from tests.unit.workspace.work import files_of, git

ENDLESS = "echo x >x.txt; echo $$ >{fifo}; while :; do sleep 1000; done"
SALVAGE = "refs/podium/salvage/12.a1"


def endless(world: World, name: str = "fifo") -> str:
    return ENDLESS.format(fifo=world.fifo(name))


@pytest.mark.requirement("INS-8", "REC-8")
def test_a_running_attempt_is_adopted(world: World, loop: asyncio.Runner) -> None:
    async def run() -> None:
        script = f"echo x >x.txt; echo up >{world.fifo()}; read word <{world.fifo('go')}\n" + PASSED
        await world.start(script)  # the first host is dropped here, with all it knew
        assert await world.hear() == "up"
        adopted = await world.host().adopt(make_lease())
        assert adopted is not None
        world.tell()
        report = await end_of(adopted)
        assert report.ending is Ending.FINISHED
        assert report.commit is not None
        assert files_of(world.home, report.commit) == {"x.txt"}

    loop.run(run())


@pytest.mark.requirement("INS-8", "REC-8")
def test_an_attempt_that_ended_meanwhile_is_taken(world: World, loop: asyncio.Runner) -> None:
    async def run() -> None:
        first = await end_of(await world.start("echo x >x.txt\n" + PASSED))
        adopted = await world.host().adopt(make_lease())
        assert adopted is not None
        adopted.cancel("too late")
        assert await end_of(adopted) == first

    loop.run(run())


@pytest.mark.requirement("REC-1", "REC-8")
@pytest.mark.parametrize("is_adopted", [False, True])
def test_a_killed_runner_leaves_nothing_but_its_work(world: World, loop: asyncio.Runner, is_adopted: bool) -> None:
    pids = world.root / "pids"
    sleeper = world.root / "sleeper"
    sleeper.write_text(f"#!/bin/sh\necho $$ >>{pids}\nwhile :; do /bin/sleep 1000; done\n")
    sleeper.chmod(0o700)
    hidden = f"setsid {sleeper} & env -i setsid {sleeper} & until [ $(cat {pids} | wc -l) = 2 ]; do sleep 0.01; done\n"

    async def run() -> None:
        running = await world.start(hidden + endless(world))
        agent = int(await world.hear())
        os.kill(world.runner(), signal.SIGKILL)
        if is_adopted:
            running = await world.host().adopt(make_lease())
            assert running is not None
        report = await end_of(running)
        assert report.ending is Ending.LOST
        assert not [pid for pid in (agent, *map(int, pids.read_text().split())) if is_alive(pid)]
        assert files_of(world.home, SALVAGE) == {"x.txt"}
        assert "Unfinished work" in git(world.home.repository(PROJECT), "log", "-1", "--format=%s", SALVAGE)

    loop.run(run())


def test_an_agent_that_removes_its_attempt_is_lost(world: World, loop: asyncio.Runner) -> None:
    async def run() -> None:
        host = world.host()
        running = await world.start(f"cd /; rm -rf {world.directory()}\n" + PASSED, host=host)
        assert (await end_of(running)).ending is Ending.LOST
        await host.forget(make_lease())

    loop.run(run())


@pytest.mark.requirement("REC-8")
def test_what_never_started_never_will(world: World, loop: asyncio.Runner) -> None:
    async def run() -> None:
        assert await world.host().adopt(make_lease()) is None
        report = await world.run("echo x >x.txt\n" + PASSED)
        assert report.ending is Ending.COULD_NOT_START

    loop.run(run())


@pytest.mark.requirement("REC-8")
def test_a_runner_that_comes_too_late_does_nothing(
    world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:  # as if killed between the brief and the start of the runner
        patched.setattr(runner_process, "_COMMAND", ("/bin/true",))
        loop.run(world.start("echo x >x.txt\n" + PASSED))

    async def run() -> None:
        assert await world.host().adopt(make_lease()) is None
        late = runner_process.spawn(world.directory(), os.environ["PATH"], "late")
        await asyncio.wait_for(late.exited(), WAIT_SECONDS)

    loop.run(run())
    assert not (world.directory() / "exit.json").exists()
    assert not (world.directory() / "clone" / ".git").exists()


def test_a_cancelled_attempt_says_why_and_saves_its_work(world: World, loop: asyncio.Runner) -> None:
    async def run() -> None:
        running = await world.start(endless(world))
        agent = int(await world.hear())
        running.cancel("paused by hand")
        running.cancel("again")
        report = await end_of(running)
        assert (report.ending, report.detail) == (Ending.CANCELLED, "paused by hand")
        assert files_of(world.home, SALVAGE) == {"x.txt"}
        assert not is_alive(agent)

    loop.run(run())


def test_a_runner_that_does_not_listen_is_killed(world: World, loop: asyncio.Runner) -> None:
    world.settings = HostSettings(cancel_grace_seconds=0.1, limits=Limits(grace_seconds=0.1))

    async def run() -> None:
        running = await world.start(endless(world))
        agent = int(await world.hear())
        os.kill(world.runner(), signal.SIGSTOP)
        running.cancel("enough")
        report = await end_of(running)
        assert (report.ending, report.detail) == (Ending.CANCELLED, "enough")
        assert files_of(world.home, SALVAGE) == {"x.txt"}
        assert not is_alive(agent)

    loop.run(run())


def test_a_stranger_with_the_runners_pid_is_left_alone(world: World, loop: asyncio.Runner) -> None:
    stranger = subprocess.Popen(("sleep", "1000"))
    try:
        directory = world.directory()
        directory.mkdir(parents=True)
        ticks = processes.start_ticks(stranger.pid)
        assert ticks is not None
        (directory / "runner.json").write_text(json.dumps({"pid": stranger.pid, "started_at": ticks - 1}))
        with (directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert runner_process.find(directory) is None

        async def run() -> None:
            adopted = await world.host().adopt(make_lease())
            assert adopted is not None
            adopted.cancel("no")
            assert (await end_of(adopted)).ending is Ending.LOST

        loop.run(run())
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.requirement("REC-8")
def test_a_sweep_ends_what_is_not_open(world: World, loop: asyncio.Runner) -> None:
    open_lease, closed_lease = make_lease(12), make_lease(13)

    async def run() -> None:
        host = world.host()
        keeper = await world.start(endless(world, "a"), open_lease, host)
        kept = int(await world.hear("a"))
        await world.start(endless(world, "b"), closed_lease, host)
        ended = int(await world.hear("b"))
        assert await world.host().sweep(lambda name: name == open_lease.name) == 1
        assert not is_alive(ended)
        assert not (world.directory(closed_lease) / "clone").exists()
        assert (world.directory(closed_lease) / "messages.ndjson").exists()
        assert files_of(world.home, "refs/podium/salvage/13.a1") == {"x.txt"}
        assert is_alive(kept)
        assert await host.sweep(lambda name: name == open_lease.name) == 0
        keeper.cancel("done")
        await end_of(keeper)

    loop.run(run())


@pytest.mark.requirement("REC-8")
def test_a_sweep_saves_what_a_dead_runner_left(world: World, loop: asyncio.Runner) -> None:
    async def run() -> None:
        await world.start(endless(world))
        await world.hear()
        os.kill(world.runner(), signal.SIGKILL)
        assert await world.host().sweep(lambda _: False) == 1

    loop.run(run())
    assert files_of(world.home, SALVAGE) == {"x.txt"}
    assert not (world.directory() / "clone").exists()


def test_a_sweep_ends_many_side_by_side(world: World, loop: asyncio.Runner) -> None:
    async def run() -> None:
        agents: list[int] = []
        for job in (12, 13, 14):
            await world.start(endless(world), make_lease(job))
            agents.append(int(await world.hear()))
        seen: list[list[bool]] = []

        def is_open(_name: str) -> bool:
            seen.append([is_alive(agent) for agent in agents])
            return False

        assert await world.host().sweep(is_open) == 3
        assert seen[:3] == [[True] * 3] * 3
        assert not any(map(is_alive, agents))

    loop.run(run())


@pytest.mark.requirement("REC-8")
def test_trouble_with_one_attempt_holds_up_no_other(world: World, loop: asyncio.Runner) -> None:
    odd, plain = make_lease(12), make_lease(13)

    async def run() -> None:
        await world.start(endless(world), plain)
        agent = int(await world.hear())
        (world.directory(odd) / "lock" / "x").mkdir(parents=True)
        adopted = await world.host().adopt(odd)
        assert adopted is not None
        assert (await end_of(adopted)).ending is Ending.LOST
        assert await world.host().sweep(lambda _: False) == 2
        assert not is_alive(agent)
        assert list(world.directory(odd).iterdir()) == []

    loop.run(run())


@pytest.mark.requirement("REC-8")
def test_a_runner_that_says_nothing_of_itself_is_ended(
    world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "INTRODUCTION_SECONDS", 0.05)
    directory = world.directory()
    directory.mkdir(parents=True)
    program = "import fcntl, sys, time; file = open(sys.argv[1], 'w'); fcntl.flock(file, 2)\n"
    program += "print(flush=True); time.sleep(1000)"
    holder = subprocess.Popen(
        (sys.executable, "-c", program, str(directory / "lock")),
        env={"PODIUM_ATTEMPT": f"{world.home.id}:hello/12.a1"},
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"\n"
        assert loop.run(world.host().adopt(make_lease())) is None
        assert holder.wait(WAIT_SECONDS) == -signal.SIGKILL
    finally:
        holder.kill()
        holder.communicate()


def test_a_pid_that_became_somebody_elses_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count()

    def start_ticks(_pid: int) -> int:
        return next(ticks)  # no two looks see the same process

    monkeypatch.setattr(processes, "start_ticks", start_ticks)
    monkeypatch.setattr(strays, "PASSES_MAX", 2)
    stray = subprocess.Popen(("sleep", "1000"), env={"PATH": os.environ["PATH"], "PODIUM_ATTEMPT": "test:pid"})
    try:
        strays.end("test:pid".__eq__)
        assert stray.poll() is None
    finally:
        stray.kill()
        stray.wait()


@pytest.mark.requirement("REC-8")
def test_a_sweep_ends_strays_of_this_home_alone(world: World, loop: asyncio.Runner) -> None:
    def stray(tag: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(("sleep", "1000"), env={"PATH": os.environ["PATH"], "PODIUM_ATTEMPT": tag})

    strangers = [stray("otherhome:hello/12.a1"), stray(f"{world.home.id}:hello/14.a1")]
    ours = stray(f"{world.home.id}:hello/12.a1")
    try:
        assert loop.run(world.host().sweep(lambda name: name == "hello/14.a1")) == 1
        assert ours.wait(WAIT_SECONDS) == -signal.SIGKILL
        assert [process.poll() for process in strangers] == [None, None]
    finally:
        for process in (*strangers, ours):
            process.kill()
            process.wait()


def test_an_attempt_begun_during_a_sweep_is_kept(world: World, loop: asyncio.Runner) -> None:
    async def run() -> None:
        host = world.host()
        running = await world.start(endless(world), make_lease(), host)
        await world.hear()
        asked: list[str] = []

        def is_open(name: str) -> bool:
            asked.append(name)
            return True

        assert await host.sweep(is_open) == 0
        assert set(asked) == {"hello/12.a1"}
        running.cancel("done")
        assert (await end_of(running)).ending is Ending.CANCELLED

    loop.run(run())


def test_a_shell_in_a_clone_is_nobodys_stray(world: World, tmp_path: Path) -> None:
    here = tmp_path / "clone"
    here.mkdir()
    shell = subprocess.Popen(("sleep", "1000"), cwd=here)  # its parent, this test, lives
    try:
        assert strays.end(lambda _: False, tmp_path) == 0
        assert shell.poll() is None
    finally:
        shell.kill()
        shell.wait()
