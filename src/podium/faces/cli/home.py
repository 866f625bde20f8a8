"""Writes a new home's configuration file."""

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

_TEXT = """\
# Podium's configuration for this home. Everything is optional.

# The agent of new projects. `rehearsal` works offline, with no key and no cost.
agent = {agent}
{pipeline}
# Routing per workflow: specialized (default), round-robin, least-loaded, priority.
# strategies = {{ development = "least-loaded" }}

# How long something may stand still before `podium stuck` tells of it, in seconds; these are the defaults.
# [limits]
# stuck_silent_seconds = 900      # a running attempt without progress (it is told of, and not ended for that)
# stuck_ready_seconds = 1800      # a ready job that no instance may take
# stuck_held_seconds = 21600      # a job behind its project's limit
# stuck_delayed_seconds = 3600    # a job that is to begin only then, or is overdue
# stuck_paused_seconds = 86400    # a paused project
# stuck_review_seconds = 14400    # a review that nobody decides
# stuck_dead_seconds = 3600       # a dead letter that nobody sees to
# How long what is over is kept, with what holds when nothing is said; 0 means no limit. `podium prune --dry-run` tells
# what would go. Repositories, the current deployments and what was published are never removed.
# [retention]
# events_days = 90                # the event log
# events_max = 2000000
# counters_days = 400             # hourly figures
# projects_days = 180             # jobs, attempts and reviews of ended projects; a summary stays
# logs_days = 30                  # logs of ended attempts
# logs_mib_max = 10240
# orchestrator_log_mib_max = 64
# work_days = 30                  # unfinished and unmerged work of ended projects
# cache_mib_max = 20480           # downloads that attempts share
# deployments_keep = 3            # of each project, with the current one

# `--agent claude` is the real Claude Code (docs/claude-agent.md). It gets this environment and no other.
# [agents.claude]
# program = "claude"              # a name on PATH, or a path
# budget_usd = 5.0                # of one attempt
# env = {{ ANTHROPIC_API_KEY = "…" }}

# A program that speaks the command protocol (docs/command-protocol.md) becomes an agent like this:
# [agents.mine]
# command = ["/path/to/program", "argument"]
# env = {{ NAME = "value" }}

# A receiver of events, signed, for rules of the pipeline that say webhook = "ci" (docs/rules.md):
# [webhooks.ci]
# url = "https://ci.example.com/podium"
# secret_env = "PODIUM_CI_KEY"
"""


def write(path: Path, agent: str | None, *, copy_pipeline: bool) -> Iterator[str]:
    """Write `podium.toml` (and the pipeline) unless it is there; yields what was done, for people."""
    pipeline = path.parent / "pipeline.toml"
    if copy_pipeline and not pipeline.exists():
        _write_whole(pipeline, resources.files("podium.pipelines").joinpath("default.toml").read_text("utf-8"))
        yield f"Wrote {pipeline}: the pipeline of new projects."
    if path.exists():
        yield f"{path} is there already and was left as it is."
        return
    line = 'pipeline = "pipeline.toml"\n' if copy_pipeline else ""
    _write_whole(path, _TEXT.format(agent=json.dumps(agent or "rehearsal"), pipeline=line))
    yield f"Wrote {path}. Next: `podium run FILE`, or `podium up` and `podium submit FILE`."


def _write_whole(path: Path, text: str) -> None:
    """An empty file, which a full disk leaves, would be taken for the user's own."""
    try:
        path.write_text(text, "utf-8")
    except OSError:
        path.unlink(missing_ok=True)
        raise
