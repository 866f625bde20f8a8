"""Messages wait, come with a job, count as read when its attempt has finished, and come to each instance once."""

from collections.abc import Sequence
from typing import Any

import pytest

from podium.domain.attempt import Ending, Report
from podium.domain.command import Acknowledge, Complete, Dispatch, Send, Verdict
from podium.domain.errors import Conflict, NotFound
from podium.domain.job import Lease
from podium.domain.message import INBOX_MESSAGES_MAX, KEPT_SECONDS, TEXT_CHARS_MAX, Message
from podium.store.assignments import assignment
from tests.databases import writer
from tests.unit.store.desk import Desk, refusal


class Office(Desk):
    """A desk with a project in Genesis."""

    def __init__(self) -> None:
        super().__init__()
        self.submit()

    def send(self, to: str, text: str = "hello", project: str = "") -> int:
        """A message's number."""
        return self.do(Send(to, text, "ann", project)).message

    def given(self, lease: Lease) -> list[Message]:
        """What the agent of an attempt is told."""
        return list(assignment(self.store.rows, self.store.pipelines, lease).messages)

    def texts(self, lease: Lease) -> list[str]:
        """The same, in words."""
        return [message.text for message in self.given(lease)]

    def take(self, name: str) -> Lease:
        """The instance of that name gets a job."""
        (lease,) = self.do(Dispatch(tuple(slot for slot in self.slots if slot.name == name)))
        return lease

    def crash(self, lease: Lease) -> None:
        """An attempt dies."""
        report = Report(Ending.CRASHED, "killed by SIGKILL")
        assert self.do(Complete(lease.job.id, lease.job.attempt, Verdict("retry", "crashed"), report))

    def delivered(self) -> list[Any]:
        """The log's word on who has read what."""
        return [event for event in self.store.rows.all("all_events") if event[1] == "message.delivered"]


@pytest.mark.requirement("COM-1")
def test_a_message_comes_with_the_next_job_and_once() -> None:
    office = Office()
    number = office.send("instance:genesis-01", "mind the gap")
    lease = office.take("genesis-01")
    assert office.given(lease) == [Message(number, "instance:genesis-01", "ann", "", "mind the gap", office.now - 1)]
    assert office.delivered() == [], "a lease is no reading"
    office.finish(lease, artifacts=office.made(lease))
    (event,) = office.delivered()
    assert (event[4], event[5], event[6]) == (
        lease.job.id,
        lease.job.attempt,
        f'{{"messages":[{number}],"to":"genesis-01","by":"attempt"}}',
    )
    assert office.texts(office.take("genesis-01")) == []


@pytest.mark.requirement("COM-1")
def test_a_crashed_attempt_has_read_nothing() -> None:
    office = Office()
    office.send("instance:genesis-01")
    first = office.take("genesis-01")
    office.crash(first)
    assert office.delivered() == []
    again = office.take("genesis-01")
    assert office.texts(again) == ["hello"]
    office.finish(again, artifacts=office.made(again))
    assert len(office.delivered()) == 1


@pytest.mark.requirement("COM-1")
def test_what_is_sent_while_an_agent_works_comes_with_its_next_job() -> None:
    office = Office()
    office.send("all", "before")
    lease = office.take("genesis-01")
    office.send("all", "meanwhile")
    assert office.texts(lease) == ["before"]
    office.finish(lease, artifacts=office.made(lease))
    assert office.texts(office.take("genesis-01")) == ["meanwhile"]


@pytest.mark.requirement("COM-1")
def test_a_broadcast_comes_to_each_instance_once() -> None:
    office = Office()
    number = office.send("all")
    analyze = office.take("genesis-02")
    office.finish(analyze, artifacts=office.made(analyze))
    first, second = office.take("genesis-01"), office.take("genesis-02")
    assert (office.texts(first), office.texts(second)) == (["hello"], [])
    for lease in (first, second):
        office.finish(lease, artifacts=office.made(lease))
    assert office.store.rows.all("all_receipts") == [(number, "genesis-01"), (number, "genesis-02")]


@pytest.mark.requirement("COM-1")
@pytest.mark.parametrize(
    ("to", "reached"),
    [
        ("role:analysis", ["genesis-01"]),
        ("workflow:genesis", ["genesis-01", "genesis-02"]),
        ("workflow:content", []),
        ("instance:genesis-02", ["genesis-02"]),
    ],
)
def test_an_address_reaches_those_it_names_whatever_their_job(to: str, reached: list[str]) -> None:
    office = Office()
    office.submit("q")
    office.send(to)
    leases = [office.take(name) for name in ("genesis-01", "genesis-02")]
    assert [lease.job.instance for lease in leases if office.texts(lease)] == reached


@pytest.mark.requirement("COM-1")
def test_a_message_about_a_project_comes_with_a_job_of_it() -> None:
    office = Office()
    office.submit("q")
    office.send("workflow:genesis", "about q", "q")
    first, second = office.take("genesis-01"), office.take("genesis-02")
    told = {lease.job.project: office.texts(lease) for lease in (first, second)}
    assert told == {"p": [], "q": ["about q"]}


def test_podiums_own_hands_get_no_mail() -> None:
    office = Office()
    office.send("all")
    found = office.run_to("found")
    assert office.texts(found) == []
    office.finish(found)
    assert "podium-01" not in {instance for _, instance in office.store.rows.all("all_receipts")}


@pytest.mark.requirement("COM-1")
def test_an_operator_takes_a_message_back_or_counts_it_as_read() -> None:
    office = Office()
    direct, everybody, group = office.send("instance:genesis-01"), office.send("all"), office.send("role:analysis")
    assert office.do(Acknowledge(direct)) is True
    assert office.do(Acknowledge(direct)) is False
    assert office.do(Acknowledge(everybody)) is True
    assert office.do(Acknowledge(group, "genesis-02")) is True
    lease = office.take("genesis-01")
    assert [message.id for message in office.given(lease)] == [group]
    with pytest.raises(NotFound, match="There is no message 99"):
        office.do(Acknowledge(99))
    with pytest.raises(Conflict, match="is for genesis-01 alone"):
        office.do(Acknowledge(direct, "genesis-02"))


def test_what_an_operator_counted_as_read_is_not_read_again_by_the_attempt_that_has_it() -> None:
    office = Office()
    number = office.send("instance:genesis-01")
    lease = office.take("genesis-01")
    answers = office.batch(Acknowledge(number), office.completion(lease, artifacts=office.made(lease)))
    assert answers == [True, True]
    assert len(office.delivered()) == 1


@pytest.mark.requirement("COM-1")
def test_an_inbox_is_bounded_in_number_size_and_age() -> None:
    office = Office()
    for n in range(INBOX_MESSAGES_MAX + 3):
        office.send("all", f"{n} {'x' * TEXT_CHARS_MAX}")
    office.send("all", "about p", "p")
    kept = office.texts(office.take("genesis-01"))
    assert len(kept) == INBOX_MESSAGES_MAX + 1
    assert kept[0].startswith("3 ")
    assert max(map(len, kept)) == TEXT_CHARS_MAX
    office.now += KEPT_SECONDS + 10
    office.submit("q")
    office.send("role:analysis", "new")
    assert office.texts(office.take("genesis-02")) == []
    assert [row[4] for row in office.store.rows.all("messages_page", (None, "", 0, 100))] == ["new"]


def test_receipts_go_with_their_message() -> None:
    office = Office()
    office.send("all", "old")
    lease = office.take("genesis-01")
    office.finish(lease, artifacts=office.made(lease))
    assert len(office.store.rows.all("all_receipts")) == 1
    office.now += KEPT_SECONDS + 10
    office.send("role:analysis", "new")
    assert office.store.rows.all("all_receipts") == []


@pytest.mark.requirement("COM-1")
def test_nothing_is_forgotten_over_a_restart(tmp_path: Any) -> None:
    office = Office()
    office.store = writer(tmp_path / "podium.sqlite")
    office.submit()
    office.send("all", "old news")
    lease = office.take("genesis-01")
    office.store.close()
    office.store = writer(tmp_path / "podium.sqlite")
    assert office.texts(lease) == ["old news"]
    office.finish(lease, artifacts=office.made(lease))
    office.store.close()
    office.store = writer(tmp_path / "podium.sqlite")
    assert office.texts(office.take("genesis-01")) == []
    assert len(office.delivered()) == 1


def test_a_message_about_nothing_is_refused() -> None:
    office = Office()
    (answer,) = office.batch(Send("all", "x", "ann", "nobody"))
    assert "There is no project 'nobody'" in refusal(answer)


class Counted:
    """Rows that count which statements are asked."""

    def __init__(self, office: Office) -> None:
        self.asked: list[str] = []
        self._rows = office.store.rows
        office.store.rows = self

    def one(self, name: str, args: Sequence[Any] = ()) -> Any:
        self.asked.append(name)
        return self._rows.one(name, args)

    def close(self) -> None:
        self._rows.close()

    def all(self, name: str, args: Sequence[Any] = ()) -> list[Any]:
        self.asked.append(name)
        return self._rows.all(name, args)

    def many(self, name: str, rows: Any) -> None:
        self.asked.append(name)
        self._rows.many(name, rows)


def test_a_step_without_mail_asks_nothing_about_it() -> None:
    office = Office()
    lease = office.take("genesis-01")
    counted = Counted(office)
    office.store.run([office.completion(lease, artifacts=office.made(lease))], office.now, office.now)
    assert counted.asked
    assert not [name for name in counted.asked if "message" in name or "receipt" in name or "notice" in name]


def test_who_has_read_everything_is_not_asked_about_again() -> None:
    office = Office()
    office.send("workflow:genesis")
    first = office.take("genesis-01")
    office.finish(first, artifacts=office.made(first))
    second = office.take("genesis-01")
    counted = Counted(office)
    office.store.run([office.completion(second, artifacts=office.made(second))], office.now, office.now)
    assert "messages_unread" not in counted.asked
