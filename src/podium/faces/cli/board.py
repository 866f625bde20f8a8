"""What a view of a run knows so far: the newest state, the events in words, who works, which reviews are open."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from podium.faces.sentences import Work, doing, is_good_news, is_trouble, sentence, works_of
from podium.faces.wording import one_line
from podium.faces.wording import work as named

Row = Mapping[str, Any]
Rows = Sequence[Row]

NEWS_KEPT_MAX: Final = 50
DONE: Final = frozenset({"passed", "cancelled"})
_STATES: Final = {"job.leased": "running", "job.passed": "passed", "job.cancelled": "cancelled"}
"""What an event says of its job's state."""


class News(NamedTuple):
    """One event in words; `tone` is `trouble`, `good` or empty."""

    at: float
    text: str
    tone: str


class Busy(NamedTuple):
    """An instance at work on the project."""

    instance: str
    role: str
    doing: str
    seconds: float | None


class Board:
    """Takes in what `podium run` sees of one project, and answers what a view wants to show."""

    def __init__(self) -> None:
        self.project: Row = {}
        self.busy: list[Busy] = []
        self.busy_most: int = 0
        """The most that were ever at work at once: so much room a view keeps."""
        self.news: Final[deque[News]] = deque(maxlen=NEWS_KEPT_MAX)
        self.reviews: Final[dict[int, str]] = {}
        """Open reviews that wait for a person: number -> the job's work."""
        self.new_reviews: list[int] = []
        """Those that the last update brought."""
        self._rows: Sequence[Row] | None = None
        self._works: dict[int, Work] = {}
        self._states: dict[int, str] = {}
        self._escalated: set[int] = set()

    def begin(self, project: Row) -> None:
        """The project as it stands when somebody begins to look."""
        self.project = project

    def update(self, project: Row, instances: Rows, events: Rows, jobs: Rows | None) -> list[News]:
        """Take in the newest state; the answer is the events in words."""
        self.project = project
        self.new_reviews = []
        if jobs is not None and jobs is not self._rows:
            self._rows = jobs
            self._works |= works_of(jobs)
            # Events are newer than rows that a caller keeps: rows only tell of jobs not heard of before.
            self._states = {row["id"]: row["state"] for row in jobs} | self._states
        self.busy = [self._busy(row) for row in instances if row["job"] and row["project"] == project["id"]]
        self.busy_most = max(self.busy_most, len(self.busy))
        told = [news for event in events if (news := self._take(event)) is not None]
        self.news.extend(told)
        return told

    def _busy(self, row: Row) -> Busy:
        work = self._works.get(row["job"])
        words = doing(work) if work else one_line(row["work"] or f"job {row['job']}")
        return Busy(one_line(row["name"]), one_line(row["role"]), words, row["busy_seconds"])

    def _take(self, event: Row) -> News | None:
        type_, job = event["type"], event["job"]
        if type_ in _STATES:
            self._states[job] = _STATES[type_]
        if type_ == "job.escalated":
            self._escalated.add(job)
        elif type_ == "review.opened":
            if job not in self._escalated:
                return None  # Podium opens and answers it itself; job.reworked has told of it
            self._escalated.discard(job)
            self.reviews[int(event["data"]["review"])] = self.work_of(job)
            self.new_reviews.append(int(event["data"]["review"]))
        elif type_ == "review.decided":
            self.reviews.pop(int(event["data"]["review"]), None)
            self.new_reviews = [number for number in self.new_reviews if number in self.reviews]
        elif type_ in ("project.failed", "project.completed"):
            self.reviews.clear()
        text = sentence(event, self._works)
        tone = "trouble" if is_trouble(event) else "good" if is_good_news(event) else ""
        return News(event["at"], text, tone) if text else None

    def work_of(self, job: int) -> str:
        """A job's work by name."""
        work = self._works.get(job)
        return named(work.step, work.item) if work else f"job {job}"

    def jobs(self) -> tuple[int, int]:
        """How many jobs are done (passed or dropped), and how many there are so far."""
        counts: Mapping[str, int] = self.project["jobs"]
        return sum(counts.get(state, 0) for state in DONE), sum(counts.values())

    def progress(self, lanes: int) -> float:
        """How far all is, 0 to 1: each of the lanes has an equal share, so that a new one does not set it back."""
        if self.project["state"] == "complete":
            return 1.0
        done: dict[str, int] = {}
        total: dict[str, int] = {}
        for job, work in self._works.items():
            total[work.workflow] = total.get(work.workflow, 0) + 1
            done[work.workflow] = done.get(work.workflow, 0) + (self._states.get(job) in DONE)
        if not total:
            passed, known = self.jobs()
            return passed / known / lanes if known else 0.0
        return sum(done[name] / number for name, number in total.items()) / max(lanes, len(total))

    def built(self) -> list[str]:
        """The features whose last job has passed, in order."""
        last: dict[str, int] = {}
        for job, work in sorted(self._works.items()):
            if work.workflow == "development" and work.item:
                last[work.item] = job
        return [one_line(item) for item, job in last.items() if self._states.get(job) == "passed"]
