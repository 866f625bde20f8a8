"""The runner's heartbeat tells processes that work in silence from those that hang."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podium.clock import SteadyClock
from podium.runner import processes, pulse
from podium.runner.pulse import Pulse

WAIT_SECONDS = 30.0


@pytest.fixture
def child() -> Iterator[Callable[[str], None]]:
    """Runs a shell script in the place of the one before; none is left."""
    children: list[subprocess.Popen[bytes]] = []

    def end() -> None:
        for process in children:
            process.kill()
            process.wait()
        children.clear()

    def begin(script: str) -> None:
        end()
        children.append(subprocess.Popen(["/bin/sh", "-c", script], stdin=subprocess.DEVNULL))

    yield begin
    end()


def beat_until(heart: Pulse, path: Path, *, works: bool) -> None:
    """Beat until it says so; the two halves of a clock tick apart."""
    give_up = SteadyClock().now() + WAIT_SECONDS
    while SteadyClock().now() < give_up:
        heart.beat()
        idle = pulse.idle_seconds(str(path / pulse.FILE))
        if idle is not None and (idle == 0.0 if works else idle > 0.1):
            return
    raise AssertionError(f"it never said so: {works}")


@pytest.mark.requirement("REC-2")
@pytest.mark.skipif(not processes.IS_LINUX, reason="the use of the CPU is read from /proc")
def test_silent_work_is_told_from_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, child: Callable[[str], None]
) -> None:
    monkeypatch.setattr(pulse, "BEAT_SECONDS", 0.02)
    heart = Pulse(tmp_path)
    child("while :; do :; done")
    beat_until(heart, tmp_path, works=True)
    child("exec tail -f /dev/null")
    beat_until(heart, tmp_path, works=False)


def test_it_beats_only_when_it_is_due(tmp_path: Path) -> None:
    heart = Pulse(tmp_path)
    heart.beat()
    written = (tmp_path / pulse.FILE).stat().st_mtime_ns
    heart.beat()
    assert (tmp_path / pulse.FILE).stat().st_mtime_ns == written


def test_trouble_with_the_disk_is_no_reason_to_stop(tmp_path: Path) -> None:
    Pulse(tmp_path / "gone").beat()
    assert pulse.idle_seconds(str(tmp_path / "gone" / pulse.FILE)) is None
