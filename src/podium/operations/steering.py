"""An operator's hand on projects and jobs: pin, boost, pause, cancel, retry; each with a reason, on record (QUE-5)."""

from typing import Any

from podium.domain.command import Steer, SteerAction, Steered
from podium.domain.errors import NotFound, UsageError
from podium.operations.context import Context
from podium.operations.operation import Destructive, Output, Signed, argument, operation, option
from podium.operations.preview import job_touched, project_touched
from podium.operations.roster import roster


class ProjectAction(Signed):
    """A project, and why."""

    project: str = argument("The project's id.")


class JobAction(Signed):
    """A job, and why."""

    job: int = argument("The job's number.", ge=1)


class PinInput(JobAction):
    """Which job goes to which instance."""

    instance: str = argument("The only instance that may have it.")


class BoostInput(ProjectAction):
    """How much more urgent a project becomes."""

    points: int = option(
        50, "Points added to the priority of all its jobs; 50 are 50 minutes' head start.", ge=-500, le=500
    )


class ActionOutput(Output):
    """What was touched."""

    project: str
    action: str
    jobs: int
    """Jobs that changed at once."""
    attempts_ended: int


@operation(
    "pause",
    safety="write",
    idempotent=True,
    server="queue",
    example="podium pause hello-world --reason 'wait for legal'",
)
async def pause(context: Context, asked: ProjectAction) -> ActionOutput:
    """Give out nothing more of a project; what runs goes on to its end."""
    return await steer(context, "pause", asked)


@operation("resume", safety="write", idempotent=True, server="queue", example="podium resume hello-world")
async def resume(context: Context, asked: ProjectAction) -> ActionOutput:
    """Give a paused project's work out again, each job at its old place."""
    return await steer(context, "resume", asked)


class BudgetInput(ProjectAction):
    """What a project may cost in all."""

    budget_usd: float = argument("USD, with what it has used up already.", gt=0, le=1_000_000)


@operation("budget", safety="write", idempotent=True, server="queue", example="podium budget hello-world 20")
async def budget(context: Context, asked: BudgetInput) -> ActionOutput:
    """Say what a project may cost in all; at the limit it is paused, and `resume` goes on once it is raised."""
    return await steer(context, "budget", asked)


async def _project(context: Context, asked: ProjectAction) -> dict[str, int]:
    return await context.store.read(lambda rows: project_touched(rows, asked.project))


@operation(
    "cancel",
    safety=Destructive("Cancel", _project),
    server="queue",
    example="podium cancel hello-world --reason 'not needed'",
)
async def cancel(context: Context, asked: ProjectAction) -> ActionOutput:
    """End a project: everything open is cancelled, agents at work are ended, what is merged stays."""
    return await steer(context, "cancel", asked)


async def job_touches(context: Context, asked: JobAction) -> dict[str, int]:
    """What goes with the feature that a job is for."""
    return await context.store.read(lambda rows: job_touched(rows, asked.job))


@operation("cancel-job", safety=Destructive("Drop", job_touches), server="queue", example="podium cancel-job 12")
async def cancel_job(context: Context, asked: JobAction) -> ActionOutput:
    """Drop the feature that a job is for; its project goes on without it."""
    return await steer(context, "cancel", asked)


@operation("priority-boost", safety="write", server="queue", example="podium priority-boost hello-world --points 100")
async def priority_boost(context: Context, asked: BoostInput) -> ActionOutput:
    """Make a project more urgent (or less, with negative points)."""
    return await steer(context, "boost", asked)


@operation("pin", safety="write", server="queue", example="podium pin 12 dev-02")
async def pin(context: Context, asked: PinInput) -> ActionOutput:
    """Let only one instance have a job; it waits until that instance is free."""
    slots = await roster(context)
    if all(slot.name != asked.instance for slot in slots):
        known = ", ".join(slot.name for slot in slots)
        raise NotFound(f"There is no instance {asked.instance!r}. Instances: {known}.")
    queue = await context.store.read(lambda rows: rows.one("queue_of_job", (asked.job,)))
    place = next(slot.queue for slot in slots if slot.name == asked.instance)
    if queue is not None and queue[0] != place:
        raise UsageError(f"Job {asked.job} is in the queue {queue[0]}; {asked.instance} works for {place}.")
    return await steer(context, "pin", asked)


@operation("unpin", safety="write", server="queue", example="podium unpin 12")
async def unpin(context: Context, asked: JobAction) -> ActionOutput:
    """Let any instance of the workflow have a job again."""
    return await steer(context, "unpin", asked)


@operation("retry", safety="write", server="queue", example="podium retry 12 --reason 'handle commas'")
async def retry(context: Context, asked: JobAction) -> ActionOutput:
    """Do a passed step, or one in review, again, and all that stood on it; the reason reaches its agent."""
    return await steer(context, "retry", asked)


async def steer(context: Context, action: SteerAction, asked: ProjectAction | JobAction) -> ActionOutput:
    """Do it; what is asked has the command's own fields."""
    given: dict[str, Any] = {**asked.model_dump(), "by": context.named(asked.by)}
    done: Steered = await context.submit(Steer(action, **given))
    return ActionOutput(project=done.project, action=action, jobs=done.jobs, attempts_ended=len(done.revoked))
