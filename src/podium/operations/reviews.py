"""The review queue: what waits for a decision, and the three decisions (REV-1)."""

from typing import Any

from podium.domain.command import Decide
from podium.domain.errors import NotFound
from podium.operations.context import Context
from podium.operations.operation import Described, Listing, Named, Output, argument, family, of_store, option, question
from podium.operations.preview import job_touched
from podium.operations.projects import need_jobs
from podium.store.rows import Rows


class ReviewListInput(Listing):
    """Which reviews."""

    project: str = ""
    """Only this project's."""
    all: bool = False
    """Decided ones too."""


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


@question("review list")
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


class DecideInput(Named):
    """A decision on a review."""

    review: int = argument(ge=1)
    """The review's number."""
    notes: str = option("", max_length=8000, json_schema_extra={"flags": ["--notes", "--reason"]})
    """Why; for send-back, what is to be done."""


class DecideOutput(Output):
    """What was decided."""

    review: int
    project: str
    verdict: str


def _rejected(rows: Rows, context: Context, asked: DecideInput) -> dict[str, int]:
    row = rows.one("review_by_id", (asked.review,))
    if row is None:
        raise NotFound(f"There is no review {asked.review}. `podium review list` shows the open ones.")
    return {"review": 1, **job_touched(rows, row[1])}


@family("verdict", of_store(_rejected))
def _decision(_: str, told: Described) -> Any:
    """What makes the decision of a row of the table."""
    verdict: Any = told.verdict

    async def call(context: Context, asked: DecideInput) -> DecideOutput:
        project: str = await context.submit(Decide(asked.review, verdict, context.named(asked.by), asked.notes))
        return DecideOutput(review=asked.review, project=project, verdict=verdict.replace("_", "-"))

    return call
