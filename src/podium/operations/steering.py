"""An operator's hand on projects and jobs: pin, boost, pause, assign, retry; each with a reason, on record (QUE-5)."""

from typing import Any, Final

from podium.domain.command import Steer, SteerAction, Steered
from podium.domain.errors import NotFound, UsageError
from podium.domain.project import slug
from podium.operations.context import Context
from podium.operations.intake import SubmitInput, submit
from podium.operations.operation import Described, Output, Signed, argument, family, of_store, operation, option
from podium.operations.preview import job_touched, project_touched
from podium.operations.projects import ProjectInput
from podium.operations.request import BRIEF_CHARS_MAX
from podium.operations.roster import fleet_of, instance_named, roster
from podium.store.rows import Rows
from podium.workspace import source


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


# --- a workflow's work of one project for one instance: what there is of it and what will come -----------------------


ANY: Final = "any"
"""In place of an instance: whoever works for the workflow."""


class AssignInput(ProjectAction):
    """Whose work goes to whom."""

    instance: str = argument()
    """The instance that gets it, or `any` to let all of the workflow's have it again."""


class AssignDevelopmentInput(Signed):
    """Which repository is developed by whom."""

    repository: str = argument()
    """The repository's address or folder, or the id of a project."""
    instance: str = argument()
    """The instance that gets it, or `any` to let all of the workflow's have it again."""
    brief: str = option("", max_length=BRIEF_CHARS_MAX)
    """What to build there, where no project works on it yet."""


class AssignOutput(ActionOutput):
    """What was assigned."""

    workflow: str
    instance: str | None
    """Null when all instances of the workflow may have the work again."""
    submitted: bool = False
    """Whether the repository was not known, and became this project."""


@operation("assign-genesis")
async def assign_genesis(context: Context, asked: AssignInput) -> AssignOutput:
    """Give a project's Genesis work to one instance."""
    return await _assign(context, "genesis", asked.project, asked)


@operation("assign-development")
async def assign_development(context: Context, asked: AssignDevelopmentInput) -> AssignOutput:
    """Give the development of a repository to one instance; a repository that nobody works on is submitted first.

    Reviews stay with others: nobody reviews their own work.
    """
    project = await context.store.read(lambda rows: _project_on(rows, asked.repository))
    if project is not None:
        return await _assign(context, "development", project, asked)
    await context.store.read(lambda rows: _slot(rows, context, "development", asked.instance))
    address = source.checked(asked.repository)
    name = slug(address.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git"), "repository")
    wanted = SubmitInput(
        title=name, brief=asked.brief or f"Develop the repository {address} further.", repository=address,
        idempotency_key=f"assign-development:{address}", resume=True,
    )  # fmt: skip
    made = await submit(context, wanted)
    done = await _assign(context, "development", made.project, asked)
    return done.model_copy(update={"submitted": made.created})


@operation("assign-content")
async def assign_content(context: Context, asked: AssignInput) -> AssignOutput:
    """Give a project's Content work to one instance."""
    return await _assign(context, "content", asked.project, asked)


def _project_on(rows: Rows, repository: str) -> str | None:
    """The newest open project on a repository, or the project of that id."""
    found = rows.one("project_on_repository", (repository, repository.rstrip("/").removesuffix(".git")))
    return found[0] if found else None


def _slot(rows: Rows, context: Context, workflow: str, instance: str) -> None:
    """Raise when the instance is not one that works for the workflow."""
    slots = [slot for slot in roster(rows, context) if slot.queue == workflow]
    if instance != ANY and all(slot.name != instance for slot in slots):
        known = ", ".join(slot.name for slot in slots)
        raise NotFound(f"{instance!r} does not work for {workflow}. Its instances: {known or 'none'}; or `{ANY}`.")


Assigned = AssignInput | AssignDevelopmentInput


async def _assign(context: Context, workflow: str, project: str, asked: Assigned) -> AssignOutput:
    await context.store.read(lambda rows: _slot(rows, context, workflow, asked.instance))
    given = "" if asked.instance == ANY else asked.instance
    command = Steer("assign", project, 0, given, 0, context.named(asked.by), asked.reason, workflow)
    done: Steered = await context.submit(command)
    return AssignOutput.like(done, action="assign", attempts_ended=0, workflow=workflow, instance=given or None)
