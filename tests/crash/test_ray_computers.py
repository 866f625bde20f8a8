"""Podium on computers of their own: state in PostgreSQL, agents on Ray, the home on a network file system.

The computers are namespaces (`computers.py`): no node of Podium or Ray sees another's processes, and all they have in
common comes over the switch. It needs root, iproute2 and GlusterFS (Debian: `glusterfs-server glusterfs-client`), and
starts six nodes, so this is a command of its own: `PODIUM_RAY_NODES=1 ./dev test tests/crash/test_ray_computers.py`.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.computers import Lab
from tests.crash.ray_machines import Machines
from tests.crash.verdicts import SHARED, ask, ask_text, books, judge

pytestmark = [
    pytest.mark.skipif("PODIUM_RAY_NODES" not in os.environ, reason="PODIUM_RAY_NODES=1 plays computers"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes network namespaces"),
    pytest.mark.skipif(shutil.which("glusterd") is None, reason="GlusterFS is not installed"),
    pytest.mark.timeout(1800),
]

PATIENCE_SECONDS = 600.0
AT_WORK = "SELECT count(*) FROM job WHERE state = 'running' AND queue <> 'podium'"
ADOPTED = "SELECT count(*) FROM event WHERE type = 'job.adopted'"
LOST = "SELECT count(*) FROM event WHERE type = 'recovery.detected'"
FAILURES = "SELECT coalesce(sum(failures), 0) FROM job"
OPEN = "SELECT count(*) FROM project WHERE state = 'open'"
LAST_EVENT = "SELECT coalesce(max(seq), 0) FROM event"
DOCUMENT = """# Storm 1
<!-- rehearsal: seconds=0.5 -->

## Features

- Feature a counts a words
- Feature b counts b words
- Feature c counts c words
"""


class Site:
    """Two computers for nodes of Podium, two for agents, and one that serves what they share."""

    def __init__(self, lab: Lab, url: str) -> None:
        self.lab = lab
        self.cluster = Machines(lab.root / "machines", lab.store.ip, 6379)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(lab.root), "LANG": "C.UTF-8", "PODIUM_HOME": str(lab.home)}
        self.env |= {"PODIUM_DATABASE_URL": url, **self.cluster.env, "RAY_ADDRESS": self.cluster.address}

    def join(self, name: str, cpus: int) -> None:
        """Bring a computer into the cluster of Ray."""
        at = self.lab.computers.get(name) or self.lab.add(name)
        self.cluster.start("head" if name == "store" else name, cpus, ip=at.ip, within=at.within)

    def up(self, name: str) -> None:
        """Start a node of Podium, on a computer that is part of the cluster without taking agents."""
        self.join(name, 0)
        at = self.lab.computers[name]
        self.lab.mount_folder(at)
        command = ("-m", "podium", "up", "--foreground", "--host", at.ip, "--port", "8420")
        at.start(self.lab.root / f"{name}.log", {**self.env, "PODIUM_NODE": name}, sys.executable, *command)

    def podium(self, name: str, *words: str) -> str:
        """What a command says on that computer; nothing where it fails."""
        at, env = self.lab.computers[name], {**self.env, "PODIUM_NODE": name}
        command = (*at.within, sys.executable, "-m", "podium", *words)
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        return "" if done.returncode else done.stdout


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Lab(tmp_path / "lab") as lab:
        url, outside = lab.serve_database()
        lab.serve_folder()
        (lab.brick / "podium.toml").write_text('host = "ray"\n', "utf-8")
        SHARED[lab.brick] = outside
        made = Site(lab, url)
        with closing(made.cluster):
            made.join("store", 0)
            for name in ("ash", "birch"):
                made.up(name)
            for name in ("oak", "pine"):
                made.join(name, 2)
            yield made


def until(is_so: Callable[[], object]) -> float:
    """Wait until it is so; how long that took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() < began + PATIENCE_SECONDS
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.requirement("DST-1", "REC-8", "REC-9", "INS-8")
def test_computers_lose_their_power_and_their_network_and_the_project_is_whole(
    site: Site, record_property: Callable[[str, object], None]
) -> None:
    home, lab = site.lab.brick, site.lab
    (lab.root / "storm-1.md").write_text(DOCUMENT, "utf-8")
    leader: Callable[[], str] = lambda: ask_text(home, "SELECT node FROM leader")  # noqa: E731
    until(lambda: leads(home) and "birch" in site.podium(leader(), "nodes"))
    assert site.podium(leader(), "submit", str(lab.root / "storm-1.md"))
    until(lambda: site.cluster.begun() and ask(home, AT_WORK))
    told: list[str] = []

    first = leader()
    lab.computers[first].cut_power()
    led = until(lambda: leader() != first)
    adopted = until(lambda: ask(home, ADOPTED)) + led
    told.append(f"the leader without power: another leads after {led:.1f} s, agents adopted after {adopted:.1f} s")
    assert ask(home, FAILURES) == 0, "the death of a leader is no failure of anybody's"

    until(site.cluster.begun)
    worker = next(iter(site.cluster.begun()))
    before = ask(home, LOST)
    lab.computers[worker].cut_power()
    lost = until(lambda: ask(home, LOST) > before)
    told.append(f"a computer with agents without power: noticed after {lost:.1f} s")

    lab.computers[first].boot()
    site.up(first)
    until(lambda: first in site.podium(leader(), "nodes"))
    second = leader()
    lab.computers[second].plug("down")
    led = until(lambda: leader() != second)
    last = ask(home, LAST_EVENT)
    work = until(lambda: ask(home, LAST_EVENT) > last) + led
    lab.computers[second].plug("up")
    told.append(f"the leader without network: another leads after {led:.1f} s, work goes on after {work:.1f} s")
    until(lambda: site.podium(second, "status"))  # it is a node like the other
    until(lambda: not ask(home, OPEN))
    assert judge(home, {"storm-1": 3})[:2] == ([], [])
    with books(home) as asked:
        assert asked("SELECT max(seq) - count(*) FROM event") == [(0,)], "no number is missing or twice"
    record_property("told", "; ".join(told))


def leads(home: Path) -> bool:
    """Whether a node leads; before the first has, there is no such table."""
    try:
        return bool(ask_text(home, "SELECT node FROM leader"))
    except Exception:  # noqa: BLE001 - not yet
        return False
