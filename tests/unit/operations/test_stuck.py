"""What is stuck is found in a real store, with its cause, by reading few rows."""

from typing import Any

import pytest

from podium.domain.attempt import Ending, Report
from podium.domain.command import Complete, Dispatch, Steer, Verdict
from podium.domain.job import Lease
from podium.store.rows import sql
from tests.unit.operations.desktop import Desktop
from tests.unit.store.desk import Desk

DAY = 86_400.0
BURY = Verdict("bury", "3 attempts failed; the last: crashed: killed by SIGKILL")


def kinds(desktop: Desktop) -> list[str]:
    return [row.kind for row in desktop.ask("stuck").stuck]


def die(desk: Desk, lease: Lease) -> None:
    """The last attempt of a poison job."""
    desk.do(Complete(lease.job.id, lease.job.attempt, BURY, Report(Ending.CRASHED, "killed by SIGKILL")))


@pytest.mark.requirement("QUE-6")
def test_nothing_is_stuck_while_all_goes_on(desktop: Desktop) -> None:
    lease = desktop.desk.run_to("tests", issues=3)
    desktop.heard[lease.name] = desktop.desk.now
    assert (desktop.ask("stuck").stuck, desktop.ask("stuck").total) == ([], 0)
    assert desktop.ask("status").system.stuck == 0


@pytest.mark.requirement("QUE-6", "REC-2")
def test_a_running_attempt_without_progress_is_found_and_one_that_speaks_is_not(desktop: Desktop) -> None:
    lease = desktop.desk.run_to("scaffold")
    desktop.heard[lease.name] = desktop.desk.now
    desktop.desk.now += 1_200.0
    (found,) = desktop.ask("stuck").stuck
    assert (found.kind, found.job, found.instance) == ("silent", lease.job.id, lease.job.instance)
    assert found.since == desktop.heard[lease.name]
    assert "its last sign of progress was 20 min ago" in found.because
    instances = {row.name: row for row in desktop.ask("instances").instances}
    assert instances[lease.job.instance].silent_seconds == 1_200.0
    assert desktop.desk.job(lease.job.id).state == "running", "it is shown, not ended"
    desktop.heard[lease.name] = desktop.desk.now - 10.0
    assert kinds(desktop) == []
    assert desktop.ask("why", job=lease.job.id).because.endswith("10 s ago")


@pytest.mark.requirement("QUE-6")
def test_a_pin_to_an_instance_that_is_busy_or_gone_is_found(desktop: Desktop) -> None:
    desk = desktop.desk
    (job,) = [job for job in desk.jobs("analyze") if job.workflow == "genesis"]
    desk.do(Steer("pin", job=job.id, instance="genesis-02"))
    desk.submit("other")
    (lease,) = desk.do(Dispatch(tuple(slot for slot in desk.slots if slot.name == "genesis-01")))
    assert lease.job.project == "other"
    desk.do(Steer("pin", job=job.id, instance="genesis-01"))
    desk.now += 2_000.0
    (found,) = desktop.ask("stuck").stuck
    assert (found.kind, found.job) == ("pinned", job.id)
    assert "pinned to genesis-01, which has other work" in found.because
    desk.slots = [slot for slot in desk.slots if slot.name != "genesis-01"]
    (found,) = desktop.ask("stuck").stuck
    assert "does not have any more" in found.because
    desk.do(Steer("unpin", job=job.id))
    assert kinds(desktop) == []


@pytest.mark.requirement("QUE-6")
def test_a_queue_without_instances_is_found(desktop: Desktop) -> None:
    desktop.desk.slots = [slot for slot in desktop.desk.slots if slot.queue != "genesis"]
    desktop.desk.now += 2_000.0
    (found,) = desktop.ask("stuck").stuck
    assert (found.kind, found.because) == ("no-instance", "no instance works for genesis")
    desktop.running = False
    assert kinds(desktop) == [], "when nobody works, that alone is the cause"
    assert "podium up" in desktop.ask("why", job=found.job).next


@pytest.mark.requirement("QUE-6")
def test_a_review_that_only_its_author_could_make_is_found(desktop: Desktop) -> None:
    desk = desktop.desk
    lease = desk.run_to("implement")
    desk.finish(lease)
    (review,) = desk.jobs("review")
    assert review.avoid == lease.job.instance
    desk.slots = [slot for slot in desk.slots if slot.queue != "development" or slot.name == review.avoid]
    desk.now += 2_000.0
    (found,) = desktop.ask("stuck").stuck
    assert (found.kind, found.job) == ("avoided", review.id)
    assert desktop.ask("why", job=review.id).because == found.because


@pytest.mark.requirement("QUE-6", "QUE-7")
def test_a_dead_letter_and_the_chain_behind_it_are_found(desktop: Desktop) -> None:
    desk = desktop.desk
    lease = desk.run_to("implement")
    die(desk, lease)
    desk.now += 4_000.0
    dead, behind = desktop.ask("stuck").stuck
    assert (dead.kind, dead.job, behind.kind) == ("dead", lease.job.id, "behind-dead")
    assert behind.job == desk.jobs("review")[0].id
    for row in (dead, behind):
        why = desktop.ask("why", job=row.job)
        assert (why.because, why.next) == (row.because, row.todo), "one place for the words"
    system = desktop.ask("status").system
    assert (system.dead_letters, system.stuck) == (1, 2)


@pytest.mark.requirement("QUE-6")
def test_an_old_review_and_what_waits_for_it_are_found(desktop: Desktop) -> None:
    desk = desktop.desk
    desk.finish(desk.run_to("implement"), Verdict("escalate", "no", review="blocked"))
    desk.now += DAY
    assert kinds(desktop) == ["review", "behind-review"]


@pytest.mark.requirement("QUE-6")
def test_a_project_that_is_paused_for_long_is_found_until_it_is_resumed(desktop: Desktop) -> None:
    desk = desktop.desk
    desk.do(Steer("pause", "p"))
    paused_at = desk.now
    desk.now += DAY + 10.0
    (found,) = desktop.ask("stuck").stuck
    assert (found.kind, found.project, found.job, found.since) == ("paused", "p", 0, paused_at)
    assert desktop.ask("why", job=1).next.startswith("`podium resume p`")
    desk.do(Steer("resume", "p"))
    assert kinds(desktop) == []


@pytest.mark.requirement("QUE-6")
def test_jobs_held_back_for_long_are_one_item(desktop: Desktop) -> None:
    desk = desktop.desk
    desk.run_to("tests", issues=20)
    held = [job for job in desk.jobs("tests") if job.state == "held"]
    assert len(held) == 4
    desk.now += DAY
    (found,) = [row for row in desktop.ask("stuck").stuck if row.kind == "held"]
    assert (found.more, found.job) == (3, held[0].id)
    assert "16 chains open in development" in found.because


@pytest.mark.requirement("QUE-6")
def test_a_job_that_is_to_begin_much_later_or_should_have_is_found(desktop: Desktop) -> None:
    desk = desktop.desk
    (lease,) = desk.lease()
    desk.finish(lease, Verdict("retry", "later", delay_seconds=DAY))
    (found,) = desktop.ask("stuck").stuck
    assert (found.kind, found.since) == ("delayed", None)
    desk.now += DAY - 100.0
    assert kinds(desktop) == []
    desk.now += 8_000.0
    assert "it has been due for" in desktop.ask("stuck").stuck[0].because


@pytest.mark.requirement("QUE-6")
def test_a_project_in_which_nothing_can_move_is_called_a_defect(desktop: Desktop) -> None:
    desktop.desk.sqlite.connection.execute("UPDATE workflow SET counts = '[0,0,0,0,0]'")
    (found,) = desktop.ask("stuck").stuck
    assert (found.kind, found.project, found.since) == ("stranded", "p", None)
    assert "a defect in Podium" in found.because


def test_of_many_the_longest_are_shown_and_all_are_counted(desktop: Desktop) -> None:
    for number in range(5):
        desktop.desk.do(Steer("pause", desktop.desk.submit(f"more-{number}")))
    desktop.desk.now += 2 * DAY
    answer = desktop.ask("stuck", limit=2)
    assert ([row.project for row in answer.stuck], answer.total) == (["more-0", "more-1"], 5)


LOOKS: dict[str, tuple[Any, ...]] = {
    "jobs_running": (),
    "jobs_held_longest": (1,),
    "jobs_delayed_beyond": (0.0, 0.0, 1),
    "jobs_in_review_longest": (1,),
    "jobs_dead_longest": (1,),
    "jobs_ready_first": ("q", "l", 1),
    "waiting_behind": (1, 1),
    "projects_paused": (1,),
    "projects_stranded": (1,),
    "dead_jobs": ("", 1),
    "dead_count": ("",),
    "review_of_open_job": (1,),
    "attempt_last": (1,),
    "ahead_in_lane": ("q", "l", 0.0),
    "instances_busy": (),
    "pipeline_of_project": ("p",),
}


OWN = ("(subquery", "SCAN found", "VIRTUAL")
"""What a plan scans that is not a table."""


@pytest.mark.requirement("QUE-6")
@pytest.mark.parametrize("name", LOOKS)
def test_no_look_reads_all_jobs(desktop: Desktop, name: str) -> None:
    """SQLite's own plan: every table is searched, or scanned along a partial index of the few that count."""
    plan = desktop.desk.sqlite.connection.execute(f"EXPLAIN QUERY PLAN {sql(name)}", LOOKS[name])
    steps = [str(row[3]) for row in plan]
    tables = [step for step in steps if step.startswith("SCAN") and not any(own in step for own in OWN)]
    assert all(" USING " in step for step in tables), steps
