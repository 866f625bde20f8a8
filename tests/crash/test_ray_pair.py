"""Two Podium nodes on one PostgreSQL whose agents work on the nodes of a Ray cluster: leaders and machines die.

It starts a cluster and a process of Ray's for every attempt, so this is a command of its own:
`PODIUM_RAY_NODES=1 ./dev test tests/crash/test_ray_pair.py`.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import databases
from tests.crash.pair import Pair
from tests.crash.ray_machines import Machines, machines
from tests.crash.verdicts import ask, books, judge

pytestmark = [
    pytest.mark.skipif("PODIUM_RAY_NODES" not in os.environ, reason="PODIUM_RAY_NODES=1 plays nodes on Ray"),
    pytest.mark.timeout(1800),
]

PATIENCE_SECONDS = 900.0
AT_WORK = "SELECT count(*) FROM job WHERE state = 'running' AND queue <> 'podium'"
ADOPTED = "SELECT count(*) FROM event WHERE type = 'job.adopted'"
LOST = "SELECT count(*) FROM event WHERE type = 'recovery.detected'"
FAILURES = "SELECT coalesce(sum(failures), 0) FROM job"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Machines]:
    with machines(tmp_path / "machines", "one", "two") as cluster:
        yield cluster


@pytest.fixture
def pair(tmp_path: Path, cluster: Machines) -> Iterator[Pair]:
    with databases.server() as server:
        made = Pair(tmp_path / "home", 1, databases.url_of(server.pgdata))
        made.home.mkdir()
        (made.home / "podium.toml").write_text('host = "ray"\n', "utf-8")
        made.env |= {**cluster.env, "RAY_ADDRESS": cluster.address}
        made.features, made.pace_seconds, made.patience_seconds = 2, 0.5, 240.0
        yield made
        made.close()


def until(is_so: Callable[[], object]) -> float:
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() < began + PATIENCE_SECONDS
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.requirement("DST-1", "REC-8", "INS-8")
def test_a_leader_dies_and_then_a_machine_and_the_project_is_whole(
    pair: Pair, cluster: Machines, record_property: Callable[[str, object], None]
) -> None:
    with pair.orchestrator():
        pair.submit()
        first = pair.leader()
        until(lambda: cluster.begun() and ask(pair.home, AT_WORK))
    adopted_after = until(lambda: ask(pair.home, ADOPTED))
    assert pair.leader() != first
    assert ask(pair.home, FAILURES) == 0, "the death of a leader is no failure of anybody's"
    before = ask(pair.home, LOST)
    until(cluster.begun)
    cluster.kill(next(iter(cluster.begun())))
    until(lambda: ask(pair.home, LOST) > before or not pair.open_projects())
    until(lambda: not pair.open_projects())
    pair.close()
    assert judge(pair.home, pair.projects)[:2] == ([], [])
    with books(pair.home) as asked:
        assert asked("SELECT max(seq) - count(*) FROM event") == [(0,)]
    record_property("told", f"agents on Ray adopted {adopted_after:.1f} s after their leader's death")
