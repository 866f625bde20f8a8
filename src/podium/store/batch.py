"""The working set of one transaction: rows are read once, changed as values by the laws, and written back together.

Nothing is written before `flush`, so a refused command costs nothing and needs no savepoint.
"""

from collections import defaultdict
from collections.abc import Mapping
from heapq import heappush
from itertools import islice
from math import inf
from typing import Any, Final

import orjson

from podium.domain.errors import NotFound
from podium.domain.event import TYPES
from podium.domain.job import PODIUM_QUEUE, Job
from podium.domain.lifecycle import JOB_DONE, JOB_FRONTIER, JOB_UNADMITTED, next_job_state
from podium.domain.pipeline import Pipeline, Step
from podium.policy.breaker import Breaker
from podium.policy.ordering import rank
from podium.store import cold, writing
from podium.store.cold import listed
from podium.store.hot import Flow, Hot, Numbers, Owner, Waiting
from podium.store.rows import Rows
from podium.store.writing import LANE

HOUR_SECONDS: Final = 3600
SPAN_SECONDS: Final = 300
"""What the last hour is known by; statements about marks have twelve to an hour."""
SPANS_KEPT: Final = 12
"""How many full ones, before the one that runs."""

_KEEPS_ITS_PLACE: Final = frozenset({"retry", "release", "due"})
"""A job that failed through no fault of its own goes on where it stood in the queue, not at its end."""

_UNTRIED: Final = frozenset({"ready", "held", "paused", "delayed"})

_STANDS: Final = {
    state: (state not in JOB_DONE, state in JOB_FRONTIER - JOB_UNADMITTED, state == "held")
    for state in JOB_FRONTIER | JOB_DONE | {"waiting"}
}
"""Of a job in each state: whether it is open, whether it takes one of its project's places, and whether it is held."""


class Batch:
    """Reads through `rows`, remembers, and writes everything back in `flush`."""

    def __init__(
        self, rows: Rows, hot: Hot, pipelines: Mapping[str, Pipeline], numbers: Numbers, now: float, wall: float
    ) -> None:
        self.rows = rows
        self.hot = hot
        self.pipelines = pipelines
        self.numbers = numbers
        self.now = now
        self.wall = wall
        self.input: dict[str, Waiting | None] = {}
        """Rows of the input queue that this batch changed; None for a project that waits no more."""
        self.jobs: dict[int, Job] = {}
        self.flows: dict[Flow, None] = {}
        """The runs that were asked for, or have begun."""
        self._latest_flow: Flow | None = None
        """The one asked for last: laws ask for the same one several times in a row."""
        self.used_owners: dict[str, Owner] = {}
        self.free: set[str] = set()
        """Ids that no project had before this batch."""
        self.tally: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.hourly: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0.0])
        self.waits: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.events: list[tuple[Any, ...]] = []
        self.writes: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self.held: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        """Ids of jobs held back in this batch, as heaps."""
        self.unheld: defaultdict[tuple[str, str], int] = defaultdict(int)
        """How many left `held` in this batch, which the database does not know yet."""
        self._new: dict[int, None] = {}
        self._dirty: set[int] = set()
        self.decided: dict[int, str] = {}
        """Reviews decided in this batch, with their new state."""
        self.touched: dict[Flow, None] = {}
        """Runs whose state is to be derived before the commit, in order."""
        self.reacted = 0
        """Events up to here have been shown to the rules."""
        self._made: dict[tuple[str, str, str, str], int] = {}
        """New jobs by their place in the pipeline, as far as anybody asked."""
        self._ready_added: defaultdict[tuple[str, str], dict[int, Job]] = defaultdict(dict)
        """Jobs that became ready in this batch and are so still, by (queue, lane)."""
        self._ready_removed: defaultdict[tuple[str, str], dict[int, Job]] = defaultdict(dict)
        """Jobs that were ready before this batch, as they were."""
        self._moved: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        """How many jobs of a queue went from one state to another; not yet in `tally`."""

    # --- reading -----------------------------------------------------------------------------------------------------

    def job(self, job_id: int) -> Job | None:
        """The job as this batch has it so far."""
        job = self.jobs.get(job_id) or self.hot.jobs.get(job_id)
        if job is None and (row := self.rows.one("job_by_id", (job_id,))) is not None:
            job = Job._make(row)
        if job is not None:
            self.jobs[job_id] = job
        return job

    def need(self, job_id: int) -> Job:
        """A job that is known to exist."""
        job = self.jobs.get(job_id) or self.job(job_id)
        assert job is not None, f"job {job_id} is referred to but not there"
        return job

    def owner(self, project: str) -> Owner:
        """The project's part that the laws need."""
        owner = self.used_owners.get(project)
        if owner is None:
            if project not in self.hot.owners:
                cold.read_owners(self, [project])
            if (owner := self.hot.owners.get(project)) is None:
                raise NotFound(f"There is no project {project!r}. `podium projects` lists them.")
            self.used_owners[project] = owner
        return owner

    def expect(self, projects: list[str]) -> None:
        """Ask of many new projects' ids at once whether they are taken."""
        if len(projects) > 1:
            taken = self.rows.all("projects_taken", (listed(projects),))
            self.free = {*projects}.difference(*taken)

    def found(self, statement: str, number: int | str, what: str, hint: str) -> Any:
        """The row that has this number or name; raises `NotFound`, and the hint says where there are others."""
        row = self.rows.one(statement, (number,))
        if row is None:
            raise NotFound(f"There is no {what} {number}. {hint}")
        return row

    def add_owner(self, owner: Owner) -> None:
        """A project that this batch makes."""
        self.hot.owners[owner.id] = self.used_owners[owner.id] = owner

    def flow(self, project: str, name: str) -> Flow | None:
        """The project's run of that workflow, if it has started."""
        flow = self.owner(project).flows.get(name)
        if flow is not None:
            self.flows[flow] = None
        return flow

    def flow_of(self, job: Job) -> Flow:
        """The run that this job is a part of."""
        flow = self._latest_flow
        if flow is None or flow.name != job.workflow or flow.owner.id != job.project:
            flow = self._latest_flow = self.owner(job.project).flows[job.workflow]
            self.flows[flow] = None
        return flow

    def step_of(self, job: Job) -> Step:
        """The step this job is one of."""
        return self.flow_of(job).workflow.by_id[job.step]

    def find_job(self, project: str, workflow: str, step: str, item: str) -> int | None:
        """The id of a project's job by its place in the pipeline; None where there is none."""
        key = (project, workflow, step, item)
        for new in islice(self._new, len(self._made), None):
            job = self.jobs[new]
            self._made[job.project, job.workflow, job.step, job.item] = new
        made = self._made.get(key)
        if made is None and (row := self.rows.one("job_by_step", key)) is not None:
            made = row[0]
        return made

    def is_busy(self, instance: str) -> bool:
        """Whether the instance holds a lease, as this batch has it so far."""
        job_id = self.hot.busy.get(instance)
        job = self.need(job_id) if job_id is not None else None
        return job is not None and job.state == "running" and job.instance == instance

    def open_jobs(self, project: str) -> list[Job]:
        """The project's jobs that are not done, as this batch has them so far, in the order they were made."""
        stored = {job_id for (job_id,) in self.rows.all("jobs_open_of_project", (project,))}
        here = {job.id for job in self.jobs.values() if job.project == project}
        jobs = (self.need(job_id) for job_id in sorted(stored | here))
        return [job for job in jobs if job.state not in JOB_DONE]

    def followers(self, job_id: int) -> list[Job]:
        """The jobs that wait for this one, or waited."""
        if job_id not in self.hot.followers:
            cold.read_followers(self, [job_id])
        return [self.need(follower) for follower in self.hot.followers[job_id]]

    def ready_heads(self, queue: str, lane: str, wanted: int) -> list[tuple[float, int]]:
        """The first `wanted` of a lane as (rank, job), as this batch has them so far."""
        place, floors = (queue, lane), self.hot.floors
        gone = self._ready_removed[place]
        stored = self.rows.all("ready_heads", (queue, lane, floors.get(place, -inf), wanted + len(gone)))
        floors[place] = stored[0][0] if stored else inf
        heads = [head for head in stored if head[1] not in gone]
        heads += [(job.rank, job.id) for job in self._ready_added[place].values()]
        heads.sort()
        return heads[:wanted]

    @property
    def lanes_entered(self) -> set[tuple[str, str]]:
        """The (queue, lane) of every job that became ready in this batch."""
        return {place for place, jobs in self._ready_added.items() if jobs}

    def artifacts(self, project: str, kind: str) -> dict[str, tuple[int, str]]:
        """The project's artifacts of a kind: key -> (position, data as JSON), with those of this batch."""
        if kind not in self.owner(project).made:
            return {}
        found = {key: (position, data) for key, position, data in self.rows.all("artifacts_of_kind", (project, kind))}
        for row in self.writes["artifact_put"]:
            if row[0] == project and row[1] == kind:
                found[row[2]] = (row[5], row[7])
        return found

    # --- changing ----------------------------------------------------------------------------------------------------

    def add_job(self, job: Job) -> None:
        """A new job, which waits: it counts nowhere until it is unblocked."""
        assert job.state == "waiting"
        self.jobs[job.id] = job
        self._new[job.id] = None
        self.hot.followers[job.id] = []

    def depend(self, job_id: int, blocker: int) -> None:
        """The new job waits, or would have waited, for `blocker`."""
        self.writes["dependency_insert"].append((blocker, job_id))
        if blocker in self.hot.followers:
            self.hot.followers[blocker].append(job_id)

    def move(self, job: Job, happening: str, changes: dict[str, Any] | None = None) -> Job:
        """Take a job along one legal edge, keeping the ready table, the counters and its workflow's counts right."""
        before = job.state
        state = next_job_state(before, happening)
        changes = {"state": state} if changes is None else changes | {"state": state}
        if state == "ready":
            changes["ready_at"] = self.now
            if happening not in _KEEPS_ITS_PLACE:
                changes["rank"] = rank(self.now, job.priority)
        after = job.but(changes)
        flow = self.flow_of(job)
        self._count(flow, job, after)
        self.put(after)
        if before == "ready":
            self._leave_ready(job)
        elif before == "held":
            self.unheld[job.project, job.workflow] += 1
        if state == "held":
            heappush(self.held[job.project, job.workflow], job.id)
        elif state == "ready":
            self._ready_added[after.queue, after.lane][after.id] = after
            if flow.owner.paused:
                return self.move(after, "pause")
            if self.hot.breakers and job.queue != PODIUM_QUEUE:
                until = self._held_until(flow.owner)
                return self.move(after, "delay", {"ready_at": until}) if until > self.now else after
        return after

    def _held_until(self, owner: Owner) -> float:
        """When a job of the project may be given out; a half-open breaker lets it through, and no other one for now."""
        found = [breaker for name in owner.breakers if (breaker := self.hot.breakers.get(name)) is not None]
        until = max((breaker.until for breaker in found), default=0.0)
        for breaker in found if until <= self.now else ():
            if breaker.tripped:
                self.put_breaker(breaker.probed(self.now))
        return until

    def put_breaker(self, breaker: Breaker) -> None:
        """Store a circuit breaker; one that is whole again is forgotten."""
        if not breaker.tripped and breaker.until <= self.now:
            breaker = breaker._replace(until=0.0)
        self.hot.breakers[breaker.name] = breaker
        until_wall = self.wall + max(0.0, breaker.until - self.now)
        self.writes["breaker_put"].append((*breaker, self.wall, until_wall))
        if breaker == Breaker(breaker.name, reason=breaker.reason):
            del self.hot.breakers[breaker.name]

    def _leave_ready(self, job: Job) -> None:
        """The job is ready no more, or not at this place of its queue."""
        place = job.queue, job.lane
        if self._ready_added[place].pop(job.id, None) is None:
            self._ready_removed[place][job.id] = job

    def reorder(self, job: Job, **changes: Any) -> Job:
        """Change a job's lane or priority where it stands; a ready one moves to its new place in the queue."""
        after = job._replace(**changes)
        if job.state == "delayed":  # it will come back to this place
            after = after._replace(rank=job.rank + rank(0.0, after.priority) - rank(0.0, job.priority))
        elif job.state == "ready":
            after = after._replace(rank=rank(job.ready_at, after.priority))
            self._leave_ready(job)
            self._ready_added[after.queue, after.lane][job.id] = after
        self.put(after)
        return after

    def touch(self, job: Job) -> None:
        """The job's workflow may be in another state now."""
        self.touched[self.flow_of(job)] = None

    def put(self, job: Job) -> None:
        """Store a job whose state does not change."""
        self.jobs[job.id] = job
        if job.id not in self._new:
            self._dirty.add(job.id)

    def _count(self, flow: Flow, before: Job, after: Job) -> None:
        """Keep the queue's tally and the run's numbers: open jobs, places taken, held jobs, open chains per state.

        A chain stands where its first job does that is not done: in the state it waits for, or in the one it works in.
        """
        left, entered = before.state, after.state
        self._moved[after.queue, left, entered] += 1
        stood, stands = _STANDS[left], _STANDS[entered]
        if stood != stands:
            flow.open += stands[0] - stood[0]
            flow.admitted += stands[1] - stood[1]
            flow.held += stands[2] - stood[2]
        places = flow.workflow.places[after.step]
        if left in JOB_FRONTIER:
            flow.counts[places[before.attempt != 0 or left not in _UNTRIED]] -= 1
        if entered in JOB_FRONTIER:
            flow.counts[places[after.attempt != 0 or entered not in _UNTRIED]] += 1

    def count(self, subject: str, state: str) -> int:
        """How much this batch has added to a counter so far; `waiting` jobs count nowhere."""
        for (queue, left, entered), n in self._moved.items():
            if left != "waiting":
                self.tally[queue, left] -= n
            if entered != "waiting":
                self.tally[queue, entered] += n
        self._moved.clear()
        return self.tally.get((subject, state), 0)

    def emit(self, type_: str, project_: str, workflow_: str = "", /, **data: Any) -> None:
        """Append an event of a project or one of its workflows."""
        self.append(type_, project_, workflow_, 0, 0, "", data)

    def tell(self, type_: str, job_: Job, /, **data: Any) -> None:
        """Append an event of a job, at its present attempt."""
        self.append(type_, job_.project, job_.workflow, job_.id, job_.attempt, job_.instance, data)

    def append(
        self, type_: str, project: str, workflow: str, job: int, attempt: int, instance: str, data: dict[str, Any]
    ) -> None:
        """The next line of the log: gapless, and in commit order."""
        assert type_ in TYPES, type_
        seq = self.numbers.seq
        self.numbers.seq = seq + 1
        told = orjson.dumps(data).decode()
        self.events.append((seq, self.wall, type_, project, workflow, job, attempt, instance, told))

    def measure(self, metric: str, value: float = 0.0) -> None:
        """Add one observation to this hour's sum."""
        cell = self.hourly[metric]
        cell[0] += 1
        cell[1] += value

    # --- writing -----------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write everything that changed, and remember it; the caller commits."""
        hour = int(self.wall // HOUR_SECONDS)
        put, jobs = self.writes, self.jobs
        put["job_insert"] += [jobs[i] for i in self._new]
        changed = [jobs[i] for i in sorted(self._dirty)]
        changed.sort(key=lambda job: job.state == "running")  # an instance is left before it is given out again
        put["job_update"] += changed
        for statement, lanes, n in (("ready_delete", self._ready_removed, -1), ("ready_insert", self._ready_added, 1)):
            for (queue, lane), ready in lanes.items():
                put[statement] += [(queue, lane, job.rank, job.id) for job in ready.values()]
                self.tally[f"{LANE}{queue}/{lane}", "ready"] += n * len(ready)
        for place, ready in self._ready_added.items():
            lowest = min([job.rank for job in ready.values()], default=inf)
            self.hot.floors[place] = min(lowest, self.hot.floors.get(place, -inf))
        for flow in self.flows:
            statement = "workflow_update" if flow.written else "workflow_insert"
            if flow.changes():
                put[statement].append(flow.row())
        put["project_end"] += [o.row(self.now) for o in self.used_owners.values() if o.changed]
        put["input_put"] += filter(None, self.input.values())
        put["input_delete"] += [(project,) for project, row in self.input.items() if row is None]
        self.count("", "")
        writing.count_queues(self.tally, self.hourly, put)
        put["event_insert"] += self.events
        put["tally_add"] += [(*key, n) for key, n in self.tally.items() if n]
        if (span := int(self.wall // SPAN_SECONDS)) != self.hot.span:
            self.hot.span = span
            put["mark_add"], put["mark_prune"] = [(span,)], [(span - SPANS_KEPT,)]
        put["hourly_add"] += [(metric, hour, int(n), total) for metric, (n, total) in self.hourly.items()]
        put["wait_add"] += [(queue, hour, bucket, n) for (queue, bucket), n in self.waits.items()]
        writing.write(self.rows, put)
        self.hot.keep(jobs, [*self._new, *self._dirty], self.used_owners.values())
