"""The dead-letter queue as people see and use it."""

import pytest

from podium.domain.attempt import Ending, Report
from podium.domain.command import Complete, Verdict, Wake
from tests.unit.operations.desktop import Desktop

DIED = Report(Ending.CRASHED, "killed by SIGKILL")


def kill(desktop: Desktop, step: str, item: str = "001") -> int:
    """Let a job die as often as it may; its number."""
    desk = desktop.desk
    lease = desk.run_to(step)
    last = Verdict("bury", "3 attempts failed; the last: crashed: killed by SIGKILL")
    for verdict in (Verdict("retry", "crashed: killed by SIGKILL"),) * 2 + (last,):
        assert desk.do(Complete(lease.job.id, lease.job.attempt, verdict, DIED))
        desk.do(Wake())
        lease = next((found for found in desk.lease() if found.job.id == lease.job.id), lease)
    assert (lease.job.step, lease.job.item) == (step, item)
    return lease.job.id


@pytest.mark.requirement("QUE-7", "REC-7")
def test_a_letter_has_everything_a_person_needs(desktop: Desktop) -> None:
    number = kill(desktop, "implement")
    log = desktop.home / "attempts" / "p" / f"{number}.a2" / "messages.ndjson"
    log.parent.mkdir(parents=True)
    log.touch()
    answer = desktop.ask("dead-letters")
    (letter,) = answer.letters
    assert (answer.total, letter.job, letter.project, letter.step, letter.item) == (1, number, "p", "implement", "001")
    assert letter.reason.endswith("crashed: killed by SIGKILL")
    assert letter.waiting == 1
    assert letter.died_at == letter.attempts[-1].ended_at
    assert [(a.number, a.ending, bool(a.instance), a.log) for a in letter.attempts] == [
        (1, "crashed", True, ""),
        (2, "crashed", True, str(log)),
        (3, "crashed", True, ""),
    ]
    assert desktop.ask("backlog").dead == 1
    assert desktop.ask("project", project="p").jobs["dead"] == 1
    assert desktop.ask("dead-letters", project="p").total == 1
    assert "There is no project" in desktop.refused("dead-letters", project="nobody")


@pytest.mark.requirement("QUE-7")
def test_replaying_and_dropping_are_told_of(desktop: Desktop) -> None:
    number = kill(desktop, "implement")
    done = desktop.ask("dead-letters replay", job=number, reason="agent mended")
    assert (done.action, done.project, done.jobs) == ("replay", "p", 1)
    assert "not a dead letter; there is nothing to drop" in desktop.refused("dead-letters drop", job=number)
    assert kill(desktop, "implement") == number
    done = desktop.ask("dead-letters drop", job=number, reason="not needed")
    assert (done.action, done.jobs) == ("drop", 3)
    assert desktop.ask("dead-letters").letters == []


@pytest.mark.requirement("QUE-7")
def test_many_are_replayed_only_by_who_knows_how_many(desktop: Desktop) -> None:
    number = kill(desktop, "scaffold", "")
    for count in (0, 7):
        told = desktop.ask("dead-letters replay-all", project="p", count=count)
        assert (told.dead, told.replayed, desktop.desk.job(number).state) == (1, 0, "dead")
    told = desktop.ask("dead-letters replay-all", project="p", count=1)
    assert (told.dead, told.replayed, desktop.desk.job(number).state) == (0, 1, "ready")
    assert desktop.ask("dead-letters replay-all", project="p").dead == 0
