"""An orchestrator on a store that may be written: the adapters that a real home's configuration asks for."""

import asyncio
import os
import random
import socket
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from podium import config as configuration, credential
from podium.address import NODE, NODE_VARIABLE, url_of
from podium.clock import end_tasks
from podium.domain.errors import PodiumError
from podium.domain.instance import Slot
from podium.domain.job import PODIUM_QUEUE
from podium.domain.pipeline import Pipeline

if TYPE_CHECKING:  # a command line that only asks a running orchestrator loads none of these
    from cloudevents.core.v1.event import CloudEvent

    from podium.agents.command import Programs
    from podium.domain.job import Lease
    from podium.engine.engine import Engine
    from podium.faces.rest.server import Server
    from podium.hosts.hosting import Access
    from podium.hosts.pages import Pages
    from podium.integrations.channels import ChannelSender
    from podium.operations.context import Context
    from podium.ports import Clock, Follower, Host
    from podium.store.store import Store

OVERDUE_MARGIN_SECONDS: Final = 120.0
EVENTS_AT_ONCE: Final = 200
FOLLOWERS: Final = "podium.followers"
"""Entry points of distributions that follow what is committed, as plugins/otel does: what makes a `ports.Follower`.

Each is given the home, what reads its state, a clock and the environment, and answers None where nobody asks for it.
"""
END_SECONDS: Final = 20.0
"""How long the end of cancelled attempts is waited for."""
END_LOOK_SECONDS: Final = 0.02
FAREWELL_SECONDS: Final = 2.0
"""How long the end waits for what is just on its way to webhooks; the next orchestrator sends the rest."""


@dataclass(slots=True)
class LoadedHome:
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
        self, store: "Store", clock: "Clock", conductor: Any = None, engine: "Engine | None" = None
    ) -> "Context":
        """The home as one call sees it."""
        from podium.operations.context import Context
        from podium.policy.health import Vitals

        return Context(
            self.path, store, clock, self.pipeline, self.pipeline_text, store.pipelines, self.slots, self.config,
            conductor, engine is not None, engine.supervisor.vitals if engine else Vitals, self.programs,
            partial(_gate, self.config.scaling),
        )  # fmt: skip


def load(home: Path, agents_on: str | None = None) -> LoadedHome:
    """The home's files; `agents_on` goes before its `host`. Raises `UsageError`, `InvalidPipeline`."""
    config = configuration.load(home)
    if agents_on:
        config = config.model_copy(update={"host": agents_on})
    return LoadedHome(home, config, *configuration.load_pipeline(home, config))


class Orchestra:
    """A running orchestrator."""

    def __init__(self, context: "Context", engine: "Engine", store: "Store") -> None:
        self.context, self._engine, self._store = context, engine, store

    async def events(self, after: int = 0) -> "AsyncGenerator[CloudEvent]":
        """Every event behind that number, as far as it is kept, as it is committed and without end (EVT-2)."""
        from podium.integrations.webhooks import cloud_event
        from podium.operations.events import events_after

        while True:
            committed = self._store.committed()
            page = await self._store.read(partial(events_after, after=after, limit=EVENTS_AT_ONCE))
            for event in page:
                after = event["seq"]
                yield cloud_event(event, str(after))
            if not page:
                await committed

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


@asynccontextmanager
async def conducted(
    loaded: LoadedHome, listener: socket.socket | None, store: "Store", clock: "Clock",
    serve: "Callable[[Server], Coroutine[Any, Any, None]] | None" = None,
) -> AsyncGenerator[Orchestra]:  # fmt: skip
    """An orchestrator on a store that this process may write; without `serve` it opens its own doors."""
    from podium.engine.courier import Courier
    from podium.engine.engine import Engine, EngineSettings
    from podium.engine.pruner import Pruner
    from podium.engine.sweeper import SweeperSettings
    from podium.hosts.pages import Pages
    from podium.hosts.remains import Remains
    from podium.workspace.layout import Home

    home, before = loaded.path, asyncio.all_tasks()
    sweeper = SweeperSettings(loaded.config.sweep_seconds, grace_seconds=_beyond_limits(loaded.pipeline))
    settings = EngineSettings(loaded.config.strategies, sweeper, loaded.config.scaling.value())
    followers = _followers(home, store, clock)
    forge = None
    if loaded.config.github.owner:
        from podium.hosts.forge import Forge
        from podium.operations.arrivals import missed

        async def receive(*told: Any) -> None:
            await missed(context, *told)

        forge = Forge(home, loaded.config.github, os.environ, store, clock, receive)
    pages = Pages(store.submit, forge and forge.api)
    hosts = _hosts(loaded, clock, store.holds, pages, listener, followers)
    room = partial(_gate, loaded.config.scaling)
    engine = Engine(store, clock, hosts, loaded.slots, random.SystemRandom(), settings, room)
    await engine.start()
    context = loaded.context(store, clock, engine, engine)
    server, mirror = await asyncio.to_thread(_outward, context, store.committed, listener)
    clock.spawn(serve(server) if serve else server.serve(clock), "server")
    shared_state = mirror.Mirror(
        mirror.Tree(home / mirror.FOLDER), store.read, store.committed, clock, store.pipelines,
        lambda: [instance.slot for instance in engine.muster.fleet.present()], asyncio.to_thread,
    )  # fmt: skip
    sender = _sender(loaded, clock, listener)
    courier = Courier(clock, store, sender, random.SystemRandom())
    pruner = Pruner(clock, store.submit, Remains(Home(home), store.read), loaded.config.retention)
    outside = [sender, forge.api] if forge else [sender]
    for service in filter(None, (shared_state, courier, pruner, forge, *followers)):
        clock.spawn(service.run(), type(service).__name__)
    try:
        yield Orchestra(context, engine, store)
    finally:
        engine.stop()
        with suppress(PodiumError):  # what is left is sent after the next start
            await courier.finish(FAREWELL_SECONDS)
        await end_tasks(before)
        with suppress(PodiumError):
            await shared_state.run_once()  # what the last commits changed
            for follower in followers:
                await follower.finish(FAREWELL_SECONDS)
        for one in outside:
            await one.aclose()


def _outward(
    context: "Context", committed: Callable[[], asyncio.Future[None]], listener: socket.socket | None
) -> "tuple[Server, Any]":
    """What an orchestrator is asked and read through; made beside the engine: a restart works at once."""
    from podium.faces.rest.server import Server
    from podium.integrations.shared_state import mirror

    if listener is None:
        return Server(lambda: context, committed), mirror
    from podium.faces.mcp import http
    from podium.faces.rest.guard import LOOPBACK
    from podium.faces.web.routes import Dashboard

    names = {*LOOPBACK, *context.config.server.hosts, str(listener.getsockname()[0])}
    mounts, pages = [(http.PATH, http.mount(lambda: context, names))], Dashboard(lambda: context).routes()
    return Server(lambda: context, committed, listener, mounts, pages), mirror


def _beyond_limits(pipeline: Pipeline) -> float:
    """Seconds that a runner may need beyond its agent's and gates' own limits, with a margin: longer is stuck."""
    from podium.runner.spec import attempt_seconds_max

    gates = max(len(step.gates) for workflow in pipeline.workflows.values() for step in workflow.steps)
    return attempt_seconds_max(0.0, [0.0] * gates) + OVERDUE_MARGIN_SECONDS


def _followers(home: Path, store: "Store", clock: "Clock") -> "list[Follower]":
    """Those that are installed and asked for."""
    made = [entry.load()(home, store.read, clock, os.environ) for entry in entry_points(group=FOLLOWERS)]
    return [follower for follower in made if follower is not None]


def _hosts(
    loaded: LoadedHome, clock: "Clock", still_mine: Callable[["Lease"], bool], pages: "Pages",
    listener: socket.socket | None, followers: "list[Follower]",
) -> dict[str, "Host"]:  # fmt: skip
    """Where each queue's attempts run: Podium's own steps here, agents as detached programs here or elsewhere."""
    from podium.agents.command import Programs
    from podium.hosts.hosting import Hosting, HostSettings, factory, programs_of
    from podium.hosts.inprocess import InProcessHost
    from podium.hosts.own_steps import OwnSteps
    from podium.workspace.layout import Home
    from podium.workspace.repository import Repositories

    programs = loaded.programs = Programs(programs_of(loaded.config))
    place, settings = Home(loaded.path), HostSettings(sandbox=loaded.config.sandbox)
    repositories = Repositories(place)
    served = f"http://{{project}}.localhost:{listener.getsockname()[1]}/" if listener else ""
    own = OwnSteps(place, repositories, still_mine, pages, loaded.config.deploy, served)
    hosting = Hosting(place, repositories, clock, programs, settings, _access(loaded.path, listener, followers))
    return {"": factory(loaded.config.host)(hosting), PODIUM_QUEUE: InProcessHost(own.act)}


def _gate(limits: configuration.ScalingConfig) -> str:
    """Why this machine has no room for another instance; empty when it has."""
    from podium.operations.doctor import memory_available

    free, load = memory_available(), os.getloadavg()[0] / (os.cpu_count() or 1)
    if free is not None and free >> 20 < limits.memory_mib_min:
        return f"this machine has {free >> 20} MiB of memory free, under {limits.memory_mib_min}"
    if load > limits.load_per_cpu_max:
        return f"this machine has a load of {load:.1f} a CPU, over {limits.load_per_cpu_max:g}"
    return ""


def _access(home: Path, listener: socket.socket | None, followers: "list[Follower]") -> "Access":
    """What each attempt's agent is handed: where Podium is, and a credential that opens that attempt alone."""
    key = credential.key(credential.ensure(home), "attempt")
    where = {"PODIUM_HOME": str(home)} | ({"PODIUM_URL": url_of(listener)} if listener else {})
    where |= {NODE_VARIABLE: NODE} if NODE else {}

    def access(attempt: str) -> dict[str, str]:
        told = {name: text for each in followers for name, text in each.environment(attempt).items()}
        return {**where, **told, credential.VARIABLE: credential.attempt_token(key, attempt)}

    return access


def _sender(loaded: LoadedHome, clock: "Clock", listener: socket.socket | None) -> "ChannelSender":
    """The configured channels and webhooks."""
    from podium.integrations.channels import ChannelSender
    from podium.integrations.webhooks import WebhookSender, secret_text

    home, config, link = loaded.path, loaded.config, url_of(listener) if listener else ""
    secrets = {name: (each.url_env, each.url_file, home, os.environ) for name, each in config.channels.items()}
    urls = {name: partial(secret_text, *where) for name, where in secrets.items()}
    return ChannelSender(urls, WebhookSender(config.webhooks, home, clock.wall, os.environ), home, link)
