"""Every legal state change in Podium, as data: workflow states (PIP-1), job states, review states.

The tables are the single truth: the store refuses anything else, and the diagrams in docs/lifecycle.md are
drawn from them. A workflow's state is never set by hand: it is derived from its jobs (PIP-6) and reached by
walking legal edges, so that even a jump over several states leaves one event for each edge.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from podium.domain.errors import IllegalTransition

Edges = Mapping[str, frozenset[str]]
"""From a state to the states that may follow it."""


def _lifecycle(forward: str, rework: Mapping[str, str]) -> Edges:
    """A chain of states `A B C`, each leading to the next, plus edges back for rework."""
    states = forward.split()
    edges: dict[str, frozenset[str]] = {state: frozenset(states[i + 1 : i + 2]) for i, state in enumerate(states)}
    for state, back in rework.items():
        edges[state] |= frozenset(back.split())
    return MappingProxyType(edges)


WORKFLOWS: Final[Mapping[str, Edges]] = MappingProxyType(
    {
        "genesis": _lifecycle(
            "QUEUED ANALYZING PLANNED SCAFFOLDING GENESIS_COMPLETE",
            {"PLANNED": "ANALYZING", "SCAFFOLDING": "ANALYZING PLANNED"},
        ),
        "development": _lifecycle(
            "DEV_QUEUED TESTING CODING REVIEWING DEPLOYING DEV_COMPLETE",
            {
                "TESTING": "DEV_QUEUED",
                "CODING": "DEV_QUEUED TESTING",
                "REVIEWING": "DEV_QUEUED TESTING CODING",
                "DEPLOYING": "TESTING CODING REVIEWING",
            },
        ),
        "content": _lifecycle(
            "CONTENT_QUEUED ANALYZING CREATING OPTIMIZING PUBLISHING CONTENT_COMPLETE",
            {"CREATING": "ANALYZING", "OPTIMIZING": "CREATING", "PUBLISHING": "CREATING OPTIMIZING"},
        ),
    }
)
"""PIP-1: the states of the three shipped workflows, in order, with their edges back for rework."""


def _table(edges: Mapping[str, str]) -> Mapping[tuple[str, str], str]:
    """`state: "happening:state …"` as `(state, happening) -> state`."""
    return MappingProxyType({(at, (to := e.split(":"))[0]): to[1] for at, line in edges.items() for e in line.split()})


JOB: Final = _table(
    {
        "waiting": "unblock:ready hold:held delay:delayed cancel:cancelled",
        "held": "admit:ready block:waiting cancel:cancelled",
        "ready": "lease:running block:waiting cancel:cancelled pause:paused delay:delayed",
        "paused": "resume:ready block:waiting cancel:cancelled",
        "delayed": "due:ready block:waiting cancel:cancelled",
        "running": "pass:passed release:ready retry:ready delay:delayed rework:ready block:waiting"
        " escalate:in_review bury:dead cancel:cancelled",
        "in_review": "approve:passed send_back:ready block:waiting reject:cancelled cancel:cancelled",
        "dead": "replay:ready block:waiting cancel:cancelled",
        "passed": "reopen:ready block:waiting",
    }
)
"""Job states: `(state, what happens) -> state`. `block` is what rework does to the jobs behind the one it reopens."""

JOB_FRONTIER: Final = frozenset({"ready", "held", "paused", "delayed", "running", "in_review", "dead"})
"""States of a job that lacks none of its dependencies and is not done: where its chain stands."""

JOB_UNADMITTED: Final = frozenset({"held", "dead"})
"""States of the frontier that take none of its project's places: a dead letter keeps no other chain out."""

JOB_DONE: Final = frozenset({"passed", "cancelled"})
"""States that let the jobs behind it go on: a rejected feature is dropped, the project goes on without it."""

REVIEW: Final = _table({"open": "approve:approved send_back:sent_back reject:rejected cancel:cancelled"})
"""Review states; a quality failure within its limit is opened and sent back in the same transaction."""


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
