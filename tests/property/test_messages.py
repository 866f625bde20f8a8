"""Messages against a naive model: whatever happens in whatever order, each instance reads each of its messages once."""

from dataclasses import dataclass

from hypothesis import given, settings, strategies as st

from podium.domain.attempt import Ending, Report
from podium.domain.command import Acknowledge, Complete, Dispatch, Send, Verdict
from podium.domain.job import Lease
from podium.domain.message import INBOX_MESSAGES_MAX
from podium.store.assignments import assignment
from tests.unit.store.desk import Desk

ROLES = {"genesis-01": "analysis", "genesis-02": "scaffolding", "genesis-03": "issues"}
NAMES = st.sampled_from(sorted(ROLES))
ADDRESSES = ["all", "workflow:genesis", "workflow:content", "role:analysis", "instance:genesis-02"]
PROJECTS = ["", "p0", "p1"]
"""What messages are about; there are as many projects as the instances can finish jobs."""

SENDS = st.tuples(st.just("send"), st.sampled_from(ADDRESSES), st.sampled_from(PROJECTS))
ACKS = st.tuples(st.just("ack"), NAMES, st.integers(0, 9))
TURNS = st.tuples(st.sampled_from(["lease", "finish", "finish", "crash", "forget"]), NAMES, st.just(""))


@dataclass
class Kept:
    """A message as the model has it."""

    number: int
    to: str
    project: str
    closed: bool = False

    def reaches(self, name: str, project: str) -> bool:
        """Whether it is for this instance, with a job of this project."""
        mine = {"all", "workflow:genesis", f"role:{ROLES[name]}", f"instance:{name}"}
        return self.to in mine and self.project in ("", project) and not self.closed


class Model:
    """The real store, and what it should say."""

    def __init__(self) -> None:
        self.desk = Desk()
        for n in range(6):
            self.desk.submit(f"p{n}")
        self.kept: list[Kept] = []
        self.read: set[tuple[int, str]] = set()
        self.held: dict[str, tuple[Lease, list[int]]] = {}

    def send(self, to: str, project: str) -> None:
        self.kept.append(Kept(self.desk.do(Send(to, "x", "ann", project)).message, to, project))
        box = [message for message in self.kept if (message.to, message.project) == (to, project)]
        for pushed_out in box[:-INBOX_MESSAGES_MAX]:
            self.kept.remove(pushed_out)
            self.read = {(number, name) for number, name in self.read if number != pushed_out.number}

    def lease(self, name: str) -> None:
        slot = next(slot for slot in self.desk.slots if slot.name == name)
        for lease in self.desk.do(Dispatch((slot,))) if name not in self.held else ():
            told = assignment(self.desk.store.rows, self.desk.store.pipelines, lease).messages
            due = [
                m.number for m in self.kept if m.reaches(name, lease.job.project) and (m.number, name) not in self.read
            ]
            assert [message.id for message in told] == due
            self.held[name] = (lease, due)

    def end(self, name: str, *, finished: bool) -> None:
        if name not in self.held:
            return
        lease, due = self.held.pop(name)
        if finished:
            assert self.desk.finish(lease, artifacts=self.desk.made(lease))
            kept = {m.number for m in self.kept if not m.closed}
            self.read |= {(number, name) for number in due if number in kept}
        else:
            report = Report(Ending.CRASHED, "killed")
            assert self.desk.do(Complete(lease.job.id, lease.job.attempt, Verdict("retry", "crashed"), report))

    def acknowledge(self, name: str, pick: int) -> None:
        """For one instance, or, of every third, for everybody."""
        if not self.kept:
            return
        message = self.kept[pick % len(self.kept)]
        direct = message.to.removeprefix("instance:") if message.to.startswith("instance:") else ""
        instance = direct or (name if pick % 3 else "")
        new = not message.closed and (message.number, instance) not in self.read
        assert self.desk.do(Acknowledge(message.number, instance)) is new
        if instance and new:
            self.read.add((message.number, instance))
        message.closed |= not instance

    def step(self, what: str, name: str, more: str | int) -> None:
        if what == "send":
            self.send(name, str(more))
        elif what == "ack":
            self.acknowledge(name, int(more))
        elif what == "lease":
            self.lease(name)
        elif what == "forget":
            self.desk.store._restore()
        else:
            self.end(name, finished=what == "finish")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(SENDS, ACKS, TURNS, TURNS, TURNS), max_size=40))
def test_each_instance_reads_each_of_its_messages_once(steps: list[tuple[str, str, str | int]]) -> None:
    model = Model()
    for step in steps:
        model.step(*step)
    receipts = model.desk.store.rows.all("all_receipts")
    assert {(number, name) for number, name in receipts} == model.read
