"""The plan of a project, with what it is expected to take: shown before anything is built (PIP-10)."""

import json
from collections.abc import Mapping
from typing import Final

from podium.domain.attempt import Json
from podium.domain.errors import NotFound
from podium.domain.pipeline import Item, Workflow, expand
from podium.operations.context import Context
from podium.operations.operation import Output, question
from podium.operations.projects import ProjectInput, need_jobs
from podium.store.batch import HOUR_SECONDS
from podium.store.jobs import PLAN
from podium.store.rows import Rows

WEEK_HOURS: Final = 168


class PlanFeature(Output):
    """One feature as planned."""

    key: str
    title: str
    depends_on: list[str]


class PlanOutput(Output):
    """What will be built, and what is known of the time and cost it will take.

    Estimates come from this home's own history, `agent_seconds` added up over all jobs and `wall_seconds` divided by
    the instances of each workflow; null means that nobody knows yet. Cost is null unless agents have told theirs.
    """

    project: str
    title: str
    type: str | None
    complexity: str | None
    summary: str
    features: list[PlanFeature]
    jobs: int
    agent_seconds: float | None
    wall_seconds: float | None
    cost_usd: float | None
    review: int | None
    """The review to decide, when the project waits for the plan's approval."""


@question("plan")
def plan(rows: Rows, context: Context, asked: ProjectInput) -> PlanOutput:
    """Show a project's plan with an estimate of time and cost."""
    project_id = asked.project
    row = need_jobs(rows, project_id)
    found = rows.one("artifact_by_key", (project_id, PLAN, PLAN))
    if found is None:
        raise NotFound(f"Project {project_id} has no plan yet. `podium project {project_id}` shows where it stands.")
    data: Json = json.loads(found[3])
    features: list[Json] = [f for f in data.get("features", []) if isinstance(f, dict)]
    items = [Item(str(feature.get("key", n))) for n, feature in enumerate(features, start=1)]
    pipeline = context.pipelines[row[12]]
    counts = {flow.name: _jobs(flow, items) for flow in pipeline.workflows.values()}
    agent, wall = _seconds(rows, int(context.clock.wall() // HOUR_SECONDS) - WEEK_HOURS, pipeline.workflows, counts)
    review = rows.one("review_of_plan", (project_id,))
    return PlanOutput(
        project=project_id, title=str(data.get("title") or row[1]), type=row[2], complexity=row[3],
        summary=str(data.get("summary", "")), features=list(map(_feature, features)), jobs=sum(counts.values()),
        agent_seconds=agent, wall_seconds=wall, cost_usd=_cost(rows, sum(counts.values())),
        review=review[0] if review else None,
    )  # fmt: skip


def _feature(told: Json) -> PlanFeature:
    key, title = str(told.get("key", "")), str(told.get("title", ""))
    return PlanFeature(key=key, title=title, depends_on=list(map(str, told.get("depends_on", []))))


def _jobs(workflow: Workflow, items: list[Item]) -> int:
    """How many jobs of agents a workflow has with one item for each feature."""
    kinds = {step.for_each for step in workflow.steps if step.for_each}
    return sum(not planned.step.action for planned in expand(workflow, dict.fromkeys(kinds, items)))


def _seconds(
    rows: Rows, since_hour: int, workflows: Mapping[str, Workflow], counts: Mapping[str, int]
) -> tuple[float | None, float | None]:
    """Agent seconds and wall seconds, from the mean length of each queue's attempts in the last week."""
    agent = wall = 0.0
    known = {metric: total / n for metric, n, total in rows.all("hourly_since", (since_hour,)) if n}
    for name, jobs in counts.items():
        mean = known.get(f"queue.{name}.busy")
        if mean is None:
            return None, None
        agent += jobs * mean
        wall += jobs * mean / max(1, len(workflows[name].instances))
    return round(agent, 1), round(wall, 1)


def _cost(rows: Rows, jobs: int) -> float | None:
    """The mean cost of an attempt whose agent told it, times the jobs."""
    n, total = rows.one("cost_known")
    return round(jobs * total / n, 4) if n else None
