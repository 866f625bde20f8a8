"""What a destructive call would touch, counted before anything is done; whoever confirms it knows what it costs."""

from podium.domain.errors import NotFound
from podium.domain.job import Job
from podium.operations.context import Context
from podium.operations.invoke import permit
from podium.operations.jobs import job_of
from podium.operations.operation import REGISTRY, Input, Output, argument, operation, option, understood
from podium.operations.projects import need_project
from podium.store.rows import Rows


class PreviewInput(Input):
    """Which call, and with what."""

    operation: str = argument(max_length=60)
    """The destructive operation, such as cancel."""
    asked: str = option("{}", max_length=10_000)
    """Its input, as a JSON object."""


class PreviewOutput(Output):
    """What the call would touch; nothing was done. Without counts there is nothing that it would touch."""

    operation: str
    verb: str
    """What happens to the first kind that is counted."""
    counts: dict[str, int]
    """How many of each kind, in the singular: `{"project": 1, "open job": 14}`."""


@operation("preview")
async def preview(context: Context, asked: PreviewInput) -> PreviewOutput:
    """Count what a destructive call would touch, and do nothing; ask a person before you make the call itself."""
    found = REGISTRY.get(asked.operation)
    if found is None or found.touches is None:
        known = ", ".join(sorted(name for name, each in REGISTRY.items() if each.touches))
        raise NotFound(f"There is no destructive operation {asked.operation!r}. There are: {known}.")
    permit(found, context.principal)
    counts = await found.touches(context, understood(found, asked.asked.encode()))
    return PreviewOutput(operation=found.name, verb=found.ends, counts={k: n for k, n in counts.items() if n})


def project_touched(rows: Rows, project: str) -> dict[str, int]:
    """What the end of a project touches; raises `NotFound`."""
    is_open = need_project(rows, project)[4] == "open"
    jobs = _open_jobs(rows, project)
    running = sum(job.state == "running" for job in jobs)
    return {"project": int(is_open), "open job": len(jobs), "running attempt": running}


def job_touched(rows: Rows, number: int) -> dict[str, int]:
    """What goes with the feature that a job is for; of a job that its project cannot do without, all of the project."""
    mine = job_of(rows, number)
    if not mine.item:
        return project_touched(rows, mine.project)
    chain = [job for job in _open_jobs(rows, mine.project) if (job.workflow, job.item) == (mine.workflow, mine.item)]
    behind = [job for job in chain if job.id == mine.id or job.state == "waiting"]
    running = sum(job.state == "running" for job in behind)
    return {"feature": int(bool(behind)), "open job": len(behind), "running attempt": running}


def _open_jobs(rows: Rows, project: str) -> list[Job]:
    return [Job._make(rows.one("job_by_id", number)) for number in rows.all("jobs_open_of_project", (project,))]
