"""A project of as many features as one may have runs to its end: the real engine and store, agents as callables."""

import asyncio
import random
from pathlib import Path

import pytest

from podium.clock import SteadyClock
from podium.domain.attempt import Artifact, Ending, GateOutcome, GateResult, Report
from podium.domain.command import Submit
from podium.domain.issues import ITEMS_MAX
from podium.domain.job import Lease
from podium.domain.project import Project
from podium.engine.engine import Engine
from podium.hosts.inprocess import InProcessHost
from podium.ports import Brief
from podium.store.sqlite import SqliteStore
from podium.store.store import Store, open_store
from tests.simulation.checkers import check
from tests.simulation.run import default_pipeline, slots_of

END_SECONDS = 240.0
KEYS = [f"{n:04d}-thing" for n in range(1, ITEMS_MAX + 1)]


def issues() -> tuple[Artifact, ...]:
    """Two of five wait for one before them, and some share a file."""
    chance = random.Random(1)
    made: list[Artifact] = []
    for n, key in enumerate(KEYS):
        after = [chance.choice(KEYS[:n])] if n and chance.random() < 0.4 else []
        files = ["shared.py"] if chance.random() < 0.01 else []
        made.append(Artifact("issue", key, "One of many", {"depends_on": after, "files": files}))
    return tuple(made)


async def body(lease: Lease, brief: Brief) -> Report:
    """Pass at once, with what the steps after it need."""
    gates = tuple(GateResult(gate.name, GateOutcome.PASSED) for gate in lease.step.gates)
    kind = {"genesis": "plan", "content": "brief"}.get(lease.job.workflow, "")
    made = issues() if lease.step.id == "issues" else ()
    made = (Artifact(kind, kind, kind),) if lease.step.id == "analyze" else made
    return Report(Ending.FINISHED, verdict="passed", gates=gates, artifacts=made)


async def run(path: Path) -> int:
    """How many jobs passed until the project was complete."""
    async with open_store(path, SteadyClock) as (store, clock):
        pipeline, text = default_pipeline()
        slots = slots_of(pipeline)
        engine = Engine(store, clock, {"": InProcessHost(body)}, slots, random.Random(0))
        await engine.start()
        project = Project("p", "p", "", None, None, 50, 50, None, "test", 0.0, pipeline.digest, "python")
        await engine.submit(Submit(project, "", text))
        async with asyncio.timeout(END_SECONDS):
            while not (tally := await look(store)).get(("projects", "complete")):
                await store.committed()
        engine.stop()
        return sum(n for (queue, state), n in tally.items() if state == "passed" and not queue.startswith("lane:"))


async def look(store: Store) -> dict[tuple[str, str], int]:
    """Every count."""
    return await store.read(lambda rows: {(subject, state): n for subject, state, n in rows.all("tally_all")})


@pytest.mark.requirement("PIP-3")
@pytest.mark.timeout(END_SECONDS + 60)
def test_five_thousand_features_run_to_their_end(tmp_path: Path) -> None:
    path = tmp_path / "podium.sqlite"
    assert asyncio.run(run(path)) == 4 * ITEMS_MAX + 13
    store = SqliteStore(path)
    assert check(store, finished=True) == []
    store.close()
