"""The review queue: what waits for a decision, and the three decisions (REV-1)."""

from typing import Literal

from podium.domain.command import Decide
from podium.domain.errors import NotFound
from podium.operations.context import Context
from podium.operations.operation import SIGNATURE, Destructive, Input, Output, argument, operation, option, question
from podium.operations.preview import job_touched
from podium.operations.projects import need_jobs
from podium.store.rows import Rows


class ReviewListInput(Input):
    """Which reviews."""

    project: str = option("", "Only this project's.")
    all: bool = option(False, "Decided ones too.")
    limit: int = option(100, "How many to show.", ge=1, le=1000)


class ReviewRow(Output):
    """One review."""

    id: int
    project: str
    job: int
    workflow: str
    step: str
    item: str
    kind: str
    state: str
    reason: str
    opened_at: float
    decided_by: str | None
    notes: str | None
    age_seconds: float | None = None
    """How long it has waited; null once it is decided."""
    overdue: bool = False
    """It waits for longer than a decision may take (`[limits] stuck_review_seconds`)."""


class ReviewListOutput(Output):
    """Reviews, the newest first."""

    reviews: list[ReviewRow]


@question("review list", server="queue")
def review_list(rows: Rows, context: Context, asked: ReviewListInput) -> ReviewListOutput:
    """List what waits for a reviewer."""
    if asked.project:
        need_jobs(rows, asked.project)
    found = rows.all("reviews_page", (int(asked.all), asked.project, asked.project, asked.limit))
    reviews = [ReviewRow.of(row, age_seconds=None, overdue=False) for row in found]
    for review in reviews:
        if review.state == "open":
            review.age_seconds = round(max(0.0, context.clock.now() - review.opened_at), 3)
            review.overdue = review.age_seconds > context.config.limits.stuck_review_seconds
    return ReviewListOutput(reviews=reviews)


class DecideInput(Input):
    """A decision on a review."""

    review: int = argument("The review's number.", ge=1)
    notes: str = option(
        "",
        "Why; for send-back, what is to be done.",
        max_length=8000,
        json_schema_extra={"flags": ["--notes", "--reason"]},
    )
    by: str = SIGNATURE


class DecideOutput(Output):
    """What was decided."""

    review: int
    project: str
    verdict: str


@operation("review approve", safety="write", server="queue", example="podium review approve 3")
async def review_approve(context: Context, asked: DecideInput) -> DecideOutput:
    """Accept the work as it is; the job counts as passed."""
    return await _decide(context, asked, "approve")


async def _rejected(context: Context, asked: DecideInput) -> dict[str, int]:
    def read(rows: Rows) -> dict[str, int]:
        row = rows.one("review_by_id", (asked.review,))
        if row is None:
            raise NotFound(f"There is no review {asked.review}. `podium review list` shows the open ones.")
        return {"review": 1, **job_touched(rows, row[1])}

    return await context.store.read(read)


@operation(
    "review reject",
    safety=Destructive("Reject", _rejected),
    server="queue",
    example="podium review reject 3 --notes 'not needed'",
)
async def review_reject(context: Context, asked: DecideInput) -> DecideOutput:
    """Drop the feature and go on without it; a step that the whole project needs ends the project."""
    return await _decide(context, asked, "reject")


@operation(
    "review send-back", safety="write", server="queue", example="podium review send-back 3 --notes 'handle commas'"
)
async def review_send_back(context: Context, asked: DecideInput) -> DecideOutput:
    """Give the work back to its author with notes, with fresh tries."""
    return await _decide(context, asked, "send_back")


async def _decide(
    context: Context, asked: DecideInput, verdict: Literal["approve", "reject", "send_back"]
) -> DecideOutput:
    project: str = await context.submit(Decide(asked.review, verdict, context.named(asked.by), asked.notes))
    return DecideOutput(review=asked.review, project=project, verdict=verdict.replace("_", "-"))
