"""The composition root: the one place that chooses the adapters for a real home."""

import asyncio
import fcntl
import logging
import os
import random
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from podium import config as configuration
from podium import credential
from podium.address import LOCK, listen, url_of
from podium.clock import SteadyClock
from podium.domain.access import Principal
from podium.domain.errors import HomeLocked, NotFound, PodiumError, Unavailable
from podium.domain.instance import Slot
from podium.domain.job import PODIUM_QUEUE
from podium.domain.pipeline import Pipeline

if TYPE_CHECKING:  # a command line that only asks a running orchestrator loads none of these
    from podium.agents.command import Programs
    from podium.domain.job import Lease
    from podium.engine.engine import Engine
    from podium.faces.rest.server import Mounted, Server
    from podium.hosts.local import Access
    from podium.integrations.channels import ChannelSender
    from podium.operations.context import Context
    from podium.ports import Clock, Host
    from podium.store.rows import Rows
    from podium.store.store import Store

_log = logging.getLogger(__name__)

OVERDUE_MARGIN_SECONDS: Final = 120.0
END_SECONDS: Final = 20.0
"""How long the end of cancelled attempts is waited for."""
END_LOOK_SECONDS: Final = 0.02
FAREWELL_SECONDS: Final = 2.0
"""How long the end waits for what is just on its way to webhooks; the next orchestrator sends the rest."""


@dataclass(slots=True)
class _Home:
    """A home's files and settings, loaded."""

    path: Path
    config: configuration.Config
    pipeline: Pipeline
    pipeline_text: str
    slots: tuple[Slot, ...] = field(init=False)
    programs: "Programs | None" = None

    def __post_init__(self) -> None:
        own = (Slot(f"podium-{n:02d}", PODIUM_QUEUE, PODIUM_QUEUE) for n in range(1, configuration.OWN_HANDS + 1))
        pools = (
            Slot(name, workflow.name, role)
            for workflow in self.pipeline.workflows.values()
            for name, role in workflow.instances.items()
        )
        self.slots = (*pools, *own)

    def context(
        self, store: "Store | _Unreadable", clock: "Clock", conductor: Any = None, engine: "Engine | None" = None
    ) -> "Context":
        from podium.operations.context import Context
        from podium.policy.health import Vitals

        return Context(
            self.path, store, clock, self.pipeline, self.pipeline_text, store.pipelines, self.slots, self.config,
            conductor, engine is not None, engine.supervisor.vitals if engine else Vitals, self.programs,
            partial(_gate, self.config.scaling),
        )  # fmt: skip


def _load(home: Path) -> _Home:
    config = configuration.load(home)
    return _Home(home, config, *configuration.load_pipeline(home, config))


def _lock(home: Path) -> None:
    """Take the home's lock for the rest of this process's life; the kernel lets it go, so no dead run blocks us."""
    handle = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(handle, 32, 0).decode().strip() or "unknown"
        os.close(handle)
        raise HomeLocked(
            f"Another orchestrator (process {pid}) runs on {home}. Use it (`podium status`, `podium submit`), "
            "stop it (`podium down`), or choose another home with --home or PODIUM_HOME."
        ) from None
    with suppress(OSError):  # a full disk: who holds it is for people only
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)


class _Orchestra:
    """A running orchestrator."""

    def __init__(self, context: "Context", engine: "Engine") -> None:
        self.context = context
        self._engine = engine

    async def end_attempts(self, reason: str, project: str = "") -> int:
        """Stop giving out work and end what is in progress, of one project or of all; the jobs are ready again."""
        self._engine.stop()
        supervisor, clock = self._engine.supervisor, self.context.clock
        ended: set[str] = set()
        deadline = clock.now() + END_SECONDS
        while clock.now() < deadline:
            # Asked again at every look: an attempt that is being started, or an offer on its way, comes to light later.
            names = [n for n, (lease, _) in supervisor.running.items() if project in ("", lease.job.project)]
            ended.update(names)
            for name in names:
                supervisor.cancel(name, reason)
            if not names and not self._engine.dispatcher.is_offering:
                break
            await clock.sleep(END_LOOK_SECONDS)
        return len(ended)


class _Unreadable:
    """Stands for a store that cannot be read, and says why to whoever asks it."""

    pipelines: Final = MappingProxyType[str, Pipeline]({})

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def read(self, question: Callable[["Rows"], Any]) -> Any:  # noqa: ARG002 - nobody can answer it
        raise Unavailable(self._reason)


def _refuse_file(home: Path) -> None:
    """A home is a folder; raises `Unavailable`."""
    for path in (home, *home.parents):
        if path.exists() and not path.is_dir():
            what = "it" if path == home else str(path)
            raise Unavailable(
                f"The home {home} cannot be used: {what} is a file, not a folder. "
                "Choose another with --home or PODIUM_HOME."
            )


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
            probe = home / f".write-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise Unavailable(
                f"The home {home} cannot be written ({error.strerror}). Give the folder write permission, free space, "
                "or choose another with --home or PODIUM_HOME."
            ) from None

    @asynccontextmanager
    async def reading(self, home: Path) -> "AsyncGenerator[Context]":
        """A home that nobody runs, opened read-only."""
        from podium.store.store import DATABASE, open_empty, open_reader

        _refuse_file(home)
        if _holds_anything(home / DATABASE):
            opened = open_reader(home / DATABASE)
        elif (home / configuration.FILE).exists():
            opened = open_empty()
        else:
            raise NotFound(f"There is no Podium home at {home}. `podium run FILE` or `podium init` makes one.")
        async with opened as store:
            yield _load(home).context(store, SteadyClock())

    @asynccontextmanager
    async def examining(self, home: Path) -> "AsyncGenerator[Context]":
        """A home as far as it can be read, in whatever condition it is; nothing in it is changed."""
        from podium.store.store import DATABASE, open_empty, open_reader

        try:
            loaded = _load(home)
        except (PodiumError, OSError):  # the checks say so
            loaded = _Home(home, configuration.Config(), *configuration.load_pipeline(home, configuration.Config()))
        async with AsyncExitStack() as stack:
            store: Store | _Unreadable
            try:
                begun = _holds_anything(home / DATABASE)
                opened = open_reader(home / DATABASE, quietly=True) if begun else open_empty()
                store = await stack.enter_async_context(opened)
            except (PodiumError, OSError) as error:
                store = _Unreadable(str(error))
            yield loaded.context(store, SteadyClock())

    @asynccontextmanager
    async def writing(self, home: Path) -> "AsyncGenerator[Context]":
        """A home that nobody runs, locked for one change."""
        from podium.store.store import DATABASE, open_store

        self.prepare(home)
        _lock(home)
        loaded = _load(home)
        limits = loaded.config.store_limits()
        async with open_store(home / DATABASE, SteadyClock, limits=limits) as (store, clock):
            yield loaded.context(store, clock, store)

    @asynccontextmanager
    async def orchestrate(
        self, home: Path, *, host: str | None = None, port: int | None = None
    ) -> AsyncGenerator[_Orchestra]:
        """Run an orchestrator on the home until the block ends; agents at work outlive it."""
        from podium.engine.courier import Courier
        from podium.engine.engine import Engine, EngineSettings
        from podium.engine.pruner import Pruner
        from podium.engine.sweeper import SweeperSettings
        from podium.hosts.remains import Remains
        from podium.store.store import DATABASE, open_store
        from podium.workspace.layout import Home

        self.prepare(home)
        _lock(home)
        loaded = _load(home)
        listener = _listener(loaded.config.server, host, port)
        limits = loaded.config.store_limits()
        async with open_store(home / DATABASE, SteadyClock, limits=limits) as (store, clock):
            sweeper = SweeperSettings(loaded.config.sweep_seconds, grace_seconds=_beyond_limits(loaded.pipeline))
            settings = EngineSettings(loaded.config.strategies, sweeper, loaded.config.scaling.value())
            hosts = _hosts(loaded, clock, store.holds, listener)
            room = partial(_gate, loaded.config.scaling)
            engine = Engine(store, clock, hosts, loaded.slots, random.SystemRandom(), settings, room)
            await engine.start()
            context = loaded.context(store, clock, engine, engine)
            server, mirror = await asyncio.to_thread(_outward, context, store.committed, listener)
            clock.spawn(server.serve(clock.sleep), "server")
            shared_state = mirror.Mirror(
                home / mirror.FOLDER, store, clock, store.pipelines,
                lambda: [instance.slot for instance in engine.muster.fleet.present()], asyncio.to_thread,
            )  # fmt: skip
            sender = _sender(loaded, clock, listener)
            courier = Courier(clock, store, sender, random.SystemRandom())
            pruner = Pruner(clock, store.submit, Remains(Home(home), store.read), loaded.config.retention)
            services, outside = list[Any]((shared_state, courier, pruner)), list[Any]((sender,))
            if loaded.config.github.owner:
                from podium.hosts.forge import Forge
                from podium.operations.arrivals import missed

                services.append(Forge(home, loaded.config.github, os.environ, store, clock, partial(missed, context)))
                outside.append(services[-1].api)
            for service in services:
                clock.spawn(service.run(), type(service).__name__)
            try:
                yield _Orchestra(context, engine)
            finally:
                engine.stop()
                with suppress(PodiumError):  # what is left is sent after the next start
                    await courier.finish(FAREWELL_SECONDS)
                await _end_tasks()
                await shared_state.run_once()  # what the last commits changed
                for one in outside:
                    await one.aclose()

    def serve_mcp(
        self, name: str, ask: Callable[[str, dict[str, Any]], dict[str, Any]], who: Callable[[], Principal]
    ) -> None:
        """One MCP server on standard input and output."""
        from podium.faces.mcp import servers

        servers.serve(name, ask, who)


def _listener(server: configuration.ServerConfig, host: str | None, port: int | None) -> socket.socket | None:
    """The port that is asked for on the command line or in the configuration, taken before anything begins."""
    number = port if port is not None else server.port
    return listen(host or server.host, number) if number is not None else None


def _outward(
    context: "Context", committed: Callable[[], asyncio.Future[None]], listener: socket.socket | None
) -> "tuple[Server, Any]":
    """What an orchestrator is asked and read through; made beside the engine: a restart works at once."""
    from podium.faces.rest.server import Server
    from podium.integrations.shared_state import mirror

    if listener is None:
        return Server(lambda: context, committed), mirror
    from podium.faces.web.routes import Dashboard

    mounts, pages = [_mcp(context, listener)], Dashboard(lambda: context).routes()
    return Server(lambda: context, committed, listener, mounts, pages), mirror


def _mcp(context: "Context", listener: socket.socket) -> "Mounted":
    """The MCP servers as a part of the web application; loaded only where there is a port."""
    from podium.faces.mcp import http
    from podium.faces.rest.guard import LOOPBACK
    from podium.faces.rest.server import Mounted

    return Mounted(
        *http.mount(lambda: context, {*LOOPBACK, *context.config.server.hosts, str(listener.getsockname()[0])})
    )


def _beyond_limits(pipeline: Pipeline) -> float:
    """Seconds that a runner may need beyond its agent's and gates' own limits, with a margin: longer is stuck."""
    from podium.runner.spec import attempt_seconds_max

    gates = max(len(step.gates) for workflow in pipeline.workflows.values() for step in workflow.steps)
    return attempt_seconds_max(0.0, [0.0] * gates) + OVERDUE_MARGIN_SECONDS


def _hosts(
    loaded: _Home, clock: "Clock", still_mine: Callable[["Lease"], bool], listener: socket.socket | None
) -> dict[str, "Host"]:
    """Where each queue's attempts run: Podium's own steps here, agents as detached programs on this machine."""
    from podium.agents.command import Programs
    from podium.hosts.local import LocalHost, LocalSettings
    from podium.hosts.own_steps import OwnSteps
    from podium.hosts.sandbox import Sandbox
    from podium.operations.swap import programs_of
    from podium.workspace.layout import Home
    from podium.workspace.repository import Repositories

    programs = loaded.programs = Programs(programs_of(loaded.config))
    place, settings = Home(loaded.path), LocalSettings(sandbox=Sandbox(**dict(loaded.config.sandbox)))
    repositories = Repositories(place)
    served = f"http://{{project}}.localhost:{listener.getsockname()[1]}/" if listener else ""
    return {
        "": LocalHost(place, repositories, clock, programs, settings, _access(loaded.path, listener)),
        PODIUM_QUEUE: OwnSteps(place, repositories, still_mine, loaded.config.deploy, served),
    }


def _gate(limits: configuration.ScalingConfig) -> str:
    """Why this machine has no room for another instance; empty when it has."""
    from podium.operations.doctor import memory_available

    free, load = memory_available(), os.getloadavg()[0] / (os.cpu_count() or 1)
    if free is not None and free >> 20 < limits.memory_mib_min:
        return f"this machine has {free >> 20} MiB of memory free, under {limits.memory_mib_min}"
    if load > limits.load_per_cpu_max:
        return f"this machine has a load of {load:.1f} a CPU, over {limits.load_per_cpu_max:g}"
    return ""


def _access(home: Path, listener: socket.socket | None) -> "Access":
    """What each attempt's agent is handed: where Podium is, and a credential that opens that attempt alone."""
    key = credential.key(credential.ensure(home), "attempt")
    where = {"PODIUM_HOME": str(home)} | ({"PODIUM_URL": url_of(listener)} if listener else {})
    return lambda attempt: {**where, credential.VARIABLE: credential.attempt_token(key, attempt)}


def _sender(loaded: _Home, clock: "Clock", listener: socket.socket | None) -> "ChannelSender":
    """The configured channels and webhooks."""
    from podium.integrations.channels import ChannelSender
    from podium.integrations.webhooks import WebhookSender, secret_text

    home, config, link = loaded.path, loaded.config, url_of(listener) if listener else ""
    secrets = {name: (each.url_env, each.url_file, home, os.environ) for name, each in config.channels.items()}
    urls = {name: partial(secret_text, *where) for name, where in secrets.items()}
    return ChannelSender(urls, WebhookSender(config.webhooks, home, clock.wall, os.environ), home, link)


async def _end_tasks() -> None:
    """Let go of everything that follows an attempt; the attempts themselves go on."""
    mine = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not mine]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
