"""Each policy answers its question, with a reason, from values alone."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from podium.domain.attempt import Ending, GateOutcome, GateResult, Report
from podium.domain.instance import Slot
from podium.domain.job import Job
from podium.domain.pipeline import Gate, Step
from podium.policy import ordering, retry, routing, verdict

STEP = Step("implement", "development", "CODING", "CODING", "features", ("tests",), rework="implement")


def job(number: int = 1, **changes: Any) -> Job:
    """A ready job, with what the test is about changed."""
    made = Job(
        id=number, project="p", workflow="development", step="implement", item="", queue="development",
        lane="features", state="ready", blockers=0, attempt=1, failures=0, reworks=0, priority=50, rank=float(number),
        ready_at=0.0, leased_at=0.0, instance="", avoid="", routed="",
    )  # fmt: skip
    return made._replace(**changes)


def slot(name: str, role: str = "features", **changes: Any) -> Slot:
    """A free instance."""
    return Slot(name, "development", role)._replace(**changes)


SLOTS = [slot("dev-01", "tests"), slot("dev-02"), slot("dev-03", "review")]


@pytest.mark.requirement("QUE-2")
@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(0, 150), st.integers(0, 150), st.floats(0, 1e6))
def test_order_never_changes_while_two_jobs_wait(a: float, b: float, high: int, low: int, later: float) -> None:
    """Linear ageing: comparing waited time plus priority at any later moment is comparing ranks."""

    def claim(ready_at: float, priority: int) -> float:
        return (max(a, b) + later - ready_at) + priority * ordering.AGEING_SECONDS

    difference = claim(a, high) - claim(b, low)
    if abs(difference) > 1e-3:
        assert (difference > 0) == (ordering.rank(a, high) < ordering.rank(b, low))


@pytest.mark.requirement("QUE-3")
def test_round_robin_gives_each_its_turn() -> None:
    slots = [slot("dev-01", attempts=2), slot("dev-02", attempts=1)]
    placed = routing.place([job(1), job(2)], slots, "round-robin")
    assert [(p.job.id, p.slot.name) for p in placed] == [(1, "dev-02"), (2, "dev-01")]
    assert "its turn" in placed[0].reason


@pytest.mark.requirement("QUE-3")
def test_least_loaded_takes_who_was_busy_shortest() -> None:
    slots = [slot("dev-01", busy_seconds=30.0), slot("dev-02", busy_seconds=10.0)]
    assert routing.place([job()], slots, "least-loaded")[0].slot.name == "dev-02"


@pytest.mark.requirement("QUE-3", "INS-1")
def test_specialized_prefers_the_role_and_helps_out_when_idle() -> None:
    placed = routing.place([job(1), job(2), job(3)], SLOTS, "specialized")
    assert placed[0].slot.name == "dev-02"
    assert {p.slot.name for p in placed} == {"dev-01", "dev-02", "dev-03"}
    assert "helps features out" in placed[1].reason


@pytest.mark.requirement("QUE-3")
def test_specialized_lets_nobody_help_while_own_work_waits() -> None:
    jobs = [job(1), job(2), job(3, lane="review")]
    placed = {p.job.id: p.slot.name for p in routing.place(jobs, SLOTS, "specialized")}
    assert placed[3] == "dev-03"


@pytest.mark.requirement("QUE-3")
def test_priority_serves_the_most_urgent_first() -> None:
    placed = routing.place([job(1, priority=10), job(2, priority=90)], [slot("dev-01")], "priority")
    assert placed[0].job.id == 2


@given(
    st.lists(st.sampled_from(["tests", "features", "review", "@dev-01"]), max_size=8),
    st.sampled_from(list(routing.STRATEGIES)),
)
def test_no_strategy_uses_an_instance_twice_or_breaks_a_pin_or_lets_an_author_review(
    lanes: list[str], strategy: str
) -> None:
    jobs = [job(i, lane=lane, avoid="dev-02") for i, lane in enumerate(lanes, start=1)]
    placed = routing.place(jobs, SLOTS, strategy)
    assert len({p.slot.name for p in placed}) == len(placed) == len({p.job.id for p in placed})
    for p in placed:
        assert p.reason
        assert p.slot.name != "dev-02" or p.job.lane.startswith("@")
        assert not p.job.lane.startswith("@") or p.slot.name == p.job.lane[1:]


@pytest.mark.requirement("REC-3")
@given(st.integers(1, 60), st.floats(0, 0.999))
def test_the_first_failure_runs_again_at_once_and_later_ones_back_off_within_bounds(
    failures: int, chance: float
) -> None:
    delay = retry.delay_seconds(failures, chance)
    assert delay == 0.0 if failures == 1 else 0.9 <= delay <= retry.CAP_SECONDS


def judged(report: Report, step: Step = STEP, **changes: Any) -> verdict.Verdict:
    return verdict.decide(report, step, job(**changes), 0.0)


PASSED = Report(Ending.FINISHED, verdict="passed", summary="done")


@pytest.mark.requirement("REC-1", "REC-7")
@pytest.mark.parametrize("ending", [Ending.CRASHED, Ending.LOST, Ending.TIMED_OUT, Ending.COULD_NOT_START])
def test_a_dead_attempt_is_tried_again_and_in_the_end_is_a_dead_letter(ending: Ending) -> None:
    assert judged(Report(ending, "killed by SIGKILL")).kind == "retry"
    last = judged(Report(ending, "killed by SIGKILL"), failures=STEP.attempts_max - 1)
    assert (last.kind, last.review) == ("bury", "")
    assert last.reason == f"3 attempts failed; the last: {ending}: killed by SIGKILL"


@pytest.mark.requirement("REC-7")
@pytest.mark.parametrize(
    "report",
    [
        Report(Ending.FINISHED),
        Report(Ending.FINISHED, verdict="passed", gates=(GateResult("tests", GateOutcome.UNKNOWN),)),
    ],
)
def test_exhausted_work_that_did_not_die_goes_before_a_reviewer(report: Report) -> None:
    last = judged(report, failures=STEP.attempts_max - 1)
    assert (last.kind, last.review) == ("escalate", "exhausted")


def test_a_cancelled_attempt_is_not_charged() -> None:
    assert judged(Report(Ending.CANCELLED), failures=2).kind == "release"


@pytest.mark.requirement("PIP-8")
@pytest.mark.parametrize("outcome", [GateOutcome.COULD_NOT_RUN, GateOutcome.UNKNOWN])
def test_a_gate_that_could_not_run_never_passes(outcome: GateOutcome) -> None:
    report = Report(Ending.FINISHED, verdict="passed", gates=(GateResult("tests", outcome, "no such program"),))
    assert judged(report).kind == "retry"
    assert judged(report, failures=STEP.attempts_max - 1).kind == "escalate"


@pytest.mark.requirement("PIP-8")
def test_a_gate_without_a_result_never_passes() -> None:
    step = Step("s", "development", "CODING", "CODING", "features", (), gates=(Gate("command", "tests", ("true",)),))
    assert judged(PASSED, step).kind == "retry"


@pytest.mark.requirement("PIP-8", "REC-4")
def test_a_failed_gate_goes_back_with_its_output_a_bounded_number_of_times() -> None:
    gates = (GateResult("tests", GateOutcome.FAILED, "1 != 2"),)
    report = Report(Ending.FINISHED, verdict="passed", gates=gates)
    sent = judged(report)
    assert (sent.kind, sent.target) == ("rework", "implement")
    assert "1 != 2" in sent.feedback
    last = judged(report, reworks=STEP.reworks_max)
    assert (last.kind, last.review) == ("escalate", "quality")


@pytest.mark.requirement("PIP-8")
def test_an_approval_gate_waits_for_a_person() -> None:
    step = Step("s", "development", "CODING", "CODING", "features", (), gates=(Gate("approval", "sign-off"),))
    assert judged(PASSED, step).review == "approval"


def test_a_finished_attempt_without_a_word_is_a_crash() -> None:
    assert judged(Report(Ending.FINISHED)).kind == "retry"


@pytest.mark.requirement("REC-9")
def test_a_machine_that_cannot_now_costs_no_try_but_not_for_ever() -> None:
    report = Report(Ending.COULD_NOT_START, "no space left on device", is_environment=True)
    waits = judged(report, failures=2)
    assert (waits.kind, waits.charged) == ("retry", False)
    assert 0 < waits.delay_seconds <= 2
    assert 15 <= judged(report, failures=2, attempt=100).delay_seconds <= verdict.ENVIRONMENT_SECONDS_MAX
    assert judged(report, failures=2, attempt=verdict.ENVIRONMENT_ATTEMPTS_MAX).kind == "escalate"


@pytest.mark.requirement("REC-3")
def test_a_provider_that_cannot_now_costs_no_try_but_not_for_ever() -> None:
    report = Report(Ending.FINISHED, verdict="unavailable", summary="529: overloaded")
    waits = judged(report, failures=2)
    assert (waits.kind, waits.charged) == ("retry", False)
    assert 0 < waits.delay_seconds <= 2
    assert 150 <= judged(report, failures=2, attempt=20).delay_seconds <= verdict.PROVIDER_SECONDS_MAX
    assert judged(report, failures=2, attempt=verdict.PROVIDER_ATTEMPTS_MAX).kind == "escalate"
