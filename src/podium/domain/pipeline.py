"""The declared graph: workflows, steps, roles, fan-out, gates, rules; and how a workflow expands into jobs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple

from podium.domain import lifecycle

ACTIONS: Final = frozenset({"integrate", "merge", "deploy", "publish"})
"""Podium's own steps, done under the fence and never by an agent."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A check that a result must pass.

    `kind` is `change` (the commit must differ from its base), `command` (run in the workspace), `result` (the
    agent's result must hold `require`) or `approval` (a person or a reviewer must say yes).
    """

    kind: str
    name: str
    command: tuple[str, ...] = ()
    expect: str = "passed"
    """`passed` or `failed`: the tests step must deliver tests that fail."""
    require: tuple[str, ...] = ()
    timeout_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a workflow; with `for_each` it becomes one job per artifact of that kind."""

    id: str
    workflow: str
    state: str
    """The workflow's state while this is worked on."""
    waiting: str
    """The workflow's state while this waits for its first attempt."""
    role: str
    after: tuple[str, ...]
    """Steps of this workflow that come first; `workflow.step` for one of another."""
    for_each: str = ""
    action: str = ""
    prompt: str = ""
    gates: tuple[Gate, ...] = ()
    rework: str = ""
    """The step that gets the work back when this one finds fault; itself by default."""
    independent: bool = False
    """Never given to the instance that did the step before."""
    attempts_max: int = 3
    reworks_max: int = 3
    timeout_seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Rule:
    """What a state enqueues: `on` is `workflow.STATE`, `enqueue` a workflow."""

    on: str
    enqueue: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """Steps in declared order, and the instances its pool starts with (name -> role)."""

    name: str
    steps: tuple[Step, ...]
    roles: tuple[str, ...]
    instances: Mapping[str, str]
    project_jobs_max: int = 16
    """Chains of one project that may be open at once: one project of 500 issues starves nobody (QUE-2)."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A validated pipeline. `digest` names this exact text; a running project keeps it."""

    name: str
    digest: str
    start: str
    workflows: Mapping[str, Workflow]
    rules: tuple[Rule, ...]
    _steps: dict[tuple[str, str], Step] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the steps: every transition looks one up."""
        steps = {(flow.name, step.id): step for flow in self.workflows.values() for step in flow.steps}
        object.__setattr__(self, "_steps", steps)

    def step(self, workflow: str, step: str) -> Step:
        """The step of that name; KeyError when there is none."""
        return self._steps[workflow, step]


class PlannedJob(NamedTuple):
    """A job before it has an id: its step, its fan-out item, and the (workflow, step, item) it waits for."""

    step: Step
    item: str
    after: tuple[tuple[str, str, str], ...]


def expand(workflow: Workflow, items: Mapping[str, Iterable[str]]) -> list[PlannedJob]:
    """All jobs of one workflow, dependencies first.

    `items` maps an artifact kind to its keys in order. A step for each item follows the same item's job of an
    earlier step; a step that runs once waits for every item's.
    """
    by_id = {step.id: step for step in workflow.steps}
    keys = {kind: list(found) for kind, found in items.items()}
    planned: list[PlannedJob] = []
    for step in workflow.steps:
        for item in keys.get(step.for_each, []) if step.for_each else [""]:
            after: list[tuple[str, str, str]] = []
            for name in step.after:
                if "." in name:
                    other_workflow, _, other_step = name.partition(".")
                    after.append((other_workflow, other_step, ""))
                elif by_id[name].for_each and not item:
                    after.extend((workflow.name, name, key) for key in keys.get(by_id[name].for_each, []))
                else:
                    after.append((workflow.name, name, item if by_id[name].for_each else ""))
            planned.append(PlannedJob(step, item, tuple(after)))
    return planned


@cache
def state_order(workflow: str) -> dict[str, int]:
    """From a workflow's state to its place in the order."""
    return {state: i for i, state in enumerate(lifecycle.states(workflow))}
