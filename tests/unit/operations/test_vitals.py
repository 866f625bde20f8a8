"""Metrics tell what happened and nothing else; health names what a person should look at."""

import asyncio
from typing import Any

import pytest

from podium.domain.access import Principal, Scope
from podium.domain.attempt import Ending, Report, Spend
from podium.domain.command import Complete, Verdict
from podium.domain.errors import Forbidden
from podium.operations.catalogue import operation_named
from podium.operations.invoke import invoke
from podium.policy.health import Signs
from podium.store.rows import sql
from tests.unit.faces.samples import plain
from tests.unit.operations.desktop import Desktop


@pytest.mark.requirement("CMD-1")
def test_metrics_are_what_the_attempts_were(desktop: Desktop) -> None:
    desk = desktop.desk
    (lease,) = desk.lease()
    desk.now += 30
    again = Report(Ending.FINISHED, spend=Spend(100, 20, 0.25))
    desk.do(Complete(lease.job.id, lease.job.attempt, Verdict("retry", "a gate failed"), again, None))
    (lease,) = desk.lease()
    desk.now += 10
    desk.finish(lease, artifacts=desk.made(lease))
    told = desktop.ask("metrics", window="1h")
    row = told.workflows["genesis"]
    assert (row.started, row.busy_seconds, row.verdicts) == (2, 42.0, {"retry": 1, "pass": 1}), "an act is a second"
    assert (told.retries, told.cost_usd, told.projects_completed) == (1, 0.25, 0)
    assert (told.success_rate, told.average_pipeline_seconds) == (None, None), "nobody knows them yet"
    assert sum(span.busy_seconds["genesis"] for span in told.spans) == row.busy_seconds
    assert 0 < (row.utilization or 0) < 1
    assert [span.depth["genesis"] for span in told.spans][-1] == desktop.ask("queues").queues[1].depth
    assert all(span.wait_p95_seconds["genesis"] is not None for span in told.spans if span.started["genesis"])


@pytest.mark.requirement("QUE-1")
def test_a_queues_depth_at_the_end_of_each_hour_is_told_though_only_changes_are_counted(desktop: Desktop) -> None:
    desk, depths = desktop.desk, list[int]()
    for more in (3, 0, 2, 40):
        for n in range(more):
            desk.submit(f"p{desk.now:.0f}-{n}")
        if more == 2:
            desk.lease()
        depths.append(desktop.ask("queues").queues[1].depth)
        desk.now = (desk.now // 3600 + 1) * 3600
    told = {hour.at: hour.depth["genesis"] for hour in desktop.ask("metrics", window="24h").spans}
    assert list(told.values()) == [0, depths[0], depths[2], depths[3]], "an hour without a change is left out"


@pytest.mark.requirement("INS-7")
def test_what_was_used_up_is_known_by_job_instance_project_and_day_without_adding_up_rows(desktop: Desktop) -> None:
    desk = desktop.desk
    used: dict[str, int] = {}
    for spend in (Spend(100, 20, None), Spend(10, 2, 0.25)):
        (lease,) = desk.lease()
        used[lease.job.instance] = used.get(lease.job.instance, 0) + spend.input_tokens + spend.output_tokens
        again = Report(Ending.FINISHED, spend=spend)
        desk.do(Complete(lease.job.id, lease.job.attempt, Verdict("retry", "a gate failed"), again, None))
    rows = {row.name: row.spend for row in desktop.ask("instances").instances}
    assert {name: row.input_tokens + row.output_tokens for name, row in rows.items() if row.input_tokens} == used
    whole = desktop.ask("project", project=lease.job.project).spend
    for found in (desktop.ask("why", job=lease.job.id).spend, desktop.ask("status").system.spend_today, whole):
        assert (found.input_tokens, found.output_tokens, found.cost_usd) == (110, 22, 0.25)
    for statement in ("spent_by", "spend_of_project"):
        assert "attempt" not in sql(statement).partition("FROM")[2]


@pytest.mark.requirement("CMD-1")
def test_health_is_the_worst_of_its_checks_with_what_to_do(desktop: Desktop) -> None:
    desk = desktop.desk
    assert {c.name: c.state for c in desktop.ask("health").checks}["Stuck"] == "ok"
    (lease,) = desk.lease()
    desktop.heard[lease.name] = desk.now
    desk.now += desktop.limits.stuck_silent_seconds + 1
    told = desktop.ask("health")
    checks = {check.name: check for check in told.checks}
    assert told.state != "ok"
    assert checks["Instances"].state == "warning"
    assert lease.job.instance in checks["Instances"].detail
    assert f"podium logs {lease.job.instance}" in checks["Instances"].to_do
    desktop.running = False
    assert {c.name: c.to_do for c in desktop.ask("health").checks}["Orchestrator"] == "Start it: `podium up`."


@pytest.mark.requirement("REC-2")
def test_health_has_the_signals_of_each_instance_with_their_ages(desktop: Desktop) -> None:
    """Alive, answering, getting on and working are told apart; what is not there is null."""
    desk = desktop.desk
    desk.muster()
    (lease,) = desk.lease()
    name = lease.job.instance

    def row() -> Any:
        return {one.name: one for one in desktop.ask("health").instances}[name]

    desktop.signs[lease.name] = None
    assert (row().state, row().signals) == ("starting", None)
    desktop.signs[lease.name] = Signs(desk.now, desk.now - 5.0, desk.now - 2_000.0, desk.now - 7.0)
    assert (row().state, row().silent_seconds) == ("busy", None), "a silent build works"
    assert plain(row().signals) == {"process": 0.0, "heartbeat": 5.0, "progress": 2_000.0, "work": 7.0}
    desktop.signs[lease.name] = Signs(desk.now, desk.now - 5.0, desk.now - 2_000.0, desk.now - 1_000.0)
    assert (row().state, row().silent_seconds) == ("stuck", 1_000.0)
    checks = {check.name: check for check in desktop.ask("health").checks}
    assert f"stuck: {name}" in checks["Instances"].detail
    desk.finish(lease, Verdict("escalate", "Which?", review="question"))
    assert (row().state, row().because) == ("waiting-on-human", "its last job waits for review 1")
    desktop.resting[name] = desk.now + 8.0
    assert (row().state, row().because) == ("crashed", "its last attempts died; it goes on in 8 s")


@pytest.mark.requirement("MET-2")
def test_targets_are_held_against_the_pace_at_full_use(desktop: Desktop) -> None:
    desk = desktop.desk
    desk.muster()
    assert {t.name: (t.actual, t.met) for t in desktop.ask("targets").targets} == dict.fromkeys(
        ("genesis", "development", "content", "pipeline"), (None, None)
    ), "without work nothing is missed"
    assert {c.name: c.state for c in desktop.ask("health").checks}["Targets"] == "ok"
    merge = desk.run_to("merge")
    desk.now += 7200
    desk.finish(merge)
    found = {t.name: t for t in desktop.ask("targets").targets}
    assert found["genesis"].met is True
    assert found["genesis"].rests_on == "from 1 project, under an hour of work"
    assert found["development"].rests_on == "from 1 feature, under an hour of work"
    work = sum(row[2] * row[3] for row in desk.store.rows.all("steps_lately", (0.0,)) if row[0] == "development")
    assert found["development"].actual == pytest.approx(1 / (work / 3600), abs=0.001)
    desk.finish(desk.run_to("publish"))
    told = {t.name: t for t in desktop.ask("targets").targets}
    assert (told["content"].met, told["pipeline"].met) == (True, True), "two hours are less than eight"
    assert told["pipeline"].rests_on == "from 1 project"


@pytest.mark.requirement("MET-2")
def test_health_tells_of_a_target_that_is_missed(desktop: Desktop) -> None:
    desk = desktop.desk
    desk.muster()
    (lease,) = desk.lease()
    desk.now += 9 * 3600
    desk.finish(lease, artifacts=desk.made(lease))
    desk.finish(desk.run_to("publish"))
    checks = {check.name: check for check in desktop.ask("health").checks}
    assert checks["Targets"].state == "warning"
    assert "pipeline 9" in checks["Targets"].detail
    assert checks["Targets"].to_do == "`podium bottleneck` names what holds the work up."


@pytest.mark.requirement("REV-1")
def test_reviews_show_their_age_and_which_wait_for_too_long(desktop: Desktop) -> None:
    desk = desktop.desk
    desk.finish(desk.run_to("implement"), Verdict("escalate", "no", review="blocked"))
    desk.now += 60.0
    (row,) = desktop.ask("review list").reviews
    assert (row.age_seconds, row.overdue) == (60.0, False)
    desk.now += desktop.limits.stuck_review_seconds
    (row,) = desktop.ask("review list").reviews
    assert row.overdue
    desktop.ask("review send-back", review=row.id, notes="again")
    (row,) = desktop.ask("review list", all=True).reviews
    assert (row.age_seconds, row.overdue) == (None, False)


@pytest.mark.requirement("REV-1")
def test_no_instance_decides_about_its_own_work(desktop: Desktop) -> None:
    """An agent at work, the author too, has a credential for its own attempt alone: no review opens to it."""
    author = Principal("dev-02", Scope.ATTEMPT, "p/12.a1")
    for name in ("review approve", "review reject", "review send-back"):
        operation = operation_named(name)
        with pytest.raises(Forbidden):
            asyncio.run(invoke(operation, desktop.context(), operation.input.model_validate({"review": 1}), author))
