"""A whole project on a Ray cluster, whose orchestrator is killed in the midst, ends as it does on `local`.

It starts a cluster and a process of Ray's for every attempt, so this is a command of its own:
`PODIUM_RAY_NODES=1 ./dev test tests/crash/test_ray_project.py`.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.crash.verdicts import ask
from tests.faces.command_line import CommandLine

pytestmark = [
    pytest.mark.skipif("PODIUM_RAY_NODES" not in os.environ, reason="PODIUM_RAY_NODES=1 plays a project on Ray"),
    pytest.mark.timeout(1800),
]

PROJECT_SECONDS = 900.0
DOCUMENT = "# Wordy\n<!-- rehearsal: seconds=0.5 -->\n\n## Features\n\n- It counts words\n- It counts lines\n"
ADOPTED = "SELECT count(*) FROM event WHERE type = 'job.adopted'"
FAILURES = "SELECT coalesce(sum(failures), 0) FROM job"


def finished(podium: CommandLine, *words: str) -> dict[str, Any]:
    """The result of a run."""
    out, said = podium.begin("run", str(podium.home.parent / "wordy.md"), *words, "--json").communicate(
        timeout=PROJECT_SECONDS
    )
    assert out, said.decode()
    return json.loads(out)


def outcome(result: dict[str, Any]) -> tuple[Any, ...]:
    """What must not depend on where agents ran: the end of each workflow, the jobs, and every file on main."""
    files = subprocess.run(
        ("git", "-C", result["repository"], "ls-tree", "-r", "main"), capture_output=True, text=True, check=True
    )
    # A deployment's folder is named for its commit, whose time differs.
    named = [(each["kind"], Path(each["path"]).name) for each in result["outputs"] if each["kind"] != "application"]
    return result["workflows"], result["jobs"], len(result["outputs"]), sorted(named), files.stdout


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PROJECT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.requirement("INS-3", "INS-8", "REC-8")
def test_a_project_on_ray_ends_as_on_local_though_its_orchestrator_is_killed(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    outcomes: list[tuple[Any, ...]] = []
    for host in ("local", "ray"):
        podium = CommandLine(tmp_path / host / "home")
        podium.home.mkdir(parents=True)
        podium.document("wordy.md", DOCUMENT)
        began = time.monotonic()
        if host == "ray":
            first = podium.begin("run", str(podium.home.parent / "wordy.md"), "--host", host)
            nodes = podium.home.parent / ".podium-node"
            until(lambda: any(nodes.glob("*/attempts/*/*/runner.json")))  # noqa: B023 - read within this turn
            first.kill()
            first.communicate(timeout=60)
        outcomes.append(outcome(finished(podium, "--host", host)))
        record_property("told", f"a project of two features on {host}: {time.monotonic() - began:.0f} s")
    assert outcomes[0] == outcomes[1]
    assert ask(podium.home, ADOPTED) > 0
    assert ask(podium.home, FAILURES) == 0
    until(lambda: not any(podium.home.parent.glob(".podium-node/*/attempts/*/*")))
