"""What a Python program has of the orchestrator that it runs."""

import asyncio
from pathlib import Path

import pytest
from cloudevents.core.v1.event import CloudEvent

from podium.app import RealWorld
from podium.domain.access import OPERATOR
from podium.operations.catalogue import operation_named
from podium.operations.invoke import invoke
from podium.operations.operation import understood
from podium.orchestra import Orchestra

PATIENCE_SECONDS = 60.0


@pytest.mark.requirement("EVT-2")
def test_events_come_as_cloud_events_while_they_happen_and_again_from_any_place(tmp_path: Path) -> None:
    told: list[CloudEvent] = []

    async def listen(orchestra: Orchestra) -> None:
        async for event in orchestra.events():
            told.append(event)
            if event.get_type() == "podium.job.leased":
                return

    async def test() -> None:
        async with RealWorld().orchestrate(tmp_path / "home") as orchestra, asyncio.timeout(PATIENCE_SECONDS):
            assert isinstance(orchestra, Orchestra)
            submit = operation_named("submit")
            asked = understood(submit, {"document": "# Hi\n\n## Features\n\n- One\n"})
            await asyncio.gather(listen(orchestra), invoke(submit, orchestra.context, asked, OPERATOR))
            again = await anext(orchestra.events(after=1))
            assert again.get_id() == told[1].get_id() == "2"
            await orchestra.end_attempts("the test is over")

    asyncio.run(test())
    assert [event.get_id() for event in told] == [str(n) for n in range(1, len(told) + 1)]
    assert (told[0].get_type(), told[0].get_subject()) == ("podium.project.created", "hi")
