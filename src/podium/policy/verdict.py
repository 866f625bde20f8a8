"""What becomes of a job after an attempt? Pass, retry, rework or review (PIP-8, REC-1, REC-4)."""

from typing import Final

from podium.domain import issues
from podium.domain.attempt import Ending, GateOutcome, GateResult, Json, Report
from podium.domain.command import Verdict
from podium.domain.job import Job
from podium.domain.pipeline import Step
from podium.policy import retry

FEEDBACK_CHARS_MAX = 20_000
"""Of gate output or review text handed back to the author; the whole is in the attempt's log."""

ENVIRONMENT_SECONDS_MAX = 30.0
"""The longest pause before work is tried again that the machine could not do (disk full, no memory; REC-9).

It begins with two seconds and doubles, so that short trouble is over soon.
"""
ENVIRONMENT_ATTEMPTS_MAX = 200
"""After so many attempts in all (more than an hour), trouble of the machine counts like any other."""

PROVIDER_SECONDS_MAX = 300.0
"""The longest pause before work is tried again that the agent's provider could not do (REC-3)."""
PROVIDER_ATTEMPTS_MAX = 50
"""After so many attempts in all (some hours), trouble of the provider counts like any other."""

DEATHS: Final = frozenset({Ending.CRASHED, Ending.LOST, Ending.TIMED_OUT, Ending.COULD_NOT_START})
"""Endings that leave nothing to review: a job whose every attempt ends so is poison (REC-7)."""


def decide(report: Report, step: Step, job: Job, chance: float) -> Verdict:
    """The verdict on one attempt; `chance` is a random number in [0, 1) for jitter.

    Everything that is not plainly passed fails closed: a gate that could not run is a failure of the attempt, never
    a pass and never the author's fault.
    """
    if report.ending is Ending.CANCELLED:
        return Verdict("release", report.detail or "cancelled")
    if report.is_environment and job.attempt < ENVIRONMENT_ATTEMPTS_MAX:
        return _wait(job, f"the machine cannot now: {report.detail}", ENVIRONMENT_SECONDS_MAX, chance)
    if report.ending is not Ending.FINISHED or report.verdict is None:
        died = report.ending in DEATHS and not report.is_environment
        return _retry(step, job, f"{report.ending}: {report.detail}".rstrip(": "), chance, died=died)
    if report.verdict == "unavailable":
        return _unavailable(report, step, job, chance)
    if report.verdict == "blocked":
        kind = "question" if report.data.get("question") is True else "blocked"
        return Verdict("escalate", report.summary, target=step.id, feedback=report.feedback, review=kind)
    said = report.feedback or report.summary
    if report.verdict == "rework":
        return _rework(step, job, step.rework or step.id, said, "sent back by the reviewer")
    if report.verdict == "passed" and report.artifacts and (wrong := _wrong_artifacts(report)):
        return _rework(step, job, step.id, wrong, "what it made cannot be worked on")
    if report.verdict != "passed":
        return _rework(step, job, step.id, said, "the agent reports failure")
    return _by_gates(report, step, job, chance)


def _unavailable(report: Report, step: Step, job: Job, chance: float) -> Verdict:
    """Until the provider's own word, or again and again with a pause; neither uses up a try."""
    if job.attempt < PROVIDER_ATTEMPTS_MAX:
        at = report.data.get("resets_at")
        if isinstance(at, int | float) and not isinstance(at, bool) and 0 < at < float("inf"):
            return Verdict("retry", f"its provider's limit: {report.summary}", resets_at=float(at), charged=False)
        return _wait(job, f"its provider cannot now: {report.summary}", PROVIDER_SECONDS_MAX, chance)
    return _retry(step, job, report.summary, chance)


def _wait(job: Job, reason: str, longest_seconds: float, chance: float) -> Verdict:
    """Try again for nothing, after a pause that doubles from two seconds."""
    delay = min(longest_seconds, 2.0 ** min(job.attempt, 10)) * (1.0 - retry.JITTER * chance)
    return Verdict("retry", reason, delay_seconds=delay, charged=False)


def _wrong_artifacts(report: Report) -> str:
    """Why later steps could not work on these artifacts: circles, unknown names, keys used twice."""
    by_kind: dict[str, list[tuple[str, Json]]] = {}
    for artifact in report.artifacts:
        by_kind.setdefault(artifact.kind, []).append((artifact.key, artifact.data))
    return "\n".join(filter(None, map(issues.problem, by_kind.values())))


def _by_gates(report: Report, step: Step, job: Job, chance: float) -> Verdict:
    if not step.gates and not report.gates:
        return Verdict("pass", report.summary)
    results = {gate.name: gate for gate in report.gates}
    required = [gate for gate in step.gates if gate.kind != "approval"]
    missing = [GateResult(g.name, GateOutcome.UNKNOWN, "no result") for g in required if g.name not in results]
    unsure = [*missing, *(g for g in report.gates if g.outcome in (GateOutcome.COULD_NOT_RUN, GateOutcome.UNKNOWN))]
    failed = [gate for gate in report.gates if gate.outcome is GateOutcome.FAILED]
    if failed:
        feedback = "\n\n".join(f"Gate '{gate.name}' failed:\n{gate.detail}" for gate in failed)
        names = ", ".join(gate.name for gate in failed)
        return _rework(step, job, step.rework or step.id, feedback, f"gate failed: {names}")
    if unsure:
        what = "; ".join(f"{gate.name} {gate.outcome}: {gate.detail[:200]}" for gate in unsure)
        return _retry(step, job, f"gate not decided: {what}", chance)
    if any(gate.kind == "approval" for gate in step.gates):
        return Verdict("escalate", "this step needs an approval", review="approval")
    return Verdict("pass", report.summary)


def _retry(step: Step, job: Job, reason: str, chance: float, *, died: bool = False) -> Verdict:
    """Try again, or give up: what died is buried, unless `store.letters` finds one in the row that did not die."""
    failures = job.failures + 1
    if failures >= step.attempts_max:
        why = f"{failures} attempts failed; the last: {reason}"
        return Verdict("bury", why) if died else Verdict("escalate", why, review="exhausted")
    return Verdict("retry", reason, delay_seconds=retry.delay_seconds(failures, chance))


def _rework(step: Step, job: Job, target: str, feedback: str, reason: str) -> Verdict:
    feedback = feedback[-FEEDBACK_CHARS_MAX:]
    if job.reworks >= step.reworks_max:
        why = f"sent back {job.reworks} times, and again: {reason}"
        return Verdict("escalate", why, target=target, feedback=feedback, review="quality")
    return Verdict("rework", reason, target=target, feedback=feedback)
