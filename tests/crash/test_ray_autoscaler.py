"""Ray's autoscaler brings machines for attempts that wait, spares those that work, and ends what nobody needs.

It is Ray's own, over its provider of machines that are processes, on a computer of the test's own: it needs root, and
starts a cluster, so this is a command of its own: `PODIUM_RAY_NODES=1 ./dev test tests/crash/test_ray_autoscaler.py`.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
from ray.autoscaler._private import fake_multi_node

from podium.domain.attempt import Ending
from podium_ray import host as ray_host
from tests.crash.computers import Lab
from tests.crash.ray_machines import Fleet, begun, until, working
from tests.faces.command_line import ROOT
from tests.unit.hosts.world import make_lease

pytestmark = [
    pytest.mark.skipif("PODIUM_RAY_NODES" not in os.environ, reason="PODIUM_RAY_NODES=1 plays with several nodes"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes network namespaces"),
    pytest.mark.timeout(900),
]

INSIDE: Final = "PODIUM_TEST_COMPUTER"
HEAD: Final = "f" * 51 + "00000"
"""The id that Ray's provider gives its head."""
TYPES: Final = {
    "ray.head.default": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
    "small": {"resources": {"CPU": 2}, "node_config": {}, "min_workers": 0, "max_workers": 3},
}
SCALING: Final[dict[str, Any]] = {
    "cluster_name": "podium", "max_workers": 3, "upscaling_speed": 1.0, "idle_timeout_minutes": 0.1, "auth": {},
    "provider": {
        "type": "fake_multinode", "head_node_id": HEAD, "launch_multiple": True, "disable_node_updaters": True,
        "disable_launch_config_check": True,
    },
    "available_node_types": TYPES, "head_node_type": "ray.head.default", "setup_commands": [],
    "head_setup_commands": [], "worker_setup_commands": [], "initialization_commands": [], "file_mounts": {},
    "head_start_ray_commands": [], "worker_start_ray_commands": [], "cluster_synced_files": [],
}  # fmt: skip


@pytest.mark.skipif(INSIDE in os.environ, reason="it runs the one below")
@pytest.mark.requirement("DST-1", "SCL-1")
def test_on_a_computer(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """The test below, where what Ray starts ends with the computer."""
    here = Path(fake_multi_node.__path__[0])
    copy = shutil.copytree(here, tmp_path / "provider")
    (copy / "example.yaml").write_text(json.dumps(SCALING), "utf-8")  # its defaults, which the wheel lacks
    with Lab(tmp_path / "lab") as lab:
        at = lab.add("ash")
        at.run("mount", "--bind", str(copy), str(here))
        command = ("pytest", "-q", "-n", "0", "-s", f"--basetemp={tmp_path}/inside", __file__)
        env = {**os.environ, INSIDE: at.ip}
        inner = (*at.within, sys.executable, "-m", *command)
        done = subprocess.run(inner, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:]
    (line,) = re.findall("^machines: .*", done.stdout, re.MULTILINE)
    record_property("told", line)


@pytest.mark.skipif(INSIDE not in os.environ, reason="it is run by the one above")
def test_machines_come_and_go_with_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ip = os.environ[INSIDE]
    (tmp_path / "scaling.json").write_text(json.dumps(SCALING), "utf-8")
    own = {
        "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64, "RAY_USAGE_STATS_ENABLED": "0", "RAY_FAKE_CLUSTER": "1",
        "AUTOSCALER_UPDATE_INTERVAL_S": "1", "RAY_enable_autoscaler_v2": "1", "RAY_CLOUD_INSTANCE_ID": HEAD,
        "PODIUM_NODE_HOME": str(tmp_path / "nodes"), "RAY_ADDRESS": f"{ip}:6379", ray_host.CPUS: "1",
    }  # fmt: skip
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(ray_host, "REST_SECONDS", 3.0)
    asked = ("--head", "--autoscaling-config", str(tmp_path / "scaling.json"), "--num-cpus", "0", "--port", "6379")
    start = (sys.executable, "-m", "ray.scripts.scripts", "start", *asked, "--node-ip-address", ip)
    env = {**os.environ, "RAY_OVERRIDE_NODE_ID_FOR_TESTING": HEAD}
    subprocess.run((*start, "--include-dashboard", "false"), env=env, check=True, capture_output=True)

    async def test() -> None:
        await until(lambda: machines() == 1)
        fleet = Fleet(tmp_path / "fleet", working(tmp_path))
        host = fleet.host()
        leases = [make_lease(number, 1) for number in (12, 13, 14)]
        given = time.monotonic()
        works = await asyncio.gather(*(fleet.start(host, lease) for lease in leases))
        ends = [asyncio.ensure_future(running.ended()) for running in works]
        await until(lambda: len(begun(tmp_path)) == len(leases))
        came = time.monotonic() - given
        assert machines() == 3, "a head, and two machines for three attempts"

        where = [host._where[lease.name] for lease in leases]
        alone = next(number for number, node in enumerate(where) if where.count(node) == 1)
        works[alone].cancel("nobody wants it any more")
        await ends.pop(alone)
        await host.forget(leases.pop(alone))
        went = await until(lambda: machines() == 2)
        assert not any(end.done() for end in ends), "a machine with attempts is not idle"

        (tmp_path / "go").touch()
        assert [(await end).ending for end in ends] == [Ending.FINISHED, Ending.FINISHED]
        for lease in leases:
            await host.forget(lease)
        await until(lambda: machines() == 1)
        sys.stdout.write(
            f"\nmachines: three attempts begun after {came:.1f} s, from no machine at all; gone after {went:.1f} s\n"
        )

    asyncio.run(test())


def machines() -> int:
    """Ray's processes that each stand for one."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/comm"):
        with suppress(OSError):  # it has just ended
            found += path.read_text() == "raylet\n"
    return found
