"""Channels over a real loopback peer, through the real apprise: what needs people, and pieces of content."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from podium.clock import SteadyClock
from podium.domain.delivery import Answer, Delivery
from podium.integrations.channels import ChannelSender
from podium.integrations.webhooks import WebhookSender
from tests.unit.integrations.receiver import Receiver, receiving
from tests.unit.integrations.test_webhooks import EVENT

REVIEW = {"text": "p: implement waits for a decision (quality): still wrong", "review": 7}
NEED = Delivery(1, "review/7@team", "channel:team", EVENT | {"type": "needs_you", "data": REVIEW}, 0)


def send(home: Path, receiver: Receiver, *deliveries: Delivery, url: str = "", **more: Any) -> list[Answer]:
    """What comes of sending, one after another."""

    async def sending() -> list[Answer]:
        address = url or f"json://127.0.0.1:{receiver.port}/in"
        hooks = WebhookSender({}, home, SteadyClock().wall, {})
        sender = ChannelSender({"team": lambda: address}, hooks, home, more.get("link", ""))
        answers = [await sender.send(delivery) for delivery in deliveries or (NEED,)]
        await sender.aclose()
        return answers

    return asyncio.run(sending())


@pytest.mark.requirement("NTF-1")
def test_what_needs_somebody_arrives_with_what_to_do_and_where(tmp_path: Path) -> None:
    notice = NEED._replace(event=NEED.event | {"data": {"text": "dev-02 gets no more work."}})
    with receiving() as receiver:
        assert send(tmp_path, receiver, NEED, notice, link="http://127.0.0.1:8420") == [Answer(200, "taken")] * 2
    review, other = (json.loads(request.body) for request in receiver.requests)
    assert review["title"] == "Podium needs you"
    assert review["message"].splitlines() == [
        REVIEW["text"],
        "What to do: podium review approve 7 (or reject, or send-back --notes TEXT)",
        "http://127.0.0.1:8420/review",
    ]
    assert other["message"].splitlines()[1:] == ["What to do: podium notices", "http://127.0.0.1:8420/"]


def test_a_piece_is_sent_in_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "posts.md").write_text("Curtain up!", "utf-8")
    piece = EVENT | {"type": "social", "data": {"title": "Posts", "path": "posts.md"}}
    with receiving() as receiver:
        assert send(tmp_path, receiver, NEED._replace(event=piece))[0].status == 200
        gone = EVENT | {"type": "social", "data": {"title": "Posts", "path": "gone.md"}}
        assert send(tmp_path, receiver, NEED._replace(event=gone))[0].refused
    (request,) = receiver.requests
    told = json.loads(request.body)
    assert (told["title"], told["message"]) == ("Posts", "Curtain up!")


def test_trouble_is_told_and_no_secret_with_it(tmp_path: Path) -> None:
    with receiving() as receiver:
        receiver.answer = lambda _: (503, {})
        assert send(tmp_path, receiver) == [Answer(None, "its service did not take it")]
        (unknown,) = send(tmp_path, receiver, url="hush-no-url")
        (other,) = send(tmp_path, receiver, NEED._replace(webhook="channel:gone"))
        (hook,) = send(tmp_path, receiver, NEED._replace(webhook="gone"))
    assert unknown == Answer(None, "[channels.team] holds no URL that apprise knows.", refused=True)
    assert other == Answer(None, "podium.toml has no [channels.gone] any more.", refused=True)
    assert hook == Answer(None, "podium.toml has no [webhooks.gone] any more.", refused=True)
