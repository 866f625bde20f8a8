"""What would be with other pools, strategies, scaling rules or arrivals: asked of the real engine on virtual time."""

import asyncio
import json
import math
import sys
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import reduce
from itertools import product
from operator import getitem
from subprocess import PIPE
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from podium.domain.errors import Conflict, NotFound, UsageError
from podium.operations.context import Context
from podium.operations.operation import Input, Output, explain, operation, option
from podium.operations.roster import fleet_of
from podium.policy.autoscaling import Thresholds
from podium.simulation.scenario import Arrival, Load, Scenario, SimulatedRun, StepTime
from podium.store.rows import Rows
from podium.tables import beside

MEASURED: Final = (20_000, 5)
"""So many of the latest attempts are looked at, and so many of them say how long a step takes."""
PROJECTS_MAX: Final = 10_000
ALTERNATIVES_MAX: Final = 12
SECONDS_MAX: Final = 55.0
COMMAND: Final = (sys.executable, "-P", "-m", "podium.simulation")
ENVIRONMENT: Final = {"PYTHONHASHSEED": "0"}
"""All that a simulation's process is told of its surroundings: its answer is the same every time."""
PAIRS: Final = r"^(\s*[^\s=]+=\S+)*\s*$"
_ALONE: Final = threading.Lock()
WORDS: Final = beside(__file__)


class SimulateInput(Input, Load):
    """What comes in, what differs from this home, and what is wanted (docs/simulation.md)."""

    replay: bool = False
    """Instead: the projects and the times of their work as this home has recorded them."""
    settings: str = option("", max_length=1000, pattern=PAIRS, json_schema_extra={"flags": ["--set", "--settings"]})
    """What differs, such as 'pools.development=8 scaling.enabled=false'."""
    compare: str = option("", max_length=1000, pattern=PAIRS)
    """Alternatives, such as 'pools.development=4,8,12'."""
    goal_hours: float | None = option(None, gt=0)
    """95 % of projects within so many; by default the upper end of [targets] pipeline."""
    goal_per_hour: float = option(0.0, ge=0)
    """So many projects an hour."""


class SimulateOutput(Output):
    """The answer in a sentence, what it stands on, and what came of every alternative."""

    verdict: str
    times: Mapping[str, Mapping[str, StepTime]]
    """What attempts at each step have come to in this home, by workflow."""
    recorded_per_hour: float | None
    """Of what is replayed, what the home itself completed."""
    runs: list[SimulatedRun]


@operation("simulate")
async def simulate(context: Context, asked: SimulateInput) -> SimulateOutput:
    """Play this home's pipeline on virtual time: how many instances, which strategy, which scaling rules are enough?

    The engine, the store and the policies are the real ones; stand-ins take as long as agents have taken here.
    """
    home, per_hour = await context.store.read(lambda rows: _home(rows, context, asked))
    fixed, varied = _pairs(asked.settings), _pairs(asked.compare)
    chosen = list(product(*(values.split(",") for values in varied.values())))
    if len(chosen) > ALTERNATIVES_MAX:
        raise UsageError(f"These are {len(chosen)} alternatives; {ALTERNATIVES_MAX} are the most for one question.")
    every = [dict(zip(varied, values, strict=True)) for values in chosen]
    named = [{**one, "setting": " ".join(map("=".join, one.items())) or asked.settings or "as it is"} for one in every]
    runs = await _played([_with(home, fixed | one) for one in named])
    told = verdict(runs, asked.goal_hours or context.config.targets.pipeline[1], asked.goal_per_hour)
    return SimulateOutput(verdict=told, times=home.times, recorded_per_hour=per_hour, runs=runs)


def _pairs(text: str) -> dict[str, str]:
    """From `name=value name=value`."""
    return {name: value for name, _, value in (part.partition("=") for part in text.split())}


def _home(rows: Rows, context: Context, asked: SimulateInput) -> tuple[Scenario, float | None]:
    """The home as every alternative begins with it; of a replay, how many projects it completed an hour."""
    fleet, config, flows = fleet_of(rows, context), context.config, context.pipeline.workflows
    found = {row[:2]: zip(StepTime.model_fields, row[2:], strict=True) for row in rows.all("step_times", MEASURED)}
    history, per_hour = _history(rows, context, asked.hours) if asked.replay else ([], None)
    rules = {name: config.scaling.workflows.get(name, Thresholds()) for name in flows}
    home = {
        **asked.model_dump(include=set(Load.model_fields)), "pipeline": context.pipeline_text,
        "slots": [one.slot for one in fleet.present()], "pools": {name: len(fleet.present(name)) for name in flows},
        "strategies": {name: fleet.strategies.get(name, context.routing(name)) for name in flows},
        "scaling": config.scaling.model_copy(update={"workflows": rules}), "limits": config.limits, "history": history,
        "times": {name: {s.id: dict(found.get((name, s.id), ())) for s in f.planned} for name, f in flows.items()},
    }  # fmt: skip
    return Scenario.model_validate(home), per_hour


def _with(home: Scenario, settings: Mapping[str, str]) -> Scenario:
    """The home with these settings: a key names a field, as podium.toml does; one of a table sets all that is in it."""
    raw = home.model_dump()
    for key, value in settings.items():
        *path, last = key.split(".")
        try:
            place = reduce(getitem, path, raw)
            place[last] = dict.fromkeys(place[last], value) if isinstance(place[last], dict) else value
        except (KeyError, TypeError):
            raise UsageError(f"{key!r} is nothing that a simulation can set: see docs/simulation.md.") from None
    try:
        return Scenario.model_validate(raw)
    except ValidationError as error:
        raise UsageError(f"This cannot be simulated: {explain(error)}") from None


def _history(rows: Rows, context: Context, hours: float) -> tuple[list[Arrival], float]:
    """The projects that came lately with what is on record of their work, and how many were completed an hour."""
    kinds = sorted({kind for flow in context.pipeline.workflows.values() for kind in flow.kinds})
    found = rows.all("history_projects", (context.clock.now() - hours * 3600, PROJECTS_MAX))
    ends = [ended for *_, ended in found if ended is not None]
    if not ends:
        raise NotFound(f"Nothing that came in the last {hours:g} h is complete. Choose more --hours, or no --replay.")
    done: defaultdict[str, defaultdict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for project, place, *ended in reversed(rows.all("attempts_recorded", MEASURED[:1])):
        done[project][place].append(tuple(ended))
    made, first = list[Arrival](), found[0][1]
    for name, at, priority, _ in found:
        items = {kind: rows.all("artifacts_of_kind", (name, kind)) for kind in kinds}
        keyed = {kind: [(key, json.loads(data)) for key, _, data in some] for kind, some in items.items()}
        made.append(Arrival(at - first, priority, keyed, done[name]))
    return made, round(len(ends) * 3600 / (max(ends) - first), 3)


async def _played(scenarios: list[Scenario]) -> list[SimulatedRun]:
    """What comes of each, played in a process that ends with the question; raises `Conflict`, `UsageError`."""
    asked, smaller = TypeAdapter(list[Scenario]).dump_json(scenarios), "Ask for fewer hours, projects or alternatives."
    if not _ALONE.acquire(blocking=False):
        raise Conflict("A simulation is under way already. Ask again when it has ended, in a minute at the latest.")
    try:
        process = await asyncio.create_subprocess_exec(*COMMAND, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=ENVIRONMENT)
        try:
            said, trouble = await asyncio.wait_for(process.communicate(asked), SECONDS_MAX)
        except TimeoutError:
            raise UsageError(f"The simulation takes over {SECONDS_MAX:.0f} s. {smaller}") from None
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()  # until its pipes are closed, too
    finally:
        _ALONE.release()
    if process.returncode:
        why = trouble.decode("utf-8", "replace").strip().rpartition("\n")[2] or f"signal {-process.returncode}"
        raise UsageError(f"The simulation did not get to its end ({why}). {smaller}")
    return TypeAdapter(list[SimulatedRun]).validate_json(said)


def verdict(runs: Sequence[SimulatedRun], goal_hours: float, per_hour: float) -> str:
    """What is enough at the least cost; or what comes nearest, and where more is needed."""
    timely = [run for run in runs if not run.unfinished and run.project_p95_seconds <= goal_hours * 3600]
    enough = [run for run in timely if run.projects_per_hour >= per_hour]
    nearest = min(runs, key=lambda run: (run.unfinished, run.project_p95_seconds))
    best = min(enough, key=lambda run: run.instance_hours, default=nearest)
    longest = max(best.queues, key=lambda name: best.queues[name].wait_p95_seconds or 0.0)
    took = best.project_p95_seconds / 3600
    return WORDS["enough" if enough else "nothing"].format(
        best=best, goal=goal_hours, instances=best.instance_hours / best.hours, longest=longest,
        late=f"{took:.1f} h" if took >= 1 else f"{took * 60:.1f} min",
        pace=f" and {per_hour:g} an hour" if per_hour else "",
        left=f", {best.unfinished} unfinished" if best.unfinished else "",
        sizes=[math.ceil(best.queues[longest].instances * factor) for factor in (1.5, 2, 3)],
    )  # fmt: skip
