"""Every cause of standing still is told with what to do; only too long is stuck."""

from typing import Any

import pytest

from podium.config import LimitsConfig
from podium.operations import causes
from podium.operations.causes import Blocker, Standing
from tests.unit.policy.test_policy import job

NOW = 1_000_000.0
LIMITS = LimitsConfig()
POOL = frozenset({"dev-01", "dev-02"})


def standing(state: str, seconds: float, *, about: dict[str, Any] | None = None, **more: Any) -> Standing:
    """A job of project p that has stood so for a while."""
    return Standing(job(7, state=state, item="003-bye", **(about or {})), NOW - seconds, **more)


CASES: list[tuple[str, Standing, float, str, str]] = [
    (
        "silent",
        standing("running", LIMITS.stuck_silent_seconds, about={"instance": "dev-02"}, timeout_seconds=3600.0),
        LIMITS.stuck_silent_seconds,
        "it is alive, its last sign of progress was 15 min ago",
        "its step's limit of 60 min ends it",
    ),
    (
        "pinned",
        standing("ready", LIMITS.stuck_ready_seconds, about={"lane": "@dev-02"}, pool=POOL, idle=frozenset({"dev-01"})),
        LIMITS.stuck_ready_seconds,
        "pinned to dev-02, which has other work",
        "`podium unpin 7`",
    ),
    (
        "pinned",
        standing("ready", LIMITS.stuck_ready_seconds, about={"lane": "@dev-09"}, pool=POOL, idle=POOL),
        LIMITS.stuck_ready_seconds,
        "pinned to dev-09, which this home does not have any more",
        "`podium unpin 7`",
    ),
    (
        "avoided",
        standing("ready", LIMITS.stuck_ready_seconds, about={"avoid": "dev-02"}, pool=POOL, idle=frozenset({"dev-02"})),
        LIMITS.stuck_ready_seconds,
        "the only free instance is dev-02, whose own work it would judge",
        "`podium pin 7 INSTANCE`",
    ),
    (
        "avoided",
        standing("ready", LIMITS.stuck_ready_seconds, about={"avoid": "dev-02"}, pool=frozenset({"dev-02"})),
        LIMITS.stuck_ready_seconds,
        "the only instance is dev-02",
        "`podium pin 7 INSTANCE`",
    ),
    (
        "no-instance",
        standing("ready", LIMITS.stuck_ready_seconds),
        LIMITS.stuck_ready_seconds,
        "no instance works for development",
        "podium scale-up development",
    ),
    (
        "held",
        standing("held", LIMITS.stuck_held_seconds, places=16),
        LIMITS.stuck_held_seconds,
        "its project has 16 chains open in development",
        "`podium jobs p`",
    ),
    (
        "delayed",
        standing("delayed", -LIMITS.stuck_delayed_seconds, about={"ready_at": NOW + LIMITS.stuck_delayed_seconds}),
        LIMITS.stuck_delayed_seconds,
        "attempt 1 failed, and it is tried again later",
        "it is due in 60 min",
    ),
    (
        "delayed",
        standing(
            "delayed",
            LIMITS.stuck_delayed_seconds,
            about={"ready_at": NOW - LIMITS.stuck_delayed_seconds, "attempt": 0},
        ),
        LIMITS.stuck_delayed_seconds,
        "it is to begin later; it has been due for 60 min",
        "the sweeper wakes it",
    ),
    (
        "review",
        standing("in_review", LIMITS.stuck_review_seconds, review=3, review_kind="quality", words="tests fail"),
        LIMITS.stuck_review_seconds,
        "it waits for a reviewer (quality): tests fail",
        "`podium review approve|reject|send-back 3`",
    ),
    (
        "dead",
        standing("dead", LIMITS.stuck_dead_seconds, words="3 attempts failed; the last: lost"),
        LIMITS.stuck_dead_seconds,
        "it is a dead letter: 3 attempts failed; the last: lost",
        "`podium dead-letters drop 7` goes on without 003-bye",
    ),
    (
        "behind-dead",
        standing("waiting", LIMITS.stuck_dead_seconds, blockers=(Blocker(5, "development", "ci", "", "dead"),)),
        LIMITS.stuck_dead_seconds,
        "it waits for job 5 (development ci, a dead letter)",
        "the project cannot do without it: `podium cancel p` ends the project",
    ),
    (
        "behind-review",
        standing(
            "waiting", LIMITS.stuck_review_seconds, blockers=(Blocker(5, "development", "tests", "003", "in_review"),)
        ),
        LIMITS.stuck_review_seconds,
        "it waits for job 5 (development tests 003, in review)",
        "`podium review list --project p`",
    ),
    ("stranded", standing("waiting", 1.0), 1.0, "nothing that it waits for is open: a defect in Podium", "report it"),
]


@pytest.mark.requirement("QUE-6", "REC-2")
@pytest.mark.parametrize(
    ("kind", "at", "limit", "because", "todo"), CASES, ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)]
)
def test_each_cause_is_named_with_what_to_do_and_found_past_its_limit(
    kind: str, at: Standing, limit: float, because: str, todo: str
) -> None:
    cause = causes.explain(at, NOW)
    assert cause.kind == kind
    assert because in cause.because
    assert todo in cause.todo
    if kind == "stranded":
        assert causes.findings([at], [], [], LIMITS, NOW)
        return
    assert causes.findings([at], [], [], LIMITS, NOW) == [], "not before its limit"
    step = -1.0 if at.since > NOW else 1.0
    (found,) = causes.findings([at._replace(since=at.since - step)], [], [], LIMITS, NOW)
    assert (found.kind, found.project, found.job) == (kind, "p", at.job)
    assert found.since == (None if kind == "delayed" else at.since - step)
    assert limit > 0


@pytest.mark.parametrize(
    "at",
    [
        standing("ready", 1e9, pool=POOL, idle=POOL),
        standing("ready", 1e9, pool=POOL),
        standing("ready", 1e9, running=False, about={"lane": "@dev-09"}),
        standing("ready", 1e9, about={"lane": "@dev-02"}, pool=POOL, idle=POOL),
        standing("running", 1e9, heard=False),
        standing("running", 1e9, running=False),
        standing("waiting", 1e9, blockers=(Blocker(5, "development", "tests", "003", "running"),)),
        standing("passed", 1e9),
        standing("cancelled", 1e9),
    ],
)
def test_what_only_waits_its_turn_or_cannot_be_told_is_never_stuck(at: Standing) -> None:
    assert causes.findings([at], [], [], LIMITS, NOW) == []
    assert causes.explain(at, NOW).todo


@pytest.mark.requirement("QUE-6")
def test_projects_are_found_as_a_whole_and_like_causes_are_one_finding() -> None:
    held = [Standing(job(n, state="held"), NOW - LIMITS.stuck_held_seconds - n, places=2) for n in (1, 2, 3)]
    found = causes.findings(
        held, [("quiet", NOW - LIMITS.stuck_paused_seconds - 1), ("new", NOW - 5)], ["broken"], LIMITS, NOW
    )
    assert [(f.kind, f.project, f.job.id if f.job else 0, f.more) for f in found] == [
        ("paused", "quiet", 0, 0),
        ("held", "p", 3, 2),
        ("stranded", "broken", 0, 0),
    ]
    assert "a defect in Podium" in found[-1].because
    assert found[0].todo.startswith("`podium resume quiet`")
