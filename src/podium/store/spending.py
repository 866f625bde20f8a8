"""What providers set: a project's budget that is used up, and a provider that will not answer until it says (REC-3)."""

from typing import Final

from podium.domain.command import Complete, Verdict
from podium.domain.job import Job
from podium.policy.breaker import Breaker
from podium.store import jobs
from podium.store.batch import Batch
from podium.store.breakers import hold_up, weigh
from podium.store.rules import notice
from podium.store.steering import pause

PAUSE_SECONDS_MAX: Final = 8 * 86_400.0
"""A provider that says more is asked again then."""
PAST_SECONDS: Final = 60.0
"""The pause of one job whose provider names a moment that is over; nobody else is held for that."""


def complete(batch: Batch, command: Complete) -> bool:
    """End an attempt, and draw what follows from what it has used up, or could not use.

    When the fence is stale nothing is written at all.
    """
    job = batch.job(command.job)
    if job is None or job.state != "running" or job.attempt != command.attempt:
        return False
    if command.verdict.resets_at:
        left = command.verdict.resets_at - batch.wall
        seconds = min(left, PAUSE_SECONDS_MAX) if left > 0 else PAST_SECONDS
        command = command._replace(verdict=command.verdict._replace(delay_seconds=seconds))
        if left > 0:
            _hold_provider(batch, job, command.verdict)
    jobs.complete(batch, job, command)
    weigh(batch, job, command)
    if (spend := command.report.spend) is not None and spend.cost_usd:
        _charge(batch, job.project, spend.cost_usd)
    return True


def _charge(batch: Batch, project: str, cost_usd: float) -> None:
    """At the limit nothing more is given out; what is done stays, what runs goes on to its end."""
    owner = batch.owner(project)
    owner.spent_usd += cost_usd
    if owner.budget_usd is None or owner.spent_usd < owner.budget_usd or owner.paused or owner.state != "open":
        return
    said = f"its budget of ${owner.budget_usd:,.2f} is used up"
    pause(batch, project, f"Podium: {said}")
    text = (
        f"{project} is paused: {said}. `podium budget {project} USD` raises it, then `podium resume {project}` goes on."
    )
    batch.emit("project.overspent", project, budget_usd=owner.budget_usd, spent_usd=round(owner.spent_usd, 6))
    notice(batch, f"budget/{project}/{owner.budget_usd:g}", text, project=project, needs_you=True)


def _hold_provider(batch: Batch, job: Job, verdict: Verdict) -> None:
    """None of the agent's jobs is given out before the time is up; what runs is told by the provider itself."""
    owner = batch.owner(job.project)
    name, seconds = owner.breakers[0], round(verdict.delay_seconds, 3)
    held = batch.hot.breakers.get(name, Breaker(name)).held(batch.now + verdict.delay_seconds, verdict.reason[:500])
    batch.put_breaker(held)
    batch.tell("provider.held", job, agent=owner.agent, seconds=seconds, reason=verdict.reason[:500])
    hold_up(batch, held)
