"""An operator's hand on projects and jobs: pin, boost, pause, cancel, retry; each with a reason, on record (QUE-5)."""

from typing import Any, Final

from podium.domain.command import Steer, SteerAction, Steered
from podium.domain.errors import UsageError
from podium.operations.context import Context
from podium.operations.operation import Described, Output, Signed, argument, family, of_store, operation, option
from podium.operations.preview import job_touched, project_touched
from podium.operations.projects import ProjectInput
from podium.operations.roster import fleet_of, instance_named
from podium.store.rows import Rows


class ProjectAction(ProjectInput, Signed):
    """A project, and why."""


class JobAction(Signed):
    """A job, and why."""

    job: int = argument(ge=1)
    """The job's number."""


class PinInput(JobAction):
    """Which job goes to which instance."""

    instance: str = argument()
    """The only instance that may have it."""


class BoostInput(ProjectAction):
    """How much more urgent a project becomes."""

    points: int = option(50, ge=-500, le=500)
    """Points added to the priority of all its jobs; 50 are 50 minutes' head start."""


class ActionOutput(Output):
    """What was touched."""

    project: str
    action: str
    jobs: int
    """Jobs that changed at once."""
    attempts_ended: int


class BudgetInput(ProjectAction):
    """What a project may cost in all."""

    budget_usd: float = argument(gt=0, le=1_000_000)
    """USD, with what it has used up already."""


def _touched(rows: Rows, context: Context, asked: ProjectAction | JobAction) -> dict[str, int]:
    """What ends with a project; or, of a job, with the feature that it is for."""
    return job_touched(rows, asked.job) if isinstance(asked, JobAction) else project_touched(rows, asked.project)


@operation("pin")
async def pin(context: Context, asked: PinInput) -> ActionOutput:
    """Let only one instance have a job; it waits until that instance is free."""

    def read(rows: Rows) -> tuple[str, Any]:
        return instance_named(fleet_of(rows, context), asked.instance).queue, rows.one("queue_of_job", (asked.job,))

    place, queue = await context.store.read(read)
    if queue is not None and queue[0] != place:
        raise UsageError(f"Job {asked.job} is in the queue {queue[0]}; {asked.instance} works for {place}.")
    return await steer(context, "pin", asked)


async def steer(context: Context, action: SteerAction, asked: ProjectAction | JobAction) -> ActionOutput:
    """Do it; what is asked has the command's own fields."""
    given: dict[str, Any] = {**asked.model_dump(), "by": context.named(asked.by)}
    done: Steered = await context.submit(Steer(action, **given))
    return ActionOutput(project=done.project, action=action, jobs=done.jobs, attempts_ended=len(done.revoked))


_ABOUT: Final = {"project": ProjectAction, "job": JobAction, "budget": BudgetInput, "boost": BoostInput}


@family("steers", of_store(_touched))
def _action(name: str, told: Described) -> Any:
    """What carries out the action of a row of the table."""
    action: Any = told.action or name

    async def call(context: Context, asked: Any) -> ActionOutput:
        return await steer(context, action, asked)

    call.__annotations__["asked"] = _ABOUT[told.steers]
    return call
