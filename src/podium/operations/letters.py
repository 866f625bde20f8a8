"""The dead-letter queue: poison jobs with all their attempts, and the two things a person can do about one (QUE-7)."""

from typing import Any, Final

from podium.domain.command import Steer, Steered
from podium.operations.context import Context
from podium.operations.jobs import AttemptRow, JobPlace
from podium.operations.operation import Listing, Output, operation, option, question
from podium.operations.projects import need_project
from podium.operations.steering import ProjectAction
from podium.runner.journal import LOG
from podium.store.rows import Rows

BEHIND_MAX: Final = 1000
"""Jobs behind one dead letter that are counted."""


class LettersInput(Listing):
    """Which dead letters."""

    project: str = ""
    """Only this project's."""


class LetterAttempt(Output):
    """One attempt that ended before its job died; times are in seconds since the epoch."""

    number: int
    instance: str
    leased_at: float
    ended_at: float
    ending: str
    reason: str
    log: str
    """The file with what its agent said and did, if it is still there."""


class Letter(JobPlace):
    """A job whose every attempt died, as often as its step may be tried; without an item it can only be replayed."""

    died_at: float
    reason: str
    waiting: int
    """Jobs that wait for it directly."""
    attempts: list[LetterAttempt]


class LettersOutput(Output):
    """Dead letters, the longest dead first; `total` counts those that are not shown too."""

    letters: list[Letter]
    total: int


@question("dead-letters")
def dead_letters(rows: Rows, context: Context, asked: LettersInput) -> LettersOutput:
    """List jobs that died as often as they may be tried, with every attempt; they wait for a person."""
    total = _count(rows, asked.project)
    found = rows.all("dead_jobs", (asked.project, asked.limit))
    return LettersOutput(letters=[_letter(rows, context, row) for row in found], total=total)


def _count(rows: Rows, project: str) -> int:
    """How many dead letters a project has, or all have together; raises `NotFound`."""
    if project:
        need_project(rows, project)
    return rows.one("dead_count", (project,))[0]


def _letter(rows: Rows, context: Context, row: Any) -> Letter:
    job, project = row[:2]
    attempts: list[LetterAttempt] = []
    for attempt in map(AttemptRow.of, rows.all("attempts_of_job", (job,))):
        log = context.home / "attempts" / project / f"{job}.a{attempt.number}" / LOG
        attempts.append(LetterAttempt.like(attempt, log=str(log) if log.exists() else ""))
    return Letter.of(row, waiting=len(rows.all("waiting_behind", (job, BEHIND_MAX))), attempts=attempts)


class ReplayAllInput(ProjectAction):
    """Whose dead letters, and how many they are."""

    count: int = option(0, ge=0)
    """How many there are, as a check; without it the number is told and nothing is done."""


class ReplayAllOutput(Output):
    """How many dead letters there are, and how many were replayed."""

    project: str
    dead: int
    replayed: int


@operation("dead-letters replay-all")
async def replay_all(context: Context, asked: ReplayAllInput) -> ReplayAllOutput:
    """Try all dead letters of a project again; tells their number first, and needs it as --count."""
    dead = await context.store.read(lambda rows: _count(rows, asked.project))
    if asked.count != dead or not dead:
        return ReplayAllOutput(project=asked.project, dead=dead, replayed=0)
    order = Steer("replay", asked.project, by=context.named(asked.by), reason=asked.reason)
    done: Steered = await context.submit(order)
    return ReplayAllOutput(project=asked.project, dead=dead - done.jobs, replayed=done.jobs)
