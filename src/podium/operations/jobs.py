"""Jobs: the list of a project's, and why one is where it is."""

from podium.domain.errors import NotFound
from podium.domain.job import Job
from podium.operations.context import Context
from podium.operations.operation import Input, Output, argument, operation, option
from podium.operations.projects import need_jobs
from podium.store.rows import Rows


class JobsInput(Input):
    """A page of a project's jobs."""

    project: str = argument("The project's id.")
    after: int = option(0, "Only jobs with a higher number.", ge=0)
    limit: int = option(500, "How many to show.", ge=1, le=5000)


class JobRow(Output):
    """One job in a list; times are seconds since the epoch."""

    id: int
    workflow: str
    step: str
    item: str
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


@operation("jobs", server="queue", example="podium jobs hello-world")
async def jobs(context: Context, asked: JobsInput) -> JobsOutput:
    """List a project's jobs."""

    def read(rows: Rows) -> JobsOutput:
        need_jobs(rows, asked.project)
        names = list(JobRow.model_fields)
        found = rows.all("jobs_of_project", (asked.project, asked.after, asked.limit))
        made = [JobRow(**dict(zip(names, row, strict=True))) for row in found]
        return JobsOutput(project=asked.project, jobs=made)

    return await context.store.read(read)


class WhyInput(Input):
    """Which job."""

    job: int = argument("The job's number.", ge=1)


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


class WhyOutput(Output):
    """Where a job stands, why, and what happened to it so far."""

    job: int
    project: str
    workflow: str
    step: str
    item: str
    state: str
    because: str
    next: str
    attempts: list[AttemptRow]


@operation("why", server="queue", example="podium why 12")
async def why(context: Context, asked: WhyInput) -> WhyOutput:
    """Explain where a job stands: why it waits, who has it and why, how its attempts ended."""
    return await context.store.read(lambda rows: _why(rows, context, asked.job))


def _why(rows: Rows, context: Context, job_id: int) -> WhyOutput:
    row = rows.one("job_by_id", (job_id,))
    if row is None:
        raise no_job(rows, job_id)
    job = Job._make(row)
    because, following = _because(rows, context, job)
    names = list(AttemptRow.model_fields)
    return WhyOutput(
        job=job.id,
        project=job.project,
        workflow=job.workflow,
        step=job.step,
        item=job.item,
        state=job.state,
        because=because,
        next=following,
        attempts=[AttemptRow(**dict(zip(names, a, strict=True))) for a in rows.all("attempts_of_job", (job_id,))],
    )


def no_job(rows: Rows, job_id: int) -> NotFound:
    """Why there is no job of that number: there never was one, or it was pruned with its project."""
    hint = "`podium jobs PROJECT` lists a project's."
    if job_id <= rows.one("numbers")[0]:
        return NotFound(f"Job {job_id} is no longer kept: its project has ended and was pruned. {hint}")
    return NotFound(f"There is no job {job_id}. {hint}")


def _because(rows: Rows, context: Context, job: Job) -> tuple[str, str]:
    """Why it is in its state, and what happens next or what to do."""
    now = context.clock.now()
    if job.state == "waiting":
        found = rows.all("blockers_of_job", (job.id,))
        names = ", ".join(
            f"{i} ({' '.join(filter(None, (w, s, item)))}, {state})" for i, w, s, item, state in found[:5]
        )
        return f"it waits for {len(found)} job{'s' * (len(found) != 1)}: {names}", "it starts when they have passed"
    if job.state == "held":
        (digest,) = rows.one("pipeline_of_project", (job.project,))
        limit = context.pipelines[digest].workflows[job.workflow].project_jobs_max
        return (
            f"its project has {limit} chains open in {job.workflow}, the most one project may have",
            "it enters the queue when one of them ends",
        )
    if job.state == "ready":
        (ahead,) = rows.one("ahead_in_lane", (job.queue, job.lane, job.rank))
        idle = "" if context.running else " No orchestrator runs on this home: `podium up` starts one."
        return f"it has waited {now - job.ready_at:.1f} s for a free instance; {ahead} jobs of its role come first", (
            "the next free instance that suits it takes it." + idle
        )
    if job.state == "delayed":
        return f"attempt {job.attempt} failed, and it is tried again later", f"it is due in {job.ready_at - now:.1f} s"
    if job.state == "running":
        return (
            f"{job.instance} has it since {now - job.leased_at:.1f} s ({job.routed})",
            f"`podium logs {job.instance} -f`",
        )
    if job.state == "in_review":
        review = rows.one("review_of_open_job", (job.id,))
        number, kind, reason = review or (0, "?", "?")
        return f"it waits for a reviewer ({kind}): {reason}", f"`podium review approve|reject|send-back {number}`"
    return f"it is {job.state}", "nothing more happens to it"
