"""The home's configuration, `podium.toml`: read once at start, every key checked, errors that name the key."""

import os
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from podium.domain import pipeline_file
from podium.domain.errors import UsageError
from podium.domain.pipeline import Pipeline
from podium.hook import Hook
from podium.policy.admission import Limits
from podium.policy.autoscaling import AutoscalerSettings, Thresholds
from podium.policy.retention import Retention
from podium.policy.routing import DEFAULT, STRATEGIES
from podium.refusals import refusal

FILE: Final = "podium.toml"
DATABASE_VARIABLE: Final = "PODIUM_DATABASE_URL"
BUILT_IN: Final = ("rehearsal", "claude")
OWN_HANDS: Final = 2
"""Podium's own steps (merge, deploy, publish) that may run at once."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AgentConfig(_Section):
    """One agent program: what to run and which environment it gets, nothing else is passed on."""

    command: tuple[str, ...] = ()
    env: Mapping[str, str] = Field(default_factory=dict)
    acp: str | tuple[str, ...] = ""
    """Instead of `command`: an agent of the Agent Client Protocol, by the name of a preset or by its own command."""
    program: str = ""
    """Of `claude` and of presets: the program, by a name on PATH or a path; empty for its usual name."""
    fallback_model: str = ""
    """Of `claude`: taken while the first model is overloaded."""
    max_turns: Annotated[int, Field(ge=0)] = 0
    """Of `claude`: what one attempt may take; 0 for no limit but its budget and its time."""
    stall_seconds: Annotated[float, Field(gt=0)] | None = None
    """Of `claude`: how long its provider may be silent before the attempt ends and is tried again."""
    model: str = ""
    """Of `claude` and of agents by ACP: empty for the program's own choice; a role's file may name another."""
    budget_usd: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Of the same: what one attempt may cost. A paid agent always has a budget: without one it has its own."""
    usd_per_hour: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Of agents by ACP: what an hour is taken to cost where the agent tells no cost; 0 for one that is free."""

    def options(self) -> tuple[str, ...]:
        """What `claude`, or an agent by ACP, is started with beyond its own choices."""
        chosen = self.model_dump(exclude={"command", "env", "acp"}, exclude_defaults=True)
        return tuple(str(part) for name, value in chosen.items() for part in (f"--{name.replace('_', '-')}", value))


_SHALLOW: Final = Limits()
Seconds = Annotated[float, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class LimitsConfig(_Section):
    """`[limits]`: how deep queues may become (`policy.admission.Limits`), and what may stand still for how long."""

    queue_soft: Annotated[int, Field(ge=0)] = _SHALLOW.queue_soft
    queue_hard: Annotated[int, Field(ge=1)] = _SHALLOW.queue_hard
    urgent_priority: int = _SHALLOW.urgent_priority
    reviews_max: Annotated[int, Field(ge=1)] = _SHALLOW.reviews_max

    stuck_silent_seconds: Seconds = 900.0
    """After so long it counts as stuck: a running attempt without a sign of progress."""
    stuck_ready_seconds: Seconds = 1_800.0
    """A ready job that no instance may take."""
    stuck_held_seconds: Seconds = 21_600.0
    """A job held back behind its project's limit."""
    stuck_delayed_seconds: Seconds = 3_600.0
    """A delayed job that is due only after so long, or has been due for so long."""
    stuck_paused_seconds: Seconds = 86_400.0
    """A paused project."""
    stuck_review_seconds: Seconds = 14_400.0
    """A review that nobody decides, and what waits for it."""
    stuck_dead_seconds: Seconds = 3_600.0
    """A dead letter that nobody sees to, and what waits for it."""


class ChannelConfig(_Section):
    """A way out to people through apprise (docs/channels.md); its URL is never in this file."""

    url_env: str = ""
    url_file: str = ""
    """Relative to the home; readable by its owner alone."""
    takes: tuple[Literal["needs_you", "documentation", "marketing", "social"], ...] = ("needs_you",)
    """What goes out there: what needs a person, and kinds of content pieces once they are published."""
    approve: bool = True
    """Whether a piece waits for an approval first."""

    @model_validator(mode="after")
    def _can_be_sent(self) -> "ChannelConfig":
        if bool(self.url_env) == bool(self.url_file):
            raise ValueError("give either url_env (the name of an environment variable) or url_file")
        return self


class DeployConfig(_Section):
    """A target of deployments beyond this machine (docs/deployment.md); every other project's is `local`."""

    projects: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z0-9*?-]{1,63}$")], ...], Field(min_length=1)]
    """Whose it is: ids, or patterns such as `web-*`; the first target that fits is taken."""
    command: tuple[str, ...] = ()
    """Run in the folder of the files to deploy."""
    repository: Annotated[str, Field(pattern=r"^$|^(https://|ssh://|[a-z0-9._-]+@[a-z0-9.-]+:|/)[^\s\"'\\]+$")] = ""
    """Instead of a command: a repository of which `branch` gets the page's folder, as GitHub Pages serves it."""
    branch: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")] = "gh-pages"
    url: Annotated[str, Field(pattern=r"^$|^https?://[^\s]+$")] = ""
    """Where it can be seen; a command may say so in its last line instead."""
    env: Mapping[str, str] = Field(default_factory=dict)
    pass_env: tuple[str, ...] = ()
    """Variables of the orchestrator's environment, such as a token; their values are never shown."""
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 600.0

    @model_validator(mode="after")
    def _goes_somewhere(self) -> "DeployConfig":
        if bool(self.command) == bool(self.repository):
            raise ValueError("give either a command or a repository")
        return self


class ServerConfig(_Section):
    """`[server]`: where the orchestrator can be reached beside the home's own socket."""

    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """Without one it listens on no port; 0 takes any that is free."""
    host: str = "127.0.0.1"
    """Another address lets other machines reach it, without encryption unless something in front adds it."""
    hosts: tuple[str, ...] = ()
    """Further names under which it is reached, such as a proxy's."""


class StoreConfig(_Section):
    """`[store]`: where the state is kept; without a URL in the home's own database (docs/nodes.md)."""

    url: Annotated[str, Field(pattern=r"^$|^postgres(ql)?://")] = ""
    """PODIUM_DATABASE_URL goes before it, which keeps a password out of this file."""


class ScalingConfig(_Section):
    """`[scaling]`: pools grow and shrink by themselves, each workflow within its bounds (docs/fleet.md)."""

    enabled: bool = True
    interval_seconds: Annotated[float, Field(gt=0, le=3600)] = 15.0
    memory_mib_min: Annotated[int, Field(ge=0)] = 512
    """With less memory free, no instance is added."""
    load_per_cpu_max: Annotated[float, Field(gt=0)] = 4.0
    """With a higher load average (1 min), no instance is added."""
    workflows: Mapping[str, Thresholds] = Field(default_factory=dict)

    def value(self) -> AutoscalerSettings | None:
        """As the engine takes it."""
        return AutoscalerSettings(self.interval_seconds, self.workflows) if self.enabled else None


Span = tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]


class TargetsConfig(_Section):
    """`[targets]`: the least and the most of each figure that the fleet is to reach (`podium targets`)."""

    genesis: Span = (5.0, 10.0)
    """Projects an hour, at full use of the pool."""
    development: Span = (2.0, 5.0)
    """Features an hour and instance."""
    content: Span = (3.0, 8.0)
    """Pieces an hour, at full use of the pool."""
    pipeline: Span = (4.0, 8.0)
    """Hours from a project's submission to its end."""


class SandboxConfig(_Section):
    """`[sandbox]`: what stands between agents and this machine (docs/sandbox.md)."""

    mode: Literal["auto", "required", "off"] = "auto"
    """`auto`: agents are sandboxed where bubblewrap works; `required`: none begins without."""
    allow: tuple[Annotated[str, Field(pattern=r"^(\*\.)?[A-Za-z0-9.\[\]:-]+!?$")], ...] = ()
    """Who may be reached from inside: `host`, `*.host` or `host:port`; `host!` also at a private address."""
    read: tuple[Annotated[str, Field(pattern=r"^/.")], ...] = ()
    """Further files and folders that agents may read, such as a toolchain in a home."""
    cache: Annotated[str, Field(pattern=r"^(/.*)?$")] = ""
    """A folder with `pip`, `uv`, `npm`, `go-mod`: downloads to read inside; the home's own `cache` by default."""


class GitHubConfig(_Section):
    """`[github]`: which issues become projects, and whose repositories Podium keeps there (docs/github.md)."""

    label: str = ""
    """Only issues with this label become projects; empty for all."""
    begin: Literal["members", "anyone", "nobody"] = "members"
    """Whose issues begin at once; those of others wait for an approval."""
    inbox: tuple[str, ...] = ()
    """Repositories (`owner/name`) whose issues ask for something new; elsewhere they are work on that repository."""
    owner: str = ""
    """The user or organisation that gets the repositories of new projects; empty: they stay on this machine."""
    app_id: Annotated[int, Field(ge=0)] = 0
    """The GitHub App, installed by `owner`, as which Podium acts there; 0: as whose PODIUM_GITHUB_TOKEN it has."""
    app_key: str = ""
    """The file of the App's private key, relative to the home; readable by its owner alone."""
    private: bool = True
    merge_existing: bool = False
    """Whether pull requests in other repositories than those of Podium's making are merged when green, too."""
    webhook_url: str = ""
    """Where GitHub reaches `/webhooks/github`: set up in every repository that Podium makes."""
    interval_seconds: Annotated[float, Field(gt=0, le=3600)] = 15.0
    """Between two looks at what changed here and there."""
    checks_seconds: Annotated[float, Field(ge=0)] = 60.0
    """How long a pull request waits for its first check to be known, before it counts as one that nothing checks."""
    sweep_seconds: Annotated[float, Field(gt=0)] = 900.0
    """Between two sweeps for deliveries that never arrived."""

    @model_validator(mode="after")
    def _has_a_key(self) -> "GitHubConfig":
        if bool(self.app_id) != bool(self.app_key):
            raise ValueError("app_id and app_key go together")
        return self


class Config(_Section):
    """What a home may set."""

    agent: str = "rehearsal"
    """The agent of new projects. A paid one is only ever chosen, never a default."""
    pipeline: str = ""
    """A pipeline file, relative to the home; empty for the shipped one."""
    host: str = "local"
    """Where agents run: on this machine, or on a host that is installed beside Podium (docs/cluster.md)."""
    strategies: Mapping[str, str] = Field(default_factory=dict)
    """Routing strategy per workflow."""
    agents: Mapping[str, AgentConfig] = Field(default_factory=dict)
    limits: LimitsConfig = LimitsConfig()
    """When new projects wait, and when they are told to come back later."""
    webhooks: Mapping[Name, Hook] = Field(default_factory=dict)
    channels: Mapping[Name, ChannelConfig] = Field(default_factory=dict)
    """Where people are told of what needs them, and where content goes; nothing goes anywhere without one."""
    deploy: Mapping[Name, DeployConfig] = Field(default_factory=dict)
    """Where deployments of some projects go."""
    retention: Retention = Field(default_factory=Retention)
    """How long what is over is kept."""
    scaling: ScalingConfig = ScalingConfig()
    targets: TargetsConfig = TargetsConfig()
    server: ServerConfig = ServerConfig()
    store: StoreConfig = StoreConfig()
    sandbox: SandboxConfig = SandboxConfig()
    github: GitHubConfig = GitHubConfig()
    sweep_seconds: Annotated[float, Field(gt=0, le=3600)] = 5.0

    @property
    def database_url(self) -> str:
        """Of the shared database; empty where the home has its own."""
        return os.environ.get(DATABASE_VARIABLE) or self.store.url

    def store_limits(self) -> Limits:
        """As the store takes them."""

        def channels(what: str) -> list[tuple[str, str]]:
            found = [(name, each) for name, each in self.channels.items() if what in each.takes]
            return [(name, "draft" if each.approve and what != "needs_you" else "pending") for name, each in found]

        asked = self.limits
        return Limits(asked.queue_soft, asked.queue_hard, asked.urgent_priority, asked.reviews_max, channels)

    def all_agents(self) -> dict[str, AgentConfig]:
        """The built-in agents and the configured ones."""
        return {**{name: AgentConfig() for name in BUILT_IN}, **self.agents}


def load(home: Path) -> Config:
    """The home's configuration, or the defaults where it has none; raises `UsageError`."""
    path = home / FILE
    try:
        raw = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
        config = Config.model_validate(raw)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise UsageError(f"{path}: {key}: {said}. Known keys: {', '.join(Config.model_fields)}.") from None
    for workflow, strategy in config.strategies.items():
        if strategy not in STRATEGIES:
            known = ", ".join(STRATEGIES)
            raise UsageError(f"{path}: strategies.{workflow} = {strategy!r}; known: {known} (default {DEFAULT}).")
    for name, agent in config.agents.items():
        if agent.acp and (agent.command or name in BUILT_IN):
            raise UsageError(f"{path}: agents.{name}: acp is for an agent with a name of its own, and without command.")
        if agent.acp and (agent.fallback_model or agent.max_turns or agent.stall_seconds):
            raise UsageError(f"{path}: agents.{name}: fallback_model, max_turns and stall_seconds are for `claude`.")
        if agent.options() and not agent.acp and (name != "claude" or agent.command or agent.usd_per_hour is not None):
            raise UsageError(refusal("options of another agent", path=path, name=name))
    if config.agent not in config.all_agents():
        raise UsageError(f"{path}: agent = {config.agent!r} is not configured; add [agents.{config.agent}].")
    return config


def load_pipeline(home: Path, config: Config) -> tuple[Pipeline, str]:
    """The home's pipeline and its text; raises `InvalidPipeline` or `UsageError`."""
    if not config.pipeline:
        text = resources.files("podium.pipelines").joinpath("default.toml").read_text("utf-8")
        return pipeline_file.parse(text, "default.toml"), text
    path = home / config.pipeline
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The pipeline file {path} cannot be read: {error}.") from None
    return pipeline_file.parse(text, str(path), config.webhooks.keys()), text
