"""Every legal state change in Podium, as data: workflow states (PIP-1), job states, review states.

The tables of `lifecycle.toml` are the single truth: the store refuses anything else, and the diagrams in
docs/lifecycle.md are drawn from them. A workflow's state is never set by hand: it is derived from its jobs (PIP-6) and
reached by walking legal edges, so that even a jump over several states leaves one event for each edge.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from podium.domain.errors import IllegalTransition
from podium.tables import beside

Edges = Mapping[str, frozenset[str]]
"""From a state to the states that may follow it."""


def _lifecycle(forward: str, rework: Mapping[str, str]) -> Edges:
    """A chain of states `A B C`, each leading to the next, plus edges back for rework."""
    states = forward.split()
    edges: dict[str, frozenset[str]] = {state: frozenset(states[i + 1 : i + 2]) for i, state in enumerate(states)}
    for state, back in rework.items():
        edges[state] |= frozenset(back.split())
    return MappingProxyType(edges)


def _table(edges: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], str]:
    """By state what may follow on which happening, as `(state, happening) -> state`; nobody changes it."""
    return {(at, what): after for at, follow in edges.items() for what, after in follow.items()}


_DATA: Final = beside(__file__)

WORKFLOWS: Final[Mapping[str, Edges]] = MappingProxyType(
    {name: _lifecycle(**states) for name, states in _DATA["workflows"].items()}
)
"""PIP-1: the states of the three shipped workflows, in order, with their edges back for rework."""

JOB: Final = _table(_DATA["job"])
"""Job states: `(state, what happens) -> state`."""
REVIEW: Final = _table(_DATA["review"])
"""Review states: `(state, verdict) -> state`."""

JOB_FRONTIER: Final = frozenset({"ready", "held", "paused", "delayed", "running", "in_review", "dead"})
"""States of a job that lacks none of its dependencies and is not done: where its chain stands."""

JOB_UNADMITTED: Final = frozenset({"held", "dead"})
"""States of the frontier that take none of its project's places: a dead letter keeps no other chain out."""

JOB_DONE: Final = frozenset({"passed", "cancelled"})
"""States that let the jobs behind it go on: a rejected feature is dropped, the project goes on without it."""


def next_job_state(state: str, happening: str) -> str:
    """The state after `happening`; raises `IllegalTransition` where the table has no such edge."""
    if (after := JOB.get((state, happening))) is None:
        raise IllegalTransition(f"A job that is {state} cannot '{happening}'.")
    return after


def next_review_state(state: str, verdict: str) -> str:
    """The review's state after `verdict`; raises `IllegalTransition` when it is already decided."""
    if (after := REVIEW.get((state, verdict))) is None:
        raise IllegalTransition(f"This review is already {state}; '{verdict}' no longer applies.")
    return after


def declared(states: Sequence[str]) -> Edges:
    """The lifecycle of a user's own workflow: forward one by one, back to any earlier state but from the last."""
    return _lifecycle(" ".join(states), {s: " ".join(states[:i]) for i, s in enumerate(states[:-1]) if i})


def path(edges: Edges, start: str, goal: str) -> tuple[str, ...]:
    """The shortest walk over legal edges from `start` to `goal`, without `start`; empty when they are equal."""
    order = list(edges)
    seen = {start}
    walks: deque[tuple[str, ...]] = deque([(start,)])
    while walks:
        walk = walks.popleft()
        if walk[-1] == goal:
            return walk[1:]
        for following in sorted(edges[walk[-1]] - seen, key=order.index):
            seen.add(following)
            walks.append((*walk, following))
    raise IllegalTransition(f"No legal way leads from {start} to {goal}.")
