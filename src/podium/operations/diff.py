"""What a job's work would change, or has changed, and what its gates said: all that a reviewer decides on (REV-1)."""

import asyncio
from typing import Final

from podium.domain.attempt import Ending, Report
from podium.domain.errors import NotFound
from podium.domain.job import Job
from podium.hosts import reports
from podium.operations.context import Context
from podium.operations.jobs import job_of
from podium.operations.operation import Input, Output, argument, operation, option
from podium.runner import claim, files as kept
from podium.store.rows import Rows
from podium.workspace import changes, worktree
from podium.workspace.layout import Home

FILE_LINES_MAX: Final = 400
PAGE_LINES_MAX: Final = 3_000
"""Of all files of an answer together."""
LINE_CHARS_MAX: Final = 400


class DiffInput(Input):
    """Whose work, and which files of it."""

    job: int = argument(ge=1)
    """The job's number."""
    attempt: int = option(0, ge=0)
    """The work of this attempt; by default of the latest that has ended."""
    after: int = option(0, ge=0)
    """Leave out so many files."""
    limit: int = option(20, ge=1, le=50)
    """How many files."""


class DiffFile(Output):
    """One file that differs."""

    path: str
    added: int | None
    """Lines; null where nobody reads them: the file is binary, or larger than 128 KiB."""
    removed: int | None
    patch: str
    """From the first `@@` on, as `git diff` tells it."""
    cut: bool
    """More of it differs than is told here: at most 400 lines of a file, and 3,000 of a page."""


class GateRow(Output):
    """One gate's answer, and the end of what it printed."""

    name: str
    outcome: str
    detail: str
    seconds: float


class DiffOutput(Output):
    """What the work brings into the main branch, and how it was judged.

    A job that changed nothing itself, such as a review, is asked about the work that it stands on.
    """

    job: int
    project: str
    attempt: str
    """Whose work it is, as PROJECT/JOB.aN; empty when there is none."""
    commit: str | None
    base: str | None
    """The commit of main that it is held against; null when the work is no longer kept."""
    unfinished: bool
    """It was saved from an attempt that did not get to its end."""
    summary: str
    """What the attempt said of its work."""
    feedback: str
    """What the job's reviewer said, where it is one."""
    gates: list[GateRow]
    """As long as the attempt's report is kept."""
    files_total: int
    added: int
    removed: int
    files: list[DiffFile]


@operation("diff")
async def diff(context: Context, asked: DiffInput) -> DiffOutput:
    """Show what a job's work changes, file by file, and what its gates said."""
    job, own, attempt, delivered = await context.store.read(lambda rows: _work(rows, asked))
    home = Home(context.home)
    told, report = await asyncio.to_thread(lambda: [_report(home, name) for name in (own, attempt)])
    repository, salvage = home.repository(job.project), None
    if delivered is None and (repository / ".git").is_dir():
        salvage = await worktree.read_ref(repository, f"refs/podium/salvage/{own.rpartition('/')[2]}")
    commit = delivered or salvage
    base = await changes.base_of(repository, commit) if commit else None
    found = await changes.files(repository, base, commit) if base and commit else []
    page = found[asked.after : asked.after + asked.limit]
    paths = [one.path for one in page]
    patches = await changes.patches(repository, base, commit, paths) if paths and base and commit else []
    return DiffOutput(
        job=job.id, project=job.project, attempt=attempt if commit else "", commit=commit, base=base,
        unfinished=salvage is not None, summary=report.summary or report.detail, feedback=told.feedback,
        gates=[GateRow.like(gate) for gate in dict.fromkeys((*told.gates, *report.gates))], files_total=len(found),
        added=sum(one.added or 0 for one in found), removed=sum(one.removed or 0 for one in found),
        files=_bounded(page, patches),
    )  # fmt: skip


def _work(rows: Rows, asked: DiffInput) -> tuple[Job, str, str, str | None]:
    """The job, its attempt, the attempt that holds the work, and the commit where that delivered one."""
    job = job_of(rows, asked.job)
    ended = {row[0]: row[9] for row in rows.all("attempts_of_job", (job.id,))}
    number = asked.attempt or max(ended, default=0)
    if asked.attempt and number not in ended:
        raise NotFound(f"Job {job.id} has no ended attempt {number}. `podium why {job.id}` shows those that it has.")
    own = f"{job.project}/{job.id}.a{number}"
    below = None if ended.get(number) else _below(rows, job.id, set())
    if below is None:
        return job, own, own, ended.get(number)
    return job, own, f"{job.project}/{below[0]}.a{rows.one('job_by_id', below[:1])[9]}", below[1]


def _below(rows: Rows, job: int, seen: set[int]) -> tuple[int, str] | None:
    """The nearest job that delivered something, of those that this one stands on, and its commit."""
    for number, commit in reversed(rows.all("bases_of_job", (job,))):
        if commit:
            return number, commit
        if number not in seen and (found := _below(rows, number, seen | {number})):
            return found
        seen.add(number)
    return None


def _report(home: Home, attempt: str) -> Report:
    """What its runner reported; nothing when that is not kept."""
    try:
        return reports.report(kept.read_json(home.attempt(attempt) / claim.EXIT) or {})
    except (ValueError, TypeError):
        return Report(Ending.LOST)


def _bounded(page: list[changes.Changed], patches: list[str]) -> list[DiffFile]:
    room, made = PAGE_LINES_MAX, list[DiffFile]()
    for one, patch in zip(page, patches, strict=True):
        lines = patch.rstrip("\n").split("\n")
        said = [line[:LINE_CHARS_MAX] for line in lines[: min(room, FILE_LINES_MAX)]]
        room -= len(said)
        path = one.path.encode("utf-8", "replace").decode()
        made.append(DiffFile(path=path, added=one.added, removed=one.removed, patch="\n".join(said), cut=said != lines))
    return made
