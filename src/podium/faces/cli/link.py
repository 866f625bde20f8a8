"""Whom a watching `podium run` asks: the orchestrator that runs, for as long as it does, else one of its own."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

import click

from podium.domain.access import OPERATOR
from podium.domain.errors import HomeLocked, PodiumError, Unavailable
from podium.faces.cli import outlet
from podium.faces.cli.client import Client, NoOrchestrator, OrchestratorGone
from podium.faces.cli.composition import Orchestra

LOCKED_SECONDS_MAX: Final = 30.0
"""How long a home is waited for that somebody has locked who does not answer: one that starts, or that ends."""
LOOK_SECONDS: Final = 0.1
LOSSES_MAX: Final = 100
"""Orchestrators that one run may outlive."""


class Link:
    """Asks on behalf of one run. A home without an orchestrator gets one: this process."""

    def __init__(self, client: Client, stack: AsyncExitStack, interrupted: asyncio.Event) -> None:
        self._client, self._stack, self._interrupted = client, stack, interrupted
        self._orchestra: Orchestra | None = None
        self._losses = 0
        self._watches = True
        """Afterwards nothing but questions, to whoever is there."""

    async def connect(self) -> None:
        """Find the running orchestrator, or become it; raises `HomeLocked` when neither is possible for too long."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LOCKED_SECONDS_MAX
        while True:
            if await asyncio.to_thread(self._client.running) is not None:
                return
            try:
                opened = self._client.composition.orchestrate(self._client.home, agents_on=self._client.agents_on)
                self._orchestra = await self._stack.enter_async_context(opened)
            except HomeLocked:
                if loop.time() > deadline:
                    raise
            else:
                return
            if await waited(self._interrupted, LOOK_SECONDS):
                raise click.Abort

    async def ask(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        """An operation's answer. What a run asks may be asked twice: it reads, or submits under its key."""
        while True:
            if self._orchestra is not None:
                from podium.operations.catalogue import answered

                return (await answered(name, self._orchestra.context, asked, OPERATOR)).model_dump(mode="json")
            if not self._watches:
                return await asyncio.to_thread(self._client.call, name, asked)
            try:
                return await asyncio.to_thread(self._client.ask, name, asked)
            except (NoOrchestrator, OrchestratorGone):
                await self._take_over()

    async def _take_over(self) -> None:
        self._losses += 1
        if self._losses > LOSSES_MAX:
            raise Unavailable(f"The orchestrator went away {LOSSES_MAX} times. Its log says why; then run this again.")
        await self.connect()
        heir = "another one" if self._orchestra is None else "this run is the orchestrator now, and"
        outlet.note(f"the orchestrator went away; {heir} goes on.")

    async def stop(self) -> str:
        """End the watching before its time; what has become of the work, in words."""
        if self._orchestra is not None:
            ended = await self._orchestra.end_attempts("interrupted")
            return f"stopped; {ended} attempts ended, uncharged. The same command goes on where this stopped."
        self._watches = False
        try:
            is_running = await asyncio.to_thread(self._client.running) is not None
        except PodiumError as error:
            return f"no longer watching. {error}"
        if is_running:
            return "no longer watching; the orchestrator goes on with it."
        return "no longer watching; no orchestrator runs any more: `podium up`, or the same command, goes on with it."

    async def finish(self, project_id: str, *, has_failed: bool) -> str:
        """The project has come to its end, or waits: end what a failed one left; what is left of others, in words."""
        if self._orchestra is None:
            self._watches = False
            return ""
        if has_failed:
            await self._orchestra.end_attempts("its project has ended", project_id)
        rows = (await self.ask("projects", {"limit": 1000}))["projects"]
        others = sum(row["state"] == "open" and row["id"] != project_id for row in rows)
        if not others:
            return ""
        what = "1 other project is" if others == 1 else f"{others} other projects are"
        return f"{what} open: agents at work go on; `podium up` takes over what they make."


async def waited(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event came within that time."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
