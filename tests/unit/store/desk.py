"""A store in memory that a test drives with commands as values, one batch at a time."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from podium.domain.attempt import Artifact, Ending, GateOutcome, GateResult, Report
from podium.domain.command import Command, Complete, Dispatch, Submit, Verdict
from podium.domain.errors import PodiumError
from podium.domain.fleet import Found
from podium.domain.job import Job, Lease
from podium.domain.project import Project
from podium.policy.admission import Limits
from podium.store.hot import Waiting
from podium.store.sqlite import SqliteStore
from tests.databases import writer
from tests.simulation.checkers import check
from tests.simulation.run import default_pipeline, slots_of

PASS = Verdict("pass", "")


class Desk:
    """The shipped pipeline on a real database; time moves by a second with every batch."""

    def __init__(self, limits: Limits | None = None, path: Path | str = ":memory:") -> None:
        self.store = writer(path, limits=limits)
        self.pipeline, self.text = default_pipeline()
        self.slots = slots_of(self.pipeline)
        self.now = 1_800_000_000.0

    @property
    def sqlite(self) -> SqliteStore:
        """The store, in a test that is about SQLite."""
        assert isinstance(self.store, SqliteStore)
        return self.store

    def batch(self, *commands: Command) -> list[Any]:
        """Run commands together; the answers, refusals among them."""
        self.now += 1.0
        answers = self.store.run(commands, self.now, self.now)
        assert check(self.store, finished=False) == []
        return answers

    def do(self, command: Command) -> Any:
        """Run one command; its answer, or its refusal raised."""
        (answer,) = self.batch(command)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def submission(self, name: str = "p", priority: int = 50, weight: int = 1, **more: Any) -> Submit:
        """The command that makes a project."""
        digest = self.pipeline.digest
        project = Project(name, name, "", None, None, 50, priority, None, "test", 0.0, digest, "python", weight)
        return Submit(project, "text", self.text, **more)

    def submit(self, name: str = "p", **more: Any) -> str:
        """A new project."""
        return self.do(self.submission(name, **more)).project

    def muster(self) -> None:
        """Put the fleet on record, without an event and without time."""
        self.store.run([Found(tuple(self.slots))], self.now, self.now)

    def lease(self) -> list[Lease]:
        """Offer every idle instance."""
        return list(self.do(Dispatch(tuple(self.slots))))

    def finish(self, lease: Lease, verdict: Verdict = PASS, artifacts: Sequence[Artifact] = ()) -> bool:
        """End an attempt."""
        return self.do(self.completion(lease, verdict, artifacts))

    def completion(self, lease: Lease, verdict: Verdict = PASS, artifacts: Sequence[Artifact] = ()) -> Complete:
        """The command that ends an attempt."""
        gates = tuple(GateResult(gate.name, GateOutcome.PASSED) for gate in lease.step.gates)
        report = Report(Ending.FINISHED, verdict="passed", gates=gates, artifacts=tuple(artifacts), commit=lease.name)
        return Complete(lease.job.id, lease.job.attempt, verdict, report, lease.name)

    def run_to(self, step: str, issues: int = 1, limit: int = 60) -> Lease:
        """Let everything pass until a job of `step` is leased; that lease."""
        for _ in range(limit):
            leases = self.lease()
            found = next((lease for lease in leases if lease.job.step == step), None)
            for lease in leases:
                if lease is not found:
                    self.finish(lease, artifacts=self.made(lease, issues))
            if found is not None:
                return found
        raise AssertionError(f"{step} was never leased")

    def made(self, lease: Lease, issues: int = 1) -> tuple[Artifact, ...]:
        """What a step delivers that later ones need."""
        if lease.job.step == "issues":
            return tuple(Artifact("issue", f"{n:03d}", f"issue {n}") for n in range(1, issues + 1))
        kind = {"analyze": "plan" if lease.job.workflow == "genesis" else "brief"}.get(lease.job.step)
        return (Artifact(kind, kind, kind),) if kind else ()

    def job(self, job_id: int) -> Job:
        """A job as stored."""
        return Job._make(self.store.rows.one("job_by_id", (job_id,)))

    def complete(self, name: str = "p") -> None:
        """Take a project to its end."""
        self.submit(name)
        self.finish(self.run_to("publish"))

    def waiting(self) -> list[str]:
        """Projects in the input queue, the next one first, paused ones last."""
        rows = sorted(map(Waiting._make, self.store.rows.all("all_input")), key=lambda row: (row.paused, row.rank))
        return [row.project for row in rows]

    def told(self, type_: str) -> list[Any]:
        """The data of all events of a type, in order."""
        return [json.loads(event[6]) for event in self.store.rows.all("all_events") if event[1] == type_]

    def jobs(self, step: str) -> list[Job]:
        """All jobs of a step."""
        return [job for job in map(Job._make, self.store.rows.all("all_jobs")) if job.step == step]

    def reviews(self) -> list[tuple[int, str]]:
        """Open reviews: number and kind."""
        return [(number, kind) for number, kind in self.store.rows.all("reviews_open")]

    def state(self, project: str = "p") -> str:
        """A project's state."""
        return dict(self.store.rows.all("project_states"))[project]


def refusal(answer: Any) -> str:
    """The words of a refused command."""
    assert isinstance(answer, PodiumError), answer
    return str(answer)
