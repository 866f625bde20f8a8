"""`./dev bench`: the engine's speed, every transition durable, the whole engine in the path.

Each figure is measured in a process of its own, so that none inherits another's memory.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from podium import clock
from podium.store import batch
from tests import databases
from tools import bench_engine, bench_home, bench_raw, bench_sse, bench_store

PART_SECONDS_MAX: Final = 1_800


async def _speed(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    return await bench_engine.throughput(folder, asked.projects, asked.in_flight, asked.idle)


async def _raw(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    steps = asked.projects * 15
    return {"raw_steps_per_second": await bench_raw.raw_steps_per_second(folder / "raw", steps, asked.in_flight)}


async def _ratio(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    ratio = await bench_engine.backlog_ratio(folder, 1_000, asked.backlog, asked.in_flight)
    return {"step_cost_ratio_1m_to_1k": ratio} if asked.backlog == 1_000_000 else {"step_cost_ratio": ratio}


async def _held(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    return await bench_engine.held_snapshot(folder, asked.held, asked.in_flight)


async def _home(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    return await bench_home.measure(folder, asked.waiting)


async def _sse(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    return await asyncio.to_thread(bench_sse.measure, folder / "sse", asked.readers)


PARTS: Final[dict[str, Callable[[Path, argparse.Namespace], Coroutine[Any, Any, dict[str, Any]]]]] = {
    "speed": _speed,
    "raw": _raw,
    "home": _home,
    "ratio": _ratio,
    "held": _held,
    "sse": _sse,
}
COMPARED: Final = ("speed", "raw")
"""One is told as a share of the other: they are measured by turns, and the median by its first figure counts."""
TURNS: Final = 5
SHARED: Final = ("speed", "raw", "ratio", "held")
"""What is measured on PostgreSQL too; the others are about a home and its own database."""


def _in_a_process_of_its_own(part: str, arguments: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "tools.bench", "--part", part, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=PART_SECONDS_MAX, check=True)
    return json.loads(done.stdout)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=2_000, help="projects of 15 steps each (default 2000)")
    parser.add_argument("--in-flight", type=int, default=256, help="instances (default 256)")
    parser.add_argument("--idle", type=int, default=300, help="submissions one at a time (default 300)")
    parser.add_argument("--waiting", type=int, default=100_000, help="jobs that wait at a restart (default 100000)")
    parser.add_argument("--backlog", type=int, default=1_000_000, help="jobs of the large backlog (default 1000000)")
    parser.add_argument("--held", type=float, default=60.0, help="seconds in which a snapshot is held (default 60)")
    parser.add_argument("--readers", type=int, default=1_000, help="readers of events that stall (default 1000)")
    parser.add_argument("--store", choices=databases.KINDS, default="sqlite", help="the database (default sqlite)")
    parser.add_argument("--pure", action="store_true", help="measure the checkout as it is, not compiled")
    parser.add_argument("--part", choices=PARTS, help="only this part")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    if asked.part:
        with tempfile.TemporaryDirectory(prefix="podium-bench-") as folder, ExitStack() as stack:
            if asked.store == "postgresql":
                bench_store.Place.start(stack)
            print(json.dumps(clock.run(PARTS[asked.part](Path(folder), asked))))
        return 0
    measured: dict[str, Any] = {"compiled": not batch.__file__.endswith(".py")}
    turns = [[_in_a_process_of_its_own(part, sys.argv[1:]) for part in COMPARED] for _ in range(TURNS)]
    for results in zip(*turns, strict=True):
        measured |= sorted(results, key=lambda result: next(iter(result.values())))[TURNS // 2]
    for part in PARTS if asked.store == "sqlite" else SHARED:
        measured |= {} if part in COMPARED else _in_a_process_of_its_own(part, sys.argv[1:])
    if asked.json:
        print(json.dumps(measured))
    else:
        for name, value in measured.items():
            print(f"{name:32} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
