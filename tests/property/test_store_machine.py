"""The real store against a naive model: any order of commands gives the same state, on disk as in memory."""

import shutil
import tempfile
from pathlib import Path
from typing import Any, Literal, cast

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from podium.domain import pipeline_file
from podium.domain.attempt import Artifact, Ending, Report
from podium.domain.command import (
    Adopted,
    Command,
    Complete,
    Decide,
    Dispatch,
    Prune,
    Pruned,
    Steer,
    Submit,
    Verdict,
    Wake,
)
from podium.domain.errors import Conflict, NotFound, Unavailable
from podium.domain.instance import Slot
from podium.domain.job import Job
from podium.domain.project import Project
from podium.policy.admission import UNLIMITED
from podium.store.retention import forecast
from podium.store.sqlite import SqliteStore
from tests.property.naive import DONE, PIPELINE, NaiveJob, NaiveProject
from tests.simulation.checkers import check

DIGEST = pipeline_file.parse(PIPELINE).digest
SLOTS = tuple(Slot(f"{queue}-{n}", queue, "any") for queue in ("genesis", "development") for n in range(3))
PICK = st.integers(0, 10_000)
"""Chooses one of however many there are."""


class StoreMachine(RuleBasedStateMachine):
    """Every rule is one transaction."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self.store = self.open()
        self.projects: dict[str, NaiveProject] = {}
        self.keys: dict[str, str] = {}
        self.reviews: dict[int, tuple[NaiveJob, str]] = {}
        self.decided: set[int] = set()
        self.results: list[Complete] = []
        self.review_number = 0
        self.pruned_reviews: set[int] = set()

    def open(self) -> SqliteStore:
        return SqliteStore(":memory:", limits=UNLIMITED)

    def teardown(self) -> None:
        self.store.close()

    # --- asking ------------------------------------------------------------------------------------------------------

    def run(self, *commands: Command, seconds: float = 0.0) -> list[Any]:
        self.now += seconds
        return self.store.run(commands, self.now, self.now)

    def rows(self) -> dict[tuple[str, str, str, str], Job]:
        jobs = [Job._make(row) for row in self.store.rows.all("all_jobs")]
        return {(j.project, j.workflow, j.step, j.item): j for j in jobs}

    def number(self, job: NaiveJob) -> int:
        return self.rows()[job.project, *job.key].id

    def jobs(self, *states: str) -> list[NaiveJob]:
        return [j for p in self.projects.values() for j in p.jobs.values() if j.state in states]

    def running(self, pick: int) -> NaiveJob:
        found = self.jobs("running")
        return found[pick % len(found)]

    def undecided(self) -> list[int]:
        return [n for n, (job, _) in self.reviews.items() if job.state == "in_review" and n not in self.decided]

    def settle(self) -> None:
        for project in self.projects.values():
            project.settle()

    # --- rules -------------------------------------------------------------------------------------------------------

    @initialize(issues=st.integers(0, 4), chained=st.booleans(), started=st.integers(0, 7))
    def begin(self, issues: int, chained: bool, started: int) -> None:
        """A project that has come some way, so that short histories reach far."""
        self.submit("", wait=0.0, dispatch=False)
        for _ in range(started):
            self.dispatch(1, 63)
            if self.jobs("running"):
                self.complete(0, "pass", issues, chained, dispatch=False, crashed=False)

    @rule(key=st.sampled_from(["", "one", "two"]), wait=st.sampled_from([0.0, 0.0, 20.0]), dispatch=st.booleans())
    def submit(self, key: str, wait: float, dispatch: bool) -> None:
        project = Project("app", "App", "", None, None, 50, 50, None, "text", 0.0, DIGEST, "python")
        command = Submit(project, "words", PIPELINE, key, not_before=self.now + wait)
        again = [command] if key else []
        answer, *repeated = self.run(command, *again)
        known = key and key in self.keys
        assert answer.created == (not known)
        assert not known or answer.project == self.keys[key]
        assert all(r == (answer.project, False) for r in repeated)
        if answer.created:
            assert answer.project not in self.projects
            made = self.projects[answer.project] = NaiveProject(answer.project)
            first = made.jobs["genesis", "plan", ""]
            first.state, first.due = ("delayed", self.now + wait) if wait else ("ready", 0.0)
            self.keys |= {key: answer.project} if key else {}
        if dispatch:
            self.dispatch(2, 63)

    @rule(count=st.integers(1, 3), mask=st.integers(1, 63))
    def dispatch(self, count: int, mask: int) -> None:
        """Offer some of the free instances, also to two dispatchers at once."""
        busy = {job.instance for job in self.jobs("running")}
        free = [s for i, s in enumerate(SLOTS) if mask >> i & 1 and s.name not in busy]
        answers = self.run(*(Dispatch(tuple(free[:count]) if i else tuple(free)) for i in range(2)), seconds=0.5)
        self.take([lease for answer in answers for lease in answer], free)

    def take(self, leases: list[Any], free: list[Slot]) -> None:
        """Whatever routing chose must be lawful, and nothing that fits may be left."""
        left = {slot.name: slot for slot in free}
        for lease in leases:
            job = self.projects[lease.job.project].jobs[lease.job.workflow, lease.job.step, lease.job.item]
            assert job.state == "ready"
            assert left.pop(lease.job.instance).queue == lease.job.queue
            assert lease.job.instance != job.avoid
            assert lease.reason
            job.state, job.attempt, job.instance = "running", job.attempt + 1, lease.job.instance
            assert lease.job.attempt == job.attempt
        for queue in ("genesis", "development"):
            ready = [j for j in self.jobs("ready") if j.workflow == queue]
            idle = [s.name for s in left.values() if s.queue == queue]
            assert not [name for name in idle for j in ready if j.avoid != name], "a free instance and a ready job"

    @precondition(lambda self: self.jobs("running"))
    @rule(pick=PICK)
    def offer_a_busy_instance(self, pick: int) -> None:
        """Refused or left out; never a second lease."""
        busy = self.running(pick).instance
        (answer,) = self.run(Dispatch(tuple(s for s in SLOTS if s.name == busy)))
        assert isinstance(answer, Unavailable) or answer == ()

    @precondition(lambda self: self.jobs("running"))
    @rule(
        pick=PICK,
        kind=st.sampled_from(["pass", "pass", "retry", "delay", "release", "rework", "blocked", "approval", "bury"]),
        issues=st.integers(0, 4),
        chained=st.booleans(),
        dispatch=st.booleans(),
        crashed=st.booleans(),
    )
    def complete(self, pick: int, kind: str, issues: int, chained: bool, dispatch: bool, crashed: bool) -> None:
        job = self.running(pick)
        command = self.result(job, kind, issues, chained=chained, crashed=crashed)
        freed = next(s for s in SLOTS if s.name == job.instance)
        extra = [Dispatch((freed,))] if dispatch else []
        answer, twice, *offered = self.run(command, command, *extra, seconds=1.0)
        assert (answer, twice) == (True, False), "only the first of two equal results counts"
        self.results.append(command)
        self.apply(job, kind, command)
        self.settle()
        if dispatch:
            self.take(list(offered[0]), [freed])

    def result(self, job: NaiveJob, kind: str, issues: int, *, chained: bool, crashed: bool) -> Complete:
        made = tuple(
            Artifact("issue", str(n), str(n), {"depends_on": [str(n - 1)] if chained and n else []})
            for n in range(issues if job.key[1] == "issues" else 0)
        )
        verdict = {
            "delay": Verdict("retry", "later", delay_seconds=30.0),
            "rework": Verdict("rework", "", target="implement" if job.key[1] == "review" else job.key[1], feedback="x"),
            "blocked": Verdict("escalate", "blocked", target=job.key[1], review="blocked"),
            "approval": Verdict("escalate", "please", review="approval"),
            "bury": Verdict("bury", "3 attempts failed"),
        }.get(kind) or Verdict(cast("Literal['pass', 'retry', 'release']", kind), "")
        ending = Ending.CRASHED if crashed else Ending.FINISHED
        return Complete(self.number(job), job.attempt, verdict, Report(ending, artifacts=made))

    def apply(self, job: NaiveJob, kind: str, command: Complete) -> None:
        project = self.projects[job.project]
        finished = command.report.ending is Ending.FINISHED
        if kind == "bury" and job.finished_in_row:
            kind = "exhausted"
        if kind != "release":
            job.finished_in_row = kind in ("retry", "delay") and (job.finished_in_row or finished)
        if kind == "pass" or (kind in ("approval", "blocked") and command.report.ending is Ending.FINISHED):
            for made in command.report.artifacts:
                project.issues[made.key] = made.data["depends_on"]
        if kind == "pass":
            project.finish(job, "passed")
        elif kind in ("retry", "release"):
            job.state = "ready"
        elif kind == "delay":
            job.state, job.due = "delayed", self.now + 30.0
        elif kind == "rework":
            self.review_number += 1
            self.decided.add(self.review_number)
            project.send_back(job, to_author=True)
        elif kind == "bury":
            job.state = "dead"
        else:
            self.review_number += 1
            self.reviews[self.review_number] = (job, kind)
            job.state = "in_review"

    @precondition(lambda self: self.jobs("running"))
    @rule(pick=PICK, off=st.sampled_from([-1, 1, 7]))
    def complete_with_a_wrong_fence(self, pick: int, off: int) -> None:
        job = self.running(pick)
        command = self.result(job, "pass", 0, chained=False, crashed=False)
        wrong = Complete(command.job, command.attempt + off, command.verdict, command.report)
        assert self.run(wrong) == [False]

    @precondition(lambda self: self.results)
    @rule(pick=PICK)
    def complete_again(self, pick: int) -> None:
        """An attempt that has ended ends for good, whatever became of its job."""
        assert self.run(self.results[pick % len(self.results)]) == [False]

    @rule(seconds=st.sampled_from([0.0, 10.0, 31.0, 4_000.0]))
    def wake(self, seconds: float) -> None:
        (answer,) = self.run(Wake(), seconds=seconds)
        for job in self.jobs("delayed"):
            if job.due <= self.now:
                job.state = "ready"
        assert answer == min((job.due for job in self.jobs("delayed")), default=None)

    @precondition(lambda self: self.undecided())
    @rule(pick=PICK, verdict=st.sampled_from(["approve", "approve", "send_back", "reject"]), dispatch=st.booleans())
    def decide(self, pick: int, verdict: Any, dispatch: bool) -> None:
        found = self.undecided()
        number = found[pick % len(found)]
        job, _ = self.reviews[number]
        project = self.projects[job.project]
        assert self.run(Decide(number, verdict, "somebody", "words")) == [job.project]
        self.decided.add(number)
        if verdict == "approve":
            project.finish(job, "passed")
        elif verdict == "send_back":
            project.send_back(job, to_author=False)
        else:
            project.reject(job)
        self.settle()
        if dispatch:
            self.dispatch(1, 63)

    @precondition(lambda self: self.jobs("dead"))
    @rule(pick=PICK, action=st.sampled_from(["replay", "replay-all", "drop"]), dispatch=st.booleans())
    def attend_to_a_dead_letter(self, pick: int, action: str, dispatch: bool) -> None:
        found = self.jobs("dead")
        job = found[pick % len(found)]
        project, number = self.projects[job.project], self.number(job)
        if action == "replay-all":
            mine = [other for other in project.jobs.values() if other.state == "dead"]
            (done,) = self.run(Steer("replay", project=job.project))
            assert done.jobs == len(mine)
            for other in mine:
                other.state = "ready"
        elif action == "replay":
            (done,) = self.run(Steer("replay", job=number))
            job.state = "ready"
        else:
            (done,) = self.run(Steer("drop", job=number))
            assert isinstance(done, Conflict) == (not job.item)
            if job.item:
                project.reject(job)
        self.settle()
        if dispatch:
            self.dispatch(1, 63)

    @precondition(lambda self: self.jobs("running", "ready", "in_review", "passed"))
    @rule(pick=PICK, action=st.sampled_from(["replay", "drop"]))
    def attend_to_another_job(self, pick: int, action: Any) -> None:
        """Only a dead letter is one."""
        found = self.jobs("running", "ready", "in_review", "passed")
        job = found[pick % len(found)]
        if self.projects[job.project].state == "open":
            (answer,) = self.run(Steer(action, job=self.number(job)))
            assert isinstance(answer, Conflict)

    @precondition(lambda self: self.decided)
    @rule(pick=PICK, verdict=st.sampled_from(["approve", "send_back", "reject"]))
    def decide_again(self, pick: int, verdict: Any) -> None:
        decided = sorted(self.decided)
        number = decided[pick % len(decided)]
        (answer,) = self.run(Decide(number, verdict, "somebody else"))
        assert isinstance(answer, NotFound if number in self.pruned_reviews else Conflict)
        (answer,) = self.run(Decide(self.review_number + 1, verdict, "somebody"))
        assert isinstance(answer, NotFound)

    @precondition(lambda self: self.jobs("running"))
    @rule(pick=PICK)
    def record(self, pick: int) -> None:
        job = self.running(pick)
        assert self.run(Adopted(self.number(job), job.attempt, job.instance)) == [None]

    @rule(
        kind=st.sampled_from(["events", "counters", "projects", "projects"]),
        keep=st.sampled_from([0, 5, 40]),
        rows_max=st.sampled_from([7, 2_000]),
        dispatch=st.booleans(),
    )
    def prune(self, kind: Any, keep: int, rows_max: int, dispatch: bool) -> None:
        """What has ended loses its rows; nothing that is open loses anything, and no number is given out again."""
        first, last = self.store.rows.one("event_bounds")
        before = (self.now + 1.0) / (3600 if kind == "counters" else 1)
        forecast_ = forecast(self.store.rows, Prune(kind, before, keep))
        rows = projects = 0
        part = Pruned(0, more=True)
        while part.more:
            part = self.run(Prune(kind, before, keep, rows_max))[0]
            rows, projects = rows + part.rows, projects + part.projects
        assert (rows, projects) == (forecast_.rows, forecast_.projects)
        horizon = self.store.rows.one("event_bounds")[0]
        if kind == "events":
            assert horizon == (last or 0)
        else:
            assert horizon == first
        if kind == "projects":
            for project in self.projects.values():
                if project.state != "open":
                    project.jobs.clear()
            kept = {number for number, *_ in self.store.rows.all("all_reviews")}
            self.pruned_reviews |= self.decided - kept
        if dispatch:
            self.dispatch(1, 63)

    # --- invariants --------------------------------------------------------------------------------------------------

    @invariant()
    def rows_are_as_the_model_says(self) -> None:
        rows = self.rows()
        expected = {(p.name, *key): job for p in self.projects.values() for key, job in p.jobs.items()}
        assert rows.keys() == expected.keys()
        for key, job in expected.items():
            row = rows[key]
            assert (row.state, row.attempt, row.instance) == (job.state, job.attempt, job.instance), key
            if job.state not in DONE:
                assert row.blockers == self.projects[job.project].undone(job), key
                assert row.avoid == job.avoid
        states = dict(self.store.rows.all("project_states"))
        assert states == {p.name: p.state for p in self.projects.values()}

    @invariant()
    def no_checker_finds_anything(self) -> None:
        assert check(self.store, finished=False) == []


class FileMachine(StoreMachine):
    """The same on a file that is closed, or dropped without closing, and opened again at any time."""

    def open(self) -> SqliteStore:
        self.folder = Path(tempfile.mkdtemp(prefix="podium-machine-"))
        return self.reach()

    def reach(self) -> SqliteStore:
        store = SqliteStore(self.folder / "podium.sqlite", limits=UNLIMITED)
        store.connection.pragma("synchronous", "off")
        return store

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.folder)

    @rule(cleanly=st.booleans())
    def reopen(self, cleanly: bool) -> None:
        """What the writer keeps in memory is what it would find on disk."""
        old = self.store
        numbers, lanes, pipelines = old._numbers, old._lanes, set(old.pipelines)
        hot = dict(old._hot.jobs)
        if cleanly:
            old.close()
        self.store = self.reach()
        assert self.store._numbers == numbers
        assert {(queue, lane) for queue, lane, _, _ in self.store.rows.all("all_ready")} <= lanes
        assert set(self.store.pipelines) <= pipelines
        on_disk = {job.id: job for job in self.rows().values()}
        assert hot == {number: on_disk[number] for number in hot}
        if not cleanly:
            old.close()


pytestmark = pytest.mark.requirement("REC-8", "EVT-5", "EVT-1", "PIP-6", "QUE-4", "QUE-7")

StoreMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=60)
FileMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=60)
TestStoreInMemory = StoreMachine.TestCase
TestStoreOnDisk = FileMachine.TestCase
