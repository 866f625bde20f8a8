"""How fast is the engine? The whole of it on a real disk, with python agents whose bodies are empty."""

import asyncio
import random
import resource
import statistics
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
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
from podium.ports import Brief
from podium.store.store import Store
from tools.bench_store import opened, reader

STEPS: Final = {
    "genesis": ["ANALYZING", "ANALYZING", "PLANNED", "SCAFFOLDING", "SCAFFOLDING"],
    "development": ["TESTING", "TESTING", "CODING", "REVIEWING", "DEPLOYING"],
    "content": ["ANALYZING", "CREATING", "CREATING", "OPTIMIZING", "PUBLISHING"],
}
"""Five durable steps in each of three queues."""
ONE_STEP: Final = {"genesis": ["ANALYZING"]}
OPEN_PER_INSTANCE: Final = 2
"""Projects kept open for each instance: as one completes, the next is submitted, which is what admission does too."""
SUBMISSIONS_AT_ONCE: Final = 4096
QUIET_LOOK_SECONDS: Final = 0.001
SAMPLES: Final = 5
SAMPLE_STEPS: Final = 4_000

_DONE: Final = Report(Ending.FINISHED, verdict="passed")


def pipeline_text(workflows: dict[str, list[str]]) -> str:
    """Workflows of steps one after another, each enqueued by the end of the one before."""
    lines = ['name = "bench"', 'start = "genesis"']
    names = list(workflows)
    for name, following in pairwise(names):
        ends = {"genesis": "GENESIS_COMPLETE", "development": "DEV_COMPLETE"}
        lines += ["[[rules]]", f'on = "{name}.{ends[name]}"', f'enqueue = "{following}"']
    for name, states in workflows.items():
        lines += [f"[workflows.{name}]", 'roles = ["any"]']
        for number, state in enumerate(states):
            after = f'after = ["s{number - 1}"]' if number else ""
            lines += [
                f"[[workflows.{name}.steps]]", f'id = "s{number}"', f'state = "{state}"', 'role = "any"', after,
            ]  # fmt: skip
    return "\n".join(lines)


class Bench:
    """One engine over a store, with instances shared evenly by the pipeline's queues."""

    def __init__(self, store: Store, clock: SteadyClock, workflows: dict[str, list[str]], in_flight: int) -> None:
        self.text = pipeline_text(workflows)
        self.pipeline = pipeline_file.parse(self.text, "bench")
        self.store = store
        self._clock = clock
        self.steps_of_project = sum(map(len, workflows.values()))
        slots = [Slot(f"{queue}-{n}", queue, "any") for queue in workflows for n in range(in_flight // len(workflows))]
        self.in_flight = len(slots)
        self.on_start: Callable[[], None] = lambda: None
        self._submitted = 0
        self.engine = Engine(store, clock, {"": InProcessHost(self._body)}, slots, random.Random(0))

    async def _body(self, lease: Lease, brief: Brief) -> Report:  # noqa: ARG002 - an empty body reads nothing
        self.on_start()
        return _DONE

    def submission(self) -> Submit:
        """The next project, without a document."""
        self._submitted += 1
        name = f"project-{self._submitted}"
        project = Project(name, name, "", None, None, 50, 50, None, "bench", 0.0, self.pipeline.digest, "python")
        return Submit(project, "", self.text)

    async def wait_for(self, projects: int) -> None:
        """Let so many projects wait, with nobody to work on them."""
        for first in range(0, projects, SUBMISSIONS_AT_ONCE):
            count = min(SUBMISSIONS_AT_ONCE, projects - first)
            await asyncio.gather(*[self.store.submit(self.submission()) for _ in range(count)])

    async def work(self, steps: int) -> tuple[float, float]:
        """Wall and CPU seconds until so many more steps have passed, one project submitted for each that completes."""
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        begun = passed = await self._passed()

        def note() -> None:
            nonlocal passed
            passed += 1
            if passed % self.steps_of_project == 0:
                self.store.submit(self.submission())
            if passed - begun == steps:
                over.set_result(None)
                self.engine.dispatcher.pause()

        self.on_start = note
        wall, cpu = time.perf_counter(), time.process_time()
        self.engine.dispatcher.resume()
        await over
        spent = time.perf_counter() - wall, time.process_time() - cpu
        await self._quiet()
        durable = await self._passed() - begun
        assert durable >= steps, f"{durable} steps are on record, not {steps}"
        return spent

    async def _quiet(self) -> None:
        """Until no attempt is in progress any more."""
        while self.engine.supervisor.running:
            await self._clock.sleep(QUIET_LOOK_SECONDS)

    async def _passed(self) -> int:
        return await self.store.read(
            lambda rows: sum(n for subject, state, n in rows.all("tally_all") if state == "passed" and subject in STEPS)
        )

    async def idle_starts(self, count: int) -> list[float]:
        """Milliseconds from each submission's call to the first line of its first body, one at a time, sorted."""
        loop = asyncio.get_running_loop()
        found: list[float] = []
        for _ in range(count):
            started: asyncio.Future[float] = loop.create_future()
            self.on_start = partial(_note_start, started)
            began = time.perf_counter()
            answer = self.engine.submit(self.submission())
            found.append((await started - began) * 1000)
            await answer
            await self._quiet()
        return sorted(found)


def _note_start(started: asyncio.Future[float]) -> None:
    if not started.done():
        started.set_result(time.perf_counter())


@asynccontextmanager
async def bench(path: Path, workflows: dict[str, list[str]], in_flight: int) -> AsyncGenerator[Bench]:
    """A bench on a new database that fsyncs every commit; it gives out no work until `Bench.work`."""
    async with opened(path) as (store, clock):
        assert isinstance(clock, SteadyClock)
        made = Bench(store, clock, workflows, in_flight)
        await made.engine.start()
        made.engine.dispatcher.pause()  # after the start, which resumes it
        try:
            yield made
        finally:
            made.engine.stop()


async def throughput(folder: Path, projects: int, in_flight: int, idle: int) -> dict[str, Any]:
    """Steps at full load, then one project at a time."""
    async with bench(folder / "speed.sqlite", STEPS, in_flight) as made:
        await made.wait_for(OPEN_PER_INSTANCE * made.in_flight)
        steps = projects * made.steps_of_project
        wall, cpu = await made.work(steps)
    async with bench(folder / "idle.sqlite", STEPS, in_flight) as made:
        made.engine.dispatcher.resume()
        starts = await made.idle_starts(idle)
    return {
        "steps_per_second": round(steps / wall, 1),
        "cpu_seconds_per_1000_steps": round(cpu / steps * 1000, 4),
        "memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "in_flight": made.in_flight,
        "idle_start_ms": {"p50": round(starts[len(starts) // 2], 3), "p99": round(starts[int(len(starts) * 0.99)], 3)},
    }


async def held_snapshot(folder: Path, seconds: float, in_flight: int) -> dict[str, Any]:
    """What a step costs after somebody has read in one snapshot for so long, over what it cost before; under load."""
    path = folder / "held.sqlite"
    async with bench(path, STEPS, in_flight) as made:
        await made.wait_for(OPEN_PER_INSTANCE * made.in_flight)
        await made.work(SAMPLE_STEPS)  # warms up
        before = [(await made.work(SAMPLE_STEPS))[0] for _ in range(SAMPLES)]
        with reader(path) as ask:
            ask("snapshot_begin")
            ask("numbers")
            over, steps, after = time.perf_counter() + seconds, 0, before
            while time.perf_counter() < over:
                after = [*after[1:], (await made.work(SAMPLE_STEPS))[0]]
                steps += SAMPLE_STEPS
            ask("snapshot_end")
    ratio = statistics.median(after) / statistics.median(before)
    return {"held_snapshot_cost_ratio": round(ratio, 3), "held_snapshot_steps": steps}


async def backlog_ratio(folder: Path, few: int, many: int, in_flight: int) -> float:
    """What a whole step costs while `many` jobs wait, over what it costs while `few` do: median of interleaved runs."""
    async with (
        bench(folder / "few.sqlite", ONE_STEP, in_flight) as one,
        bench(folder / "many.sqlite", ONE_STEP, in_flight) as other,
    ):
        await one.wait_for(few)
        await other.wait_for(many)
        ratios: list[float] = []
        for sample in range(SAMPLES + 1):
            (short, _), (long, _) = await one.work(SAMPLE_STEPS), await other.work(SAMPLE_STEPS)
            ratios += [long / short] if sample else []  # the first warms both up
    return round(statistics.median(ratios), 3)
