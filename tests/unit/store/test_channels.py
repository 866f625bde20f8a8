"""What needs a person, and what was published, reaches the channels that take it: each thing once (NTF-1)."""

from dataclasses import replace

import pytest

from podium.config import ChannelConfig, Config
from podium.domain.attempt import Artifact
from podium.domain.command import Complete, Replay, Settle, Verdict
from podium.domain.delivery import Outcome
from podium.domain.errors import Conflict
from podium.policy.admission import UNLIMITED
from podium.store import outbox
from tests.unit.store.desk import Desk

QUALITY = Verdict("escalate", "sent back 3 times", target="implement", feedback="still wrong", review="quality")
CHANNELS = {
    "desk": ChannelConfig(url_env="A"),
    "team": ChannelConfig(url_env="B"),
    "blog": ChannelConfig(url_env="C", takes=("marketing",)),
    "wire": ChannelConfig(url_env="D", takes=("marketing", "social"), approve=False),
}


def staffed() -> Desk:
    """A desk with two channels to people, and two for content."""
    return Desk(replace(Config(channels=CHANNELS).store_limits(), queue_soft=UNLIMITED.queue_soft))


def due(desk: Desk) -> list[tuple[str, str]]:
    """Where something goes now, and what it is."""
    found = outbox.due(desk.store.rows, desk.now, 100)
    return [(each.webhook, each.event["data"].get("title") or each.event["data"]["text"]) for each in found]


@pytest.mark.requirement("NTF-1")
def test_a_review_that_waits_is_told_once_on_every_channel_and_one_that_nobody_has_to_answer_is_not() -> None:
    desk = staffed()
    desk.submit()
    lease = desk.run_to("implement")
    desk.finish(lease, Verdict("rework", "gate failed: tests", target="implement", feedback="red"))
    assert desk.told("review.opened")
    assert due(desk) == []
    lease = desk.run_to("implement")
    desk.do(desk.completion(lease, QUALITY))
    told = "p: implement waits for a decision (quality): sent back 3 times"
    found = [(where, text.partition("\n")[0]) for where, text in due(desk)]
    assert found == [("channel:desk", told), ("channel:team", told)]
    (review, _), *_ = desk.reviews()
    assert {each.event["data"]["review"] for each in outbox.due(desk.store.rows, desk.now, 9)} == {review}


def test_pieces_wait_as_drafts_and_each_goes_out_once_after_its_approval() -> None:
    desk = staffed()
    desk.submit()
    made = [
        Artifact("publication", f"{kind}/{name}", name, {"kind": kind}, f"projects/p/outputs/{name}.md")
        for kind, name in (("marketing", "landing"), ("documentation", "guide"), ("social", "posts"))
    ]
    desk.finish(desk.run_to("publish"), artifacts=made)
    asks = "p has pieces that go out once they are approved: podium deliveries --state draft"
    assert due(desk) == [
        ("channel:desk", asks), ("channel:team", asks), ("channel:wire", "landing"), ("channel:wire", "posts"),
    ]  # fmt: skip
    ((draft, *_),) = desk.store.rows.all("deliveries_page", ("channel:blog", "draft", 10))
    with pytest.raises(Conflict, match="a draft that waits for an approval"):
        desk.do(Replay(draft))
    assert desk.do(Replay(draft, draft=True)) == "channel:blog"
    assert ("channel:blog", "landing") in due(desk)
    assert desk.do(Settle(draft, 0, Outcome("done", 0.0, "taken")))
    with pytest.raises(Conflict, match="no draft"):
        desk.do(Replay(draft, draft=True))
    assert "channel:blog" not in dict(due(desk))


def test_without_a_channel_nothing_goes_anywhere() -> None:
    desk = Desk()
    desk.submit()
    lease = desk.run_to("implement")
    desk.do(Complete(lease.job.id, lease.job.attempt, QUALITY, desk.completion(lease).report))
    assert desk.store.rows.all("deliveries_page", ("", "", 10)) == []
