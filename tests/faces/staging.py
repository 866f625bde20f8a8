"""A home with something in it for every operation, made with the laws alone; nothing of it begins to run by itself."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, cast

from podium.domain import pipeline_file
from podium.domain.attempt import Ending, Report
from podium.domain.command import Command, Complete, Send, Settle, Steer, Verdict, Wake
from podium.domain.delivery import Outcome
from podium.policy.admission import UNLIMITED
from podium.store import outbox
from tests.unit.integrations.test_webhooks import EVENT
from tests.unit.store.desk import Desk

QUALITY: Final = Verdict("escalate", "sent back 3 times", target="implement", feedback="still wrong", review="quality")
BURIED: Final = Verdict("bury", "3 attempts failed; the last: crashed")
CRASHED: Final = Report(Ending.CRASHED, "killed by SIGKILL")
RULES: Final = """
[[rules]]
on = "event:project.created"
webhook = "hook"

[[rules]]
on = "event:project.created"
notify = "{project} is here"
"""
DAY_SECONDS: Final = 86_400.0
PLACE: Final = re.compile(r"\{(\w+)(\.\w+)?\}")

Subjects = dict[str, Any]


class Stage(Desk):
    """A desk over a file, too busy to be checked after every batch."""

    def __init__(self, path: Path, now: float) -> None:
        super().__init__(UNLIMITED, path)
        self.text += RULES
        self.pipeline = pipeline_file.parse(self.text)
        self.now = now

    def batch(self, *commands: Command) -> list[Any]:
        self.now += 0.001
        return self.store.run(commands, self.now, self.now)

    def make(self, kind: str, name: str) -> Subjects:
        """A subject of a kind, and what belongs to it."""
        made = getattr(self, f"_{kind}")(name)
        return {kind: name} | {f"{kind}.{part}": number for part, number in made.items()}

    def _old(self, name: str) -> Subjects:
        """Complete."""
        self.complete(name)
        return {}

    def _later(self, name: str) -> Subjects:
        """Not begun: its time has not come."""
        self.submit(name, not_before=self.now + DAY_SECONDS)
        return {}

    def _p(self, name: str) -> Subjects:
        """Work that waits for a reviewer, and a job that is bound to an instance."""
        self.submit(name)
        lease = self.run_to("review")
        self.finish(lease, QUALITY)
        pinned = self._job_of(name, "ci")
        self.do(Steer("pin", job=pinned, instance="dev-01"))
        self.do(Steer("pause", name))
        (review,) = self.store.rows.all("reviews_of_project", (name,))
        return {"job": lease.job.id, "pinned": pinned, "review": review[0]}

    def _q(self, name: str) -> Subjects:
        """Paused, with a dead letter."""
        self.submit(name)
        lease = self.run_to("implement")
        for verdict in (Verdict("retry", "crashed"), Verdict("retry", "crashed"), BURIED):
            self.do(Complete(lease.job.id, lease.job.attempt, verdict, CRASHED))
            self.do(Wake())
            lease = next((found for found in self.lease() if found.job.id == lease.job.id), lease)
        self.do(Steer("pause", name))
        return {"dead": lease.job.id}

    def _n(self, name: str) -> Subjects:
        """News of it: a notice, a dead delivery, a message."""
        self._later(name)
        notice = next(row[0] for row in self.store.rows.all("notices_page", (1, 1000)) if row[2] == name)
        message = self.do(Send("workflow:content", "Mind the gap", "ann", name)).message
        delivery = next(d for d in outbox.due(self.store.rows, self.now, 1000) if d.event["project"] == name)
        self.do(Settle(delivery.id, delivery.attempts, Outcome("dead", 0.0, "given up after 10 tries: HTTP 500")))
        draft = EVENT | {"type": "social", "project": name, "at": self.now}
        row = (f"piece/{name}@social", "channel:social", json.dumps(draft), self.now, self.now, "draft")
        self.store.rows.many("delivery_insert", [row])
        drafted = next(row[0] for row in self.store.rows.all("deliveries_page", ("channel:social", "draft", 1)))
        return {"notice": notice, "message": message, "delivery": delivery.id, "draft": drafted}

    def deliver_rest(self) -> None:
        """Nothing is left to be sent."""
        for delivery in outbox.due(self.store.rows, self.now, 1000):
            self.do(Settle(delivery.id, delivery.attempts, Outcome("done", 0.0, "HTTP 200")))

    def _job_of(self, project: str, step: str) -> int:
        return next(job.id for job in self.jobs(step) if job.project == project)


def kinds_in(asked: dict[str, Any]) -> Iterator[str]:
    """Which kinds of subjects a question is about."""
    for value in asked.values():
        if isinstance(value, str) and (found := PLACE.fullmatch(value)):
            yield found[1]


def filled(asked: Any, subjects: Subjects) -> Any:
    """A question, or an expectation, about these subjects."""
    if isinstance(asked, dict):
        return {name: filled(value, subjects) for name, value in cast("Subjects", asked).items()}
    return subjects[asked[1:-1]] if isinstance(asked, str) and PLACE.fullmatch(asked) else asked


def blank(answer: Any, subjects: Subjects, varies: Iterable[str], key: str = "") -> Any:
    """An answer in which every subject has the name of its kind, and what varies is left out."""
    if key in varies:
        return "…"
    if isinstance(answer, dict):
        return {name: blank(value, subjects, varies, name) for name, value in cast("Subjects", answer).items()}
    if isinstance(answer, list):
        return [blank(value, subjects, varies, key) for value in cast("list[Any]", answer)]
    for name, value in subjects.items():
        if isinstance(answer, str) and isinstance(value, str):
            answer = answer.replace(value, f"{{{name}}}")
        elif type(answer) is type(value) is int and answer == value and key in ("id", name.rpartition(".")[2], "job"):
            return f"{{{name}}}"
    return answer
