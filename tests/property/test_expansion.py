"""The graph as a law: what a workflow expands into, and the walks its states may take."""

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from podium.domain import lifecycle
from podium.domain.errors import IllegalTransition
from podium.domain.pipeline import Item, PlannedJob, expand
from tests.simulation.run import default_pipeline

FLOWS = default_pipeline()[0].workflows
DEVELOPMENT = FLOWS["development"]


@st.composite
def items(draw: st.DrawFn) -> list[Item]:
    """Issues that come after any of those before them, told in any order."""
    count = draw(st.integers(0, 12))
    made: list[Item] = []
    for n in range(count):
        after = draw(st.lists(st.integers(0, n - 1), unique=True, max_size=3)) if n else []
        made.append(Item(str(n), tuple(map(str, after))))
    return draw(st.permutations(made))


@pytest.mark.requirement("PIP-3", "QUE-7")
@given(items())
def test_expansion_is_acyclic_complete_and_joins_wait_for_all(found: list[Item]) -> None:
    planned = expand(DEVELOPMENT, {"issue": found})
    jobs: dict[tuple[str, str, str], PlannedJob] = {("development", p.step.id, p.item): p for p in planned}
    assert len(jobs) == len(planned)
    order = list(jobs)
    expected = {(s.id, key) for s in DEVELOPMENT.planned for key in ([i.key for i in found] if s.for_each else [""])}
    assert {(p.step.id, p.item) for p in planned} == expected, "every item has its whole chain"
    behind: dict[tuple[str, str, str], set[tuple[str, str, str]]] = {}

    def reach(key: tuple[str, str, str], trail: tuple[object, ...]) -> set[tuple[str, str, str]]:
        assert key not in trail, "a job waits for itself"
        if key not in behind:
            before = [order[place] for place in jobs[key].after]
            behind[key] = {a for after in before for a in (after, *reach(after, (*trail, key)))}
        return behind[key]

    for key in jobs:
        reach(key, ())
    everything = set(jobs)
    fanned = {key for key in everything if key[2]}
    assert fanned <= behind["development", "performance", ""], "what runs once waits for every item's"
    for item in found:
        for other in item.after:
            chain = {key for key in everything if key[2] == other}
            assert chain <= behind["development", "tests", item.key], "an item begins when the other's chain has ended"
        mine = [p.step.id for p in planned if p.item == item.key]
        for earlier, later in pairwise(mine):
            assert ("development", earlier, item.key) in behind["development", later, item.key]


@pytest.mark.requirement("PIP-1", "PIP-6")
@given(st.sampled_from(sorted(FLOWS)), st.data())
def test_every_walk_uses_legal_edges_only(name: str, data: st.DataObject) -> None:
    flow = FLOWS[name]
    start, goal = (data.draw(st.sampled_from(flow.states)) for _ in range(2))
    try:
        walk = flow.walk(start, goal)
    except IllegalTransition:
        assert start != goal
        assert flow.states.index(goal) < flow.states.index(start), "the way forward is always open"
        return
    assert (walk[-1] if walk else start) == goal
    for here, there in zip((start, *walk), walk, strict=False):
        assert there in flow.edges[here]
    assert len(set(walk)) == len(walk), "a shortest walk visits nothing twice"


@pytest.mark.requirement("PIP-1")
@given(st.lists(st.text("ABC", min_size=1, max_size=4), min_size=2, max_size=6, unique=True), st.data())
def test_a_declared_lifecycle_leads_anywhere_but_out_of_its_end(states: list[str], data: st.DataObject) -> None:
    edges = lifecycle.declared(states)
    start, goal = data.draw(st.sampled_from(states[:-1])), data.draw(st.sampled_from(states))
    walk = lifecycle.path(edges, start, goal)
    assert (walk[-1] if walk else start) == goal
    assert edges[states[-1]] == frozenset()
