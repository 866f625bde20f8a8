"""Routing as a law, for every strategy: lawful, exclusive, and nothing that fits is left waiting."""

import pytest
from hypothesis import given, strategies as st

from podium.domain.instance import Slot
from podium.domain.job import Job
from podium.policy import routing

ROLES = ("tests", "features", "review")
NAMES = tuple(f"dev-{n}" for n in range(5))

slots = st.lists(
    st.builds(
        Slot,
        name=st.sampled_from(NAMES),
        queue=st.just("development"),
        role=st.sampled_from(ROLES),
        attempts=st.integers(0, 9),
        busy_seconds=st.floats(0, 1e6),
        last_project=st.sampled_from(["", "p", "q"]),
        freed_at=st.floats(0, 1e6),
    ),
    unique_by=lambda slot: slot.name,
    max_size=5,
)
job_parts = st.tuples(
    st.sampled_from([*ROLES, *(f"@{name}" for name in NAMES[:2])]),
    st.sampled_from(["", "", *NAMES]),
    st.integers(0, 150),
    st.sampled_from(["p", "q"]),
)


def job(number: int, lane: str, avoid: str, priority: int, project: str) -> Job:
    return Job(
        id=number, project=project, workflow="development", step="implement", item="", queue="development", lane=lane,
        state="ready", blockers=0, attempt=0, failures=0, reworks=0, priority=priority, rank=float(number),
        ready_at=0.0, leased_at=0.0, instance="", avoid=avoid, routed="",
    )  # fmt: skip


def may(job: Job, slot: Slot) -> bool:
    """The law, said once more: a pin is the operator's word; else anybody but the author."""
    return slot.name == job.lane[1:] if job.lane.startswith("@") else slot.name != job.avoid


@pytest.mark.requirement("QUE-3", "QUE-4", "INS-1")
@pytest.mark.parametrize("strategy", routing.STRATEGIES)
@given(parts=st.lists(job_parts, max_size=10), free=slots)
def test_placements_are_lawful_exclusive_and_leave_nothing_that_fits(
    strategy: str, parts: list[tuple[str, str, int, str]], free: list[Slot]
) -> None:
    jobs = [job(n, *part) for n, part in enumerate(parts)]
    placed = routing.place(jobs, free, strategy)
    assert all(may(p.job, p.slot) and p.slot in free and p.reason for p in placed)
    assert len({p.slot.name for p in placed}) == len({p.job.id for p in placed}) == len(placed)
    used, given_out = {p.slot.name for p in placed}, {p.job.id for p in placed}
    left = [slot for slot in free if slot.name not in used]
    assert not [j.id for j in jobs if j.id not in given_out and any(may(j, slot) for slot in left)]


@pytest.mark.requirement("QUE-3")
@given(parts=st.lists(job_parts.filter(lambda part: part[0] in ROLES), min_size=1, max_size=10), free=slots)
def test_a_specialist_is_never_kept_from_its_own_role_by_helping(
    parts: list[tuple[str, str, int, str]], free: list[Slot]
) -> None:
    """Nobody helps another role while a job of its own, which it might do, stays behind."""
    jobs = [job(n, lane, "", priority, project) for n, (lane, _, priority, project) in enumerate(parts)]
    placed = routing.place(jobs, free, "specialized")
    given_out = {p.job.id for p in placed}
    for p in placed:
        if p.job.lane != p.slot.role:
            assert not [j.id for j in jobs if j.lane == p.slot.role and j.id not in given_out]
