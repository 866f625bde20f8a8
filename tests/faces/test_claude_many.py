"""Twelve instances of the real Claude Code at once on one machine, with the figures of each."""

import sys
import threading
import time
from pathlib import Path
from typing import Final

import pytest

from tests.faces import claude_home
from tests.faces.claude_home import PASSED, home, processes, submit
from tests.scripted.script import Answer, Asked, Text

INSTANCES: Final = 12
MEETING_SECONDS_MAX: Final = 200.0
PSS_MIB_MAX: Final = 250


class Meeting:
    """Nobody gets an answer before all have asked."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(INSTANCES + 1)

    def __call__(self, asked: Asked) -> Answer:
        if asked.turn == 0:
            self.barrier.wait(MEETING_SECONDS_MAX)
        return (PASSED, Text("done"))[min(asked.turn, 1)]


def pss_mib(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(rollup.partition("\nPss:")[2].split()[0]) // 1024


@pytest.mark.timeout(400)
@pytest.mark.requirement("INS-2")
def test_twelve_work_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ", ".join(f'dev-{n:02d} = "features"' for n in range(1, INSTANCES + 1))
    pipeline = claude_home.PIPELINE.replace('dev-01 = "features", dev-02 = "features"', names)
    monkeypatch.setattr(claude_home, "PIPELINE", pipeline)
    script = Meeting()
    with home(tmp_path, script) as (podium, server):
        begun = time.monotonic()
        for n in range(INSTANCES):
            submit(podium, f"greeter-{n}")
        submitted = time.monotonic() - begun
        while script.barrier.n_waiting < INSTANCES:
            assert time.monotonic() - begun < MEETING_SECONDS_MAX
            time.sleep(0.05)
        met = time.monotonic() - begun
        sizes = sorted(pss_mib(pid) for pid in processes(podium, "claude"))
        script.barrier.wait(MEETING_SECONDS_MAX)
        for n in range(INSTANCES):
            project = podium.until("answer['state'] == 'complete'", "project", f"greeter-{n}")
            assert project["attempts"].keys() == {"pass"}
        assert len(sizes) == INSTANCES
        assert sizes[-1] < PSS_MIB_MAX
        assert not server.troubles
    with capsys.disabled():
        said = f"submitted in {submitted:.1f} s, all at work after {met:.1f} s; PSS {sizes} MiB"
        sys.stdout.write(f"\n{INSTANCES} at once: {said}\n")
