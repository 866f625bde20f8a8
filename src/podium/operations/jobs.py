"""Jobs: the list of a project's, and why one is where it is."""

from podium.domain.errors import NotFound
from podium.domain.job import Job
from podium.operations import causes
from podium.operations.context import Context
from podium.operations.operation import Input, Output, argument, option, question
from podium.operations.projects import ProjectInput, Spend, need_jobs
from podium.operations.stuck import standing
from podium.store.rows import Rows

SINCE_KNOWN = frozenset({"ready", "held", "in_review", "dead"})
"""States of which the store remembers when they began."""


class JobsInput(ProjectInput):
    """A page of a project's jobs."""

    after: int = option(0, ge=0)
    """Only jobs with a higher number."""
    limit: int = option(500, ge=1, le=5000)
    """How many to show."""


class JobName(Output):
    """Which work a job is."""

    id: int
    workflow: str
    step: str
    item: str


class JobRow(JobName):
    """One job in a list; times are seconds since the epoch."""

    state: str
    role: str
    attempt: int
    failures: int
    reworks: int
    instance: str
    blockers: int
    ready_at: float
    leased_at: float | None
    ended_at: float | None
    reason: str


class JobsOutput(Output):
    """A project's jobs in the order they were made."""

    project: str
    jobs: list[JobRow]


@question("jobs")
def jobs(rows: Rows, context: Context, asked: JobsInput) -> JobsOutput:
    """List a project's jobs."""
    need_jobs(rows, asked.project)
    found = rows.all("jobs_of_project", (asked.project, asked.after, asked.limit))
    return JobsOutput(project=asked.project, jobs=list(map(JobRow.of, found)))


class WhyInput(Input):
    """Which job."""

    job: int = argument(ge=1)
    """The job's number."""


class AttemptRow(Output):
    """One ended attempt, and why it ended."""

    number: int
    instance: str
    routed: str
    leased_at: float
    ended_at: float
    ending: str
    verdict: str
    reason: str
    summary: str
    commit: str | None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    """What its agent told; null for what nobody knows."""


class JobPlace(Output):
    """A job, and where in its project it is."""

    job: int
    project: str
    workflow: str
    step: str
    item: str


class WhyOutput(JobPlace):
    """Where a job stands, why, and what happened to it so far."""

    state: str
    since: float | None
    """Since when, in seconds since the epoch; null where nobody knows."""
    because: str
    next: str
    spend: Spend
    """What these have used up together."""
    attempts: list[AttemptRow]


@question("why", seeing=True)
def why(rows: Rows, context: Context, asked: WhyInput) -> WhyOutput:
    """Explain where a job stands: why it waits, who has it and why, how its attempts ended."""
    job = job_of(rows, asked.job)
    busy = {row[0] for row in rows.all("instances_busy")}
    at = standing(rows, context, job, busy)
    cause = causes.explain(at, context.clock.now())
    attempts = list(map(AttemptRow.of, rows.all("attempts_of_job", (job.id,))))
    costs = [a.cost_usd for a in attempts if a.cost_usd is not None]
    tokens = (sum(getattr(a, name) or 0 for a in attempts) for name in ("input_tokens", "output_tokens"))
    spend = Spend.of((*tokens, sum(costs) if costs else None))
    since = at.since if job.state in SINCE_KNOWN else None
    because, todo = cause.because, cause.todo
    return WhyOutput.like(job, job=job.id, since=since, because=because, next=todo, spend=spend, attempts=attempts)


def job_of(rows: Rows, job_id: int) -> Job:
    """The job of that number; raises `NotFound`: there never was one, or it was pruned with its project."""
    if (row := rows.one("job_by_id", (job_id,))) is not None:
        return Job._make(row)
    hint = "`podium jobs PROJECT` lists a project's."
    if job_id <= rows.one("numbers")[0]:
        raise NotFound(f"Job {job_id} is no longer kept: its project has ended and was pruned. {hint}")
    raise NotFound(f"There is no job {job_id}. {hint}")
