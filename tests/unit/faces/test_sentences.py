import random
from typing import Any

import pytest

from podium.domain.attempt import Ending, Report
from podium.domain.event import TYPES
from podium.domain.job import Job
from podium.domain.pipeline import Pipeline
from podium.faces.sentences import Work, doing, listed, meaning, sentence, works_of
from podium.policy import verdict
from tests.simulation.run import default_pipeline
from tests.unit.faces.samples import event, jobs

WORKS = works_of(jobs()["jobs"])
IMPLEMENT, REVIEW, MERGE = 14, 15, 16  # of 003-say-goodbye


def moved(before: str, after: str) -> dict[str, Any]:
    return event("workflow.state", workflow="development") | {"data": {"from": before, "to": after}}


TOLD: list[tuple[dict[str, Any], str | None]] = [
    (
        event("project.created", title="Hello", source="document:x", agent="rehearsal"),
        "hello-world submitted for rehearsal agents",
    ),
    (
        event("project.waiting", queue="genesis", reason="20 jobs are ready in genesis"),
        "hello-world waits in the input queue: 20 jobs are ready in genesis",
    ),
    (
        event("project.admitted", waited=72.4, reason="its queue has room"),
        "hello-world begins after 1 m 12 s in the input queue: its queue has room",
    ),
    (event("attempt.noted", instance="dev-02", text="the API changed"), "dev-02 notes: the API changed"),
    (event("project.reopened", version="v1.1"), "hello-world is open again for v1.1"),
    (
        event("workflow.requested", workflow="content@2", version="v1.1", by="ann", reason="dark mode"),
        "ann asks for content@2, for v1.1: dark mode",
    ),
    (
        event("workflow.cancelled", workflow="content@2", reason="cancelled by ann"),
        "content@2 is given up: cancelled by ann",
    ),
    (event("project.completed", seconds=72.4), "hello-world is complete after 1 m 12 s"),
    (event("project.completed", reason="cancelled by ann"), "hello-world is complete"),
    (event("project.failed", reason="rejected by ann: no"), "hello-world has failed: rejected by ann: no"),
    (event("project.cancelled", reason="cancelled by ann"), "hello-world is cancelled: cancelled by ann"),
    (event("project.pruned"), "hello-world is now only a summary: its jobs were pruned"),
    *(
        (event(f"operator.{action}", by="ann", reason="why"), f"ann: {action} hello-world: why")
        for action in ("boost", "budget", "cancel", "pause", "replay", "resume")
    ),
    *(
        (event(f"operator.{action}", job=MERGE, by="ann", reason=""), f"ann: {action} merge 003-say-goodbye")
        for action in ("drop", "fail", "pin", "retry", "unpin")
    ),
    (event("operation.called", operation="pause", by="token ci", outcome="done"), None),
    (
        event("operation.called", operation="pause", by="token ci", outcome="refused: forbidden"),
        "token ci asked for pause: refused: forbidden",
    ),
    (event("instance.quarantined", instance="dev-02", reason="it dies"), "dev-02 gets no more work: it dies"),
    (event("scaling.decided", action="up", because="12 jobs wait, over 10"), None),
    (
        event("scaling.decided") | {"data": {"workflow": "development", "action": "refused", "because": "full"}},
        "development gets no more instances: full",
    ),
    (
        event("pool.resized", queue="development", role="features", before=1, size=3, by="ann", reason="rush"),
        "development (features) has 3 instances: rush",
    ),
    (event("project.overspent", budget_usd=5.0, spent_usd=5.1), "hello-world is paused: its budget is used up"),
    (
        event("provider.held", job=IMPLEMENT, agent="claude", seconds=300.0, reason="limit"),
        "the provider of claude will not answer for 300.0 s: limit",
    ),
    (event("queue.drained", queue="content", by="ann", reason="freeze"), "content gets no new work: freeze"),
    (event("queue.undrained", queue="content", by="ann"), "content is given work again"),
    (
        event("queue.routed", queue="content", strategy="priority", before="", by="ann"),
        "content is routed priority",
    ),
    (event("instance.drained") | {"data": {"instance": "dev-02"}}, "dev-02 gets no new work"),
    (event("instance.undrained") | {"data": {"instance": "dev-02"}}, "dev-02 is given work again"),
    (
        event("instance.restarted") | {"data": {"instance": "dev-02", "by": "ann", "reason": "hangs"}},
        "ann restarts dev-02: hangs",
    ),
    (
        event("instance.swapped") | {"data": {"instance": "dev-02", "by": "ann", "reason": "new model"}},
        "ann swaps what dev-02 runs: new model",
    ),
    (
        event("breaker.opened", breaker="provider:claude", seconds=30.0, reason="overloaded"),
        "provider:claude is left alone for 30.0 s, after too many failures: overloaded",
    ),
    (event("breaker.closed", breaker="provider:claude"), "provider:claude works again"),
    (event("token.created", token="1f0c9a2b", scope="read", by="ann"), "ann makes the token 1f0c9a2b (read)"),
    (event("token.revoked", token="1f0c9a2b", by="ann"), "ann revokes the token 1f0c9a2b"),
    (
        event("message.sent", message=9, to="workflow:development", by="operator", text="hello"),
        "operator to workflow:development: hello",
    ),
    (event("message.delivered", messages=[9]), None),
    (moved("", "DEV_QUEUED"), "development is DEV_QUEUED"),
    (moved("REVIEWING", "DEPLOYING"), "development is DEPLOYING"),
    (moved("REVIEWING", "CODING"), "development goes back to CODING"),
    (
        event("job.leased", job=IMPLEMENT, instance="dev-02", reason="…", waited=0.0),
        "dev-02 implements 003-say-goodbye",
    ),
    (event("job.leased", job=REVIEW, instance="dev-03", attempt=2), "dev-03 reviews 003-say-goodbye (attempt 2)"),
    (event("job.leased", job=999, instance="dev-03"), "dev-03 works on job 999"),
    (
        event("job.adopted", job=IMPLEMENT, instance="dev-02"),
        "dev-02 was found at work after a restart, and goes on with implement 003-say-goodbye",
    ),
    (event("job.passed", job=MERGE, instance="podium-01", summary="merged"), "003-say-goodbye merged"),
    (event("job.passed", job=MERGE, summary="approved by ann"), "merge 003-say-goodbye accepted (approved by ann)"),
    (event("job.passed", job=999, summary=""), "job 999 passed"),
    (
        event("job.retried", job=999, instance="content-01", reason="crashed: killed by SIGKILL", delay=0.0),
        "content-01 crashed (killed by SIGKILL); its job runs again",
    ),
    (
        event("job.retried", job=IMPLEMENT, instance="dev-02", reason="timed-out: after 3600 s", delay=2.13),
        "dev-02 ran out of time (after 3600 s); its job runs again in 2.1 s (implement 003-say-goodbye)",
    ),
    (
        event("job.retried", job=999, instance="dev-02", reason="gate not decided: tests could-not-run: ", delay=1.0),
        "dev-02 did not get through: gate not decided: tests could-not-run; its job runs again in 1.0 s",
    ),
    (
        event(
            "job.reworked",
            job=REVIEW,
            instance="dev-03",
            to="implement",
            reason="sent back by the reviewer",
            feedback="f003.py:19\nputs work off",
        ),
        "dev-03 sends 003-say-goodbye back to implement: f003.py:19 puts work off",
    ),
    (
        event(
            "job.reworked", job=IMPLEMENT, to="implement", reason="gate failed: tests", feedback="Gate 'tests' failed:"
        ),
        "003-say-goodbye goes back to implement: gate failed: tests",
    ),
    (
        event("job.reworked", job=23, to="ci", reason="the agent reports failure", feedback="no index.html"),
        "deploy goes back to ci: the agent reports failure – no index.html",
    ),
    (
        event("job.released", job=IMPLEMENT, reason="interrupted"),
        "implement 003-say-goodbye is given back and waits again: interrupted",
    ),
    (
        event("job.escalated", job=IMPLEMENT, kind="exhausted", reason="3 attempts failed"),
        "implement 003-say-goodbye is put before a reviewer: 3 attempts failed",
    ),
    (
        event("job.buried", job=IMPLEMENT, instance="dev-02", reason="3 attempts failed; the last: crashed"),
        "implement 003-say-goodbye is a dead letter: 3 attempts failed; the last: crashed",
    ),
    (
        event("job.replayed", job=IMPLEMENT, by="ann", reason="agent mended"),
        "implement 003-say-goodbye is tried again; it was a dead letter",
    ),
    (
        event("job.woken", job=IMPLEMENT, message=7, to="role:features", by="ann"),
        "implement 003-say-goodbye reads a message, for which role:features was woken",
    ),
    (event("job.cancelled", job=MERGE, reason="rejected by ann"), "merge 003-say-goodbye dropped: rejected by ann"),
    (event("recovery.detected", job=IMPLEMENT, instance="dev-02", ending="crashed", detail="killed by SIGKILL"), None),
    (event("recovery.checked", job=IMPLEMENT, instance="dev-02", processes="none"), None),
    (event("recovery.restarted", job=IMPLEMENT, instance="dev-02"), "dev-02 is back"),
    (event("recovery.reassigned", job=IMPLEMENT, instance="dev-02", to="ready"), None),
    (event("recovery.updated", job=IMPLEMENT, instance="dev-02", failures=1), None),
    (
        event("review.opened", job=IMPLEMENT, review=3, kind="exhausted", reason="…"),
        "review 3 opened for implement 003-say-goodbye",
    ),
    (event("review.decided", job=IMPLEMENT, review=3, verdict="approve", by="ann", notes=""), "ann approved review 3"),
    (
        event("review.decided", job=IMPLEMENT, review=3, verdict="send_back", by="ann", notes="handle commas"),
        "ann sent back review 3: handle commas",
    ),
    (
        event("operator.assign")
        | {"data": {"by": "ann", "workflow": "development", "instance": "dev-02", "reason": "knows it"}},
        "ann: assign development of hello-world to dev-02: knows it",
    ),
    (event("genesis_complete", workflow="genesis", issues_created=4), "genesis complete: 4 issues to build"),
    (event("genesis_complete", workflow="genesis", issues_created=1), "genesis complete: 1 issue to build"),
    (
        event(
            "development_milestone",
            workflow="development",
            milestone="deployed",
            deployment_url="http://hello.localhost/",
        ),
        "development milestone: deployed at http://hello.localhost/",
    ),
    (
        event("development_milestone", workflow="development", milestone="deployed", deployment_url=None),
        "development milestone: deployed",
    ),
]


@pytest.mark.parametrize(
    ("happened", "words"), TOLD, ids=[f"{n}-{happened['type']}" for n, (happened, _) in enumerate(TOLD)]
)
def test_an_event_in_words(happened: dict[str, Any], words: str | None) -> None:
    assert sentence(happened, WORKS) == words


def test_every_type_has_its_words() -> None:
    assert {happened["type"] for happened, _ in TOLD} == TYPES


UP: dict[str, Any] = {"workflow": "content", "action": "up", "because": "12 jobs wait", "window_seconds": 60.0}
LISTED: list[tuple[dict[str, Any], str]] = [
    (event("operation.called", operation="scale-up", by="operator", given={"by": 1}, outcome="done"),
     "operator called scale-up"),
    (event("message.delivered", job=14, instance="content-03", messages=[373], to="content-03", by="attempt"),
     "content-03 has read message 373"),
    (event("message.delivered", instance="dev-02", messages=[1, 2], by="attempt"), "dev-02 has read messages 1, 2"),
    (event("message.delivered", messages=[9], to="project", by="ann"), "message 9 to project is settled by ann"),
    (event("scaling.decided") | {"data": UP}, "content gets an instance more: 12 jobs wait"),
    (event("scaling.decided") | {"data": UP | {"action": "down", "because": "0 jobs wait; full use 20 %"}},
     "content gets an instance less: 0 jobs wait; full use 20 %"),
    (event("recovery.detected", job=IMPLEMENT, instance="dev-02", ending="crashed", detail="killed by SIGKILL"),
     "dev-02 crashed at implement 003-say-goodbye: killed by SIGKILL"),
    (event("recovery.checked", job=IMPLEMENT, instance="dev-02", processes="none of the attempt's is left"),
     "processes of dev-02 at implement 003-say-goodbye: none of the attempt's is left"),
    (event("recovery.reassigned", job=IMPLEMENT, instance="dev-02", to="delayed", delay=2.13),
     "implement 003-say-goodbye goes on as delayed, in 2.1 s"),
    (event("recovery.updated", job=IMPLEMENT, instance="dev-02", failures=1),
     "implement 003-say-goodbye has failed 1 time so far"),
    (event("job.passed", job=MERGE), "003-say-goodbye merged"),
]  # fmt: skip


@pytest.mark.parametrize(("happened", "words"), LISTED, ids=[f"{n}-{one['type']}" for n, (one, _) in enumerate(LISTED)])
def test_a_list_of_all_events_has_words_also_for_those_that_are_not_worth_a_line(
    happened: dict[str, Any], words: str
) -> None:
    assert listed(happened, WORKS) == words


@pytest.mark.parametrize(("happened", "_words"), TOLD, ids=[f"{n}-{one['type']}" for n, (one, _) in enumerate(TOLD)])
def test_no_event_is_listed_as_its_bare_type(happened: dict[str, Any], _words: str | None) -> None:
    assert listed(happened, WORKS) != happened["type"]
    assert listed(event("weather.changed")) == "weather.changed"


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_an_event_without_its_data_is_no_trouble(type_: str) -> None:
    told = sentence(event(type_))
    assert told is None or told.strip()


def test_a_type_from_the_future_is_left_out() -> None:
    assert sentence(event("weather.changed")) is None


def test_words_of_agents_cannot_break_the_line_or_fill_the_screen() -> None:
    told = sentence(event("job.cancelled", job=1, reason="\x1b[2J" + "line\n" * 1000))
    assert told is not None
    assert told.isprintable()
    assert len(told) < 250


def pipeline() -> Pipeline:
    return default_pipeline()[0]


def test_every_shipped_step_has_words_of_its_own() -> None:
    steps = [
        Work(step.workflow, step.id, "001-x" if step.for_each else "")
        for w in pipeline().workflows.values()
        for step in w.steps
    ]
    generic = [work for work in steps if doing(work).startswith("works on")]
    assert not generic


def test_a_step_that_is_used_otherwise_is_called_by_its_name() -> None:
    assert doing(Work("development", "implement", "")) == "works on implement"
    assert doing(Work("genesis", "analyze", "part-1")) == "works on analyze part-1"
    assert doing(Work("development", "lint", "001-x")) == "works on lint 001-x"


def job_of(step: str) -> Job:
    given: dict[str, Any] = {**dict.fromkeys(Job._fields, 0), "project": "p", "workflow": "development", "step": step}
    return Job(**given)


@pytest.mark.parametrize("ending", [e for e in Ending if e is not Ending.CANCELLED])
def test_the_reasons_that_policy_gives_are_understood(ending: Ending) -> None:
    report = Report(ending, "the detail")
    decided = verdict.decide(
        report, pipeline().step("development", "implement"), job_of("implement"), random.Random(1).random()
    )
    told = sentence(event("job.retried", job=1, instance="dev-02", reason=decided.reason, delay=decided.delay_seconds))
    assert told is not None
    assert "(the detail)" in told
    assert f"{ending}:" not in told


def test_the_reviewers_reason_is_understood() -> None:
    report = Report(Ending.FINISHED, verdict="rework", feedback="too long")
    decided = verdict.decide(report, pipeline().step("development", "review"), job_of("review"), 0.5)
    told = sentence(
        event("job.reworked", job=1, instance="dev-03", to=decided.target, reason=decided.reason, feedback="too long")
    )
    assert told == "dev-03 sends job 1 back to implement: too long"


def test_trouble_and_good_news_stand_out() -> None:
    assert meaning(event("job.retried")) == meaning(event("project.failed")) == "attention"
    assert meaning(event("job.passed")) == ""
    assert meaning(event("project.completed")) == "good"
