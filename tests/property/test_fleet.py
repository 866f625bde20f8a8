"""The fleet's policies as laws: sizes add up, nothing leaves its bounds, and a balanced fleet is left alone."""

from collections import Counter

import pytest
from hypothesis import given, strategies as st

from podium.domain.errors import Conflict
from podium.domain.fleet import Fleet, Instance, by_number
from podium.operations.fleet import changes_of
from podium.policy.rebalance import rebalance
from podium.policy.scaling import QUEUE_INSTANCES_MAX, Pool, resize

QUEUES = ("genesis", "development", "content")
ROLES = ("tests", "features", "review")


def pools_in(*queues: str) -> st.SearchStrategy[list[Pool]]:
    pool = st.builds(
        Pool,
        queue=st.sampled_from(queues),
        role=st.sampled_from(ROLES),
        size=st.integers(0, 12),
        waiting=st.integers(0, 40),
        busy=st.integers(0, 12),
    )
    return st.lists(pool, unique_by=lambda pool: (pool.queue, pool.role), max_size=9)


def sizes(pools: list[Pool]) -> Counter[str]:
    found: Counter[str] = Counter()
    for pool in pools:
        found[pool.queue] += pool.size
    return found


def loads(pools: list[Pool], running: dict[str, int], seconds: dict[str, float]) -> list[float]:
    """The wait that is expected in every workflow, the greatest first."""
    size, jobs = sizes(pools), Counter(running)
    for pool in pools:
        jobs[pool.queue] += pool.waiting
    return sorted(
        (jobs[q] * seconds[q] / size[q] if size[q] else float("inf") if jobs[q] else 0.0 for q in size), reverse=True
    )


def after(pools: list[Pool], running: dict[str, int], seconds: dict[str, float]) -> list[Pool]:
    changed = {(c.queue, c.role): c for c in changes_of(rebalance(pools, running, seconds), pools)}
    assert all(changed[p.queue, p.role].before == p.size for p in pools if (p.queue, p.role) in changed)
    return [p._replace(size=changed[p.queue, p.role].after) if (p.queue, p.role) in changed else p for p in pools]


@pytest.mark.requirement("SCL-3")
@given(pools=pools_in("development"), difference=st.integers(-30, 120), role=st.sampled_from(["", "", *ROLES]))
def test_pools_change_by_what_was_asked_or_not_at_all(pools: list[Pool], difference: int, role: str) -> None:
    total = sum(pool.size for pool in pools)
    mine = sum(pool.size for pool in pools if role in ("", pool.role))
    if not pools:
        return
    if mine + difference < 0 or total + difference > QUEUE_INSTANCES_MAX:
        with pytest.raises(Conflict, match="development"):
            resize("development", pools, difference, role)
        return
    changes = resize("development", pools, difference, role)
    assert sum(c.after - c.before for c in changes) == difference
    assert all(c.after >= 0 and (c.after - c.before) * difference > 0 and c.because for c in changes)
    assert {c.role for c in changes} <= ({role} if role else set(ROLES))


@pytest.mark.requirement("SCL-3")
@given(pools=pools_in("development"))
def test_the_longest_wait_gets_the_next_instance_and_the_shortest_gives_one_up(pools: list[Pool]) -> None:
    if not pools:
        return
    (grown,) = resize("development", pools, 1)
    assert max(p.waiting / (p.size + 1) for p in pools) == next(
        p.waiting / (p.size + 1) for p in pools if p.role == grown.role
    )
    if any(p.size for p in pools):
        (shrunk,) = resize("development", pools, -1)
        gave = next(p for p in pools if p.role == shrunk.role)
        idle = [p for p in pools if p.size > p.busy]
        assert gave.waiting / gave.size == min(p.waiting / p.size for p in idle or pools if p.size)


SECONDS = st.fixed_dictionaries({queue: st.sampled_from([1.0, 7.0, 60.0, 3600.0]) for queue in QUEUES})
RUNNING = st.fixed_dictionaries({queue: st.integers(0, 12) for queue in QUEUES})


@pytest.mark.requirement("SCL-3", "SCL-4")
@given(pools=pools_in(*QUEUES), running=RUNNING, seconds=SECONDS)
def test_rebalancing_keeps_the_total_and_lowers_the_load(
    pools: list[Pool], running: dict[str, int], seconds: dict[str, float]
) -> None:
    then = after(pools, running, seconds)
    assert sum(sizes(then).values()) == sum(sizes(pools).values())
    assert all(pool.size >= 0 for pool in then)
    for queue, size in sizes(pools).items():
        assert sizes(then)[queue] >= min(size, 1), "a workflow keeps one"
    assert loads(then, running, seconds) <= loads(pools, running, seconds)
    moves = rebalance(pools, running, seconds)
    assert all(m.queue != m.to_queue and m.because for m in moves)
    assert (loads(then, running, seconds) < loads(pools, running, seconds)) is bool(moves)


@pytest.mark.requirement("SCL-3", "SCL-4")
@given(pools=pools_in(*QUEUES), running=RUNNING, seconds=SECONDS)
def test_a_balanced_fleet_is_left_alone(pools: list[Pool], running: dict[str, int], seconds: dict[str, float]) -> None:
    assert rebalance(after(pools, running, seconds), running, seconds) == []


@pytest.mark.requirement("SCL-3")
@given(pools=pools_in(*QUEUES))
def test_nothing_moves_where_nothing_waits(pools: list[Pool]) -> None:
    assert rebalance([pool._replace(waiting=0) for pool in pools], {}, {}) == []


def test_who_has_most_to_do_is_helped_by_who_has_least() -> None:
    pools = [Pool("development", "tests", 1), Pool("development", "features", 2, 9), Pool("content", "social", 3)]
    moves = rebalance(pools, {"development": 3}, {"development": 60.0, "content": 60.0})
    assert [(m.queue, m.to_queue, m.to_role) for m in moves] == [("content", "development", "features")] * 2
    assert moves[0].because == "development has 12 jobs of 60 s for 3 instances, content 0 of 60 s for 3"


@pytest.mark.requirement("SCL-4")
def test_long_jobs_weigh_more_than_many_short_ones() -> None:
    pools = [Pool("development", "features", 3, 1), Pool("content", "social", 3, 6)]
    moves = rebalance(pools, {"development": 3, "content": 3}, {"development": 3600.0, "content": 30.0})
    assert [(m.queue, m.to_queue) for m in moves] == [("content", "development")]


@given(st.lists(st.sampled_from(QUEUES), max_size=30))
def test_names_are_numbered_on_and_never_given_twice(queues: list[str]) -> None:
    fleet = Fleet()
    fleet.put(Instance("dev-01", "development", "tests"))
    for queue in queues:
        name = fleet.next_name(queue)
        assert name not in fleet.instances
        fleet.put(Instance(name, queue, "any", retired=len(name) % 2 == 0))
    developers = [one.name for one in sorted(fleet.instances.values(), key=by_number) if one.queue == "development"]
    assert developers == [f"dev-{n:02d}" for n in range(1, 2 + queues.count("development"))]
    content = {name for name, one in fleet.instances.items() if one.queue == "content"}
    assert content == {f"content-{n:02d}" for n in range(1, 1 + queues.count("content"))}
