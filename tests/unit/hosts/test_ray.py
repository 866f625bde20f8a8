"""The ray host without a cluster: whom it gives up, where it places. With one: tests/conformance."""

import asyncio
from pathlib import Path

import pytest

from podium.agents.command import Programs
from podium.clock import SteadyClock
from podium.domain.errors import UsageError
from podium.hosts.hosting import Hosting
from podium.runner import claim, pulse
from podium.runner.journal import LOG
from podium.workspace.layout import Home
from podium.workspace.repository import Repositories
from podium_ray.host import CPUS, HEAD_SECONDS, REST_SECONDS, SILENT_SECONDS, RayHost, RemoteRunner
from podium_ray.node import INSTALLED, PIECE_BYTES


class Clock(SteadyClock):
    """Time as a test has it."""

    at = 1000.0

    def now(self) -> float:
        return self.at


@pytest.fixture
def host(tmp_path: Path) -> RayHost:
    return RayHost(Hosting(Home(tmp_path), Repositories(Home(tmp_path)), Clock(), Programs({})))


@pytest.mark.parametrize(
    ("nodes", "beat_ago", "silent", "is_lost"),
    [
        ({}, 0.5, SILENT_SECONDS + 0.1, True),  # neither the attempt nor its node answers
        ({}, 0.5, SILENT_SECONDS - 0.1, False),
        ({"a": 2.0}, 0.5, SILENT_SECONDS + 0.1, False),  # its node does
        ({"a": 2.0}, 0.5, HEAD_SECONDS + 0.1, True),
        ({}, 60.0, SILENT_SECONDS + 0.1, False),  # nobody does: it is Ray that is away
        ({}, 60.0, HEAD_SECONDS + 0.1, True),
    ],
)
def test_one_silent_probe_is_no_proof_of_death(
    host: RayHost, nodes: dict[str, float], beat_ago: float, silent: float, is_lost: bool
) -> None:
    now = host.clock.now()
    host.nodes, host._beat_at, host._connected_at = nodes, now - beat_ago, now - 500.0
    assert host.is_lost("a", now - silent) is is_lost


def test_a_node_with_something_else_installed_gets_no_work(host: RayHost, caplog: pytest.LogCaptureFixture) -> None:
    said = {"a": ("one", 2.0, INSTALLED), "b": ("two", 64.0, "Podium 0.0.1 and Python 3.12")}
    host._heed(said)
    host._heed(said)
    assert list(host.nodes) == ["a"]
    assert caplog.text.count("node two has Podium 0.0.1 and Python 3.12, not " + INSTALLED) == 1


def test_what_is_mirrored_is_what_was_written(host: RayHost, tmp_path: Path) -> None:
    runner = RemoteRunner(host, ("hello/1.a1", tmp_path), "a")
    assert runner._cursors() == {}
    assert not runner._write({LOG: (1, 0, b"one\n"), pulse.FILE: (1, 0, b"   0.000")}, b"")
    assert runner._cursors() == {LOG: 4}
    beat = (tmp_path / pulse.FILE).stat().st_mtime_ns
    assert not runner._write({LOG: (2, 4, b"two\n"), pulse.FILE: (1, 0, b"   0.000")}, b"")
    assert (tmp_path / LOG).read_bytes() == b"one\ntwo\n"
    assert (tmp_path / pulse.FILE).stat().st_mtime_ns == beat
    assert not runner._write({LOG: (2, 8, b"x" * PIECE_BYTES)}, b"{}")  # there is more of it
    assert not (tmp_path / claim.EXIT).exists()
    assert runner._write({LOG: (2, 8 + PIECE_BYTES, b"")}, b"{}")
    assert (tmp_path / claim.EXIT).read_bytes() == b"{}"
    assert (tmp_path / LOG).stat().st_size == 8 + PIECE_BYTES


@pytest.fixture
def scaling(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RayHost:
    """A host whose attempts have one CPU each, so that Ray's autoscaler can bring machines."""
    monkeypatch.setenv(CPUS, "1")
    made = RayHost(Hosting(Home(tmp_path), Repositories(Home(tmp_path)), Clock(), Programs({})))
    made._begin_watch = lambda: None
    return made


def test_an_attempt_that_finds_no_room_waits_and_is_asked_for(scaling: RayHost) -> None:
    async def test() -> None:
        scaling.nodes = {"a": 2.0}
        assert [await scaling._node_for(f"hello/{n}.a1") for n in (1, 2)] == ["a", "a"]
        waiting = scaling.clock.spawn(scaling._node_for("hello/3.a1"), "waiting")
        await scaling.clock.sleep(0)
        assert scaling._demand() == (1.0, 3, [])
        scaling.nodes = {"a": 2.0, "b": 2.0}
        assert await waiting == "b"

    asyncio.run(test())


def test_a_node_rests_once_nobody_has_needed_it_for_a_while_and_none_while_somebody_waits(scaling: RayHost) -> None:
    clock, scaling.nodes = scaling.clock, {"a": 2.0, "b": 2.0}
    assert isinstance(clock, Clock)
    scaling._where["hello/1.a1"] = "a"
    assert scaling._demand()[2] == []
    clock.at += REST_SECONDS + 1
    assert scaling._demand()[2] == ["b"]
    scaling.nodes = {"a": 2.0}  # nobody answers for it any more
    assert scaling._demand()[2] == ["b"]
    scaling._where["hello/2.a1"] = ""
    assert scaling._demand()[2] == []


def test_a_node_that_was_given_work_as_it_was_let_go_is_needed_again(scaling: RayHost) -> None:
    clock, scaling.nodes = scaling.clock, {"a": 2.0}
    assert isinstance(clock, Clock)
    assert scaling._demand()[2] == []
    clock.at += REST_SECONDS + 1
    assert scaling._demand()[2] == ["a"]
    scaling._where["hello/1.a1"] = "a"
    scaling.nodes = {}  # what is said of it is on its way
    assert scaling._demand() == (1.0, 1, [])


def test_attempts_share_the_machines_that_there_are_unless_told_otherwise(host: RayHost) -> None:
    clock, host.nodes = host.clock, {"a": 2.0}
    assert isinstance(clock, Clock)
    assert host._demand() == (0.0, 0, [])
    clock.at += REST_SECONDS + 1
    assert host._demand() == (0.0, 0, [])


@pytest.mark.parametrize("given", ["many", "-1", "1e9", "nan"])
def test_a_number_of_cpus_that_is_none_is_refused(given: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CPUS, given)
    with pytest.raises(UsageError, match=CPUS):
        RayHost(Hosting(Home(tmp_path), Repositories(Home(tmp_path)), Clock(), Programs({})))
