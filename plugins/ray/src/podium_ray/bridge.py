"""The process that speaks to Ray on behalf of an orchestrator, which never loads it.

Ray's own calls can hang, and Ray ends the process that uses it when the cluster's head or this machine's node is gone.
"""

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import ray
from ray.exceptions import ActorDiedError, RayError, RayTaskError
from ray.util import list_named_actors
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from podium.domain.errors import NotFound, PodiumError, Unavailable
from podium.runner import files, processes
from podium_ray.host import KEY_BYTES, Door
from podium_ray.node import CLUSTER, AttemptActor, NodeActor

OWN_CLUSTER: Final = ("--head", "--block", "--include-dashboard", "false", "--disable-usage-stats")

LOG: Final = "ray.log"
Machine = tuple[str, float, str]
"""Of a node: its machine's name, its CPUs, and what is installed there."""

_ray: Any = ray


class Driver:
    """What may be asked. Methods raise NotFound for an attempt that is gone for good, else Unavailable."""

    def __init__(self) -> None:
        self._nodes: dict[str, Any] = {}
        self._attempts: dict[tuple[str, str], Any] = {}
        self._cpus, self._wanted = 0.0, -1
        """What an attempt has for itself, and for how many Ray's autoscaler was asked."""

    def do(self, method: str, *given: Any) -> Any:
        """Carry out one of the methods below; whatever Ray raises is trouble with Ray."""
        try:
            return getattr(self, method)(*given)
        except PodiumError:
            raise
        except Exception as error:  # noqa: BLE001 - Ray raises what it likes
            raise Unavailable(f"{type(error).__name__}: {_words(error)}") from None

    def connect(self, home: Path) -> None:
        """Join the cluster at RAY_ADDRESS; without that, the home's own on this machine, begun if need be."""
        log = os.open(home / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, files.PRIVATE_FILE)
        os.dup2(log, 2)
        address = os.environ.get("RAY_ADDRESS") or _own_cluster(home, log)
        _ray.init(address, log_to_driver=False, logging_level=logging.ERROR)

    def beat(self, seconds: float, cpus: float, wanted: int, resting: Collection[str]) -> dict[str, Machine]:
        """Each node that can work, and answers in time.

        There should be room for `wanted` attempts with `cpus` each. Nobody answers any more for a node that rests.
        """
        if cpus and wanted != self._wanted:
            self._cpus, self._wanted = cpus, wanted
            _ray.autoscaler.sdk.request_resources(bundles=[{"CPU": cpus}] * wanted)
        for name in self._nodes.keys() & {*resting}:
            _ray.kill(self._nodes[name])
        able = (node for node in _ray.nodes() if node["Alive"] and node["Resources"].get("CPU"))
        there = {node["NodeID"]: node for node in able if node["NodeID"] not in resting}
        self._nodes = {name: self._nodes.get(name) or _place(NodeActor, name, max_restarts=-1)() for name in there}
        return {
            name: (there[name]["NodeManagerHostname"], there[name]["Resources"]["CPU"], str(what))
            for name, what in self._ask_nodes(seconds, "installed").items()
            if not isinstance(what, Unavailable)  # NotFound: Podium's actor cannot be made there
        }

    def make(self, seconds: float, space: str, name: str, node: str, *given: Any) -> list[str]:
        """Make an attempt's actor, which outlives all but its node; which commits are there."""
        options = {"name": name, "namespace": space, "lifetime": "detached", "num_cpus": self._cpus}
        self._attempts[space, name] = _place(AttemptActor, node, **options)(space, name)
        return self.ask(seconds, space, name, "known", *given)

    def ask(self, seconds: float, space: str, name: str, method: str, *given: Any) -> Any:
        """What an attempt's actor answers."""
        answer = _result(getattr(self._attempt(space, name), method).remote(*given), seconds)
        if isinstance(answer, PodiumError):
            raise answer
        return answer

    def names(self, seconds: float, space: str) -> set[str]:
        """Every attempt that has an actor, or anything on a node that answers."""
        named: Any = list_named_actors(all_namespaces=True)
        left = self._ask_nodes(seconds, "names", space).values()
        found = {name for names in left if not isinstance(names, PodiumError) for name in names}
        return found | {actor["name"] for actor in named if actor["namespace"] == space}

    def remove(self, seconds: float, space: str, names: Sequence[str]) -> None:
        """Leave nothing of these attempts on any node that answers."""
        for name in names:
            with suppress(NotFound):
                _ray.kill(self._attempt(space, name))
            self._attempts.pop((space, name), None)
        self._ask_nodes(seconds, "remove", space, names)

    def _ask_nodes(self, seconds: float, method: str, *given: Any) -> dict[str, Any]:
        """The answer, or the error, of each node that answers in time."""
        asked = {getattr(actor, method).remote(*given): name for name, actor in self._nodes.items()}
        answered = _ray.wait(list(asked), num_returns=len(asked), timeout=seconds)[0] if asked else ()
        return {asked[answer]: _result(answer, seconds) for answer in answered}

    def _attempt(self, space: str, name: str) -> Any:
        if (space, name) not in self._attempts:
            try:
                self._attempts[space, name] = _ray.get_actor(name, space)
            except ValueError:
                raise NotFound("the cluster has no actor of that name") from None
        return self._attempts[space, name]


def _place(kind: type, node: str, **options: Any) -> Any:
    """What makes an actor on that node, and on no other, however busy it is: Podium counts what is where itself."""
    strategy = NodeAffinitySchedulingStrategy(node, soft=False)
    return _ray.remote(kind).options(**{"num_cpus": 0, **options}, scheduling_strategy=strategy).remote


def _result(answer: Any, seconds: float) -> Any:
    """What came of a call within that time; trouble is a value."""
    try:
        return _ray.get(answer, timeout=seconds)
    except ActorDiedError as error:
        return NotFound(_words(error))
    except RayTaskError as error:  # what Podium's own code there raised
        return Unavailable(_words(error.cause))
    except RayError as error:
        return Unavailable(_words(error))


def _words(error: Any) -> str:
    return " ".join(str(error).split())[-500:]


def _own_cluster(home: Path, log: int) -> str:
    """The address of the cluster that belongs to this home alone, begun unless it runs."""
    found = files.read_json(home / CLUSTER)
    if not found or processes.start_ticks(found["pid"]) != found["started_at"]:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        command = (sys.executable, "-m", "ray.scripts.scripts", "start", *OWN_CLUSTER, "--port", str(port))
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        pid = subprocess.Popen(command, start_new_session=True, **streams).pid
        found = {"pid": pid, "started_at": processes.start_ticks(pid), "address": f"127.0.0.1:{port}"}
        files.write_json(home / CLUSTER, found)
    return str(found["address"])


def main() -> None:
    """Answer until whoever started this is gone: no call that hangs must keep it."""
    Door.register("driver", Driver)
    server = Door(authkey=sys.stdin.buffer.read(KEY_BYTES)).get_server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.write(1, f"{server.address}\n".encode())
    os.dup2(2, 1)
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
