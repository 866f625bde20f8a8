"""The composition root: the one place that chooses the adapters for a real home."""

import asyncio
import os
import socket
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from podium import config as configuration
from podium.address import LOCK, listen
from podium.clock import SteadyClock
from podium.domain.access import Principal
from podium.domain.errors import HomeLocked, NotFound, PodiumError, Unavailable
from podium.orchestra import LoadedHome, Orchestra, conducted, load
from podium.refusals import refusal
from podium.runner import files, processes

if TYPE_CHECKING:  # a command line that only asks a running orchestrator loads none of these
    from podium.nodes.node import ClusterNode
    from podium.operations.context import Context
    from podium.ports import Clock
    from podium.store.store import Store

LOCK_SECONDS: Final = 10.0
"""A command that changes a home, and a killed orchestrator's child that is just being made, hold it for a moment.

Nobody waits for an orchestrator: who was told that one runs here would start a second once that is told to stop.
"""
LOCK_LOOK_SECONDS: Final = 0.02


def _refuse_file(home: Path) -> None:
    """A home is a folder; raises `Unavailable`."""
    for path in (home, *home.parents):
        if path.exists() and not path.is_dir():
            raise Unavailable(refusal("home in a file", home=home, what="it" if path == home else path))


def _holds_anything(database: Path) -> bool:
    """A file without a byte is what a full disk leaves of a new database."""
    return database.exists() and database.stat().st_size > 0


class RealWorld:
    """The adapters of a home on this machine; see `faces.cli.composition.Composition`."""

    def prepare(self, home: Path) -> None:
        """Make the home if it is not there."""
        _refuse_file(home)
        try:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            tempfile.TemporaryFile(dir=home).close()
        except OSError as error:
            raise Unavailable(refusal("closed home", home=home, why=error.strerror)) from None

    def lock(self, home: Path, *, briefly: bool = False) -> None:
        """Keep every orchestrator off the home until this process ends; raises `HomeLocked`.

        The kernel lets the lock go with the process, so no dead run blocks anybody. What is locked briefly is waited
        for, and says nobody's name.
        """
        deadline = time.monotonic() + LOCK_SECONDS
        while (handle := files.try_lock(home / LOCK)) is None:
            pid = files.read(home / LOCK).decode().strip() or "unknown"
            if time.monotonic() > deadline or (pid.isdigit() and processes.start_ticks(int(pid))):
                raise HomeLocked(refusal("locked home", pid=pid, home=home))
            time.sleep(LOCK_LOOK_SECONDS)
        with suppress(OSError):  # a full disk: who holds it is for people only
            os.ftruncate(handle, 0)
            os.pwrite(handle, b"" if briefly else str(os.getpid()).encode(), 0)

    @asynccontextmanager
    async def reading(self, home: Path) -> "AsyncGenerator[Context]":
        """A home that nobody runs, opened read-only."""
        from podium.store.store import DATABASE

        _refuse_file(home)
        loaded = load(home)
        begun = loaded.config.database_url or _holds_anything(home / DATABASE) or (home / configuration.FILE).exists()
        if not begun:
            raise NotFound(f"There is no Podium home at {home}. `podium run FILE` or `podium init` makes one.")
        async with _readable(loaded) as store:
            yield loaded.context(store, SteadyClock())

    @asynccontextmanager
    async def examining(self, home: Path) -> "AsyncGenerator[Context]":
        """A home as far as it can be read, in whatever condition it is; nothing in it is changed."""
        try:
            loaded = load(home)
        except (PodiumError, OSError):  # the checks say so
            defaults = configuration.Config()
            loaded = LoadedHome(home, defaults, *configuration.load_pipeline(home, defaults))
        async with AsyncExitStack() as stack:
            try:
                store = await stack.enter_async_context(_readable(loaded, quietly=True))
            except (PodiumError, OSError) as error:
                store = _unreadable(str(error))
            yield loaded.context(store, SteadyClock())

    @asynccontextmanager
    async def writing(self, home: Path) -> "AsyncGenerator[Context]":
        """A home that nobody runs, locked for one change; raises `Unavailable` where nodes share the state."""
        self.prepare(home)
        loaded = load(home)
        if loaded.config.database_url:  # before the lock, which would be in the way of a node that starts
            raise Unavailable(refusal("shared state"))
        self.lock(home, briefly=True)
        async with _writable(loaded) as (store, clock):
            yield loaded.context(store, clock, store)

    @asynccontextmanager
    async def orchestrate(
        self, home: Path, *, host: str | None = None, port: int | None = None, agents_on: str | None = None
    ) -> AsyncGenerator["Orchestra | ClusterNode"]:
        """Run an orchestrator on the home until the block ends; agents at work outlive it."""
        from podium.hosts import hosting

        self.prepare(home)
        self.lock(home)
        loaded = load(home, agents_on)
        hosting.factory(loaded.config.host)  # says at once what is not installed
        url = loaded.config.database_url
        listener = _listener(loaded.config.server, host, port, needed=bool(url))
        if not url:
            async with _writable(loaded) as (store, clock), conducted(loaded, listener, store, clock) as orchestra:
                yield orchestra
            return
        from podium.nodes.node import ClusterNode

        assert listener is not None
        lead = partial(conducted, loaded, listener)
        node = ClusterNode(home, url, loaded.config.store_limits(), listener, lead)
        running = SteadyClock().spawn(node.run(), "node")
        try:
            await node.settled()
            yield node
        finally:
            running.cancel()
            await asyncio.wait([running])

    def serve_mcp(
        self, name: str, ask: Callable[[str, dict[str, Any]], dict[str, Any]], who: Callable[[], Principal]
    ) -> None:
        """One MCP server on standard input and output."""
        from podium.faces.mcp import servers

        servers.serve(name, ask, who)


def _readable(loaded: LoadedHome, *, quietly: bool = False) -> "AbstractAsyncContextManager[Store]":
    """What the home's state is, wherever it is kept; see `open_reader`."""
    from podium.store.store import DATABASE, open_empty, open_reader

    if loaded.config.database_url:
        from podium.nodes.leadership import open_shared

        return open_shared(loaded.config.database_url)
    database = loaded.path / DATABASE
    return open_reader(database, quietly=quietly) if _holds_anything(database) else open_empty()


def _unreadable(reason: str) -> "Store":
    """Stands for a store that cannot be read, and says why to whoever asks it."""
    from podium.store.store import Store

    async def refuse(_: Any) -> Any:
        raise Unavailable(reason)

    return Store(refuse, refuse, {})


def _writable(loaded: LoadedHome) -> "AbstractAsyncContextManager[tuple[Store, Clock]]":
    """The home's own database, to write."""
    from podium.store.store import DATABASE, open_store

    return open_store(loaded.path / DATABASE, SteadyClock, limits=loaded.config.store_limits())


def _listener(
    server: configuration.ServerConfig, host: str | None, port: int | None, *, needed: bool
) -> socket.socket | None:
    """The port that is asked for on the command line or in the configuration, taken before anything begins."""
    number = port if port is not None else server.port if server.port is not None else 0 if needed else None
    return listen(host or server.host, number) if number is not None else None
