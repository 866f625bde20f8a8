"""Deliveries are settled once, replayed on demand and bounded; people are told once of what was given up."""

import pytest

from podium.domain.command import Dismiss, Replay, Settle
from podium.domain.delivery import Delivery, Outcome
from podium.domain.errors import Conflict, NotFound
from podium.store import outbox
from tests.unit.store.desk import refusal
from tests.unit.store.test_rules import Ruled

RULE = '[[rules]]\non = "event:project.created"\nwebhook = "{}"\n'
DEAD = Outcome("dead", 0.0, "given up after 10 tries: HTTP 500")
AGAIN = Outcome("pending", 60.0, "HTTP 500")


class Post(Ruled):
    """A desk where every new project goes out to webhooks."""

    def __init__(self, *webhooks: str) -> None:
        super().__init__("\n" + "\n".join(RULE.format(name) for name in webhooks))

    def due(self, limit: int = 16) -> list[Delivery]:
        """What is to be sent now."""
        return outbox.due(self.store.rows, self.now, limit)

    def settle(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Record what came of it."""
        return self.do(Settle(delivery.id, delivery.attempts, outcome))


def test_each_webhook_has_its_turn_whatever_waits_for_another() -> None:
    post = Post("slow", "ci")
    for n in range(20):
        post.submit(f"p{n}")
    found = post.due(limit=2)
    assert [(d.webhook, d.event["project"]) for d in found] == [
        ("ci", "p0"),
        ("ci", "p1"),
        ("slow", "p0"),
        ("slow", "p1"),
    ]


def test_a_failed_try_waits_and_a_stale_answer_changes_nothing() -> None:
    post = Post("ci")
    post.submit()
    (delivery,) = post.due()
    assert post.settle(delivery, AGAIN)
    assert post.due() == []
    assert post.settle(delivery, Outcome("done", 0.0, "HTTP 200")) is False
    post.now += 61
    (again,) = post.due()
    assert (again.key, again.attempts) == (delivery.key, 1)
    assert post.settle(again, Outcome("done", 0.0, "HTTP 200"))
    assert post.settle(again, DEAD) is False
    assert post.notices() == []


@pytest.mark.requirement("EVT-2")
def test_a_dead_letter_is_told_once_a_day_and_can_be_replayed() -> None:
    post = Post("ci")
    for name in "pqr":
        post.submit(name)
    for delivery in post.due()[:2]:
        assert post.settle(delivery, DEAD)
    ((key, text, needs),) = post.notices()
    assert key.startswith("webhook/ci/")
    assert (text, needs) == ("Webhook ci did not take delivery 1: given up after 10 tries: HTTP 500", 1)
    assert post.do(Replay(1)) == "ci"
    assert post.notices() == []
    revived = next(d for d in post.due() if d.id == 1)
    assert revived.attempts == 0
    refused = post.batch(Replay(1), Replay(99))
    assert "still being tried" in refusal(refused[0])
    assert "no delivery 99" in refusal(refused[1])


@pytest.mark.requirement("EVT-2")
def test_a_receiver_that_is_gone_gets_nothing_until_a_replay() -> None:
    post = Post("ci", "other")
    post.submit("p")
    post.submit("q")
    (first, *_) = post.due()
    post.settle(first, Outcome("dead", 0.0, "gone", disable=True))
    assert {d.webhook: d.disabled for d in post.due()} == {"ci": True, "other": False}
    assert [row[0] for row in post.store.rows.all("webhooks_disabled")] == ["ci"]
    post.do(Replay(first.id))
    assert {d.webhook: d.disabled for d in post.due()} == {"ci": False, "other": False}


def test_ended_deliveries_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "ENDED_MAX", 3)
    post = Post("ci")
    for n in range(6):
        post.submit(f"p{n}")
    for delivery in post.due()[:5]:
        post.settle(delivery, Outcome("done", 0.0, "HTTP 200"))
    rows = post.store.rows.all("deliveries_page", ("", "", 100))
    assert [(row[0], row[3]) for row in rows] == [(6, "pending"), (5, "done"), (4, "done"), (3, "done")]


def test_notices_are_dismissed_one_by_one_or_all_before() -> None:
    desk = Ruled('\n[[rules]]\non = "event:project.created"\nnotify = "{project} begins"\n')
    for name in "pqrs":
        desk.submit(name)
    desk.do(Dismiss(3))
    assert [text for _, text, _ in desk.notices(everything=False)] == ["s begins", "q begins", "p begins"]
    desk.do(Dismiss(2, older=True))
    assert [text for _, text, _ in desk.notices(everything=False)] == ["s begins"]
    with pytest.raises(NotFound, match="no notice 9"):
        desk.do(Dismiss(9))


def test_a_pending_delivery_cannot_be_replayed() -> None:
    post = Post("ci")
    post.submit()
    with pytest.raises(Conflict):
        post.do(Replay(1))
