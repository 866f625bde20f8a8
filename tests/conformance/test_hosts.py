"""What every host promises the engine, proven over each of them by the same tests."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from podium.agents.command import Program, Programs
from podium.clock import SteadyClock
from podium.domain.attempt import Assignment, Ending, Report
from podium.domain.errors import Unavailable
from podium.domain.job import Lease
from podium.hosts.hosting import Hosting, HostSettings
from podium.hosts.inprocess import InProcessHost
from podium.hosts.local import LocalHost
from podium.ports import OVERDUE, Brief, Host, Running
from podium.runner.journal import LOG
from podium.runner.spec import Limits
from podium.workspace.layout import Home
from podium.workspace.repository import Repositories
from podium_ray.host import RayHost
from tests.conformance.ray_cluster import KeptBridge
from tests.unit.hosts.world import WAIT_SECONDS, brief_of, make_assignment, make_lease

pytestmark = pytest.mark.timeout(400)  # the first test with Ray waits for its cluster

AGENT = """
import json, os, sys, time
prompt = json.load(open(os.environ["PODIUM_ASSIGNMENT"]))["prompt"]
if prompt == "crash":
    sys.exit(3)
while prompt == "hang":
    time.sleep(1000)
print(json.dumps({"type": "result", "verdict": prompt, "summary": "Said " + prompt, "data": {"n": 1}}))
"""


RAY_SECONDS = 90
"""Ray starts a process for each actor: seconds of CPU, which a busy machine has not."""
PROGRAMS = {"shell": Program((sys.executable, "-I", "-S", "-c", AGENT))}
SETTINGS = HostSettings(limits=Limits(grace_seconds=0.1))


async def body(lease: Lease, brief: Brief) -> Report:
    """The same agent as a callable."""
    assignment = await brief()
    assert assignment.attempt == lease.name
    if assignment.prompt == "crash":
        raise RuntimeError("exit status 3")
    if assignment.prompt == "hang":
        await asyncio.Event().wait()
    prompt = assignment.prompt
    return Report(Ending.FINISHED, verdict=prompt, summary=f"Said {prompt}", data={"n": 1})


def hosting(tmp_path: Path) -> Hosting:
    home = Home(tmp_path / "home")
    return Hosting(home, Repositories(home), SteadyClock(), Programs(PROGRAMS), SETTINGS)


def local(tmp_path: Path) -> Host:
    return LocalHost(hosting(tmp_path))


def inprocess(_tmp_path: Path) -> Host:
    return InProcessHost(body)


@pytest.fixture(params=[local, inprocess, "ray"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    if request.param != "ray":
        yield request.param(tmp_path)
        return
    given = hosting(tmp_path)
    given.home.path.mkdir()
    bridge: KeptBridge = request.getfixturevalue("bridge")
    ray = RayHost(given, bridge)
    yield ray
    bridge.clear(ray)


@pytest.fixture
def run(host: Host) -> Callable[[Coroutine[Any, Any, None]], None]:
    seconds = RAY_SECONDS if isinstance(host, RayHost) else WAIT_SECONDS

    def on_a_loop(test: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner() as runner:
            runner.run(asyncio.wait_for(test, seconds))

    return on_a_loop


Run = Callable[[Coroutine[Any, Any, None]], None]


async def start(host: Host, prompt: str, lease: Lease | None = None) -> Running:
    lease = lease or make_lease()
    return await host.start(lease, brief_of(make_assignment(lease, prompt=prompt)))


@pytest.mark.requirement("INS-3")
@pytest.mark.parametrize("verdict", ["passed", "failed", "rework"])
def test_a_verdict_is_reported(host: Host, run: Run, verdict: str) -> None:
    async def test() -> None:
        report = await (await start(host, verdict)).ended()
        expected = (Ending.FINISHED, verdict, f"Said {verdict}", {"n": 1})
        assert (report.ending, report.verdict, report.summary, report.data) == expected

    run(test())


def test_a_crash_is_a_report(host: Host, run: Run) -> None:
    async def test() -> None:
        report = await (await start(host, "crash")).ended()
        assert (report.ending, report.verdict) == (Ending.CRASHED, None)
        assert "exit status 3" in report.detail

    run(test())


def test_a_brief_that_fails_is_a_report(host: Host, run: Run) -> None:
    async def brief() -> Assignment:
        raise Unavailable("The database is away.")

    async def test() -> None:
        report = await (await host.start(make_lease(), brief)).ended()
        assert report.ending in {Ending.COULD_NOT_START, Ending.CRASHED}
        assert report.detail == "The database is away."

    run(test())


@pytest.mark.parametrize("is_at_once", [True, False])
def test_cancelling_ends_it_with_the_reason(host: Host, run: Run, is_at_once: bool) -> None:
    async def test() -> None:
        running = await start(host, "hang")
        for _ in range(0 if is_at_once else 3):
            await asyncio.to_thread(lambda: None)
        running.cancel("enough")
        running.cancel("again")
        report = await running.ended()
        assert (report.ending, report.detail) == (Ending.CANCELLED, "enough")
        running.cancel("too late")
        assert await running.ended() == report

    run(test())


@pytest.mark.parametrize("is_at_once", [True, False])
def test_an_overdue_attempt_has_timed_out(host: Host, run: Run, is_at_once: bool) -> None:
    async def test() -> None:
        running = await start(host, "hang")
        for _ in range(0 if is_at_once else 3):
            await asyncio.to_thread(lambda: None)
        running.cancel(f"{OVERDUE} 30 s")
        report = await running.ended()
        assert (report.ending, report.detail) == (Ending.TIMED_OUT, "no end after 30 s")

    run(test())


def test_the_end_is_told_to_whoever_asks_however_often(host: Host, run: Run) -> None:
    async def test() -> None:
        running = await start(host, "passed")
        assert await running.ended() == await running.ended()
        late = await start(host, "passed", make_lease(13))
        assert (await late.ended()).verdict == "passed"

    run(test())


def test_attempts_do_not_wait_for_each_other(host: Host, run: Run) -> None:
    async def test() -> None:
        stuck = await start(host, "hang", make_lease(1))
        running = [await start(host, "passed", make_lease(n)) for n in range(2, 6)]
        reports = await asyncio.gather(*(one.ended() for one in running))
        assert {report.verdict for report in reports} == {"passed"}
        stuck.cancel("done")
        assert (await stuck.ended()).ending is Ending.CANCELLED

    run(test())


def test_what_was_never_started_is_not_adopted(host: Host, run: Run) -> None:
    async def test() -> None:
        assert await host.adopt(make_lease()) is None
        assert await host.adopt(make_lease()) is None

    run(test())


@pytest.mark.requirement("REC-2")
def test_asking_for_progress_changes_nothing_and_tells_of_the_past(host: Host, run: Run) -> None:
    """A silent attempt stays as it is, however often somebody asks; what cannot be told is None."""

    async def test() -> None:
        began = SteadyClock().now()
        running = await start(host, "hang")
        for _ in range(3):
            last = running.signs().progress
            assert last is None or began - 1.0 < last <= SteadyClock().now() + 1.0
        running.cancel("done")
        assert (await running.ended()).ending is Ending.CANCELLED

    run(test())


def test_open_attempts_survive_a_sweep(host: Host, run: Run) -> None:
    async def test() -> None:
        running = await start(host, "hang")
        assert await host.sweep(lambda name: name == "hello/12.a1") == 0
        running.cancel("done")
        assert (await running.ended()).ending is Ending.CANCELLED

    run(test())


def test_forgetting_can_be_repeated_and_leaves_nothing_to_sweep(host: Host, run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        running = await start(host, "passed")
        await running.ended()
        await host.forget(make_lease())
        await host.forget(make_lease())
        assert await host.sweep(lambda _: False) == 0
        if isinstance(host, LocalHost):
            log = Home(tmp_path / "home").attempt(make_lease().name) / LOG
            lines = await asyncio.to_thread(log.read_text)
            assert json.loads(lines.splitlines()[0])["stream"] == "agent"

    run(test())
