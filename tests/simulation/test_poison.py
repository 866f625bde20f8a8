"""Poison jobs and hung agents on virtual time: they cost nobody else, and are seen for what they are."""

import json
from collections.abc import Iterator
from statistics import mean, quantiles
from typing import Any

import pytest

from podium.domain import lifecycle, pipeline_file
from podium.domain.job import Job
from podium.policy import retry
from tests.simulation.run import Run, default_pipeline
from tests.simulation.world import Faults, Workload

PROJECTS = 6
SEEDS = range(1, 5)
SLOWER_MAX = 1.1
"""How much longer others may wait for an instance, on average, because of poison jobs."""
SLOWER_P99_MAX = 1.05
"""And those that wait longest."""
STALL_SECONDS = 300


class History:
    """One run, and what its database said at the end."""

    jobs: dict[int, Job]
    events: list[Any]
    states: dict[str, str]
    attempts: dict[int, list[Any]]

    def __init__(self, run: Run) -> None:
        close = run.world.database.close

        def read_and_close() -> None:
            ask = run.world.database.rows.all
            self.jobs = {job.id: job for job in map(Job._make, ask("all_jobs"))}
            self.events = ask("all_events")
            self.states = dict(ask("project_states"))
            self.attempts = {job: ask("attempts_of_job", (job,)) for job in self.jobs}
            close()

        run.world.database.close = read_and_close
        self.violations = run.play().violations
        self.poison = {job for job, is_poison in run.world.poison.items() if is_poison}
        self.orchestrators = run.orchestrators

    def waits(self) -> Iterator[float]:
        """How long each job that is no poison waited for its instances."""
        for _, type_, _, _, job, _, data in self.events:
            if type_ == "job.leased" and job not in self.poison:
                yield json.loads(data)["waited"]


def busy(seed: int, poison: float) -> History:
    """Many projects at once, with nobody who looks after dead letters."""
    work = Workload(step_seconds=60.0, features=8, letters=())
    return History(Run(seed, Faults(poison=poison), PROJECTS, work))


@pytest.mark.requirement("REC-7", "QUE-7", "PIP-5")
def test_one_poison_job_in_a_hundred_delays_nobody_else() -> None:
    healthy: list[float] = []
    beside: list[float] = []
    dead = 0
    for seed in SEEDS:
        poisoned = busy(seed, 0.01)
        assert poisoned.violations == (), f"seed {seed}"
        healthy += busy(seed, 0.0).waits()
        beside += poisoned.waits()
        letters = {job.id for job in poisoned.jobs.values() if job.state == "dead"}
        assert letters == poisoned.poison, "exactly the poison jobs are dead letters"
        held_up = {poisoned.jobs[job].project for job in letters}
        assert all((state == "complete") == (name not in held_up) for name, state in poisoned.states.items())
        dead += len(letters)
    assert dead > PROJECTS, "a test bed that injects nothing proves nothing"
    assert len(beside) > 500
    assert mean(beside) < mean(healthy) * SLOWER_MAX
    assert quantiles(beside, n=100)[-1] <= quantiles(healthy, n=100)[-1] * SLOWER_P99_MAX


@pytest.mark.requirement("REC-7", "QUE-7")
def test_a_dead_letter_takes_none_of_its_projects_places() -> None:
    """With one chain at a time, the chains behind a dead one still get their turn."""
    script = {("implement", "001-feature"): ("crashed",) * 3}
    work = Workload(step_seconds=5.0, features=4, chains_max=1, letters=(), script=script)
    history = History(Run(0, Faults(), 1, work))
    assert history.violations == ()
    by_item = {(job.step, job.item): job.state for job in history.jobs.values()}
    assert by_item["implement", "001-feature"] == "dead"
    assert by_item["review", "001-feature"] == by_item["performance", ""] == "waiting"
    assert all(by_item["merge", f"00{n}-feature"] == "passed" for n in (2, 3, 4))


@pytest.mark.requirement("QUE-7")
@pytest.mark.parametrize("choice", ["replay", "drop"])
def test_a_dead_letter_that_is_seen_to_lets_its_project_end(choice: str) -> None:
    script = {("implement", "001-feature"): ("crashed",) * 3}
    work = Workload(step_seconds=5.0, features=2, letters=(choice,), script=script)
    history = History(Run(1, Faults(), 1, work))
    assert (history.violations, history.states) == ((), {"project-0": "complete"})
    ends = {job.state for job in history.jobs.values() if job.item == "001-feature"}
    assert ends == ({"passed"} if choice == "replay" else {"passed", "cancelled"})
    told = [type_ for _, type_, *_ in history.events if type_ in ("job.buried", "job.replayed", "operator.drop")]
    assert told == ["job.buried", "job.replayed" if choice == "replay" else "operator.drop"]
    assert {job.state for job in history.jobs.values()} <= lifecycle.JOB_DONE


def hanging(*, stall: bool) -> History:
    """A project some of whose agents hang for ever, and half of whose others say nothing while they work."""
    run = Run(2, Faults(agent_hangs=0.15, silent_work=0.5), 1, Workload(step_seconds=60.0, features=4))
    if stall:
        text = default_pipeline()[1].replace("\nrole = ", f"\nstall_seconds = {STALL_SECONDS}\nrole = ")
        run.pipeline, run._pipeline_text = pipeline_file.parse(text), text
    history = History(run)
    assert history.violations == ()
    return history


def overdue(history: History) -> list[tuple[float, str]]:
    """Of each attempt that was ended from outside: how long it took, and why it was ended."""
    ended = [row for rows in history.attempts.values() for row in rows if row[5] == "timed-out"]
    return [(ended_at - leased_at, reason) for _, _, _, leased_at, ended_at, _, _, reason, *_ in ended]


@pytest.mark.requirement("REC-2")
def test_silence_alone_ends_nobody() -> None:
    """A hung agent goes on until its step's own limit; one that works is never taken for hung."""
    found = overdue(hanging(stall=False))
    assert found
    assert all(seconds > 1_800 for seconds, _ in found)


@pytest.mark.requirement("REC-2")
def test_a_step_may_say_how_long_silence_is_borne() -> None:
    found = overdue(hanging(stall=True))
    assert found
    for seconds, reason in found:
        assert "without progress" in reason
        assert STALL_SECONDS < seconds < 1_800


@pytest.mark.requirement("REC-1")
def test_an_instance_that_dies_at_one_job_after_another_rests_before_it_goes_on() -> None:
    items = [f"{n:03d}-feature" for n in range(1, 9)]
    script = {(step, item): ("crashed", "crashed") for item in items for step in ("tests", "implement")}
    work = Workload(step_seconds=5.0, features=8, script=script)
    history = History(Run(5, Faults(), 1, work))
    assert history.violations == ()
    by_instance: dict[str, list[tuple[float, float, int, bool]]] = {}
    for job, rows in history.attempts.items():
        for _, instance, _, leased_at, ended_at, ending, *_ in rows:
            by_instance.setdefault(instance, []).append((leased_at, ended_at, job, ending == "crashed"))
    rests = [
        after[0] - second[1]
        for rows in map(sorted, by_instance.values())
        for first, second, after in zip(rows, rows[1:], rows[2:], strict=False)
        if first[3] and second[3] and first[2] != second[2]
    ]
    assert rests, "no instance died twice in a row"
    assert min(rests) >= retry.BASE_SECONDS
