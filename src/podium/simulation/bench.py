"""How fast is the engine? The whole of it on a real disk, with python agents whose bodies are empty."""

import asyncio
import random
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from podium.clock import SteadyClock
from podium.domain import pipeline_file
from podium.domain.attempt import Ending, Report
from podium.domain.command import Submit
from podium.domain.instance import Slot
from podium.domain.job import Lease
from podium.domain.project import Project
from podium.engine.engine import Engine
from podium.hosts.inprocess import InProcessHost
from podium.policy.admission import UNLIMITED
from podium.ports import Brief
from podium.store.rows import Rows
from podium.store.store import Store, open_store

STEPS: Final = {
    "genesis": "ANALYZING ANALYZING PLANNED SCAFFOLDING SCAFFOLDING",
    "development": "TESTING TESTING CODING REVIEWING DEPLOYING",
    "content": "ANALYZING CREATING CREATING OPTIMIZING PUBLISHING",
}
"""Five durable steps in each of three queues."""
STEPS_PER_PROJECT: Final = sum(len(states.split()) for states in STEPS.values())

_DONE: Final = Report(Ending.FINISHED, verdict="passed")


def pipeline_text() -> str:
    """Three workflows of five steps one after another, each enqueued by the end of the one before."""
    lines = ['name = "bench"', 'start = "genesis"']
    for on, enqueue in (("genesis.GENESIS_COMPLETE", "development"), ("development.DEV_COMPLETE", "content")):
        lines += ["[[rules]]", f'on = "{on}"', f'enqueue = "{enqueue}"']
    for workflow, states in STEPS.items():
        lines += [f"[workflows.{workflow}]", 'roles = ["any"]']
        for number, state in enumerate(states.split()):
            after = f'after = ["s{number - 1}"]' if number else ""
            lines += [
                f"[[workflows.{workflow}.steps]]",
                f'id = "s{number}"',
                f'state = "{state}"',
                'role = "any"',
                after,
            ]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run of the engine showed."""

    steps_per_second: float
    cpu_seconds_per_1000_steps: float
    memory_mib: float
    in_flight: int
    idle_start_ms: dict[str, float]


class Bench:
    """One engine on a fresh database in a temporary folder."""

    def __init__(self, store: Store, clock: SteadyClock, in_flight: int) -> None:
        self.text = pipeline_text()
        self.pipeline = pipeline_file.parse(self.text, "bench")
        self.store = store
        self.on_start: Callable[[], None] = lambda: None
        per_queue = max(1, in_flight // len(STEPS))
        slots = [Slot(f"{queue}-{n}", queue, "any") for queue in STEPS for n in range(per_queue)]
        self.in_flight = len(slots)
        host = InProcessHost(self._body)
        self.engine = Engine(store, clock, {"": host}, slots, random.Random(0))

    async def _body(self, lease: Lease, brief: Brief) -> Report:  # noqa: ARG002 - an empty body reads nothing
        self.on_start()
        return _DONE

    def submission(self, name: str) -> Submit:
        """A project without a document."""
        project = Project(name, name, "", None, None, 50, 50, None, "bench", 0.0, self.pipeline.digest, "python")
        return Submit(project, "", self.text)

    async def throughput(self, projects: int) -> tuple[float, float]:
        """Steps per second and CPU seconds per 1,000 steps; raises AssertionError when a row is missing."""
        commands = [self.submission(f"project-{n}") for n in range(projects)]
        wall, cpu = time.perf_counter(), time.process_time()
        for command in commands:
            self.store.submit(command)
        self.engine.dispatcher.kick()
        await self._until_complete(projects)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        steps = projects * STEPS_PER_PROJECT
        tally = await self.store.read(lambda rows: {(s, state): n for s, state, n in rows.all("tally_all")})
        passed = sum(tally.get((queue, "passed"), 0) for queue in STEPS)
        assert passed == steps, f"{passed} steps of {steps} passed"
        return steps / wall, cpu / steps * 1000

    async def _until_complete(self, projects: int) -> None:
        def complete(rows: Rows) -> int:
            return {state: n for s, state, n in rows.all("tally_all") if s == "projects"}.get("complete", 0)

        while await self.store.read(complete) < projects:  # noqa: ASYNC110 - looked at from outside
            await asyncio.sleep(0.01)

    async def idle_starts(self, count: int) -> list[float]:
        """Milliseconds from each submission's call to the first line of its first body, one at a time."""
        loop = asyncio.get_running_loop()
        found: list[float] = []
        for n in range(count):
            started: asyncio.Future[float] = loop.create_future()
            self.on_start = partial(_note_start, started)
            began = time.perf_counter()
            answer = self.engine.submit(self.submission(f"idle-{n}"))
            found.append((await started - began) * 1000)
            await answer
            while await self.store.read(lambda rows: rows.all("projects_open")):  # noqa: ASYNC110 - likewise
                await asyncio.sleep(0.001)
        return found


def _note_start(started: asyncio.Future[float]) -> None:
    if not started.done():
        started.set_result(time.perf_counter())


async def measure(projects: int, in_flight: int, idle: int) -> Measured:
    """Run the engine at full load, then idle, on a database that fsyncs every commit."""
    with tempfile.TemporaryDirectory(prefix="podium-bench-") as folder:
        path = Path(folder) / "bench.sqlite"
        async with open_store(path, SteadyClock, limits=UNLIMITED) as (store, clock):
            assert isinstance(clock, SteadyClock)
            bench = Bench(store, clock, in_flight)
            await bench.engine.start()
            speed, cpu = await bench.throughput(projects)
            starts = sorted(await bench.idle_starts(idle))
            bench.engine.stop()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    quantiles: dict[str, float] = {"p50": starts[len(starts) // 2], "p99": starts[int(len(starts) * 0.99)]}
    return Measured(
        round(speed, 1),
        round(cpu, 4),
        round(memory, 1),
        bench.in_flight,
        {k: round(v, 3) for k, v in quantiles.items()},
    )


def run(projects: int, in_flight: int, idle: int) -> Measured:
    """`measure` on the loop that the product uses."""
    loop_factory: Any = asyncio.new_event_loop
    try:
        import uvloop

        loop_factory = uvloop.new_event_loop
    except ImportError:
        pass
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(measure(projects, in_flight, idle))
