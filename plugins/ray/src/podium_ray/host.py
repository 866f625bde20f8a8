"""Runs attempts on any node of a Ray cluster: what one writes there is mirrored into its directory here.

From there on all is as on `local`. Which nodes live is known from Podium's own heartbeat, not from Ray, which takes a
minute and more to be sure. What was measured, and why it is done so, is told in docs/cluster.md.
"""

import asyncio
import logging
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any, Final

from podium import credential
from podium.agents.command import Program
from podium.domain.attempt import Assignment
from podium.domain.errors import NotFound, PodiumError, Unavailable, UsageError
from podium.hosts import briefing, cleaning
from podium.hosts.hosting import Hosting
from podium.hosts.local import Attempt, LocalHost, LocalRunning, Runner
from podium.ports import Running
from podium.runner import claim, files, processes
from podium.workspace import git
from podium_ray.node import CLUSTER, GROWING, INSTALLED, PIECE_BYTES, WAIT_SECONDS, Piece

BEAT_SECONDS: Final = 0.5
LOOK_SECONDS: Final = 0.1
"""Between two looks at an attempt, each of which waits for its end a bit."""
ANSWER_SECONDS: Final = 1.0
"""How long a node, or an attempt, may take for one answer."""
SILENT_SECONDS: Final = 2.5
"""How long an attempt may be silent whose node is so, too, before it is lost."""
BRIDGE_SECONDS: Final = 8.0
"""How long the bridge may take to say which nodes live, before it is replaced."""
HEAD_SECONDS: Final = 30.0
"""How long an attempt may be silent while its node answers, and Ray before all attempts are lost with it."""
CONNECT_SECONDS: Final = 90.0
"""How long a cluster may take to let us in, one that is begun for it too, and an attempt waits for a node."""
SEND_SECONDS: Final = 300.0
"""How long a node may take to put commits into its copy of a repository."""
CLEAN_SECONDS: Final = 15.0
PAUSE_SECONDS: Final = (1.0, 30.0)
"""Between two tries to reach a cluster: at first, and at most."""
CPUS: Final = "PODIUM_RAY_CPUS"
"""Of the orchestrator's environment: the CPUs that an attempt has for itself. Ray's autoscaler then brings machines for
those that wait, and ends what nobody needs; by default attempts share the machines that there are."""
MACHINE_SECONDS: Final = 900.0
"""How long an attempt waits for a machine that Ray's autoscaler is to bring."""
REST_SECONDS: Final = 60.0
"""After which nobody answers for a node without attempts any more, so that Ray's autoscaler takes it for idle."""
THREADS_MAX: Final = 256
"""Questions that wait for an answer at once."""

KEY_BYTES: Final = 32
LOOPBACK: Final = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_raylet_start_wait_time_s": "90",
}
"""Whatever address it is told, Ray listens on all of them, unless it believes to be where it knows no clusters."""

_log = logging.getLogger(__name__)


class Door(BaseManager):
    """Where a `bridge.Driver` is asked from another process: each thread on a connection of its own."""


Door.register("driver")


class Bridge:
    """The process that speaks to Ray; one that is hung or dead is replaced."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS_MAX, "ray")
        self._process: subprocess.Popen[bytes] | None = None
        self._driver: Any = None

    async def begin(self, home: Path, token: str) -> None:
        """Start it, and have it join the cluster. Raises Unavailable."""
        driver = await self._wait(CONNECT_SECONDS, partial(self._start, token))
        await self._wait(CONNECT_SECONDS, partial(driver.do, "connect", home))
        self._driver = driver  # asked before, Ray would begin a cluster by itself

    def end(self) -> None:
        """End it, and what waits for it; attempts go on."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._process = self._driver = None

    async def ask(self, seconds: float, method: str, *given: Any) -> Any:
        """What the driver answers. Raises NotFound, Unavailable."""
        if self._driver is None:
            raise Unavailable("there is no connection to Ray")
        return await self._wait(seconds, partial(self._driver.do, method, *given))

    def _start(self, token: str) -> Any:
        own = {} if os.environ.get("RAY_ADDRESS") else {**LOOPBACK, "RAY_AUTH_TOKEN": token}
        command, pipes = (sys.executable, "-I", "-m", "podium_ray.bridge"), subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipes, stdout=pipes, bufsize=0, env={**os.environ, **own})
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(key := os.urandom(KEY_BYTES))
        door: Any = Door(self._process.stdout.readline().decode().strip(), key)
        door.connect()
        return door.driver()

    async def _wait(self, seconds: float, question: Callable[[], Any]) -> Any:
        asked = asyncio.get_running_loop().run_in_executor(self._threads, question)
        try:
            return await asyncio.wait_for(asked, seconds)
        except PodiumError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is trouble with that process
            raise Unavailable(f"Ray does not answer: {error!r}") from None


class RemoteRunner:
    """`local.Runner` on a node: followed by cursor, so that it does not matter who began it."""

    def __init__(self, host: "RayHost", attempt: tuple[str, Path], node: str) -> None:
        self._host = host
        self._name, self._directory = attempt
        self._node = node
        self._answered = host.clock.now()
        self._number = 0
        self._changed: dict[str, int] = {}

    def lives(self) -> bool:
        return self._host.clock.now() - self._answered < SILENT_SECONDS

    def signal(self, number: signal.Signals) -> None:
        """It goes along with each look from now on: one that is lost on its way is sent again."""
        self._number = int(number)

    async def exited(self) -> None:
        while not await self._look():
            await self._host.clock.sleep(LOOK_SECONDS)

    async def _look(self) -> bool:
        """Write down what is new; whether its end is. One that is lost is so for good, whatever its node says later."""
        try:
            asked = (self._name, "read", self._cursors(), self._number)
            told = await self._host.ask(WAIT_SECONDS + ANSWER_SECONDS, "ask", *asked)
            self._answered = self._host.clock.now()
            return await asyncio.to_thread(self._write, *told)
        except NotFound as error:
            lost = f"its actor is gone: {error}"
        except Unavailable as error:
            if not self._host.is_lost(self._node, self._answered):
                return False
            lost = str(error)
        except OSError:  # this machine's disk: what is not written now is asked for again
            return False
        _log.warning("%s is lost: %s", self._name, lost)
        ending, is_cluster_away = "cancelled" if self._number else "lost", not self._host.nodes
        report = {"ending": ending, "detail": lost, "is_environment": is_cluster_away}
        await asyncio.to_thread(files.write_json, self._directory / claim.EXIT, report)
        return True

    def _cursors(self) -> dict[str, int]:
        return {name: path.stat().st_size for name in GROWING if (path := self._directory / name).exists()}

    def _write(self, news: Mapping[str, Piece], report: bytes) -> bool:
        for name, (changed, position, content) in news.items():
            if self._changed.get(name) != changed or (position and content):
                fd = os.open(self._directory / name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, files.PRIVATE_FILE)
                with os.fdopen(fd, "wb") as file:
                    file.seek(position)
                    file.write(content)
                    file.truncate()
                    os.utime(fd)  # a log that is full says by its time that the attempt gets on
            self._changed[name] = changed
        is_over = bool(report) and all(len(content) < PIECE_BYTES for _, _, content in news.values())
        if is_over:
            files.write_whole(self._directory / claim.EXIT, report)
        return is_over


class RayHost(LocalHost):
    """`ports.Host` for agents on the nodes of a Ray cluster."""

    def __init__(self, hosting: Hosting, bridge: Bridge | None = None) -> None:
        super().__init__(hosting)
        self._token = credential.key(credential.ensure(self._home.path), "ray").hex()
        self._space = f"podium-{self._token[:12]}"
        """Where its actors have their names, apart from those of other homes."""
        self._bridge = bridge or Bridge()
        self.nodes: Mapping[str, float] = {}
        """The CPUs of those that answered the last heartbeat, and may take work."""
        self._refused: dict[str, str] = {}
        self._where: dict[str, str] = {}
        """On which node each attempt is; empty for one that waits for a node."""
        self._used_at: dict[str, float] = {}
        """When each node was last seen to have an attempt, or for the first time."""
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", cpus := os.environ.get(CPUS) or "0"):
            raise UsageError(f"{CPUS} is the number of CPUs that an attempt has for itself, such as 0.5.")
        self._cpus = float(cpus)
        self._is_watched = False
        self._beat_at = self._connected_at = self.clock.now()

    async def ask(self, seconds: float, method: str, *given: Any) -> Any:
        """What the bridge answers to a question about this home's attempts. Raises NotFound, Unavailable."""
        self._begin_watch()
        return await self._bridge.ask(seconds + ANSWER_SECONDS, method, seconds, self._space, *given)

    def is_lost(self, node: str, answered: float) -> bool:
        """Whether an attempt that answered last then is to be given up: one silent probe is no proof of death."""
        now = self.clock.now()
        has_node_died = node not in self.nodes and now - self._beat_at < BRIDGE_SECONDS
        return now - max(answered, self._connected_at) > (SILENT_SECONDS if has_node_died else HEAD_SECONDS)

    async def sweep(self, is_open: Callable[[str], bool]) -> int:
        ended, closed = await super().sweep(is_open), list[str]()
        with suppress(PodiumError):  # what is left is found by the next one
            closed = [name for name in await self.ask(CLEAN_SECONDS, "names") if not is_open(name)]
            if closed:
                await self.ask(CLEAN_SECONDS, "remove", closed)
        return ended + len(closed)

    async def _begin(self, assignment: Assignment, program: Program, base: str) -> Runner:
        name, directory = assignment.attempt, await asyncio.to_thread(briefing.make, self._home, assignment.attempt)
        repository = self._home.repository(directory.parent.name)
        refs = {f"refs/podium/base/{assignment.job}": base}
        if kept := await asyncio.to_thread(briefing.unfinished, self._home, assignment):
            refs[f"refs/podium/salvage/{assignment.job}.a{assignment.number - 1}"] = kept
        cut = await asyncio.to_thread(files.read, repository / ".git" / "shallow")
        node, made_with = await self._node_for(name), "sha1" if len(base) == 40 else "sha256"
        known = await self._ask_living(node, "make", name, node, made_with, cut)
        pack = await _pack(repository, directory, refs.values(), known)
        with pack.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
                await self._ask_living(node, "ask", name, "take", piece)
        pack.unlink()
        await asyncio.to_thread(files.write_json, directory / claim.RUNNER, {"node": node})
        program = replace(program, argv=tuple(part.replace(sys.executable, "{python}") for part in program.argv))
        told = (assignment, program, base, refs, self.settings.limits, self.settings.sandbox)
        await self._ask_living(node, "ask", name, "begin", *told)
        return RemoteRunner(self, (name, directory), node)

    async def _ask_living(self, node: str, method: str, *given: Any) -> Any:
        """`ask`, as long as the node lives: whatever is on its way to one that died may hang."""
        asked_at = self.clock.now()
        answer = asyncio.ensure_future(self.ask(SEND_SECONDS, method, *given))  # noqa: TID251 - ends with this call
        while not (await asyncio.wait([answer], timeout=BEAT_SECONDS))[0]:
            if node not in self.nodes and self.is_lost(node, asked_at):
                answer.cancel()
                raise Unavailable("its node does not answer any more")
        return answer.result()

    async def _take_over(self, attempt: Attempt) -> Running | None:
        said = await asyncio.to_thread(files.read_json, attempt.directory / claim.RUNNER) or {}
        if "node" not in said or (attempt.directory / claim.EXIT).exists():
            return await super()._take_over(attempt)  # it never began, has ended, or is from before, on this machine
        self._where[attempt.name] = said["node"]
        return LocalRunning(self, attempt, RemoteRunner(self, attempt[:2], said["node"]))

    async def _clean(self, attempt: Attempt) -> bool:
        self._where.pop(attempt.name, None)
        with suppress(PodiumError):  # what is left is found by a sweep
            await self.ask(CLEAN_SECONDS, "remove", [attempt.name])
        return await super()._clean(attempt)

    async def _node_for(self, name: str) -> str:
        """The node with the fewest attempts for its size, of those that live and have room. Raises Unavailable."""
        give_up = self.clock.now() + (MACHINE_SECONDS if self._cpus else CONNECT_SECONDS)
        self._begin_watch()
        self._where[name] = ""
        while True:
            taken = Counter(self._where.values())
            if free := [node for node, cpus in self.nodes.items() if (taken[node] + 1) * self._cpus <= cpus]:
                self._where[name] = min(free, key=lambda node: (taken[node] + 1) / self.nodes[node])
                return self._where[name]
            if (self._refused and not self.nodes) or self.clock.now() > give_up:
                why = "; ".join(self._refused.values()) or "none has answered with room for it yet"
                raise Unavailable(f"No node of the Ray cluster can take an attempt: {why}.")
            await self.clock.sleep(LOOK_SECONDS)

    def _demand(self) -> tuple[float, int, list[str]]:
        """The CPUs of an attempt, how many attempts there are, and the nodes that nobody has needed for a while."""
        taken, now = {*self._where.values()}, self.clock.now()
        known = {} if "" in taken or not self._cpus else self._used_at
        self._used_at = known | {node: now for node in {*self.nodes, *taken} if node in taken or node not in known}
        return self._cpus, len(self._where), [node for node, at in self._used_at.items() if now - at > REST_SECONDS]

    def _begin_watch(self) -> None:
        if not self._is_watched:
            self._is_watched = True
            self.clock.spawn(self._watch(), "ray")

    async def _watch(self) -> None:
        """Keep a connection to Ray, and know which nodes live."""
        pause, longest = PAUSE_SECONDS
        try:
            while True:
                try:
                    await self._bridge.begin(self._home.path, self._token)
                    self._connected_at = self.clock.now()
                    while True:
                        self._heed(await self._bridge.ask(BRIDGE_SECONDS, "beat", ANSWER_SECONDS, *self._demand()))
                        pause = PAUSE_SECONDS[0]
                        await self.clock.sleep(BEAT_SECONDS)
                except PodiumError as error:
                    _log.warning("the Ray cluster cannot be reached; tried again in %g s: %s", pause, error)
                self.nodes, self._beat_at = {}, float("-inf")
                self._bridge.end()
                await self.clock.sleep(pause)
                pause = min(longest, 2 * pause)
        finally:
            self._bridge.end()
            self._end_cluster()

    def _heed(self, said: Mapping[str, tuple[str, float, str]]) -> None:
        """Take what a heartbeat brought; a node with another Podium or Python gets no work."""
        self._beat_at = self.clock.now()
        refused = {
            name: f"node {machine} has {what}, not {INSTALLED}; install the same on all nodes"
            for name, (machine, _, what) in said.items()
            if what != INSTALLED
        }
        for name in refused.keys() - self._refused.keys():
            _log.warning("no attempt is placed there: %s", refused[name])
        self._refused = refused
        self.nodes = {name: cpus for name, (_, cpus, _) in said.items() if name not in refused}

    def _end_cluster(self) -> None:
        """A cluster of this home alone goes with the last attempt."""
        found = files.read_json(self._home.path / CLUSTER)
        if found and not self._home.attempt_names(cleaning.UNFINISHED):
            with suppress(ProcessLookupError):
                if processes.start_ticks(found["pid"]) == found["started_at"]:
                    os.kill(found["pid"], signal.SIGTERM)


async def _pack(repository: Path, directory: Path, wanted: Collection[str], known: Sequence[str]) -> Path:
    """A pack with all that these commits need beyond known ones."""
    have: list[str] = []
    if known:
        which = ("--no-walk", "--ignore-missing", "--stdin")
        have = (await git.get(repository, "rev-list", *which, stdin="\n".join(known).encode())).split()
    revisions = "\n".join([*wanted, *(f"^{commit}" for commit in have), ""]).encode()
    which = ("pack-objects", "--quiet", "--revs", str(directory / "inputs"))
    return directory / f"inputs-{await git.get(repository, *which, stdin=revisions)}.pack"
