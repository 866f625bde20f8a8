"""Answers about the fleet; see `samples`."""

from podium.operations.fleet import DrainOutput, FleetOutput, InstanceMove, PoolChange, RestartOutput
from podium.operations.instances import InstanceRow, InstancesOutput, PoolRow
from podium.operations.queues import StrategyOutput
from podium.operations.scaling import (
    BottleneckOutput,
    DecisionsOutput,
    ScalingDecision,
    StepLoad,
    WorkflowLoad,
)
from podium.operations.simulate import SimulateOutput
from podium.operations.steering import AssignOutput
from podium.operations.swap import SwapOutput
from podium.simulation.scenario import SimulatedQueue, SimulatedRun, StepTime
from tests.unit.faces.samples import NOW, Answer, instance_rows, plain

BECAUSE = "development has 9 jobs for 5 instances, content 0 for 3"


def resized() -> Answer:
    """Two leave; one of them still works."""
    because = "nothing waits for features"
    change = PoolChange(workflow="development", role="features", before=3, after=1, because=because)
    left: Answer = {
        "retired": ["dev-07", "dev-06"],
        "finishing": ["dev-06"],
        "attempts_ended": ["p/7.a1"],
        "jobs_unpinned": [],
    }
    return plain(FleetOutput(pools=[change], moves=[], started=[], **left))


def moved(*, preview: bool = False, balanced: bool = False) -> Answer:
    """An instance goes from content to development."""
    if balanced:
        nobody: Answer = {"started": [], "retired": [], "finishing": [], "attempts_ended": [], "jobs_unpinned": []}
        return plain(FleetOutput(pools=[], moves=[], preview=preview, **nobody))
    sizes = [("content", "social", 1, 0), ("development", "features", 1, 2)]
    names: Answer = {"started": [] if preview else ["dev-06"], "retired": [] if preview else ["content-03"]}
    return plain(
        FleetOutput(
            pools=[PoolChange(workflow=w, role=r, before=b, after=a, because=BECAUSE) for w, r, b, a in sizes],
            moves=[
                InstanceMove(
                    workflow="content", role="social", to_workflow="development", to_role="features", because=BECAUSE
                )
            ],
            finishing=[],
            attempts_ended=[],
            jobs_unpinned=[27],
            preview=preview,
            **names,
        )
    )


def restarted(*, idle: bool = False) -> Answer:
    return plain(RestartOutput(instance="dev-02", attempt=None if idle else "p/7.a1"))


def drained(*, again: bool = False) -> Answer:
    queues = [] if again else ["development"]
    return plain(DrainOutput(queues=queues, instances=[], finishing=["dev-01"]))


def routed() -> Answer:
    return plain(StrategyOutput(queue="development", strategy="least-loaded", before="specialized"))


def instances() -> Answer:
    """Three at work, two idle."""
    pool = PoolRow(workflow="development", role="tests", size=1, busy=1, waiting=0)
    return plain(InstancesOutput(instances=instance_rows(), pools=[pool]))


def closed_instances() -> Answer:
    """One that is drained, one that works and then leaves."""
    drained = InstanceRow(name="dev-01", workflow="development", role="tests", state="drained")
    leaving = InstanceRow(
        name="dev-02", workflow="development", role="features", state="retiring", job=7, project="p",
        work="implement 003", busy_seconds=2.0,
    )  # fmt: skip
    return plain(InstancesOutput(instances=[drained, leaving], pools=[]))


def assigned(instance: str | None = "dev-02", *, submitted: bool = False) -> Answer:
    told = {"project": "shop", "action": "assign", "jobs": 3, "attempts_ended": 0, "workflow": "development"}
    return plain(AssignOutput.model_validate(told | {"instance": instance, "submitted": submitted}))


def decisions(*actions: str) -> Answer:
    """What scaling did."""
    seen: Answer = {"size": 4, "depth": 12, "wait_seconds": 80.5, "utilization": 0.97, "window_seconds": 1800.0}
    because = "12 jobs wait, over 10"
    rows = [
        ScalingDecision(seq=n, at=NOW - 60 * n, workflow="development", action=action, because=because, **seen)
        for n, action in enumerate(actions, 1)
    ]
    return plain(DecisionsOutput(decisions=rows))


def bottleneck(*, calm: bool = False) -> Answer:
    """Development has too few instances; or nothing is wrong."""
    load = WorkflowLoad(
        workflow="development", instances=5, running=5, ready=12, job_seconds=300.0, expected_wait_seconds=720.0
    )
    none = WorkflowLoad(
        workflow="content", instances=0, running=0, ready=1, job_seconds=0.0, expected_wait_seconds=None
    )
    step = StepLoad(workflow="development", step="implement", ended=40, average_seconds=290.0, in_vain=9)
    worst: Answer = {
        "kind": "instances",
        "where": "development",
        "because": "12 jobs of development wait for 5 instances, all busy, with 300 s for each job",
        "todo": "`podium scale-up development`",
        "seconds": 720.0,
    }
    if calm:
        worst = {"kind": "none", "where": "", "because": "nothing holds the work up", "todo": "", "seconds": 0.0}
        return plain(
            BottleneckOutput(workflows=[], steps=[], reviews=0, review_oldest_seconds=0.0, machine="", **worst)
        )
    return plain(
        BottleneckOutput(
            workflows=[load, none], steps=[step], reviews=2, review_oldest_seconds=90.0, machine="a load of 9", **worst
        )
    )


def swapped(*, same: bool = False) -> Answer:
    """Two at work, one of them ended; or a configuration that names what it named before."""
    if same:
        return plain(SwapOutput(agents=[], instances=[], finishing=[], attempts_ended=[]))
    names = ["dev-01", "dev-02", "dev-03"]
    return plain(SwapOutput(agents=["claude"], instances=names, finishing=["dev-01"], attempts_ended=["shop/12.a1"]))


def simulated() -> list[tuple[str, Answer]]:
    """Two alternatives; the smaller one does not get to its end. And a replay."""
    queue = SimulatedQueue(
        instances=4.0, wait_p50_seconds=60.0, wait_p95_seconds=7200.0, utilization=0.93,
        depth=[0.0, 2.5, 12.0, 0.25], busy=[0.1, 1.0, 1.0, 0.0],
    )  # fmt: skip
    runs = [
        SimulatedRun(
            setting=f"pools.development={size}", projects=96, unfinished=left, hours=30.5, projects_per_hour=3.1,
            project_p50_seconds=9_000.0, project_p95_seconds=30_000.0, instance_hours=size * 30.5,
            cost_usd=None if left else 12.5, queues={"development": queue},
        )
        for size, left in ((4, 12), (8, 0))
    ]  # fmt: skip
    verdict = "The least that is enough for 95 % of projects within 8 h: pools.development=8."
    steps: dict[str, dict[str, dict[str, float]]] = {
        "genesis": {"plan": {"seconds": 60.0}},
        "content": {"write": {}, "publish": {"seconds": 5.0}},
    }
    times = {flow: {step: StepTime.model_validate(of) for step, of in known.items()} for flow, known in steps.items()}
    told = [SimulateOutput(verdict=verdict, times=times, recorded_per_hour=pace, runs=runs) for pace in (None, 2.9)]
    return [("simulate", plain(one)) for one in told]
