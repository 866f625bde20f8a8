"""Issues that depend on or conflict with each other become an order that loses nobody and makes no circle."""

import pytest
from hypothesis import given, strategies as st

from podium.domain import issues
from podium.domain.pipeline import Item, longest_first, topological
from podium.policy.ordering import with_ahead


@pytest.mark.requirement("PIP-3")
def test_dependencies_and_conflicts_become_an_order() -> None:
    found = issues.items(
        [
            ("c", {"files": ["x.py"]}),
            ("a", {"depends_on": ["b"]}),
            ("b", {"conflicts_with": ["d"]}),
            ("d", {"files": ["x.py", "y.py"]}),
        ]
    )
    after = {item.key: set(item.after) for item in found}
    assert [item.key for item in found] == ["c", "a", "b", "d"]
    assert after["a"] >= {"b"}
    assert "b" in after["d"] or "d" in after["b"]
    assert "c" in after["d"] or "d" in after["c"]


@given(st.data())
def test_any_issues_give_an_order_in_which_everything_can_run(data: st.DataObject) -> None:
    keys = [f"{n:02d}" for n in range(data.draw(st.integers(0, 12)))]
    found: list[tuple[str, dict[str, list[str]]]] = []
    for i, key in enumerate(keys):
        some = st.lists(st.sampled_from(keys), max_size=3) if keys else st.just([])
        earlier = st.lists(st.sampled_from(keys[:i]), max_size=2) if i else st.just([])
        files = st.lists(st.sampled_from(["x", "y", "z"]), max_size=2)
        found.append(
            (key, {"depends_on": data.draw(earlier), "conflicts_with": data.draw(some), "files": data.draw(files)})
        )
    made = issues.items(found)
    assert {item.key for item in topological(made)} == set(keys)
    reach = {item.key: _reach(made, item.key) for item in made}
    for (one, first), (other, second) in ((a, b) for a in found for b in found if a[0] < b[0]):
        if (
            set(first["files"]) & set(second["files"])
            or other in first["conflicts_with"]
            or one in second["conflicts_with"]
        ):
            assert other in reach[one] or one in reach[other], "two that conflict could run at the same time"


def _reach(items: list[Item], key: str) -> set[str]:
    after = {item.key: item.after for item in items}
    found: set[str] = set()
    todo = [key]
    while todo:
        for other in after[todo.pop()]:
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


@pytest.mark.requirement("PRF-1")
def test_the_longest_way_comes_first() -> None:
    order = [
        i.key
        for i in longest_first([Item("alone"), Item("last", ("middle",)), Item("middle", ("first",)), Item("first")])
    ]
    assert order == ["first", "middle", "alone", "last"]


@pytest.mark.requirement("PRF-1")
def test_what_waits_for_a_job_is_worth_points_within_bounds() -> None:
    assert [with_ahead(50, ahead) for ahead in (0, 1, 4, 5_000)] == [50, 65, 110, 110]


CANNOT: list[tuple[list[tuple[str, dict[str, list[str]]]], str]] = [
    ([("a", {"depends_on": ["b"]}), ("b", {"depends_on": ["a"]})], "wait for each other"),
    ([("a", {"depends_on": ["x"]})], "depends_on x, which does not exist"),
    ([("a", {}), ("a", {})], "more than once: a"),
    ([(str(n), {}) for n in range(5_001)], "5,000 are the most"),
    ([(str(n), {"conflicts_with": ["0"] * 300}) for n in range(400)], "name each other 120,000 times; 100,000 are the"),
]


@pytest.mark.parametrize(("found", "said"), CANNOT)
def test_issues_that_cannot_be_worked_on_are_told(found: list[tuple[str, dict[str, list[str]]]], said: str) -> None:
    assert said in issues.problem(found)


def test_what_is_wrong_with_thousands_is_told_in_a_few_lines() -> None:
    keys = [f"{n:04d}" for n in range(5_000)]
    circle = [(key, {"depends_on": [keys[n - 1]]}) for n, key in enumerate(keys)]
    assert "wait for each other" in issues.problem(circle)
    strange = [("a", {"depends_on": keys})]
    twice: list[tuple[str, dict[str, list[str]]]] = [(key, {}) for key in keys[:2_000]] * 2
    for told in map(issues.problem, (circle, strange, twice)):
        assert 0 < len(told) < 300
