"""The declared graph: workflows, steps, roles, fan-out, gates, rules; and how a workflow expands into jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Final, NamedTuple

from podium.domain import lifecycle

ACTIONS: Final = frozenset({"integrate", "merge", "deploy", "publish"})
"""Podium's own steps, done under the fence and never by an agent."""
READER: Final = "messages"
"""The role of steps that are done on a message; any instance of the workflow may play it."""
EVENT: Final = "event:"
"""How a rule's `on` begins when it names an event's type."""


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
    on_message: bool = False
    """Reads messages: done only when one wakes an idle instance, and leads to no state."""
    independent: bool = False
    """Never given to the instance that did the step before."""
    attempts_max: int = 3
    reworks_max: int = 3
    timeout_seconds: float = 3600.0
    stall_seconds: float = 0.0
    """Ends an attempt that shows no progress for so long, as timed out; its gates' limits are added. 0 is never."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens when `on`, a `workflow.STATE` or an `event:TYPE`, is reached: exactly one of four actions."""

    on: str
    enqueue: str = ""
    """A workflow that begins."""
    notify: str = ""
    """A notice for people."""
    needs_you: bool = False
    """Whether that notice waits for a person to act."""
    to: str = ""
    """Whom a message is for, and `text` what it says."""
    text: str = ""
    webhook: str = ""
    """The name of a webhook of the configuration, which gets the event."""
    number: int = 0
    """Its place in the file: part of the key under which its effects are sent once."""


@dataclass(frozen=True, slots=True, eq=False)
class Workflow:
    """Steps in declared order, the states they lead through, and the instances its pool starts with (name -> role)."""

    name: str
    steps: tuple[Step, ...]
    roles: tuple[str, ...]
    instances: Mapping[str, str]
    edges: lifecycle.Edges
    project_jobs_max: int = 16
    """Chains of one project that may be open at once: one project of 500 issues starves nobody (QUE-2)."""
    states: tuple[str, ...] = field(init=False)
    """In order: the first on entry, the last when complete."""
    by_id: Mapping[str, Step] = field(init=False, repr=False)
    planned: tuple[Step, ...] = field(init=False, repr=False)
    """The steps that a run has from its beginning."""
    places: Mapping[str, tuple[int, int]] = field(init=False, repr=False)
    """Of each step: which of `states` its first job waits in, and which it works in.

    What reads messages counts in the last, which no other job stands in.
    """
    kinds: frozenset[str] = field(init=False, repr=False)
    """Kinds of artifacts that it fans out over."""
    _walks: dict[tuple[str, str], tuple[str, ...]] = field(init=False, repr=False)
    _fixed: list["PlannedJob"] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive what every transition asks for."""
        object.__setattr__(self, "states", tuple(self.edges))
        order = {state: i for i, state in enumerate(self.edges)}
        object.__setattr__(self, "by_id", {step.id: step for step in self.steps})
        object.__setattr__(self, "planned", tuple(step for step in self.steps if not step.on_message))
        object.__setattr__(self, "places", {s.id: (order[s.waiting], order[s.state]) for s in self.steps})
        object.__setattr__(self, "kinds", frozenset(step.for_each for step in self.steps if step.for_each))
        object.__setattr__(self, "_walks", {})
        object.__setattr__(self, "_fixed", [] if self.kinds else expand(self, {}))

    def plan(self, items: Mapping[str, Sequence["Item"]]) -> Sequence["PlannedJob"]:
        """All its jobs over these items, dependencies first (see `expand`)."""
        return expand(self, items) if self.kinds else self._fixed

    def walk(self, start: str, goal: str) -> tuple[str, ...]:
        """The states from `start` (left out) to `goal` over legal edges."""
        if (start, goal) not in self._walks:
            self._walks[start, goal] = lifecycle.path(self.edges, start, goal)
        return self._walks[start, goal]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A validated pipeline. `digest` names this exact text; a running project keeps it."""

    name: str
    digest: str
    start: str
    workflows: Mapping[str, Workflow]
    rules: tuple[Rule, ...]
    on: Mapping[str, tuple[Rule, ...]] = field(init=False, repr=False)
    """The rules by what they are on: a step without a matching one asks once and pays nothing more."""
    events: frozenset[str] = field(init=False, repr=False)
    """The types of event that rules are on."""

    def __post_init__(self) -> None:
        """Index the rules."""
        on = {name: tuple(rule for rule in self.rules if rule.on == name) for name in {r.on for r in self.rules}}
        object.__setattr__(self, "on", on)
        object.__setattr__(self, "events", frozenset(n.removeprefix(EVENT) for n in on if n.startswith(EVENT)))

    def workflow(self, run: str) -> Workflow:
        """The workflow that a run is one of: `content` and `content@2` are runs of `content`; KeyError for none."""
        return self.workflows.get(run) or self.workflows[workflow_of(run)]

    def step(self, run: str, step: str) -> Step:
        """The step of that name in a run of a workflow; KeyError when there is none."""
        return self.workflow(run).by_id[step]

    def repeatable(self) -> list[str]:
        """The workflows that may run again for a new version: those that build nothing anew for every artifact."""
        return [name for name in self.workflows if name != self.start and not self._fans_out(name, frozenset())]

    def _fans_out(self, name: str, seen: frozenset[str]) -> bool:
        """Whether the workflow, or one that it enqueues, has a job for each artifact of a kind."""
        behind = {rule.enqueue for rule in self.rules if rule.on.partition(".")[0] == name} - seen
        return any(step.for_each for step in self.workflows[name].steps) or any(
            self._fans_out(other, seen | {name}) for other in behind
        )


def run_name(workflow: str, number: int) -> str:
    """What the run of that number is called; the first has the workflow's own name."""
    return workflow if number == 1 else f"{workflow}@{number}"


def workflow_of(run: str) -> str:
    """The name of the workflow that a run is one of; no workflow's own name has an `@`."""
    return run.partition("@")[0]


class Item(NamedTuple):
    """One artifact that a workflow fans out over, and which others it must come after."""

    key: str
    after: tuple[str, ...] = ()


class PlannedJob(NamedTuple):
    """A job before it has an id: its step, its fan-out item, and what it waits for."""

    step: Step
    item: str
    after: tuple[int, ...] = ()
    """Places in the plan of those it waits for."""
    elsewhere: tuple[tuple[str, str], ...] = ()
    """Those of other workflows, as (workflow, step)."""
    ahead: int = 0
    """How many items, one after the other, wait for this one's chain at most."""


def expand(workflow: Workflow, items: Mapping[str, Sequence[Item]]) -> list[PlannedJob]:
    """All jobs of one workflow, dependencies first.

    `items` maps an artifact kind to its items. A step for each item follows the same item's job of an earlier step; a
    step that runs once waits for every item's. An item that comes after another begins when the other's chain has
    ended. Items with the longest way behind them come first, so that they are begun first (PRF-1).
    """
    by_id = workflow.by_id
    ordered = {kind: longest_first(found) for kind, found in items.items()} | {"": [Item("")]}
    ahead = {kind: ways(found) for kind, found in items.items()}
    followed = {name for step in workflow.steps if step.for_each for name in step.after}
    ends = {step.for_each: step.id for step in workflow.steps if step.for_each and step.id not in followed}
    jobs = [(step, item) for step in workflow.planned for item in ordered.get(step.for_each, [])]
    place = {(step.id, item.key): number for number, (step, item) in enumerate(jobs)}
    planned: list[PlannedJob] = []
    for step, item in jobs:
        after: list[tuple[str, str]] = []
        for name in filter(by_id.__contains__, step.after):
            if by_id[name].for_each and not item.key:
                after.extend((name, other.key) for other in ordered.get(by_id[name].for_each, []))
            else:
                after.append((name, item.key if by_id[name].for_each else ""))
        if step.for_each and not any(by_id[name].for_each for name in step.after if name in by_id):
            after.extend((ends[step.for_each], other) for other in item.after)
        elsewhere = tuple((at, other) for at, dot, other in (name.partition(".") for name in step.after) if dot)
        far = ahead.get(step.for_each, {}).get(item.key, 0)
        planned.append(PlannedJob(step, item.key, tuple(place[one] for one in after if one in place), elsewhere, far))
    return planned


def longest_first(items: Sequence[Item]) -> list[Item]:
    """The items in an order that keeps dependencies first and, among the free, the longest remaining way first."""
    ahead = ways(items)
    return sorted(items, key=lambda item: -ahead[item.key])


def ways(items: Sequence[Item]) -> dict[str, int]:
    """For each item, how many items follow it on the longest way."""
    ahead: dict[str, int] = {}
    followers: dict[str, list[str]] = {item.key: [] for item in items}
    for item in items:
        for other in item.after:
            followers[other].append(item.key)
    for item in reversed(topological(items)):
        ahead[item.key] = max((1 + ahead[key] for key in followers[item.key]), default=0)
    return ahead


def topological(items: Sequence[Item]) -> list[Item]:
    """The items, each after those it comes after; raises `CycleError` with the circle, `KeyError` for a strange one."""
    by_key = {item.key: item for item in items}
    sorter = TopologicalSorter({item.key: [by_key[other].key for other in item.after] for item in items})
    return [by_key[key] for key in sorter.static_order()]
