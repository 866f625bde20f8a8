"""The throughput that a fleet is to reach against what it reaches, at full use of its pools (MET-2)."""

from collections.abc import Callable
from typing import Final

from podium.domain.pipeline import Workflow, workflow_of
from podium.operations.context import Context
from podium.operations.operation import Nothing, Output, question
from podium.operations.roster import fleet_of
from podium.store.batch import HOUR_SECONDS
from podium.store.rows import Rows
from podium.tables import beside

_WORDS: Final = beside(__file__)
ENOUGH: Final = 5
"""Samples: a figure from fewer says from how many it is."""
WINDOW_HOURS: Final = 24
CREATING: Final = "CREATING"
"""The state of the steps that each make a piece of content."""


class Target(Output):
    """One target and the actual figure of the last day."""

    name: str
    unit: str
    low: float
    high: float
    actual: float | None
    """Null while there was no such work."""
    met: bool | None
    """Whether the actual figure is at least the lower one; of hours, at most the higher one."""
    rests_on: str = ""
    """Of how little work the actual figure is made, where that is under an hour of it or fewer than five samples."""


class TargetsOutput(Output):
    """Targets against actuals."""

    window_hours: int
    targets: list[Target]


@question("targets")
def targets(rows: Rows, context: Context, asked: Nothing) -> TargetsOutput:
    """Compare the throughput of the last day's working hours with its targets ([targets] in podium.toml)."""
    return TargetsOutput(window_hours=WINDOW_HOURS, targets=against(rows, context))


def against(rows: Rows, context: Context) -> list[Target]:
    """Every target with its actual figure; those of workflows at full use, so that little work is no miss."""
    first = int(context.clock.wall() // HOUR_SECONDS) - WINDOW_HOURS
    sums = {metric: (n, total) for metric, n, total in rows.all("hourly_since", (first,))}
    steps = rows.all("steps_lately", (context.clock.now() - WINDOW_HOURS * HOUR_SECONDS,))
    fleet = fleet_of(rows, context)

    def passed(workflow: str, wanted: Callable[[Workflow, str], bool]) -> int:
        flow = context.pipeline.workflows.get(workflow)
        mine = [row for row in steps if flow and workflow_of(row[6]) == workflow and row[1] in flow.by_id]
        return sum(row[5] for row in mine if flow and wanted(flow, row[1]))

    def hours(workflow: str, instances: int) -> float:
        return sum(row[2] * row[3] for row in steps if row[0] == workflow) / HOUR_SECONDS / max(1, instances)

    whole = sums.get("project.completed", (0, 0.0))
    begun = passed("genesis", lambda flow, step: step == flow.planned[-1].id)  # nothing of it comes after
    pieces = passed("content", lambda flow, step: flow.by_id[step].state == CREATING)
    made = {
        "genesis": (begun, hours("genesis", len(fleet.present("genesis")))),
        "development": (passed("development", _ends_chain), hours("development", 1)),
        "content": (pieces, hours("content", len(fleet.present("content")))),
        "pipeline": (whole[0], whole[1] / HOUR_SECONDS),
    }
    return [_target(name, low, high, *made[name]) for name, (low, high) in context.config.targets]


def _ends_chain(flow: Workflow, step: str) -> bool:
    """Whether a feature is done with this step: it is one of a chain, and no other of the chain comes after it."""
    followed = {name for other in flow.steps if other.for_each for name in other.after}
    return bool(flow.by_id[step].for_each) and step not in followed


def _target(name: str, low: float, high: float, number: int, hours: float) -> Target:
    is_time = name == "pipeline"
    over, under = (hours, number) if is_time else (number, hours)
    actual = round(over / under, 6) if under else None
    is_met = None if actual is None else actual <= high if is_time else actual >= low
    is_short = not is_time and hours < 1
    of = f"from {number} {_WORDS['samples'][name]}{'s' * (number != 1)}{', under an hour of work' * is_short}"
    rests_on = of if actual is not None and (number < ENOUGH or is_short) else ""
    unit = _WORDS["units"][name]
    return Target(name=name, unit=unit, low=low, high=high, actual=actual, met=is_met, rests_on=rests_on)
