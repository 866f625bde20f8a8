"""What only the ray host has to prove, on a cluster of one node; clusters that lose nodes are in tests/crash."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.domain.attempt import Ending, Report
from podium.runner import files, processes
from podium_ray.host import Bridge, RayHost
from podium_ray.node import CLUSTER, VARIABLE
from tests.conformance.ray_cluster import KeptBridge
from tests.unit.hosts.world import PASSED, World, make_lease
from tests.unit.workspace.work import files_of, git

pytestmark = pytest.mark.timeout(400)  # the first test waits for the cluster

RAY_SECONDS = 90.0
AT_WORK = 'echo x >x.txt; git add x.txt; echo \'{"type": "log", "level": "info", "text": "up"}\'\n'


class RayWorld(World):
    """A home whose attempts run on the cluster."""

    bridge: Bridge

    def host(self) -> RayHost:
        return RayHost(self.hosting(), self.bridge)

    def log(self) -> str:
        return files.read(self.directory() / "messages.ndjson").decode()

    def on_node(self) -> list[Path]:
        """The attempt's directory there, if it has one."""
        return list(Path(os.environ[VARIABLE]).glob(f"{self.host()._space}/attempts/{make_lease().name}"))


@pytest.fixture
def world(bridge: KeptBridge, tmp_path: Path) -> Iterator[RayWorld]:
    world = RayWorld(tmp_path)
    world.home.path.mkdir()
    world.bridge = bridge
    yield world
    bridge.clear(world.host())


async def at_work(world: RayWorld, script: str, host: RayHost | None = None) -> asyncio.Task[Report]:
    """Who waits for the end of an attempt of which a word has arrived here."""
    running = await world.start(AT_WORK + script, host=host)
    following = world.clock.spawn(running.ended(), "follows it")
    while '"up"' not in world.log():
        assert not following.done(), following.result()
        await asyncio.wait([following], timeout=0.05)
    return following


@pytest.mark.requirement("INS-3", "INS-8", "REC-8")
def test_an_orchestrator_that_starts_anew_reads_on(world: RayWorld) -> None:
    async def begin() -> None:
        await at_work(world, f"until [ -e {world.root}/go ]; do sleep 0.05; done\n{PASSED}")

    async def go_on() -> None:
        begun = world.log()
        adopted = await world.host().adopt(make_lease())
        assert adopted is not None
        (world.root / "go").touch()
        report = await adopted.ended()
        assert (report.ending, report.verdict) == (Ending.FINISHED, "passed")
        assert files_of(world.home, str(report.commit)) == {"x.txt"}
        assert world.log().startswith(begun)
        assert world.log().count('"up"') == 1
        await world.host().forget(make_lease())
        assert not world.on_node()

    asyncio.run(asyncio.wait_for(begin(), RAY_SECONDS))  # with the loop ends all that the first host knew
    asyncio.run(asyncio.wait_for(go_on(), RAY_SECONDS))


@pytest.mark.requirement("INS-3", "REC-1")
def test_a_killed_runner_leaves_its_work_to_the_next_attempt(world: RayWorld) -> None:
    async def test() -> None:
        host = world.host()
        following = await at_work(world, "sleep 1000", host)
        said = files.read_json(world.on_node()[0] / "runner.json")
        assert said is not None
        os.kill(said["pid"], signal.SIGKILL)
        report = await following
        assert (report.ending, report.detail) == (Ending.LOST, "its runner left no report")
        kept = git(world.home.repository("hello"), "rev-parse", "refs/podium/salvage/12.a1")
        lease = make_lease(attempt=2)
        look = f"git cat-file -e {kept}:x.txt && grep -q {kept} $PODIUM_ASSIGNMENT && {PASSED}"
        assert (await (await world.start(look, lease, host)).ended()).verdict == "passed"

    asyncio.run(asyncio.wait_for(test(), RAY_SECONDS))


@pytest.mark.requirement("INS-3", "REC-8")
def test_an_attempt_that_was_never_told_to_begin_does_not_count(world: RayWorld) -> None:
    async def test() -> None:
        host = world.host()
        host._begin_watch()
        lease = make_lease()
        while not host.nodes:
            await world.clock.sleep(0.05)
        (node,) = host.nodes
        await world.repositories.create("hello")
        await host.ask(RAY_SECONDS, "make", lease.name, node, "sha1", b"")
        directory = world.directory()
        directory.mkdir(parents=True)
        files.write_json(directory / "runner.json", {"node": node})  # and here its orchestrator was killed
        adopted = await world.host().adopt(lease)
        assert adopted is not None
        report = await adopted.ended()
        assert (report.ending, report.detail) == (Ending.CANCELLED, "its orchestrator ended before it began")

    asyncio.run(asyncio.wait_for(test(), RAY_SECONDS))


@pytest.mark.requirement("REC-8")
def test_what_belongs_to_no_attempt_is_ended_and_removed(world: RayWorld) -> None:
    async def test() -> None:
        (await at_work(world, "sleep 1000")).cancel()
        assert world.on_node()
        world.directory().rename(world.root / "aside")  # the home knows nothing of it any more
        assert await world.host().sweep(lambda _: False) == 1
        assert not world.on_node()

    asyncio.run(asyncio.wait_for(test(), RAY_SECONDS))


@pytest.mark.requirement("SEC-1")
@pytest.mark.skipif(not processes.IS_LINUX, reason="who listens where is read from /proc")
def test_the_cluster_of_one_home_listens_on_loopback_alone(world: RayWorld, bridge: KeptBridge) -> None:
    cluster = files.read_json(bridge.root / CLUSTER)
    assert cluster is not None
    mine: set[str] = set()
    for pid in (cluster["pid"], *processes.descendants(cluster["pid"])):
        for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                mine.add(os.readlink(descriptor))  # noqa: PTH115 - no path
            except OSError:  # it has just been closed
                continue
    listening: set[str] = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and f"socket:[{rest[5]}]" in mine:
                listening.add(local.partition(":")[0])
    assert listening
    assert listening <= {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
