"""What must hold of every run, told from the rows and the log alone; each checker returns the violations it found."""

import json
from collections import Counter
from typing import Any

from podium.domain import lifecycle
from podium.domain.job import Job
from podium.store.sqlite import SqliteStore

_STATE_AFTER = {
    "job.leased": "running",
    "job.passed": "passed",
    "job.cancelled": "cancelled",
    "job.escalated": "in_review",
}


def check(store: SqliteStore, *, finished: bool) -> list[str]:
    """All checkers over one database; `finished` adds what must hold once faults have stopped and work has ended."""
    ask = store.rows.all
    jobs = [Job._make(row) for row in ask("all_jobs")]
    events = ask("all_events")
    states: dict[str, str] = dict(ask("project_states"))
    found = [
        *_log_is_gapless(events),
        *_log_agrees_with_rows(jobs, events),
        *_walks_are_legal(events),
        *_no_attempt_twice(events),
        *_instances_are_exclusive(jobs),
        *_tallies_agree(jobs, {(subject, state): n for subject, state, n in ask("tally_all")}),
        *_ready_agrees(jobs, set(map(tuple, ask("all_ready")))),
        *_workflows_agree(jobs, states, ask("all_workflows")),
    ]
    if finished:
        found += [f"project {name} is still open" for name, state in states.items() if state == "open"]
        found += [f"job {j.id} of an ended project is {j.state}" for j in jobs if j.state not in lifecycle.JOB_DONE]
    return found


def _log_is_gapless(events: list[Any]) -> list[str]:
    return [f"event {i} has seq {e[0]}" for i, e in enumerate(events, start=1) if e[0] != i]


def _log_agrees_with_rows(jobs: list[Job], events: list[Any]) -> list[str]:
    """Replaying the log gives every job's last told state, its attempt and its done-ness."""
    told: dict[int, str] = {}
    attempts: Counter[int] = Counter()
    for _, type_, _, _, job, attempt, _ in events:
        if type_ in _STATE_AFTER:
            told[job] = _STATE_AFTER[type_]
        elif type_ in ("job.retried", "job.released", "job.reworked", "review.decided"):
            told.pop(job, None)
        attempts[job] = max(attempts[job], attempt)
    found = [
        f"job {j.id} is {j.state}, the log says {told.get(j.id)}"
        for j in jobs
        if j.state in ("running", "in_review") and told.get(j.id) != j.state
    ]
    found += [
        f"job {j.id} is {j.state}, never told" for j in jobs if j.state == "passed" and told.get(j.id) != "passed"
    ]
    return found + [
        f"job {j.id} has attempt {j.attempt}, the log {attempts[j.id]}" for j in jobs if attempts[j.id] != j.attempt
    ]


def _walks_are_legal(events: list[Any]) -> list[str]:
    found: list[str] = []
    at: dict[tuple[str, str], str] = {}
    for _, type_, project, workflow, _, _, data in events:
        if type_ != "workflow.state":
            continue
        step = json.loads(data)
        if at.get((project, workflow), "") != step["from"]:
            found.append(f"{project}/{workflow} jumped from {at.get((project, workflow))} to {step['to']}")
        if step["from"] and step["to"] not in lifecycle.WORKFLOWS[workflow][step["from"]]:
            found.append(f"{project}/{workflow}: {step['from']} -> {step['to']} is no legal edge")
        at[project, workflow] = step["to"]
    return found


def _no_attempt_twice(events: list[Any]) -> list[str]:
    """One lease and at most one end for each attempt."""
    leased = Counter((e[4], e[5]) for e in events if e[1] == "job.leased")
    ended = Counter((e[4], e[5]) for e in events if e[1] in ("job.passed", "job.retried") and e[5])
    found = [f"attempt {key} was leased {n} times" for key, n in leased.items() if n > 1]
    return found + [f"attempt {key} ended {n} times" for key, n in ended.items() if n > 1]


def _instances_are_exclusive(jobs: list[Job]) -> list[str]:
    busy = Counter(j.instance for j in jobs if j.state == "running")
    return [f"{name} runs {n} jobs" for name, n in busy.items() if n > 1]


def _tallies_agree(jobs: list[Job], tally: dict[tuple[str, str], int]) -> list[str]:
    counted = Counter((j.queue, j.state) for j in jobs if j.state != "waiting")
    counted.update((f"lane:{j.queue}/{j.lane}", "ready") for j in jobs if j.state == "ready")
    keys = {key for key in tally if not key[0].startswith(("workflow.", "projects"))} | set(counted)
    return [f"tally {k} says {tally.get(k, 0)}, there are {counted[k]}" for k in keys if tally.get(k, 0) != counted[k]]


def _ready_agrees(jobs: list[Job], rows: set[Any]) -> list[str]:
    expected = {(j.queue, j.lane, j.rank, j.id) for j in jobs if j.state == "ready"}
    return [f"ready differs from the jobs: {rows ^ expected}"] if rows != expected else []


def _workflows_agree(jobs: list[Job], states: dict[str, str], flows: list[Any]) -> list[str]:
    """`open`, `held`, `admitted` and the counts per state are what the jobs say."""
    found: list[str] = []
    for project, name, counts, open_, admitted, held in flows:
        mine = [j for j in jobs if (j.project, j.workflow) == (project, name)]
        frontier = [j for j in mine if j.state in lifecycle.JOB_FRONTIER]
        says = (open_, admitted, held, sum(json.loads(counts)))
        is_ = (
            sum(j.state not in lifecycle.JOB_DONE for j in mine),
            sum(j.state != "held" for j in frontier),
            sum(j.state == "held" for j in frontier),
            len(frontier),
        )
        if says != is_ and states[project] != "failed":
            found.append(f"{project}/{name} says open, admitted, held, frontier = {says}; they are {is_}")
        found += [f"job {j.id} waits for nothing" for j in mine if j.state == "waiting" and j.blockers == 0]
    return found
