"""Who is offered work: the instances of the fleet alone, each when it is free, whatever is on its way meanwhile."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from podium.domain.command import Command, Dispatch
from podium.domain.instance import Slot
from podium.domain.job import Lease
from podium.engine.dispatcher import Dispatcher
from podium.simulation.loop import VirtualLoop

ONE, TWO = Slot("dev-01", "development", "tests"), Slot("dev-02", "development", "features")


class Counter:
    """A store's counter, at which offers wait for an answer."""

    def __init__(self) -> None:
        self.offers: list[tuple[Dispatch, asyncio.Future[Any]]] = []
        self.leased: list[Lease] = []
        loop = VirtualLoop(0)
        self.dispatcher = Dispatcher(self, {}, lambda lease, _: self.leased.append(lease))  # pyright: ignore[reportArgumentType] - a dispatcher only submits
        loop.close()

    def submit(self, command: Command) -> asyncio.Future[Any]:
        assert isinstance(command, Dispatch)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.offers.append((command, answer))
        return answer

    async def answer(self) -> None:
        """Nothing fits."""
        self.offers.pop(0)[1].set_result(())
        await asyncio.sleep(0)  # noqa: TID251 - one turn of the loop

    def offered(self) -> list[str]:
        return [slot.name for offer, _ in self.offers for slot in offer.slots]


def played(scene: Callable[[Counter], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        await scene(Counter())

    asyncio.run(play())


@pytest.mark.requirement("SCL-3")
def test_who_leaves_while_an_offer_is_on_its_way_is_offered_no_more() -> None:
    async def scene(at: Counter) -> None:
        at.dispatcher.form([ONE, TWO], ())
        assert at.offered() == ["dev-01", "dev-02"]
        at.dispatcher.form([TWO], ())
        await at.answer()
        assert set(at.dispatcher.free) == {"dev-02"}
        at.dispatcher.release(ONE)
        assert set(at.dispatcher.free) == {"dev-02"}

    played(scene)


@pytest.mark.requirement("SCL-3")
def test_who_was_released_while_it_was_closed_is_free_when_it_is_opened() -> None:
    async def scene(at: Counter) -> None:
        at.dispatcher.form([ONE], ())
        await at.answer()
        assert at.dispatcher.take("dev-01") == ONE
        at.dispatcher.form([], {"dev-01"})
        at.dispatcher.release(ONE)
        at.dispatcher.form([ONE], {"dev-01"})
        assert dict(at.dispatcher.free) == {}, "its attempt is not forgotten yet"
        at.dispatcher.form([ONE], ())
        assert set(at.dispatcher.free) == {"dev-01"}

    played(scene)


@pytest.mark.requirement("SCL-3")
def test_who_was_found_at_work_while_closed_gets_its_own_place_back() -> None:
    async def scene(at: Counter) -> None:
        stranger = at.dispatcher.take("dev-01")
        at.dispatcher.form([ONE], {"dev-01"})
        assert dict(at.dispatcher.free) == {}
        at.dispatcher.release(stranger.freed("p", 9.0, 1.0))
        assert at.dispatcher.free["dev-01"] == ONE

    played(scene)
