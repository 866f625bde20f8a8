"""An attempt on this machine from its brief to its fetched commit, and every way in which it can fail to get there."""

import asyncio
import errno
import json
import os
from pathlib import Path

import pytest
import uvloop

from podium.agents.command import Program
from podium.domain.attempt import Artifact, Assignment, Ending, GateOutcome
from podium.domain.errors import NotFound, Unavailable
from podium.hosts import runner_process
from podium.workspace.merging import MergeConflict
from tests.unit.hosts.world import PASSED, PROJECT, World, brief_of, end_of, make_assignment, make_lease
from tests.unit.workspace.work import commit, files_of, git

WORK = "echo hi >new.txt\n" + PASSED
TARGET = "refs/podium/attempts/12.a1"


@pytest.mark.requirement("INS-4")
def test_a_delivered_commit_is_in_the_repository(world: World, loop: asyncio.Runner) -> None:
    report = loop.run(world.run(WORK, gates=({"kind": "change", "name": "new"},)))
    assert (report.ending, report.verdict, report.summary) == (Ending.FINISHED, "passed", "Did it")
    assert [(gate.name, gate.outcome) for gate in report.gates] == [("new", GateOutcome.PASSED)]
    assert git(world.home.repository(PROJECT), "rev-parse", TARGET) == report.commit
    assert files_of(world.home, TARGET) == {"new.txt"}


def test_the_agent_is_told_what_the_protocol_says(world: World, loop: asyncio.Runner) -> None:
    script = f'cp "$PODIUM_ASSIGNMENT" {world.root}/told\n'
    plan = Artifact("plan", "plan", "Hello", {"a": 1}, None, "analyze")
    loop.run(world.run(script + PASSED, artifacts=(plan,)))
    told = json.loads((world.root / "told").read_text())
    assert told["version"] == 1
    assert told["attempt"] == "hello/12.a1"
    assert told["base"] == loop.run(world.repositories.main(PROJECT))
    assert told["artifacts"] == [
        {"kind": "plan", "key": "plan", "title": "Hello", "data": {"a": 1}, "path": None, "step": "analyze"}
    ]
    assert told["increment"] is None
    assert told["feedback"] == ["Try harder."]
    assert told["item"]["key"] == "001-greet"
    assert Path(told["document"]).read_text("utf-8") == "# Hellö\n"


def test_attempts_are_private(world: World, loop: asyncio.Runner) -> None:
    loop.run(world.run(WORK))
    modes = {
        path.stat().st_mode & 0o777
        for path in (world.directory(), *world.directory().parents)
        if world.home.path in (path, *path.parents)
    }
    assert modes == {0o700}


def test_an_attempt_starts_from_all_its_bases(world: World, tmp_path: Path, loop: asyncio.Runner) -> None:
    root = loop.run(world.repositories.main(PROJECT))
    bases = tuple(commit(world.home, tmp_path, root, {name: name}) for name in "ab")
    report = loop.run(world.run(WORK, bases=bases))
    assert report.commit is not None
    assert files_of(world.home, report.commit) == {"a", "b", "new.txt"}


def test_bases_that_conflict_are_sent_back(world: World, tmp_path: Path, loop: asyncio.Runner) -> None:
    root = loop.run(world.repositories.main(PROJECT))
    bases = tuple(commit(world.home, tmp_path, root, {"same.txt": text}) for text in ("a\n", "b\n"))
    assert loop.run(world.repositories.integrate(PROJECT, bases)) == MergeConflict(("same.txt",))
    report = loop.run(world.run(WORK, bases=bases))
    assert (report.ending, report.verdict) == (Ending.FINISHED, "rework")
    assert "- same.txt" in report.feedback
    assert not world.directory().exists()


def test_an_unknown_agent_could_not_start(world: World, loop: asyncio.Runner) -> None:
    report = loop.run(world.run(WORK, agent="nobody"))
    assert report.ending is Ending.COULD_NOT_START
    assert "'nobody'" in report.detail


def test_a_brief_that_fails_could_not_start(world: World, loop: asyncio.Runner) -> None:
    async def brief() -> Assignment:
        raise Unavailable("The database is away.")

    async def run() -> None:
        report = await end_of(await world.host().start(make_lease(), brief))
        assert (report.ending, report.detail) == (Ending.COULD_NOT_START, "The database is away.")

    loop.run(run())


@pytest.mark.requirement("REC-9")
@pytest.mark.parametrize(
    ("trouble", "is_environment"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EMFILE, "Too many open files"), True),
        (Unavailable("git is not on PATH; install it"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (NotFound("There is no such project."), False),
    ],
)
def test_what_the_machine_lacks_is_no_fault_of_the_attempt(
    world: World, loop: asyncio.Runner, trouble: Exception, is_environment: bool
) -> None:
    async def brief() -> Assignment:
        raise trouble

    async def run() -> None:
        report = await end_of(await world.host().start(make_lease(), brief))
        assert (report.ending, report.is_environment) == (Ending.COULD_NOT_START, is_environment)

    loop.run(run())


def test_an_attempt_is_started_once(world: World, loop: asyncio.Runner) -> None:
    loop.run(world.run(WORK))
    assert loop.run(world.run(WORK)).ending is Ending.COULD_NOT_START


def test_a_missing_program_could_not_start(world: World, loop: asyncio.Runner) -> None:
    world.programs["ghost"] = Program(("no-such-agent",))
    report = loop.run(world.run("", agent="ghost"))
    assert report.ending is Ending.COULD_NOT_START
    assert "no-such-agent" in report.detail


def test_spend_and_artifacts_arrive(world: World, loop: asyncio.Runner) -> None:
    said = [
        {"type": "artifact", "kind": "issue", "key": "1", "title": "One", "data": {"a": [1]}, "path": "docs/1.md"},
        {"type": "spend", "input_tokens": 3, "output_tokens": 4},
    ]
    report = loop.run(world.run("".join(f"echo '{json.dumps(one)}'\n" for one in said) + PASSED))
    assert report.artifacts == (Artifact("issue", "1", "One", {"a": [1]}, "docs/1.md", "implement"),)
    assert report.spend is not None
    assert (report.spend.input_tokens, report.spend.output_tokens, report.spend.cost_usd) == (3, 4, None)


def test_a_delivery_that_cannot_be_fetched_fails_closed(world: World, loop: asyncio.Runner) -> None:
    async def run() -> None:
        host = world.host()
        running = await world.start(WORK, host=host)
        await end_of(running)
        directory = world.directory()
        (directory / "delivery.bundle").write_bytes(b"garbage")
        git(world.home.repository(PROJECT), "update-ref", "-d", TARGET)
        again = await host.adopt(make_lease())
        assert again is not None
        report = await end_of(again)
        assert report.commit is None
        assert [(gate.name, gate.outcome) for gate in report.gates] == [("delivery", GateOutcome.COULD_NOT_RUN)]

    loop.run(run())


@pytest.mark.parametrize(
    "content", ["[]", "{}", '{"ending": "splendid"}', '{"ending": "finished", "spend": {"x": 1}}', "{"]
)
def test_a_report_that_is_none_is_no_success(world: World, loop: asyncio.Runner, content: str) -> None:
    async def run() -> None:
        host = world.host()
        await end_of(await world.start(WORK, host=host))
        (world.directory() / "exit.json").write_text(content)
        again = await host.adopt(make_lease())
        assert again is not None
        assert (await end_of(again)).ending in {Ending.CRASHED, Ending.LOST}

    loop.run(run())


def test_forgetting_keeps_the_log(world: World, loop: asyncio.Runner) -> None:
    async def run() -> None:
        host = world.host()
        script = "mkdir -p deep/er; touch deep/er/x; chmod 0 deep/er deep\n" + PASSED
        await end_of(await world.start(script, host=host, gates=()))
        await host.forget(make_lease())
        await host.forget(make_lease())

    loop.run(run())
    kept = {path.name for path in world.directory().iterdir()}
    assert kept == {"exit.json", "messages.ndjson"}


def test_attempts_that_end_are_told_twice_the_same(world: World, loop: asyncio.Runner) -> None:
    async def run() -> None:
        running = await world.start(WORK)
        assert await end_of(running) is await end_of(running)

    loop.run(run())


def test_without_pidfd_the_lock_is_waited_for(
    world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    assert loop.run(world.run(WORK)).commit is not None

    async def cancelled() -> None:
        running = await world.start(f"echo up >{world.fifo()}; sleep 1000", make_lease(13))
        await world.hear()
        running.cancel("enough")
        assert (await end_of(running)).ending is Ending.CANCELLED

    loop.run(cancelled())


def test_it_runs_on_uvloop(world: World) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(world.run(WORK)).commit is not None


def test_many_run_side_by_side(world: World, loop: asyncio.Runner) -> None:
    async def run() -> None:
        host = world.host()
        leases = [make_lease(job) for job in range(1, 9)]
        world.programs["shell"] = Program(("/bin/sh", "-c", WORK))
        started = [await host.start(lease, brief_of(make_assignment(lease))) for lease in leases]
        reports = await asyncio.gather(*(end_of(running) for running in started))
        assert all(report.commit is not None for report in reports)

    loop.run(run())


def test_descriptors_do_not_leak(world: World, loop: asyncio.Runner) -> None:
    loop.run(world.run(WORK))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for job in range(20, 24):
        loop.run(world.run(WORK, make_lease(job)))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_a_runner_that_cannot_be_started_is_told(
    world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_process, "_COMMAND", ("/nowhere/python",))
    report = loop.run(world.run(WORK))
    assert report.ending is Ending.COULD_NOT_START
    assert "/nowhere/python" in report.detail
