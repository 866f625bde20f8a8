"""What must hold of every run, told from the rows and the log alone; each checker returns the violations it found."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any, NamedTuple

from podium.domain import lifecycle
from podium.domain.job import Job
from podium.domain.pipeline import Pipeline, Workflow
from podium.policy.admission import Limits
from podium.store.hot import Waiting
from podium.store.writer import Writer
from podium.store.writing import REVIEW
from tests.simulation.replay import Told, replay


class Flow(NamedTuple):
    """What a workflow run says of itself."""

    project: str
    name: str
    counts: str
    open: int
    admitted: int
    held: int
    state: str
    completed_at: float | None
    weight: int


@dataclass(frozen=True)
class Books:
    """Everything that a database holds, read once."""

    jobs: list[Job]
    events: list[Any]
    horizon: int
    """The number of the first event that was not pruned."""
    pruned: frozenset[str]
    """Projects of which only a summary is left."""
    states: Mapping[str, str]
    pipelines: Mapping[str, Pipeline]
    """By project."""
    flows: list[Flow]
    tally: Mapping[tuple[str, str], int]
    ready: set[tuple[Any, ...]]
    followers: Mapping[int, list[int]]
    reviews: list[Any]
    ended: list[Any]
    """Ended attempts: job, number, verdict, ending."""
    input: list[Waiting]
    limits: Limits
    receipts: list[Any]
    """Messages and the instances that have read them."""
    found: Mapping[str, list[Job]]
    """Jobs by their state, as they are found by it."""

    @cached_property
    def of_flow(self) -> Mapping[tuple[str, str], list[Job]]:
        """Jobs by project and workflow."""
        found: defaultdict[tuple[str, str], list[Job]] = defaultdict(list)
        for job in self.jobs:
            found[job.project, job.workflow].append(job)
        return found

    @cached_property
    def told(self) -> Told:
        """What the log says."""
        return replay(self)

    def live(self, project: str) -> bool:
        """Whether anything of the project can still change."""
        return self.states[project] == "open"

    def active(self, flow: Flow) -> bool:
        """Whether anything of a run can still change; one of an earlier time may have been given up."""
        return self.live(flow.project) and flow.completed_at is None

    def workflow(self, flow: Flow) -> Workflow:
        """As the project's pipeline declares it."""
        return self.pipelines[flow.project].workflow(flow.name)


_FINDS = {
    "running": ("jobs_running",),
    "held": ("jobs_held_longest", 1_000_000),
    "delayed": ("jobs_delayed_beyond", inf, inf, 1_000_000),
    "dead": ("jobs_dead_longest", 1_000_000),
}
"""Statements that find all jobs of a state, with what they are asked."""


def read(store: Writer) -> Books:
    """The books of a database."""
    ask = store.rows.all
    states: dict[str, str] = dict(ask("project_states"))
    followers: defaultdict[int, list[int]] = defaultdict(list)
    for job, dependant in ask("all_dependencies"):
        followers[job].append(dependant)
    return Books(
        jobs=[Job._make(row) for row in ask("all_jobs")],
        events=ask("all_events"),
        horizon=store.rows.one("log_horizon")[0],
        pruned=frozenset(name for (name,) in ask("projects_pruned")),
        states=states,
        pipelines={name: store.pipelines[store.rows.one("pipeline_of_project", (name,))[0]] for name in states},
        flows=[Flow._make(row) for row in ask("all_workflows")],
        tally={(subject, state): n for subject, state, n in ask("tally_all")},
        ready=set(map(tuple, ask("all_ready"))),
        followers=followers,
        reviews=ask("all_reviews"),
        ended=ask("all_attempts"),
        input=[Waiting._make(row) for row in ask("all_input")],
        limits=store.limits,
        receipts=ask("all_receipts"),
        found={state: [Job._make(row) for row in ask(name, args)] for state, (name, *args) in _FINDS.items()},
    )


def check(store: Writer, *, finished: bool, judged: bool = False) -> list[str]:
    """All checkers over one database; `finished` adds what must hold once faults have stopped and work has ended.

    `judged` says that every verdict was `policy.verdict`'s, and adds what that promises.
    """
    books = read(store)
    whole = books.horizon == 1
    found = [violation for checker in CHECKERS if whole or checker not in OF_WHOLE_LOG for violation in checker(books)]
    found += nobody_is_tried_for_ever(books) if judged else ()
    if finished:
        waits = {job.project for job in books.jobs if job.state == "dead"}
        found += [f"project {name} is still open" for name in books.states if books.live(name) and name not in waits]
        found += [f"job {j.id} is {j.state} at the end" for j in books.jobs if j.state not in _ends(books, j)]
    return found


def _ends(books: Books, job: Job) -> frozenset[str]:
    """States a job may be left in; a dead letter waits for a person, and its chain waits for it."""
    return DONE | {"dead", "waiting"} if books.live(job.project) else DONE


DONE = lifecycle.JOB_DONE
ENDS = {
    "pass": "job.passed",
    "retry": "job.retried",
    "release": "job.released",
    "rework": "job.reworked",
    "escalate": "job.escalated",
    "bury": "job.buried",
}
"""The event that tells of each verdict."""


def log_is_gapless(books: Books) -> Iterable[str]:
    """Sequence numbers go up one by one from the log's horizon, which is 1 until something is pruned."""
    return [f"event {i} has seq {e[0]}" for i, e in enumerate(books.events, start=books.horizon) if e[0] != i]


def log_agrees_with_rows(books: Books) -> Iterable[str]:
    """Replaying the log gives every job's state, as far as it is told, and its attempt; nothing ended runs again."""
    yield from books.told.violations
    for job in (job for job in books.jobs if job.project not in books.pruned):
        told = books.told.states.get(job.id)
        if told is None and job.state in ("running", "in_review", "dead", "passed", "cancelled"):
            yield f"job {job.id} is {job.state}, never told"
        elif told is not None and told != job.state:
            yield f"job {job.id} is {job.state}, the log says {told}"
        if books.told.attempts[job.id] != job.attempt:
            yield f"job {job.id} has attempt {job.attempt}, the log {books.told.attempts[job.id]}"


def walks_are_legal(books: Books) -> Iterable[str]:
    """Every step of a workflow's state is an edge of its table, and begins where the one before ended."""
    at: dict[tuple[str, str], str] = {}
    for _, type_, project, workflow, _, _, data in books.events:
        if type_ != "workflow.state":
            continue
        step = json.loads(data)
        if at.get((project, workflow), "") != step["from"]:
            yield f"{project}/{workflow} jumped from {at.get((project, workflow))} to {step['to']}"
        if step["from"] and step["to"] not in books.pipelines[project].workflow(workflow).edges[step["from"]]:
            yield f"{project}/{workflow}: {step['from']} -> {step['to']} is no legal edge"
        at[project, workflow] = step["to"]
    for flow in books.flows:
        if at.get((flow.project, flow.name)) != flow.state:
            yield f"{flow.project}/{flow.name} is {flow.state}, the log says {at.get((flow.project, flow.name))}"


def no_attempt_twice(books: Books) -> Iterable[str]:
    """One lease and at most one end for each attempt."""
    leased = Counter((e[4], e[5]) for e in books.events if e[1] == "job.leased")
    ended = Counter((e[4], e[5]) for e in books.events if e[1] in ("job.passed", "job.retried") and e[5])
    yield from (f"attempt {key} was leased {n} times" for key, n in leased.items() if n > 1)
    yield from (f"attempt {key} ended {n} times" for key, n in ended.items() if n > 1)


def every_end_is_told(books: Books) -> Iterable[str]:
    """The log says of every ended attempt what became of its job."""
    told = {(e[4], e[5], e[1]) for e in books.events}
    for job, number, verdict, _ in books.ended:
        if (job, number, ENDS[verdict]) not in told:
            yield f"attempt {job}.a{number} ended ({verdict}), the log does not say so"


def nobody_is_tried_for_ever(books: Books) -> Iterable[str]:
    """A job that has failed as often as it may waits for a person."""
    for job in books.jobs:
        limit = books.pipelines[job.project].step(job.workflow, job.step).attempts_max
        if job.failures >= limit and job.state not in ("in_review", "dead", "cancelled"):
            yield f"job {job.id} is {job.state} after {job.failures} failures, it may have {limit}"


def time_goes_on(books: Books) -> Iterable[str]:
    """No job was given out before it was ready, whatever the wall clock did."""
    waits = ((e[4], json.loads(e[6])["waited"]) for e in books.events if e[1] == "job.leased")
    return [f"job {job} was given out {-waited:.0f} s before it was ready" for job, waited in waits if waited < 0]


def instances_are_exclusive(books: Books) -> Iterable[str]:
    """No instance holds two leases."""
    busy = Counter(j.instance for j in books.jobs if j.state == "running")
    return [f"{name} runs {n} jobs" for name, n in busy.items() if n > 1]


def tallies_agree(books: Books) -> Iterable[str]:
    """Every counter is what counting the rows gives."""
    counted = Counter((j.queue, j.state) for j in books.jobs if j.state != "waiting")
    counted.update((f"lane:{j.queue}/{j.lane}", "ready") for j in books.jobs if j.state == "ready")
    counted.update(("projects", state) for state in books.states.values())
    for flow in books.flows:
        first, *_, last = books.workflow(flow).states
        if flow.state == last or books.active(flow):
            place = "queued" if flow.state == first else "completed" if flow.state == last else "active"
            counted[f"workflow.{books.workflow(flow).name}", place] += 1
    counted.update((f"input.{w.queue}", "paused" if w.paused else "waiting") for w in books.input)
    counted[REVIEW, "open"] += sum(state == "open" for *_, state in books.reviews)
    for key in sorted(set(books.tally) | set(counted)):
        if books.tally.get(key, 0) != counted[key]:
            yield f"tally {key} says {books.tally.get(key, 0)}, there are {counted[key]}"


def ready_agrees(books: Books) -> Iterable[str]:
    """The ready table holds the jobs that are ready, and no other."""
    expected = {(j.queue, j.lane, j.rank, j.id) for j in books.jobs if j.state == "ready"}
    return [f"ready differs from the jobs: {books.ready ^ expected}"] if books.ready != expected else []


def states_find_their_jobs(books: Books) -> Iterable[str]:
    """What finds few jobs among very many, by their state, finds those that are in it, as they are."""
    for state, found in books.found.items():
        if sorted(found) != [job for job in books.jobs if job.state == state]:
            yield f"{state} finds {[job.id for job in found]}"


def blockers_agree(books: Books) -> Iterable[str]:
    """A job waits exactly as long as something it depends on is not done."""
    undone: Counter[int] = Counter()
    for job in books.jobs:
        if job.state not in DONE:
            undone.update(books.followers.get(job.id, ()))
    for job in books.jobs:
        if job.state in DONE or not books.live(job.project):
            continue
        if job.blockers != undone[job.id]:
            yield f"job {job.id} says {job.blockers} blockers, there are {undone[job.id]}"
        if (job.state == "waiting") != (job.blockers > 0):
            yield f"job {job.id} is {job.state} behind {job.blockers} blockers"


def workflows_agree(books: Books) -> Iterable[str]:
    """`open`, `admitted`, `held`, the counts per state and the state itself are what the jobs say (PIP-6)."""
    for flow in books.flows:
        if not books.active(flow):
            continue
        mine = books.of_flow.get((flow.project, flow.name), [])
        frontier = [j for j in mine if j.state in lifecycle.JOB_FRONTIER]
        declared = books.workflow(flow)
        counts = [0] * len(declared.states)
        for job in frontier:
            step = books.pipelines[flow.project].step(flow.name, job.step)
            untried = job.attempt == 0 and job.state != "running"
            counts[declared.states.index(step.waiting if untried else step.state)] += 1
        held = sum(j.state == "held" for j in frontier)
        admitted = sum(j.state not in lifecycle.JOB_UNADMITTED for j in frontier)
        says = (flow.open, flow.admitted, flow.held, json.loads(flow.counts))
        is_ = (sum(j.state not in DONE for j in mine), admitted, held, counts)
        if says != is_:
            yield f"{flow.project}/{flow.name} says open, admitted, held, counts = {says}; they are {is_}"
        least = next(
            (declared.states[i] for i, n in enumerate(counts[:-1]) if n), flow.state
        )  # the last: they only read
        goal = declared.states[-1] if not is_[0] else least
        if flow.state not in (goal, declared.states[0]):  # entered, but not derived until something changes
            yield f"{flow.project}/{flow.name} is {flow.state}, its jobs say {goal}"
        if held and is_[1] < declared.project_jobs_max * flow.weight:
            yield f"{flow.project}/{flow.name} holds {held} jobs back, though only {is_[1]} chains are open"


def reviews_agree(books: Books) -> Iterable[str]:
    """Whoever waits for a reviewer is before one, once; and a reviewer is asked about nobody else."""
    asked = Counter(job for _, job, kind, state in books.reviews if state == "open" and kind != "plan")
    for job in books.jobs:
        if asked[job.id] != (job.state == "in_review"):
            yield f"job {job.id} is {job.state}, with {asked[job.id]} open reviews"


def input_agrees(books: Books) -> Iterable[str]:
    """Whoever has not begun waits, with a reason, as long as its queue is full; nobody else does (INT-4)."""
    begun = {flow.project for flow in books.flows}
    waiting = {row.project: row for row in books.input}
    for project in books.states:
        if books.live(project) and (project in begun) == (project in waiting):
            yield f"project {project} {'has begun and waits' if project in begun else 'neither waits nor has begun'}"
    for row in books.input:
        if not books.live(row.project) or not row.reason:
            yield f"project {row.project} waits, though it is {books.states[row.project]}: {row.reason!r}"
        ready = sum(queue == row.queue for queue, *_ in books.ready)
        reviews = sum(state == "open" for *_, state in books.reviews)
        if not row.paused and ready < books.limits.queue_soft and reviews < books.limits.reviews_max:
            yield f"project {row.project} waits, though {row.queue} has room: {ready} jobs are ready"


def messages_are_read_once(books: Books) -> Iterable[str]:
    """The log tells of each instance once that it has read a message, and of every receipt there is."""
    told: Counter[tuple[int, str]] = Counter()
    for event in books.events:
        if event[1] == "message.delivered":
            data = json.loads(event[6])
            told.update((number, data["to"]) for number in data["messages"])
    yield from (f"message {number} was read {n} times by {who}" for (number, who), n in told.items() if n > 1)
    yield from (f"nothing tells that {who} read message {n}" for n, who in books.receipts if not told[n, who])


CHECKERS: tuple[Callable[[Books], Iterable[str]], ...] = (
    log_is_gapless,
    log_agrees_with_rows,
    walks_are_legal,
    no_attempt_twice,
    every_end_is_told,
    time_goes_on,
    instances_are_exclusive,
    tallies_agree,
    ready_agrees,
    states_find_their_jobs,
    blockers_agree,
    workflows_agree,
    reviews_agree,
    input_agrees,
    messages_are_read_once,
)
OF_WHOLE_LOG = (log_agrees_with_rows, walks_are_legal, every_end_is_told, messages_are_read_once)
"""These replay the log from its first event, which is possible as long as none was pruned."""
