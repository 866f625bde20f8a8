"""What one writer knows and does, whatever the database: batches of commands as transactions, and the rows it keeps."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from podium.domain import pipeline_file
from podium.domain.command import Arrive, Command, Submit
from podium.domain.errors import Defect, PodiumError, Unavailable
from podium.domain.job import Job
from podium.domain.pipeline import Pipeline
from podium.policy.admission import Limits
from podium.policy.breaker import Breaker
from podium.store import transaction
from podium.store.batch import Batch
from podium.store.fleet import read_fleet
from podium.store.hot import Hot, Numbers
from podium.store.rows import OwnRows

Failpoint = Callable[[str], None]
"""Called at named places of a transaction; tests raise or kill there."""


class Writer(ABC):
    """Executes batches of commands on one connection. Not thread-safe: one thread calls `run`."""

    ERROR: ClassVar[type[Exception]]
    """What the driver raises."""
    TROUBLES: ClassVar[tuple[type[Exception], ...]]
    """Of these, the machine's, which pass: what was asked may work later."""
    ADVICE: ClassVar[str]
    """What to do about them."""
    OUTCOME: ClassVar[str]
    """What is known of a change that met with them."""

    def __init__(self, rows: OwnRows, failpoint: Failpoint = lambda _: None, limits: Limits | None = None) -> None:
        """`limits` say how deep queues may become; by default those of the product."""
        self.rows = rows
        self.pipelines: dict[str, Pipeline] = {}
        self._watched: set[str] = set()
        self._failpoint = failpoint
        self.limits = limits or Limits()
        for (text,) in rows.all("pipelines"):
            self._know(text)
        self._restore()

    def _restore(self) -> None:
        """Take what is kept in memory from what is committed."""
        job, seq, review = self.rows.one("numbers")
        self._hot = self._cold()
        self._numbers = Numbers(job + 1, seq + 1, review + 1)
        self._lanes: set[tuple[str, str]] = {(queue, lane) for queue, lane in self.rows.all("lanes")}

    def _cold(self) -> Hot:
        """Nothing remembered but the fleet, for which queues projects wait, and where messages may be unread."""
        busy = {job.instance: job.id for job in map(Job._make, self.rows.all("jobs_running"))}
        waiting = dict(self.rows.all("input_waiting"))
        hot = Hot(self.limits, busy=busy, waiting=waiting, watched=self._watched, fleet=read_fleet(self.rows))
        hot.breakers = {row[0]: Breaker(*row[:5]) for row in self.rows.all("breakers")}
        for project, address, sent_at in self.rows.all("message_boxes"):
            hot.post(project, address, sent_at)
        return hot

    def _know(self, text: str) -> None:
        pipeline = pipeline_file.parse(text, "stored pipeline")
        self.pipelines[pipeline.digest] = pipeline
        self._watched |= pipeline.events

    def run(self, commands: Sequence[Command], now: float, wall: float) -> list[Any]:
        """Carry out a batch in one durable transaction; an answer that is an exception is that command's refusal."""
        try:
            for one in commands:
                for command in one.effects if isinstance(one, Arrive) else (one,):
                    if isinstance(command, Submit) and command.project.pipeline not in self.pipelines:
                        self._know(command.pipeline_text)
            return self._transaction(commands, now, wall)
        except PodiumError as error:
            if len(commands) == 1:
                return [error]
        except self.ERROR as error:
            if len(commands) == 1:
                return [self.told(error)]
        except Exception as error:  # noqa: BLE001 - one command's defect must never take the others of its batch along
            if len(commands) == 1:
                return [Defect(f"{type(error).__name__}: {error}")]
        return [answer for command in commands for answer in self.run([command], now, wall)]

    def _transaction(self, commands: Sequence[Command], now: float, wall: float) -> list[Any]:
        numbers = replace(self._numbers)
        lanes = set(self._lanes)
        self.begin()
        try:
            batch = Batch(self.rows, self._hot, self.pipelines, numbers, now, wall)
            answers = transaction.run(batch, commands, lanes)
            self._failpoint("before-commit")
            self.commit()
        except BaseException:
            self._roll_back()
            raise
        self._numbers, self._lanes = numbers, lanes
        self._failpoint("after-commit")
        return answers

    def _forget(self) -> None:
        """What was remembered may be of a transaction that never was."""
        deaths, self._hot = self._hot.deaths, self._cold()
        self._hot.deaths = deaths  # a refused command makes no instance sound

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction that only this writer may write in."""

    @abstractmethod
    def commit(self) -> None:
        """Make it durable."""

    @abstractmethod
    def _roll_back(self) -> None:
        """Undo what was begun, if anything was, and forget."""

    @classmethod
    def told(cls, error: Exception) -> PodiumError:
        """The database's error as Podium's: trouble of the machine is not a defect."""
        if isinstance(error, cls.TROUBLES):
            return Unavailable(f"The database cannot be written now ({error}); {cls.OUTCOME}. {cls.ADVICE}")
        return Defect(f"The database refused the change: {error}")

    def close(self) -> None:
        """Close the connection; committed work is safe either way."""
        self.rows.close()
