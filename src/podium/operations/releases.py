"""A new version of a finished project: what is told to the world is added to, once for each version (PIP-4)."""

from podium.domain.command import Start, Started
from podium.operations.context import Context
from podium.operations.operation import Output, Signed, argument, operation, option


class ReleaseInput(Signed):
    """A project and its new version."""

    project: str = argument()
    """The project's id."""
    version: str = argument(max_length=60)
    """What the new version is called: a tag, a number, a commit."""
    workflow: str = "content"
    """The workflow that runs once more."""
    reason: str = option("", max_length=1000)
    """What is new, for the agents and the record."""


class ReleaseOutput(Output):
    """The run that tells of this version."""

    project: str
    version: str
    run: str
    """Such as `content@2`."""
    created: bool
    """Whether this call began it; the same version again is the same run."""


@operation("release")
async def release(context: Context, asked: ReleaseInput) -> ReleaseOutput:
    """Run Content once more for a new version of a project: what it told before stays, what is new is added.

    The same version again starts nothing. A project that was complete is open until the run has published.
    """
    order = Start(asked.project, asked.workflow, asked.version, context.named(asked.by), asked.reason)
    done: Started = await context.submit(order)
    return ReleaseOutput(project=asked.project, version=asked.version, run=done.run, created=done.created)
