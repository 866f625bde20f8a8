"""The ray host without a cluster: whom it gives up, where it places. With one: tests/conformance."""

from pathlib import Path

import pytest

from podium.agents.command import Programs
from podium.clock import SteadyClock
from podium.hosts.hosting import Hosting
from podium.runner import claim, pulse
from podium.runner.journal import LOG
from podium.workspace.layout import Home
from podium.workspace.repository import Repositories
from podium_ray.host import HEAD_SECONDS, SILENT_SECONDS, RayHost, RemoteRunner
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
