"""Laws of circuit breakers: what failures open, and what success closes; jobs behind an open one wait, uncharged."""

from podium.domain.command import Answered, Complete
from podium.domain.job import PODIUM_QUEUE, Job
from podium.policy.breaker import Breaker
from podium.store.batch import Batch
from podium.store.rules import notice


def weigh(batch: Batch, job: Job, command: Complete) -> None:
    """What an attempt's end says of its agent's provider and of its project; a crash says nothing of the former."""
    verdict, report = command.verdict, command.report
    if job.queue == PODIUM_QUEUE or (not batch.hot.breakers and verdict.kind in ("pass", "rework")):
        return
    provider, project = batch.owner(job.project).breakers
    if report.verdict == "unavailable" and not verdict.resets_at:
        note(batch, provider, verdict.reason, job)
    elif report.verdict is not None and not verdict.resets_at:
        note(batch, provider, "", job)
    if verdict.kind == "bury" or verdict.review == "exhausted" or (verdict.kind == "retry" and verdict.charged):
        note(batch, project, verdict.reason, job)
    elif verdict.kind == "pass":
        note(batch, project, "", job)


def note(batch: Batch, name: str, reason: str, job: Job | None = None) -> None:
    """Count a failure, for that reason, or a success. What is ready behind one that opens is held up."""
    before = batch.hot.breakers.get(name)
    if before is None and not reason:
        return
    before = before or Breaker(name)
    after = before.failed(batch.now, reason[:500]) if reason else before.succeeded()
    batch.put_breaker(after)
    if after.tripped and after.openings > before.openings:
        seconds = round(after.until - batch.now, 3)
        batch.emit("breaker.opened", job.project if job else "", breaker=name, seconds=seconds, reason=reason[:500])
        if after.openings == 1:
            text = f"The breaker {name} is open, after too many failures: {reason[:200]}. It tries again by itself."
            notice(batch, f"breaker/{name}/{batch.numbers.seq}", text, project=job.project if job else "")
        hold_up(batch, after)
    elif before.tripped and not after.tripped:
        batch.emit("breaker.closed", job.project if job else "", breaker=name)


def heed(batch: Batch, command: Answered) -> None:
    """What a service outside has answered; what it asks to be left alone for is no failure."""
    if command.seconds:
        before, until = batch.hot.breakers.get(command.name, Breaker(command.name)), batch.now + command.seconds
        batch.put_breaker(before.held(until, command.reason[:500]))
    else:
        note(batch, command.name, command.reason)


def hold_up(batch: Batch, breaker: Breaker) -> None:
    """Give out none of the jobs that are ready behind it before its time."""
    kind, _, whose = breaker.name.partition(":")
    for (job_id,) in batch.rows.all("jobs_ready_behind", (kind, whose, PODIUM_QUEUE)):
        if (ready := batch.need(job_id)).state == "ready":
            batch.move(ready, "delay", {"ready_at": breaker.until})
