"""What must hold between a pipeline's steps: everything leads somewhere, nothing waits for itself or for nobody."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final

from podium.domain import lifecycle
from podium.domain.errors import IllegalTransition
from podium.domain.pipeline import EVENT, Rule, Step, Workflow

Mistake = tuple[Step, str, str]
"""The step where something is wrong, which of its keys says so, and what it is."""


def mistakes(workflows: Mapping[str, Workflow], rules: Sequence[Rule]) -> Iterator[Mistake]:
    """What is wrong between steps, states and rules; what comes behind a first mistake may only follow from it.

    A step that reads messages stands for itself, and nothing may wait for it.
    """
    for workflow in workflows.values():
        for step in workflow.planned:
            for name in step.after:
                if message := _of_after(step, name, workflow, workflows, rules):
                    yield step, "after", message
        yield from _of_order(workflow)
        for step in workflow.planned:
            yield from _of_author(workflow, step)
        yield from _of_states(workflow)


def _of_after(
    step: Step, name: str, workflow: Workflow, workflows: Mapping[str, Workflow], rules: Sequence[Rule]
) -> str:
    """What is wrong with one name in a step's `after`."""
    by_id = {one.id: one for one in workflow.planned}
    other, _, target = name.rpartition(".")
    if other:
        if other not in workflows or not any(s.id == target and not s.for_each for s in workflows[other].planned):
            return f"after {name!r}: there is no such step that runs once."
        if other not in _always_before(workflow.name, rules):
            return (
                f"after {name!r}: {workflow.name} may begin before {other} does, so it would wait for nobody. "
                f"Let a rule on {other} enqueue {workflow.name}."
            )
    elif target not in by_id:
        return f"step {step.id!r} comes after the unknown step {name!r}; steps are {', '.join(by_id)}."
    elif step.for_each and by_id[target].for_each not in ("", step.for_each):
        return f"steps {step.id!r} and {name!r} fan out over different artifacts."
    return ""


def _always_before(workflow: str, rules: Sequence[Rule]) -> frozenset[str]:
    """The workflows that have begun whenever this one has, whichever rule enqueued it."""

    def before(name: str, seen: frozenset[str]) -> frozenset[str]:
        sources = {_origin(rule.on) for rule in rules if rule.enqueue == name} - seen
        chains: list[frozenset[str]] = [before(source, seen | {name}) | {source} for source in sources]
        return chains[0].intersection(*chains[1:]) if chains else frozenset()

    return before(workflow, frozenset({workflow}))


def _origin(on: str) -> str:
    """The workflow that has begun when this happens; empty where an event leaves that open."""
    if on.startswith(EVENT):
        return _TOLD_BY.get(on.removeprefix(EVENT), "")
    return on.partition(".")[0]


_TOLD_BY: Final = {"genesis_complete": "genesis", "development_milestone": "development"}
"""Events that only one workflow brings about."""


def _of_order(workflow: Workflow) -> Iterator[Mistake]:
    """Steps stand in the file in an order in which they could be done."""
    by_id = {step.id: step for step in workflow.planned}
    order = {name: i for i, name in enumerate(by_id)}
    try:
        TopologicalSorter({name: [one for one in step.after if one in by_id] for name, step in by_id.items()}).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][:0:-1]
        first = min(circle, key=order.__getitem__)
        at = circle.index(first)
        way = " -> ".join((*circle[at:], *circle[:at], first))
        yield by_id[first], "after", f"these steps wait for each other: {way}. Remove one 'after'."
    for step in workflow.planned:
        for name in step.after:
            if order.get(name, -1) > order[step.id]:
                yield step, "after", f"write step {name!r} before {step.id!r}, which comes after it."


def _of_author(workflow: Workflow, step: Step) -> Iterator[Mistake]:
    """Work goes back to a step that this one stands on, in the same chain; so going back makes this one wait again."""
    upstream: set[str] = set()
    todo = [step.id]
    while todo:
        name = todo.pop()
        if name not in upstream and "." not in name:
            upstream.add(name)
            todo += workflow.by_id[name].after
    if step.rework not in upstream or workflow.by_id[step.rework].for_each != step.for_each:
        message = f"rework = {step.rework!r} must be a step of the same chain that {step.id!r} comes after."
        yield step, "rework", message
    if step.independent and len(workflow.instances) == 1:
        message = f"step {step.id!r} is independent of its author, but {workflow.name} has one instance; give it two."
        yield step, "independent", message


def _of_states(workflow: Workflow) -> Iterator[Mistake]:
    """From every state that jobs can bring about, every other one that they can bring about is reached legally."""
    back = {state for step in workflow.planned if step.after or step.for_each for state in (step.state, step.waiting)}
    for step in workflow.planned:
        for state in (step.state, step.waiting):
            for goal in back:
                try:
                    lifecycle.path(workflow.edges, state, goal)
                except IllegalTransition:
                    needs = f"which other work of {workflow.name} may need"
                    yield step, "state", f"no legal way leads from {state} to {goal}, {needs}."
