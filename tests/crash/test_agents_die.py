"""An agent or its runner is killed while it works: its job runs again at once, and nothing of it is left."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.crash.verdicts import orphans
from tests.faces.command_line import CommandLine

DOCUMENT = "# Patient\n<!-- rehearsal: seconds=1 -->\n\n## Features\n\n- Count words: say how many words there are\n"


def busy_instance(podium: CommandLine, step: str) -> tuple[str, int]:
    """The attempt that works on `step` and its runner's process id, once it has begun to speak."""
    found = podium.until(f"any({step!r} in (i['work'] or '') for i in answer['instances'])", "instances")
    work = next(i for i in found["instances"] if step in (i["work"] or ""))
    attempt = podium.home / "attempts" / work["project"] / f"{work['job']}.a1"
    log = attempt / "messages.ndjson"
    while not log.exists() or not log.stat().st_size:  # before that it is git that works, which makes the clone
        time.sleep(0.01)  # bounded by the test's own timeout
    return str(attempt.name), int(json.loads((attempt / "runner.json").read_text())["pid"])


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.requirement("REC-1", "INS-4")
def test_the_job_of_a_killed_process_runs_again(tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / "home")
    assert podium("up").returncode == 0
    try:
        podium.ask("submit", podium.document("patient.md", DOCUMENT))
        for step, ending in (("tests", "crashed"), ("implement", "lost")):
            attempt, runner = busy_instance(podium, step)
            os.kill(children(runner)[0] if ending == "crashed" else runner, signal.SIGKILL)
            ended = "[a['verdict'] for a in answer['attempts']] == ['retry', 'pass']"
            first, second = podium.until(ended, "why", attempt.partition(".")[0])["attempts"]
            assert first["ending"] == ending
            assert second["leased_at"] - first["ended_at"] < 0.1, "it must be given out in the same transaction"
        podium.until("answer['state'] == 'complete'", "project", "patient")
    finally:
        podium("down")
    assert orphans(podium.home) == []


@pytest.mark.requirement("PIP-5")
def test_a_project_that_hangs_delays_no_other(tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / "home")
    hung = DOCUMENT.replace("# Patient", "# Hung").replace("seconds=1", "hang=001")
    assert podium("up").returncode == 0
    try:
        podium.ask("submit", podium.document("hung.md", hung))
        podium.until("any('implement' in (i['work'] or '') for i in answer['instances'])", "instances")
        podium.ask("submit", podium.document("patient.md", DOCUMENT.replace("seconds=1", "seconds=0")))
        podium.until("answer['state'] == 'complete'", "project", "patient")
        assert podium.ask("project", "hung")["state"] == "open"
    finally:
        assert podium("down").returncode == 0
    assert orphans(podium.home) == []
