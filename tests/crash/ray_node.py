"""`python -m tests.crash.ray_node ADDRESS CPUS IP [head]`: a node of a Ray cluster, as long as this process lives.

`ray start` refuses a second node on loopback; this is what `ray.cluster_utils.Cluster` does, in a process that can die.
"""

import signal
import sys
from typing import Any, Final

READY: Final = "joined as"


def main(address: str, cpus: str, ip: str, *is_head: str) -> None:
    from ray._private import node, parameter

    made: Any = parameter.RayParams
    where = {"gcs_server_port": int(address.partition(":")[2])} if is_head else {"gcs_address": address}
    bounds = {"object_store_memory": 100 << 20, "min_worker_port": 0, "max_worker_port": 0, "num_gpus": 0}
    quiet = {"include_dashboard": False, "include_log_monitor": False, "dashboard_agent_listen_port": None}
    asked = made(num_cpus=float(cpus), node_ip_address=ip, node_manager_port=0, **where, **bounds, **quiet)
    kept: Any = node.Node(asked, head=bool(is_head), shutdown_at_exit=False, spawn_reaper=False)
    sys.stdout.write(f"{READY} {kept.unique_id}\n")
    sys.stdout.flush()
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
