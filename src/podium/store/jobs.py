"""Laws of jobs: leasing to free instances, completing under the fence, rework, retries that come due."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from podium.domain.attempt import Ending
from podium.domain.command import Adopted, Complete, Dispatch, Verdict, Wake
from podium.domain.instance import Slot
from podium.domain.job import PODIUM_QUEUE, Job, Lease
from podium.domain.record import made
from podium.policy import routing
from podium.store import letters, projects
from podium.store.admission import unblock
from podium.store.batch import Batch
from podium.store.cold import gather
from podium.store.fleet import died
from podium.store.messages import receive
from podium.store.projects import advance
from podium.store.rules import reach
from podium.store.sketch import wait_bucket
from podium.store.writing import REVIEW, day_of

PLAN: Final = "plan"
"""The artifact that says what will be built, and the review that asks whether to go on (PIP-10)."""
OWN_KINDS: Final = frozenset({"application", "publication"})
"""Artifacts that only Podium's own steps make: what is deployed and published is never an agent's claim."""
_DEATHS = frozenset({Ending.CRASHED, Ending.LOST})
AVOIDED_HEADS_MAX: Final = 16
"""How many more heads of a lane are looked at, since a free instance may have to avoid some of them."""
LEASES_PER_QUEUE_MAX = 512
"""Heads of a queue that one transaction looks at."""


def dispatch(batch: Batch, commands: Sequence[Dispatch], lanes: set[tuple[str, str]]) -> list[tuple[Lease, ...]]:
    """Lease the heads of each queue to the free instances of all dispatchers in this batch.

    `lanes` has every (queue, lane) that may hold ready jobs; those that turn out to hold none are taken out.
    """
    leases: list[list[Lease]] = [[] for _ in commands]
    owner_of: dict[str, int] = {}
    offered: defaultdict[str, list[Slot]] = defaultdict(list)
    strategies: dict[str, str] = {}
    queues = {queue for queue, _ in lanes}
    for number, command in enumerate(commands):
        strategies |= command.strategies
        for slot in command.slots:
            if slot.queue in queues and slot.name not in owner_of:
                owner_of[slot.name] = number
                offered[slot.queue].append(slot)
    for queue, slots in offered.items():
        if heads := _heads(batch, queue, slots, lanes):
            free = [slot for slot in slots if not batch.is_busy(slot.name)]
            for placement in routing.place(heads, free, strategies.get(queue, routing.DEFAULT)):
                leases[owner_of[placement.slot.name]].append(_lease(batch, placement))
    return [tuple(found) for found in leases]


def _heads(batch: Batch, queue: str, slots: list[Slot], lanes: set[tuple[str, str]]) -> list[Job]:
    """Ready jobs of a queue in rank order, as many of each lane as there are instances on offer."""
    mine = [lane for lane_queue, lane in lanes if lane_queue == queue]
    pinned = {f"@{slot.name}" for slot in slots} if any(lane.startswith("@") for lane in mine) else ()
    wanted = min(len(slots), LEASES_PER_QUEUE_MAX) + AVOIDED_HEADS_MAX
    entries: list[tuple[float, int]] = []
    for lane in mine:
        if not lane.startswith("@") or lane in pinned:
            heads = batch.ready_heads(queue, lane, wanted)
            entries += heads
            if not heads:
                lanes.discard((queue, lane))
    entries.sort()
    gather(batch, [job_id for _, job_id in entries])
    return [batch.need(job_id) for _, job_id in entries]


def _lease(batch: Batch, placement: routing.Placement) -> Lease:
    job, slot = placement.job, placement.slot
    waited = batch.now - job.ready_at
    attempt, reason = job.attempt + 1, placement.reason
    changes = {"attempt": attempt, "leased_at": batch.now, "instance": slot.name, "routed": reason}
    leased = batch.move(job, "lease", changes)
    batch.waits[job.queue, wait_bucket(waited)] += 1
    batch.measure(f"queue.{job.queue}.started", waited)
    batch.tell("job.leased", leased, reason=reason, waited=round(waited, 6))
    flow = batch.flow_of(job)
    step = flow.workflow.by_id[job.step]
    if job.attempt == 0 and step.waiting != step.state:
        batch.touched[flow] = None
    return made(Lease, (leased, step, reason))


def complete(batch: Batch, job: Job, command: Complete) -> None:
    """End the attempt that runs."""
    if command.verdict.kind == "bury":
        command = letters.weighed(batch, job, command)
    _record_attempt(batch, job, command)
    if batch.hot.mail and command.report.ending is Ending.FINISHED:
        receive(batch, job)
    if command.report.ending in _DEATHS:
        batch.tell("recovery.detected", job, ending=command.report.ending, detail=command.report.detail)
        batch.tell("recovery.checked", job, processes="none of the attempt's is left")
    _LAWS[command.verdict.kind](batch, job, command)
    if command.report.ending in _DEATHS:
        _tell_recovery(batch, job, command.verdict)
        if not command.report.is_environment:
            died(batch, job)
    elif batch.hot.deaths:
        batch.hot.deaths.pop(job.instance, None)
    batch.touch(job)


def _tell_recovery(batch: Batch, job: Job, verdict: Verdict) -> None:
    """The rest of the procedure that is always the same (REC-1): the instance is free, the job has its next place."""
    after = batch.need(job.id)
    batch.tell("recovery.restarted", job, instance=job.instance)
    batch.tell("recovery.reassigned", job, to=after.state, delay=round(verdict.delay_seconds, 3))
    batch.tell("recovery.updated", job, failures=after.failures)


def _record_attempt(batch: Batch, job: Job, command: Complete) -> None:
    report = command.report
    spend = report.spend
    read, written, cost = (spend.input_tokens, spend.output_tokens, spend.cost_usd) if spend else (None, None, None)
    batch.writes["attempt_insert"].append(
        (
            job.id, job.attempt, job.instance, job.routed, job.leased_at, batch.now, report.ending.value,
            command.verdict.kind, command.verdict.reason[:2000], report.summary[:2000], command.commit,
            read, written, cost,
        )
    )  # fmt: skip
    if spend is not None:
        for subject in (("instance", job.instance), ("project", job.project), ("day", day_of(batch.wall))):
            batch.writes["spent_add"].append((*subject, read, written, cost))
    if cost is not None:
        batch.measure(f"spend.{job.queue}", cost)
    batch.measure(f"queue.{job.queue}.busy", batch.now - job.leased_at)
    batch.measure(f"verdict.{job.queue}.{command.verdict.kind}")


def _pass(batch: Batch, job: Job, command: Complete) -> None:
    _keep_artifacts(batch, job, command)
    owner = batch.owner(job.project)
    if owner.plan_first and any(artifact.kind == PLAN for artifact in command.report.artifacts):
        owner.plan_first, owner.paused, owner.changed = False, True, True
        open_review(batch, job, PLAN, command.report.summary or "the plan is ready")
    finish(batch, job, "pass", "job.passed", summary=command.report.summary[:500])


def _keep_artifacts(batch: Batch, job: Job, command: Complete) -> None:
    """The project's artifacts are its memory between jobs; a plan also settles what the project is (INT-3)."""
    for position, artifact in enumerate(command.report.artifacts):
        if artifact.kind in OWN_KINDS and job.queue != PODIUM_QUEUE:
            continue
        if artifact.kind == PLAN:
            found = (artifact.data.get(name) for name in ("type", "complexity"))
            row = (*(text[:40] if isinstance(text, str) else None for text in found), job.project)
            batch.writes["project_update"].append(row)
        if artifact.kind == "publication":
            kind, key = str(artifact.data["kind"]), f"piece/{job.project}/{job.workflow}/{artifact.key}"
            reach(batch, kind, key, job.project, job.id, title=artifact.title, path=artifact.path)
        data = json.dumps(artifact.data, ensure_ascii=False)
        made = (artifact.kind, artifact.key, job.id, job.step, position, artifact.title, data, artifact.path)
        batch.writes["artifact_put"].append((job.project, *made))
        batch.owner(job.project).made.add(artifact.kind)


def finish(batch: Batch, job: Job, happening: str, event: str, **data: object) -> None:
    """A job is done, passed or dropped: its followers may enter, its chain's place is free."""
    flow = batch.flow_of(job)
    done = batch.move(job, happening, {"failures": 0})
    batch.tell(event, done, **data)
    for follower in batch.followers(job.id):
        if follower.state == "waiting":
            its = flow if follower.workflow == job.workflow else batch.flow_of(follower)
            author = job.instance if its.workflow.by_id[follower.step].independent else follower.avoid
            unblock(batch, follower, its, author)
            batch.touched[its] = None


def _retry(batch: Batch, job: Job, command: Complete) -> None:
    verdict = command.verdict
    failures = job.failures + verdict.charged
    if verdict.delay_seconds > 0:
        after = batch.move(job, "delay", {"failures": failures, "ready_at": batch.now + verdict.delay_seconds})
    else:
        after = batch.move(job, "retry", {"failures": failures})
    batch.tell("job.retried", after, reason=verdict.reason, delay=round(verdict.delay_seconds, 3))


def _release(batch: Batch, job: Job, command: Complete) -> None:
    batch.tell("job.released", batch.move(job, "release"), reason=command.verdict.reason)


def _rework(batch: Batch, job: Job, command: Complete) -> None:
    verdict = command.verdict
    batch.tell("job.reworked", job, to=verdict.target, reason=verdict.reason, feedback=verdict.feedback[:2000])
    send_back_at_once(batch, job, "quality", verdict.reason, verdict.feedback, "podium")
    author = "review" if verdict.target != job.step else "gate"
    send_back(batch, job, verdict.target, "rework", verdict.feedback, author)


def _escalate(batch: Batch, job: Job, command: Complete) -> None:
    verdict = command.verdict
    if command.report.ending is Ending.FINISHED:  # a reviewer may accept the work as it is
        _keep_artifacts(batch, job, command)
    after = batch.move(job, "escalate")
    if verdict.review == "quality" and verdict.feedback:
        target = batch.find_job(job.project, job.workflow, verdict.target or job.step, job.item) or job.id
        batch.writes["feedback_insert"].append((target, batch.wall, "review", verdict.feedback))
    batch.tell("job.escalated", after, kind=verdict.review, reason=verdict.reason)
    open_review(batch, after, verdict.review, f"{verdict.reason}\n\n{verdict.feedback}".strip())


_LAWS = {law.__name__.strip("_"): law for law in (_pass, _retry, _release, _rework, _escalate, letters.bury)}


def open_review(batch: Batch, job: Job, kind: str, reason: str, *, waits: bool = True) -> int:
    """Put a job before a reviewer, and tell people of it if it waits; the answer is the review's id."""
    review_id = batch.numbers.review
    batch.numbers.review += 1
    batch.owner(job.project).made.add(REVIEW)
    batch.writes["review_insert"].append((review_id, job.project, job.id, kind, reason[:8000], batch.now))
    batch.tell("review.opened", job, review=review_id, kind=kind, reason=reason[:500])
    if waits:
        text = f"{job.project}: {job.step} waits for a decision ({kind}): {reason[:500]}"
        reach(batch, "needs_you", f"review/{review_id}", job.project, job.id, text=text, review=review_id)
    return review_id


def send_back_at_once(batch: Batch, job: Job, kind: str, reason: str, notes: str, by: str) -> None:
    """A review that nobody has to answer: on record with the others, and decided in the same transaction (REC-4)."""
    review_id = open_review(batch, job, kind, reason, waits=False)
    batch.decided[review_id] = "sent_back"
    batch.writes["review_update"].append(("sent_back", batch.now, by, notes[:2000], review_id))


def close_reviews(batch: Batch, job: Job, reason: str) -> None:
    """A job that was decided otherwise about waits for no reviewer any more."""
    projects.close_reviews(batch, "review_open_of_job", job.id, reason)
    batch.writes["notice_settle_job"].append((batch.wall, "podium", job.id))


def send_back(batch: Batch, job: Job, target: str, happening: str, feedback: str, author: str) -> None:
    """Give the work back to `target`, a step of the same chain, and make everything behind it wait again (PIP-6)."""
    judged = job._replace(reworks=job.reworks + (happening == "rework"), failures=0)
    if target not in ("", job.step):
        found = batch.find_job(job.project, job.workflow, target, job.item)
        assert found is not None, f"{target} is no step of this chain"
        batch.put(judged)
        reopen(batch, batch.need(found), feedback, author if happening == "send_back" else "")
        return
    batch.move(judged, happening)
    if feedback:
        batch.writes["feedback_insert"].append((job.id, batch.wall, author, feedback))


def reopen(batch: Batch, job: Job, feedback: str, author: str) -> None:
    """A passed job runs again, with words for it; whatever stood on it waits again, as far as it goes."""
    if feedback:
        batch.writes["feedback_insert"].append((job.id, batch.wall, author or "review", feedback))
    batch.move(job, "reopen", {"failures": 0, "reworks": 0} if author else {"failures": 0})
    undone = [job]
    while undone:
        again = undone.pop()
        undone += [f for f in batch.followers(again.id) if f.state != "cancelled" and _wait_again(batch, f, again)]


def _wait_again(batch: Batch, follower: Job, reopened: Job) -> bool:
    """A job behind a reopened one waits for it again; True when it had passed, so that those behind it wait too."""
    if batch.flow_of(follower).completed_at is not None:  # what was published stays published
        return False
    if follower.state == "in_review":
        close_reviews(batch, follower, f"job {reopened.id} is done again")
    blocked = follower._replace(blockers=follower.blockers + 1)
    if follower.state == "waiting":
        batch.put(blocked)
        return False
    batch.move(blocked, "block")
    return follower.state == "passed"


def wake(batch: Batch, _: Wake) -> float | None:
    """Make due jobs ready; the answer is when the next one is due."""
    for (job_id,) in batch.rows.all("jobs_due", (batch.now,)):
        job = batch.need(job_id)
        if job.state == "delayed" and job.ready_at <= batch.now:
            batch.move(job, "due")
    row = batch.rows.one("next_due", (batch.now,))
    return row[0] if row else None


def note_adopted(batch: Batch, command: Adopted) -> None:
    """Put on record who looks after an attempt now."""
    job = batch.need(command.job)
    batch.tell("job.adopted", job._replace(attempt=command.attempt, instance=command.instance))


def settle_touched(batch: Batch) -> None:
    """Derive every touched workflow's state, once for the whole batch; rules may touch more."""
    while batch.touched:
        flow = batch.touched.popitem()[0]
        if flow.owner.state == "open":
            advance(batch, flow)
