"""A machine of a Ray cluster that is cut off works on alone; when the network heals, its late result changes nothing.

Both sides are network namespaces of this test's own, with a cable between them that is pulled. It needs root, and
starts a cluster, so this is a command of its own: `PODIUM_RAY_NODES=1 ./dev test tests/crash/test_ray_partition.py`.
"""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from podium.domain.attempt import Ending
from tests.crash.ray_machines import FIRST, Fleet, at_work, machines, until, working

pytestmark = [
    pytest.mark.skipif("PODIUM_RAY_NODES" not in os.environ, reason="PODIUM_RAY_NODES=1 plays with several nodes"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes network namespaces"),
    pytest.mark.timeout(900),
]

INSIDE = "PODIUM_TEST_NAMESPACE"
NEAR, FAR = "10.93.0.1", "10.93.0.2"


def run(*command: str) -> None:
    subprocess.run(command, check=True)


@contextmanager
def cable() -> Generator[tuple[str, ...]]:
    """A cable `near` into another namespace; the command that runs another there."""
    holder = subprocess.Popen(("unshare", "--net", "sleep", "infinity"))
    try:
        there = ("nsenter", "--net", "--target", str(holder.pid))
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "near", "type", "veth", "peer", "name", "far")
        while Path(f"/proc/{holder.pid}/ns/net").samefile("/proc/self/ns/net"):
            assert holder.poll() is None
        run("ip", "link", "set", "far", "netns", str(holder.pid))
        run("ip", "address", "add", f"{NEAR}/24", "dev", "near")
        run("ip", "link", "set", "near", "up")
        for words in (
            ("address", "add", f"{FAR}/24", "dev", "far"),
            ("link", "set", "far", "up"),
            ("link", "set", "lo", "up"),
        ):
            run(*there, "ip", *words)
        yield there
    finally:
        holder.kill()
        holder.wait()


@pytest.mark.skipif(INSIDE in os.environ, reason="it runs the one below")
@pytest.mark.requirement("DST-1", "REC-8")
def test_in_namespaces(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """The test below, where the network is its own."""
    inner = ("pytest", "-q", "-n", "0", "-s", f"--basetemp={tmp_path}/inside", __file__)
    command = ("unshare", "--net", sys.executable, "-m", *inner)
    done = subprocess.run(command, env={**os.environ, INSIDE: "1"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:]
    (line,) = re.findall("^cut off: .*", done.stdout, re.MULTILINE)
    record_property("told", line)


@pytest.mark.skipif(INSIDE not in os.environ, reason="it is run by the one above")
def test_what_a_machine_that_was_cut_off_has_done_is_not_taken(tmp_path: Path) -> None:
    async def test() -> None:
        fleet = Fleet(tmp_path / "fleet", working(tmp_path))
        with cable() as there, machines(tmp_path / "nodes", ip=NEAR) as cluster:
            cluster.start("far", ip=FAR, within=there)
            host = fleet.host()
            running = await at_work(fleet, host, tmp_path, nodes=1)
            assert cluster.node_of(FIRST) == "far"
            await asyncio.to_thread(cluster.start, "near")
            await until(lambda: len(host.nodes) == 2)
            following = asyncio.ensure_future(running.ended())
            run("ip", "link", "set", "near", "down")
            lost_after = await until(following.done)
            assert following.result().ending is Ending.LOST
            heal = partial(run, "ip", "link", "set", "near", "up")
            healed_after = await fleet.overtake(cluster, host, "far", (tmp_path / "go").touch, heal)
            line = f"cut off: lost after {lost_after:.1f} s; healed: known again after {healed_after:.1f} s"
            sys.stdout.write(f"\n{line}\n")

    asyncio.run(test())
