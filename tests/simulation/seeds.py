"""One seed, one history: the storm, the work it blows over, and whether pools move meanwhile, all by chance."""

import random
from dataclasses import replace
from typing import Final

from podium.engine.sweeper import SweeperSettings
from podium.policy import routing
from podium.policy.admission import Limits
from podium.policy.autoscaling import AutoscalerSettings, Thresholds
from tests.simulation.operator import Conducted
from tests.simulation.run import Outcome, Run, default_pipeline
from tests.simulation.world import Faults, Workload

STORMY: Final = Faults(
    crash_before_commit=0.01,
    crash_after_commit=0.01,
    abort_batch=0.01,
    lost_wakeup=0.05,
    agent_crash=0.05,
    agent_rework=0.05,
    gate_undecided=0.02,
    agent_hangs=0.01,
    runner_lost=0.02,
    poison=0.01,
    late_wakeup=0.05,
    duplicate_result=0.05,
    stale_result=0.05,
    clock_step=0.02,
    disk_full=0.003,
    slow_commit=0.02,
    silent_work=0.05,
    provider_down=0.02,
    provider_limit=0.02,
    memory_short=0.02,
    suspended=0.005,
)
"""The chance of every fault at once."""
BRISK: Final = Thresholds(
    min=1, max=4, depth_up=2, depth_down=1, wait_up_seconds=60.0, wait_down_seconds=30.0,
    cooldown_up_seconds=30.0, cooldown_down_seconds=60.0,
)  # fmt: skip
"""Pools that follow every gust."""
LOOK_SECONDS: Final = 30.0
SWEEP_SECONDS: Final = [5.0, 20.0, 60.0]
"""How often the sweeper looks, which nothing but speed may depend on; all in seconds."""


def play(seed: int, faults: Faults = STORMY, projects: int = 3, features: int = 4) -> Outcome:
    """One run of the shipped pipeline by seed."""
    rng = random.Random(seed)
    workload = Workload(
        step_seconds=rng.choice([5.0, 60.0, 600.0]),
        features=rng.randint(0, features),
        chains_max=rng.choice([1, 2, 16]),
        at_once=rng.choice([1, 3]),
        releases=rng.choice([0, 0, 1]),
        limits=Limits(queue_soft=rng.choice([1, 20]), queue_hard=rng.choice([1, 1000]), urgent_priority=115),
    )
    strategy = rng.choice(sorted(routing.STRATEGIES))
    conductor = rng.choice(["nobody", "nobody", "autoscaler", "operator"])
    workflows = dict.fromkeys(default_pipeline()[0].workflows, BRISK)
    scaling = AutoscalerSettings(LOOK_SECONDS, workflows) if conductor == "autoscaler" else None
    kind = Conducted if conductor == "operator" else Run
    # A provider's word is a time on the wall: where that jumps by half a day, all would but wait.
    faults = replace(faults, **{rng.choice(["clock_step", "provider_limit"]): 0.0})
    run = kind(seed, faults, projects, workload, strategy=strategy, autoscaler=scaling)
    run.settings = replace(run.settings, sweeper=SweeperSettings(rng.choice(SWEEP_SECONDS)))
    return run.play()
