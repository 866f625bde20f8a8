"""What an attempt is told and stands on, however large the project and however long its chains."""

from podium.domain.attempt import Artifact
from podium.domain.command import Complete, Dispatch
from podium.domain.instance import Slot
from podium.domain.job import Lease
from podium.store.assignments import assignment, bases_of
from podium.store.writer import Writer
from tests.unit.store.desk import Desk


def test_an_attempt_gets_its_own_issue_and_what_no_one_fans_out_over() -> None:
    desk = Desk()
    desk.submit()
    lease = desk.run_to("tests", issues=3)
    told = assignment(desk.store.rows, desk.store.pipelines, lease)
    assert told.item == {"key": lease.job.item, "title": f"issue {int(lease.job.item)}", "data": {}}
    assert [artifact.kind for artifact in told.artifacts] == ["plan"]


def test_bases_are_found_through_a_chain_of_thousands_that_changed_nothing() -> None:
    """An agent that delivers no commit hands on what it stood on, and asking must not go as deep as the chain."""
    desk = Desk()
    desk.submit()
    keys = [f"{n:04d}" for n in range(400)]
    chain = tuple(Artifact("issue", k, k, {"depends_on": keys[n - 1 : n]}) for n, k in enumerate(keys))
    store, slots = desk.store, tuple(desk.slots)
    last = _finish_all(desk, store, slots, chain)
    assert last.job.step == "performance"
    assert bases_of(store.rows, last.job.id) == ["first"]


def _finish_all(desk: Desk, store: Writer, slots: tuple[Slot, ...], chain: tuple[Artifact, ...]) -> Lease:
    """Let everything pass, only the first issue with a commit, until the performance pass is leased."""
    ended: list[Complete] = []
    for _ in range(4_000):
        desk.now += 1
        *_, leases = store.run([*ended, Dispatch(slots)], desk.now, desk.now)
        ended = []
        for lease in leases:
            if lease.job.step == "performance":
                return lease
            command = desk.completion(lease, artifacts=chain if lease.job.step == "issues" else desk.made(lease))
            commit = "first" if (lease.job.step, lease.job.item) == ("merge", "0000") else None
            ended.append(Complete(command.job, command.attempt, command.verdict, command.report, commit))
    raise AssertionError("the performance pass was never leased")
