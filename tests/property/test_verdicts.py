"""The verdict as a law: only what is plainly passed passes, and nothing goes round for ever."""

import pytest
from hypothesis import given, strategies as st

from podium.domain.attempt import Ending, GateOutcome, GateResult, Report
from podium.domain.pipeline import Gate, Step
from podium.policy import verdict
from tests.property.test_routing import job

GATES = (Gate("change", "change"), Gate("command", "tests", ("true",)), Gate("approval", "sign-off"))
steps = st.builds(
    Step,
    id=st.just("implement"),
    workflow=st.just("development"),
    state=st.just("CODING"),
    waiting=st.just("CODING"),
    role=st.just("features"),
    after=st.just(()),
    gates=st.lists(st.sampled_from(GATES), unique_by=lambda gate: gate.name).map(tuple),
    rework=st.sampled_from(["", "implement", "tests"]),
    attempts_max=st.integers(1, 5),
    reworks_max=st.integers(1, 5),
)
reports = st.builds(
    Report,
    ending=st.sampled_from(Ending),
    verdict=st.sampled_from(
        [None, "passed", "passed", "failed", "rework", "blocked", "unavailable", "Passed", "nonsense"]
    ),
    gates=st.lists(
        st.builds(GateResult, st.sampled_from(["change", "tests", "another"]), st.sampled_from(GateOutcome)),
        max_size=3,
        unique_by=lambda result: result.name,
    ).map(tuple),
)
CHANCE = st.floats(0, 1, exclude_max=True)


@pytest.mark.requirement("PIP-8", "REC-4")
@given(reports, steps, st.integers(0, 9), st.integers(0, 9), CHANCE)
def test_everything_not_plainly_passed_fails_closed(
    report: Report, step: Step, failures: int, reworks: int, chance: float
) -> None:
    made = verdict.decide(
        report, step, job(1, "features", "", 50, "p")._replace(failures=failures, reworks=reworks), chance
    )
    results = {result.name: result.outcome for result in report.gates}
    due = [gate.name for gate in step.gates if gate.kind != "approval"]
    plain = report.ending is Ending.FINISHED and report.verdict == "passed"
    plain = plain and all(results.get(name) is GateOutcome.PASSED for name in due)
    plain = plain and set(results.values()) <= {GateOutcome.PASSED}
    if made.kind == "pass":
        assert plain
        assert all(gate.kind != "approval" for gate in step.gates)
    if plain:
        assert made.kind == "pass" or made.review == "approval"
    assert made.review in ("", "blocked", "exhausted", "quality", "approval")
    assert (made.kind == "escalate") == bool(made.review)
    assert made.kind != "bury" or report.ending not in (Ending.FINISHED, Ending.CANCELLED)
    assert (made.kind == "release") == (report.ending is Ending.CANCELLED)


@pytest.mark.requirement("REC-1", "REC-4", "REC-7")
@given(st.lists(reports, min_size=36, max_size=36), steps, CHANCE)
def test_no_job_goes_round_for_ever(found: list[Report], step: Step, chance: float) -> None:
    """Whatever its agents report, a job passes or waits for a person after a bounded number of charged attempts."""
    at = job(1, "features", "", 50, "p")
    charged = 0
    for report in found:
        made = verdict.decide(report, step, at, chance)
        if made.kind in ("pass", "escalate", "bury"):
            return
        charged += made.kind != "release" and made.charged
        assert charged < step.attempts_max * (step.reworks_max + 1)
        if made.kind == "retry" and made.charged:
            at = at._replace(failures=at.failures + 1)
        elif made.kind == "rework":
            at = at._replace(reworks=at.reworks + 1, failures=0)
        assert at.failures < step.attempts_max
        assert at.reworks <= step.reworks_max
