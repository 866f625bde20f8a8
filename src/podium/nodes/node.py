"""One of several nodes on a shared database: it passes requests on to the one that leads, or leads itself."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from podium import credential
from podium.address import NODE, url_of
from podium.clock import SteadyClock, end_tasks
from podium.domain.errors import PodiumError, Unavailable
from podium.faces.rest import doors
from podium.faces.rest.relay import Relay
from podium.faces.rest.server import Server
from podium.nodes.leadership import LEASE_SECONDS, RENEW_SECONDS, Keeper, Node, open_leader
from podium.operations.context import Context
from podium.policy.admission import Limits
from podium.ports import Clock
from podium.store.postgres import TROUBLES
from podium.store.store import Store

START_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.02
URL_VARIABLE: Final = "PODIUM_NODE_URL"
"""Where other nodes reach this one, if not at the address that it listens on."""
NEEDED_TO_LEAD: Final = (
    "podium.engine.engine", "podium.hosts.remains", "podium.hosts.local", "podium.hosts.own_steps",
    "podium.faces.web.routes", "podium.faces.mcp.http", "podium.integrations.shared_state.mirror",
    "podium.integrations.channels",
)  # fmt: skip
WILDCARDS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - to know them, not to listen there

_log = logging.getLogger(__name__)

Lead = Callable[[Store, Clock, Callable[[Server], Coroutine[Any, Any, None]]], AbstractAsyncContextManager[Any]]
"""Runs an orchestrator on a store that this node may write; what it is asked through is served by the function."""


class ClusterNode:
    """Follows and leads by turns until it is cancelled; `orchestra` is what runs while it leads."""

    def __init__(self, home: Path, url: str, limits: Limits, listener: socket.socket, lead: Lead) -> None:
        self._home, self._url, self._limits = home, url, limits
        self._listener, self._lead = listener, lead
        self._clock = SteadyClock()
        self._own = Node(NODE or socket.gethostname(), _reached_at(listener), version("podium"))
        self._keeper = Keeper(url, self._own)
        self._leader = ""
        self.orchestra: Any = None
        self._relay = Relay(lambda: self._leader, self._clock, self._own.url)

    async def run(self) -> None:
        """Follow, lead while the lease holds, follow again: whatever is in doubt is read anew from the database."""
        credential.ensure(self._home)  # who asks as soon as it answers has to have it
        async with self._relay.doors() as (on_socket, on_port):
            served = doors.serve(self._home, on_socket, self._listener, on_port, self._clock.sleep)
            self._clock.spawn(served, "doors")
            for module in NEEDED_TO_LEAD:  # loaded beforehand: a failover does not wait for it
                await asyncio.to_thread(import_module, module)
            try:
                while True:
                    epoch = await self._campaign()
                    _log.info("node %s leads in epoch %d", self._own.name, epoch)
                    try:
                        await self._rule(epoch)
                    except (PodiumError, *TROUBLES) as error:
                        _log.warning("node %s leads no more: %s", self._own.name, error)
                    except Exception:  # noqa: BLE001 - a defect of one epoch must not end the node
                        _log.exception("node %s leads no more", self._own.name)
            finally:
                self._keeper.close()

    @property
    def context(self) -> Context:
        """What operations use while this node leads; raises `Unavailable`."""
        if self.orchestra is None:
            raise Unavailable(f"Node {self._own.name} does not lead. Start one here with `podium up`, then ask again.")
        return self.orchestra.context

    async def settled(self) -> None:
        """Return when this node leads, or passes requests on to one that does, or for long enough could do neither."""
        until = self._clock.now() + START_SECONDS
        while self.orchestra is None and not self._leader and self._clock.now() < until:
            await self._clock.sleep(LOOK_SECONDS)

    async def end_attempts(self, reason: str, project: str = "") -> int:
        """As an orchestrator does; a node that follows has none."""
        return await self.orchestra.end_attempts(reason, project) if self.orchestra else 0

    async def _campaign(self) -> int:
        """The epoch in which this node leads, once the lease is free."""
        told = ""
        while True:
            try:
                if (epoch := await asyncio.to_thread(self._keeper.take)) is not None:
                    return epoch
                found = await asyncio.to_thread(self._keeper.leader)
                self._leader = found.url if found else ""
                told = ""
            except Unavailable as error:
                if str(error) != told:  # once, not every second
                    _log.warning("%s It is tried again.", error)
                told = str(error)
            await self._clock.sleep(RENEW_SECONDS / 2)

    async def _rule(self, epoch: int) -> None:
        """Lead until the lease or the database is lost, or until cancelled, which lets another node take over."""
        lost, loop, before = asyncio.Event(), asyncio.get_running_loop(), asyncio.all_tasks()
        opened = open_leader(self._url, epoch, SteadyClock, partial(loop.call_soon_threadsafe, lost.set), self._limits)
        try:
            async with opened as (store, clock), self._lead(store, clock, self._relay.serve) as self.orchestra:
                await self._keep(epoch, lost)
        finally:
            self.orchestra, self._leader = None, ""
            await end_tasks(before)  # also those of an orchestrator that did not get as far as to end them itself
            await asyncio.to_thread(self._keeper.release, epoch)

    async def _keep(self, epoch: int, lost: asyncio.Event) -> None:
        until = self._clock.now() + LEASE_SECONDS
        while self._clock.now() < until and not lost.is_set():
            try:
                if not await asyncio.to_thread(self._keeper.renew, epoch):
                    break
                until = self._clock.now() + LEASE_SECONDS
            except Unavailable as error:
                _log.warning("%s", error)
            with suppress(TimeoutError):
                async with asyncio.timeout(RENEW_SECONDS):
                    await lost.wait()
        _log.warning("node %s has lost the lease of epoch %d", self._own.name, epoch)


def _reached_at(listener: socket.socket) -> str:
    bound, port = listener.getsockname()[:2]
    given = os.environ.get(URL_VARIABLE, "").rstrip("/")
    return given or (f"http://{socket.gethostname()}:{port}" if bound in WILDCARDS else url_of(listener))
