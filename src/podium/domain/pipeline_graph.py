"""What must hold between a pipeline's steps: everything leads somewhere, nothing waits for itself or for nobody."""

from collections.abc import Callable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final, NamedTuple

from podium.domain import lifecycle
from podium.domain.errors import IllegalTransition, InvalidPipeline
from podium.domain.pipeline import EVENT, Rule, Step, Workflow


class Place(NamedTuple):
    """Where in the file a mistake is: the table's header, which of several, and the key."""

    table: str
    number: int
    key: str


Fail = Callable[[str, Place], InvalidPipeline]
"""Makes the error for a message and a place."""


def check(workflows: Mapping[str, Workflow], rules: Sequence[Rule], fail: Fail) -> None:
    """Raise the first mistake between steps, states and rules."""
    for workflow in workflows.values():
        by_id = {step.id: step for step in workflow.planned}
        for index, step in _planned(workflow):
            _check_after(workflow, step, index, by_id, workflows, rules, fail)
        _check_cycles(workflow, by_id, fail)
        for index, step in _planned(workflow):
            _check_rework(workflow, step, index, by_id, fail)
            _check_pool(workflow, step, index, fail)
        _check_states(workflow, fail)


def _planned(workflow: Workflow) -> list[tuple[int, Step]]:
    """Steps with their places in the file; one that reads messages stands for itself, and nothing may wait for it."""
    return [(index, step) for index, step in enumerate(workflow.steps) if not step.on_message]


def _place(workflow: Workflow, index: int, key: str) -> Place:
    return Place(f"workflows.{workflow.name}.steps", index, key)


def _check_after(
    workflow: Workflow,
    step: Step,
    index: int,
    by_id: Mapping[str, Step],
    workflows: Mapping[str, Workflow],
    rules: Sequence[Rule],
    fail: Fail,
) -> None:
    place = _place(workflow, index, "after")
    for name in step.after:
        other, _, target = name.rpartition(".")
        if other:
            if other not in workflows or not any(s.id == target and not s.for_each for s in workflows[other].planned):
                raise fail(f"after {name!r}: there is no such step that runs once.", place)
            if other not in _always_before(workflow.name, rules):
                raise fail(
                    f"after {name!r}: {workflow.name} may begin before {other} does, so it would wait for nobody. "
                    f"Let a rule on {other} enqueue {workflow.name}.",
                    place,
                )
        elif target not in by_id:
            known = ", ".join(by_id)
            raise fail(f"step {step.id!r} comes after the unknown step {name!r}; steps are {known}.", place)
        elif step.for_each and by_id[target].for_each not in ("", step.for_each):
            raise fail(f"steps {step.id!r} and {name!r} fan out over different artifacts.", place)


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


def _check_cycles(workflow: Workflow, by_id: Mapping[str, Step], fail: Fail) -> None:
    order = {name: i for i, name in enumerate(by_id)}
    try:
        TopologicalSorter({name: [one for one in step.after if one in by_id] for name, step in by_id.items()}).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][:0:-1]
        first = min(circle, key=order.__getitem__)
        at = circle.index(first)
        message = (
            f"these steps wait for each other: {' -> '.join((*circle[at:], *circle[:at], first))}. Remove one 'after'."
        )
        raise fail(message, _place(workflow, order[first], "after")) from None
    for index, step in enumerate(workflow.steps):
        late = [name for name in step.after if order.get(name, -1) > order[step.id]]
        if late:
            message = f"write step {late[0]!r} before {step.id!r}, which comes after it."
            raise fail(message, _place(workflow, index, "after"))


def _check_rework(workflow: Workflow, step: Step, index: int, by_id: Mapping[str, Step], fail: Fail) -> None:
    """Work goes back to a step that this one stands on, in the same chain; so going back makes this one wait again."""
    upstream: set[str] = set()
    todo = [step.id]
    while todo:
        name = todo.pop()
        if name not in upstream and name in by_id:
            upstream.add(name)
            todo += by_id[name].after
    if step.rework not in upstream or by_id[step.rework].for_each != step.for_each:
        message = f"rework = {step.rework!r} must be a step of the same chain that {step.id!r} comes after."
        raise fail(message, _place(workflow, index, "rework"))


def _check_pool(workflow: Workflow, step: Step, index: int, fail: Fail) -> None:
    if step.independent and len(workflow.instances) == 1:
        message = f"step {step.id!r} is independent of its author, but {workflow.name} has one instance; give it two."
        raise fail(message, _place(workflow, index, "independent"))


def _check_states(workflow: Workflow, fail: Fail) -> None:
    """From every state that jobs can bring about, every other one that they can bring about is reached legally."""
    back = {state for step in workflow.planned if step.after or step.for_each for state in (step.state, step.waiting)}
    for index, step in _planned(workflow):
        for state in (step.state, step.waiting):
            for goal in back:
                try:
                    lifecycle.path(workflow.edges, state, goal)
                except IllegalTransition:
                    message = (
                        f"no legal way leads from {state} to {goal}, which other work of {workflow.name} may need."
                    )
                    raise fail(message, _place(workflow, index, "state")) from None
