"""The view of `podium run`: one line an event, and in a terminal a last one that stays and says who is at work.

`begin` and `end` are called once, `update` about eight times a second with fresh answers of the operations: `project`,
the rows of `instances`, the new rows of `events`, and the rows of `jobs` whenever there are new jobs (None: as
before), from which a job's step and item are known.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.text import Text

from podium.faces.cli import markup
from podium.faces.cli.render import show
from podium.faces.sentences import Work, doing, meaning, sentence, works_of
from podium.faces.wording import clock_time, counted, one_line, whole_seconds

QUIET_SECONDS_MAX: Final = 60.0
"""After so long without a line it says that it still goes on, where no line stays."""
RESUMED_SECONDS: Final = 5.0
"""A project older than this when the view begins was begun before: its past is summed up in one line."""
DONE: Final = ("passed", "cancelled")
_STATES: Final = {"job.leased": "running", "job.passed": "passed", "job.cancelled": "cancelled"}
"""What an event says of its job's state."""


Row = Mapping[str, Any]
Rows = Sequence[Row]


class News(NamedTuple):
    """One event in words, in the colour of what it means."""

    at: float
    text: str
    colour: str


class LiveView:
    """One line for every event that is worth it, with the time of day."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("")
        self._stays = console.is_terminal and not console.is_dumb_terminal
        self._begun_at = self._spoke_at = 0.0
        self._skipped = 0
        self._project: Row = {}
        self.busy: list[str] = []
        self.new_reviews: list[int] = []
        """Open reviews that wait for a person, of those that the last update brought."""
        self._rows: Rows | None = None
        self._works: dict[int, Work] = {}
        self._states: dict[int, str] = {}
        self._escalated: set[int] = set()

    def begin(self, project: Row) -> None:
        """Say whose run this is."""
        if self._stays:
            self._status.start()
        now = markup.now(self._console)
        is_resumed = now - project["created_at"] > RESUMED_SECONDS
        self._begun_at = now if is_resumed else 0.0
        title = f"{one_line(project['title'])} ({one_line(project['id'])}){' goes on' if is_resumed else ''}"
        self._print(now, title, "bold")

    def update(self, project: Row, instances: Rows, events: Rows, jobs: Rows | None = None) -> None:
        """Print what has happened since."""
        news = self.learn(project, instances, events, jobs)
        now = markup.now(self._console)
        fresh = [item for item in news if item.at >= self._begun_at]
        self._skipped += len(news) - len(fresh)
        if self._skipped and (fresh or not events):
            said = f"{counted(self._skipped, 'earlier event')}: podium project {one_line(project['id'])}"
            self._print(self._begun_at, said, markup.QUIET)
            self._skipped = 0
        for item in fresh:
            self._print(*item)
        for number in self.new_reviews:
            typed = f"needs you: podium review approve {number} (or reject {number}, send-back {number} --notes '…')"
            self._print(now, typed, f"bold {markup.ATTENTION}")
        counts: Mapping[str, int] = project["jobs"]
        done = f"{sum(counts.get(state, 0) for state in DONE)} of {sum(counts.values())} jobs done"
        still = f"{done}; {'; '.join(self.busy[:3]) or 'nobody works at this moment'}"
        if self._stays:
            self._status.update(Text(still, style=markup.QUIET, no_wrap=True, overflow="ellipsis"))
        elif now - self._spoke_at >= QUIET_SECONDS_MAX:
            self._print(now, f"still at it: {still}", markup.QUIET)

    def learn(self, project: Row, instances: Rows, events: Rows, jobs: Rows | None) -> list[News]:
        """Take in the newest state; the answer is the events in words."""
        self._project, self.new_reviews = project, []
        if jobs is not None and jobs is not self._rows:
            self._rows = jobs
            self._works |= works_of(jobs)
            # Events are newer than rows that a caller keeps: rows only tell of jobs not heard of before.
            self._states = {row["id"]: row["state"] for row in jobs} | self._states
        self.busy = [self._busy(row) for row in instances if row["job"] and row["project"] == project["id"]]
        return [news for event in events if (news := self._take(event)) is not None]

    def _busy(self, row: Row) -> str:
        work = self._works.get(row["job"])
        words = doing(work) if work else one_line(row["work"] or f"job {row['job']}")
        return f"{one_line(row['name'])} {words} ({whole_seconds(row['busy_seconds'])})"

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
            self.new_reviews.append(int(event["data"]["review"]))
        elif type_ == "review.decided":
            self.new_reviews = [number for number in self.new_reviews if number != int(event["data"]["review"])]
        text = sentence(event, self._works)
        return News(event["at"], text, markup.COLOURS.get(meaning(event), "")) if text else None

    def _print(self, at: float, words: str, colour: str) -> None:
        self._spoke_at = markup.now(self._console)
        line = Text.assemble((f"{clock_time(at)}  ", markup.QUIET), (words, colour))
        self._console.print(line, soft_wrap=True, highlight=False)

    def built(self) -> list[str]:
        """The features whose last job has passed, in order."""
        last = {work.item: job for job, work in sorted(self._works.items()) if work.workflow == "development"}
        return [one_line(item) for item, job in last.items() if item and self._states.get(job) == "passed"]

    def end(self, result: Row | None, message: str) -> None:
        """The last words: what was built, where it is, what it took, and what to do next; or the message alone."""
        self._status.stop()
        if result is None:
            markup.say(self._console, "", one_line(message) or "No result is known.")
            return
        seconds = result["elapsed_seconds"]
        if seconds is None and "created_at" in self._project:
            seconds = markup.now(self._console) - self._project["created_at"]
        told: dict[str, Any] = {"result": result, "message": message, "built": self.built(), "seconds": seconds}
        markup.say(self._console, "")
        show(self._console, "run", told | {"state": self._project.get("state")})
