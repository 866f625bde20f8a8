"""A node that follows, or cannot yet know whom, answers; whoever asks it then has what they need to be let in."""

import asyncio
from pathlib import Path
from typing import NoReturn

import httpx2

from podium import credential
from podium.address import listen, url_of
from podium.clock import SteadyClock, end_tasks
from podium.nodes.node import ClusterNode
from podium.policy.admission import Limits

ANSWER_SECONDS = 30.0
NOBODY = "postgresql://podium@127.0.0.1:1/podium?connect_timeout=2"


def test_a_node_that_answers_has_made_the_credential(tmp_path: Path) -> None:
    def never(*_: object) -> NoReturn:
        raise AssertionError("it has no database to lead on")

    async def ask() -> int:
        before = asyncio.all_tasks()
        with listen("127.0.0.1", 0) as listener:
            SteadyClock().spawn(ClusterNode(tmp_path, NOBODY, Limits(), listener, never).run(), "node")
            async with httpx2.AsyncClient(timeout=ANSWER_SECONDS) as http:
                answered = await http.get(f"{url_of(listener)}/healthz")
            await end_tasks(before)
        return answered.status_code

    assert asyncio.run(ask()) == httpx2.codes.OK
    assert credential.read(tmp_path)
