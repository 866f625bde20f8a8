"""One question of "what if" and its answer as values: who works by which rules, what comes in, how long work takes."""

import random
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from podium.config import LimitsConfig, ScalingConfig
from podium.domain.instance import Slot
from podium.domain.pipeline import Pipeline
from podium.policy.scaling import QUEUE_INSTANCES_MAX

Size = Annotated[int, Field(ge=0, le=QUEUE_INSTANCES_MAX)]
Strategy = Literal["specialized", "round-robin", "least-loaded", "priority"]


class Load(BaseModel):
    """What comes in, and what is supposed of steps that the home knows too little of."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    hours: float = Field(24.0, gt=0, le=168)
    """Projects come for so many hours; with --replay, those of the last so many."""
    per_hour: float = Field(4.0, gt=0, le=1000)
    """Projects an hour, at random moments."""
    burst: int = Field(1, ge=1, le=1000)
    """How many of them come together."""
    features: int = Field(5, ge=1, le=100)
    """Features of each project."""
    minutes: float = Field(10.0, gt=0, le=1440)
    """What an agent's step takes (the median) of which this home knows too little."""
    failures: float = Field(0.05, ge=0, le=0.9)
    """The share of its attempts that are in vain."""
    seed: int = Field(1, ge=0)
    """Another one is another day of the same kind."""


class StepTime(BaseModel):
    """What attempts at one step came to; their times are taken for lognormal."""

    seconds: float | None = Field(None, gt=0)
    """Their median; null where the home knows too little of them."""
    spread: float = Field(0.6, ge=0, le=5)
    """Standard deviation of the times' logarithm: 95 % take at most `exp(1.645 * spread)` times the median."""
    in_vain: float | None = Field(None, ge=0, le=1)
    """The share that is sent back, where the step sends work back, and dies elsewhere."""
    cost_usd: float | None = None
    recorded: int = 0
    """How many attempts they were."""


class Arrival(NamedTuple):
    """One project. Attempts that `done` does not hold are drawn."""

    at: float
    """Seconds after the first."""
    priority: int
    items: Mapping[str, list[tuple[str, dict[str, Any]]]]
    """By kind, what its workflows fan out over: keys with their data."""
    done: Mapping[str, list[tuple[float, str, str]]]
    """Recorded attempts of each job by `workflow/step/item` in their order: seconds, ending, verdict."""


class Scenario(Load):
    """All that decides a run: the same scenario gives the same answer."""

    setting: str = "as it is"
    """How it differs from the others."""
    pipeline: str
    slots: list[Slot]
    """The home's instances."""
    pools: Mapping[str, Size]
    """How many each workflow begins with."""
    strategies: Mapping[str, Strategy]
    scaling: ScalingConfig
    limits: LimitsConfig
    times: Mapping[str, Mapping[str, StepTime]]
    """By workflow and step."""
    history: list[Arrival]
    """Instead of what `Load` says of arrivals."""


def arrivals(scenario: Scenario, pipeline: Pipeline) -> list[Arrival]:
    """The projects in the order of their coming."""
    chance, at, made = random.Random(scenario.seed), 0.0, list(scenario.history)
    kinds = sorted({kind for flow in pipeline.workflows.values() for kind in flow.kinds})
    items = {kind: [(f"{n:03d}-{kind}", dict[str, Any]()) for n in range(1, scenario.features + 1)] for kind in kinds}
    while not scenario.history and at < scenario.hours * 3600:
        made += [Arrival(at, 50, items, {})] * scenario.burst
        at += chance.expovariate(scenario.per_hour / scenario.burst / 3600)
    return made


class SimulatedQueue(BaseModel):
    """One workflow's pool and what waited for it; `depth` and `busy` are means of 48 equal parts of the time."""

    instances: float
    """On average."""
    wait_p50_seconds: float | None
    wait_p95_seconds: float | None
    """How long a job waited for its instance."""
    utilization: float
    depth: list[float]
    """Jobs that lacked nothing but an instance."""
    busy: list[float]
    """Busy time as a share of the instances' time."""


class SimulatedRun(BaseModel):
    """What came of one alternative."""

    setting: str
    projects: int
    unfinished: int
    hours: float
    """From the first project to the end of the last."""
    projects_per_hour: float
    """Completed, over all these hours."""
    project_p50_seconds: float
    project_p95_seconds: float
    """From its submission to its end; what is unfinished counts with its time so far."""
    instance_hours: float
    cost_usd: float | None
    """Null where the home has recorded no spend."""
    queues: dict[str, SimulatedQueue]
