"""Content runs again for a merge or a release: once for each version, after what ran before, and nothing is lost."""

import pytest

from podium.domain.command import Decide, Start, Started, Steer, Verdict
from podium.domain.errors import Conflict, NotFound, UsageError
from podium.domain.job import Lease
from podium.store.assignments import assignment
from tests.simulation.run import Run
from tests.simulation.world import Faults, Workload
from tests.unit.store.desk import Desk


def release(version: str = "v1.1", workflow: str = "content") -> Start:
    return Start("p", workflow, version, "ann", "dark mode")


def states(desk: Desk) -> dict[str, str]:
    return {name: state for name, state, *_ in desk.store.rows.all("workflows_by_project", ("p",))}


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def finished(desk: Desk) -> Desk:
    """A project that is complete."""
    desk.complete()
    return desk


def run_on(desk: Desk, run: str, step: str) -> Lease:
    """Let everything pass until that step of a run is leased."""
    lease = desk.run_to(step)
    while lease.job.workflow != run:
        desk.finish(lease, artifacts=desk.made(lease))
        lease = desk.run_to(step)
    return lease


@pytest.mark.requirement("PIP-4")
def test_content_starts_when_development_reaches_deploying_and_publishes_after_the_deployment(desk: Desk) -> None:
    desk.submit()
    desk.finish(desk.run_to("performance"))
    assert states(desk)["development"] == "DEPLOYING"
    assert states(desk)["content"] == "CONTENT_QUEUED", "development has not ended"
    held_up: list[Lease] = []
    while [j.state for j in desk.jobs("optimize")] != ["passed"]:
        for lease in desk.lease():
            if lease.job.step == "ci":
                held_up.append(lease)
            else:
                desk.finish(lease, artifacts=desk.made(lease))
    assert desk.lease() == []
    assert [j.state for j in desk.jobs("publish")] == ["waiting"], "nothing is deployed yet"
    desk.finish(held_up[0])
    desk.finish(desk.run_to("deploy"))
    desk.finish(desk.run_to("publish"))
    assert desk.state() == "complete"


@pytest.mark.requirement("PIP-4")
def test_content_starts_once_though_development_reaches_deploying_twice(desk: Desk) -> None:
    desk.submit()
    desk.finish(desk.run_to("performance"))
    (merge,) = desk.jobs("merge")
    desk.do(Steer("retry", job=merge.id))
    assert states(desk)["development"] == "REVIEWING"
    desk.finish(desk.run_to("publish"))
    assert set(states(desk)) == {"genesis", "development", "content"}
    assert [j.workflow for j in desk.jobs("publish")] == ["content"]


@pytest.mark.requirement("PIP-4")
def test_a_version_opens_a_complete_project_and_ends_complete_again(finished: Desk) -> None:
    assert finished.do(release()) == Started("content@2", True)
    assert finished.state() == "open"
    assert states(finished)["content@2"] == "CONTENT_QUEUED"
    assert states(finished)["content"] == "CONTENT_COMPLETE"
    finished.finish(run_on(finished, "content@2", "publish"))
    assert finished.state() == "complete"
    assert states(finished)["content@2"] == "CONTENT_COMPLETE"
    assert finished.told("workflow.requested") == [{"version": "v1.1", "by": "ann", "reason": "dark mode"}]
    assert finished.told("project.reopened") == [{"version": "v1.1"}]
    assert len(finished.told("project.completed")) == 2
    counted = {metric: n for metric, n, _ in finished.store.rows.all("hourly_since", (0,))}
    assert counted["project.completed"] == 1, "the pipeline's time is measured once"


@pytest.mark.requirement("PIP-4")
def test_the_same_version_again_is_the_same_run(finished: Desk) -> None:
    assert finished.batch(release(), release()) == [Started("content@2", True), Started("content@2", False)]
    assert finished.do(release()) == Started("content@2", False)
    finished.finish(run_on(finished, "content@2", "publish"))
    assert finished.do(release()) == Started("content@2", False), "also when it is over"
    assert finished.state() == "complete"
    assert finished.batch(release("v1.2"), release("v1.3")) == [Started("content@3", True), Started("content@4", True)]


@pytest.mark.requirement("PIP-4")
def test_runs_come_one_after_another(finished: Desk) -> None:
    finished.do(release("v1.1"))
    finished.do(release("v1.2"))
    assert [lease.job.workflow for lease in finished.lease()] == ["content@2"]
    jobs = {(j.workflow, j.step): j.state for j in finished.jobs("analyze")}
    assert jobs["content@3", "analyze"] == "waiting"
    for job in finished.jobs("analyze"):
        if job.state == "running":
            finished.do(Steer("cancel", project="p"))
    assert finished.state() == "complete"


@pytest.mark.requirement("PIP-4")
def test_a_version_that_comes_early_waits_for_the_first_run(desk: Desk) -> None:
    desk.submit()
    with pytest.raises(Conflict, match="has not begun"):
        desk.do(release())
    desk.finish(desk.run_to("performance"))
    desk.do(release())
    desk.finish(run_on(desk, "content", "publish"))
    assert desk.state() == "open"
    desk.finish(run_on(desk, "content@2", "publish"))
    assert desk.state() == "complete"


@pytest.mark.requirement("PIP-4")
def test_a_further_run_publishes_only_after_a_passed_deployment(desk: Desk) -> None:
    desk.submit()
    desk.finish(desk.run_to("performance"))
    desk.do(release())
    (further,) = [j for j in desk.jobs("publish") if j.workflow == "content@2"]
    blockers = desk.store.rows.all("blockers_of_job", (further.id,))
    assert [(run, step) for _, run, step, _, _ in blockers] == [("development", "deploy"), ("content@2", "optimize")]


@pytest.mark.requirement("PIP-4")
def test_agents_are_told_what_the_run_is_for(finished: Desk) -> None:
    finished.do(release())
    (lease,) = finished.lease()
    told = assignment(finished.store.rows, finished.store.pipelines, lease)
    assert (told.workflow, told.run) == ("content", "content@2")
    assert told.increment == {"version": "v1.1", "reason": "dark mode"}
    assert told.bases == (), "it begins on the main branch as it is now"
    assert {(a.kind, a.run) for a in told.artifacts} == {("plan", "genesis"), ("brief", "content")}


@pytest.mark.requirement("PIP-4")
def test_a_run_that_is_given_up_leaves_what_was_delivered(finished: Desk) -> None:
    finished.do(release())
    (lease,) = finished.lease()
    done = finished.do(Steer("cancel", project="p", reason="not now"))
    assert done.revoked == (lease.name,)
    assert finished.state() == "complete"
    assert finished.told("project.cancelled") == []
    assert [told["reason"] for told in finished.told("workflow.cancelled")] == ["cancelled by operator: not now"]
    finished.do(release("v1.2"))
    finished.finish(run_on(finished, "content@3", "publish"))
    assert finished.state() == "complete"


@pytest.mark.requirement("PIP-4")
def test_a_rejected_step_ends_its_run_alone(finished: Desk) -> None:
    finished.do(release())
    (lease,) = finished.lease()
    finished.finish(lease, Verdict("escalate", "no", target="analyze", review="blocked"))
    finished.do(Decide(finished.reviews()[0][0], "reject", "ann"))
    assert finished.state() == "complete"


@pytest.mark.requirement("PIP-4")
def test_what_cannot_run_again_is_refused_with_what_to_do(finished: Desk) -> None:
    with pytest.raises(Conflict, match="--repository"):
        finished.do(release(workflow="development"))
    with pytest.raises(Conflict, match="content of this project can"):
        finished.do(release(workflow="nothing"))
    with pytest.raises(UsageError, match="cannot name a version"):
        finished.do(release("no blanks"))
    with pytest.raises(NotFound, match="podium projects"):
        finished.do(Start("nobody", "content", "v1"))
    finished.submit("q")
    finished.do(Steer("cancel", project="q"))
    with pytest.raises(Conflict, match="is cancelled"):
        finished.do(Start("q", "content", "v1"))


@pytest.mark.requirement("PIP-4")
@pytest.mark.parametrize("seed", range(3))
def test_runs_survive_crashes_and_lost_wake_ups(seed: int) -> None:
    faults = Faults(crash_before_commit=0.02, crash_after_commit=0.02, lost_wakeup=0.1, agent_rework=0.1)
    outcome = Run(seed, faults, 2, Workload(features=1, releases=2)).play()
    assert outcome.violations == ()
