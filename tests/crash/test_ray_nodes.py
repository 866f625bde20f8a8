"""Nodes of a Ray cluster die, freeze and lose their head; no result is lost, and none is taken twice.

Several nodes on one machine need minutes where it is busy, so this is a command of its own:
`PODIUM_RAY_NODES=1 ./dev test tests/crash/test_ray_nodes.py`.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from podium.domain.attempt import Ending
from podium_ray import host as ray
from tests.crash.ray_machines import (
    FIRST,
    SECOND,
    START_SECONDS,
    Fleet,
    Machines,
    at_work,
    begun,
    machines,
    until,
    working,
)
from tests.unit.workspace.work import files_of

pytestmark = [
    pytest.mark.skipif("PODIUM_RAY_NODES" not in os.environ, reason="PODIUM_RAY_NODES=1 plays with several nodes"),
    pytest.mark.timeout(900),
]

LOST_SECONDS = 5.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Machines]:
    with machines(tmp_path / "nodes", "one", "two") as cluster:
        yield cluster


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Its agent works until it is let go, and tells in which attempt it is at work."""
    return Fleet(tmp_path / "fleet", working(tmp_path))


@pytest.mark.requirement("REC-1", "REC-8")
def test_work_on_a_node_that_dies_goes_on_elsewhere(
    cluster: Machines, fleet: Fleet, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async def test() -> None:
        host = fleet.host()
        running = await at_work(fleet, host, tmp_path)
        following = asyncio.ensure_future(running.ended())
        dead = cluster.node_of(FIRST)
        cluster.kill(dead)
        lost_after = await until(following.done)
        report = following.result()
        assert (report.ending, report.commit) == (Ending.LOST, None)
        again = await fleet.start(host, SECOND)
        following = asyncio.ensure_future(again.ended())
        runs_after = lost_after + await until(lambda: SECOND.name in begun(tmp_path))
        assert cluster.node_of(SECOND) != dead
        (tmp_path / "go").touch()
        report = await following
        assert report.ending is Ending.FINISHED
        assert files_of(fleet.home, str(report.commit)) == {"x.txt"}
        record_property(
            "told", f"a node died: lost after {lost_after:.1f} s, at work elsewhere after {runs_after:.1f} s"
        )
        assert lost_after < LOST_SECONDS

    asyncio.run(test())


@pytest.mark.requirement("REC-8")
def test_the_late_result_of_a_node_that_was_frozen_is_not_taken(
    cluster: Machines, fleet: Fleet, tmp_path: Path
) -> None:
    async def test() -> None:
        host = fleet.host()
        running = await at_work(fleet, host, tmp_path)
        frozen = cluster.node_of(FIRST)
        cluster.signal(frozen, signal.SIGSTOP, spares="runners")
        async with asyncio.timeout(START_SECONDS):
            assert (await running.ended()).ending is Ending.LOST
        thaw = partial(cluster.signal, frozen, signal.SIGCONT)
        await fleet.overtake(cluster, host, frozen, (tmp_path / "go").touch, thaw)

    asyncio.run(test())


@pytest.mark.requirement("REC-8")
def test_a_cluster_that_loses_its_head_loses_its_attempts_and_is_found_again(
    cluster: Machines, fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ray, "HEAD_SECONDS", 5.0)

    async def test() -> None:
        host = fleet.host()
        running = await at_work(fleet, host, tmp_path)
        cluster.kill("head")
        async with asyncio.timeout(START_SECONDS):
            assert (await running.ended()).ending is Ending.LOST
        for name in ("one", "two"):
            cluster.kill(name)
        await until(lambda: "the Ray cluster cannot be reached" in caplog.text)
        await asyncio.to_thread(cluster.start, "head")
        (tmp_path / "go").touch()
        again = await fleet.start(host, SECOND)
        report = await again.ended()
        assert report.ending is Ending.FINISHED, report

    asyncio.run(test())


@pytest.mark.requirement("REC-1")
def test_an_attempt_does_not_wait_for_a_node_that_dies_as_it_begins(
    cluster: Machines, fleet: Fleet, tmp_path: Path
) -> None:
    async def test() -> None:
        host = fleet.host()
        host._begin_watch()
        await until(lambda: len(host.nodes) == 2)
        for name in ("one", "two"):
            cluster.signal(name, signal.SIGSTOP)
        assert host.nodes, "both are taken for living"
        began = host.clock.now()
        report = await (await fleet.start(host, FIRST)).ended()
        assert (report.ending, report.is_environment) == (Ending.COULD_NOT_START, True), report
        assert host.clock.now() - began < 3 * LOST_SECONDS

    asyncio.run(test())


@pytest.mark.requirement("INS-3")
def test_a_node_with_another_podium_gets_no_work(
    cluster: Machines, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray, "INSTALLED", "Podium 99.1 and Python 3.11")

    async def test() -> None:
        host = fleet.host()
        host._begin_watch()
        await until(lambda: bool(host._refused))
        report = await (await fleet.start(host, FIRST)).ended()
        assert (report.ending, report.is_environment) == (Ending.COULD_NOT_START, True)
        assert "not Podium 99.1 and Python 3.11; install the same on all nodes" in report.detail

    asyncio.run(test())
