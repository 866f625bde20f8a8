"""Answers as the operations give them, built from their own output models so that they cannot drift from them."""

from datetime import UTC, datetime
from io import BytesIO, StringIO, TextIOWrapper
from typing import Any, Final

from rich.console import Console

from podium.operations import projects as views
from podium.operations.doctor import AgentCheck, Check, DoctorOutput
from podium.operations.events import EventRow, EventsOutput
from podium.operations.instances import InstanceRow
from podium.operations.intake import SubmitOutput
from podium.operations.jobs import AttemptRow, JobRow, JobsOutput, WhyOutput
from podium.operations.operation import Output
from podium.operations.plan import PlanFeature, PlanOutput
from podium.operations.projects import Spend
from podium.operations.reviews import DecideOutput, ReviewListOutput, ReviewRow
from podium.operations.status import StatusOutput, SystemStatus, WorkflowStatus
from podium.operations.steering import ActionOutput

NOW: Final = 1_794_900_000.0
"""When every sample is looked at."""
BEGUN: Final = NOW - 72.0
REPOSITORY: Final = "/srv/podium/projects/hello-world/repository"
ITEMS: Final = ("001-greet-by-name", "002-count-the-guests", "003-say-goodbye", "004-list-the-guests")

Answer = dict[str, Any]


def console(
    columns: int = 80, lines: int = 24, *, terminal: bool = False, colour: bool = False, ascii_only: bool = False
) -> Console:
    """A console that writes into memory and stands still in time."""
    return Console(
        file=TextIOWrapper(BytesIO(), "ascii", errors="replace") if ascii_only else StringIO(),
        width=columns,
        height=lines,
        force_terminal=terminal,
        color_system="256" if colour else None,
        no_color=not colour,
        highlight=False,
        get_datetime=lambda: datetime.fromtimestamp(NOW, UTC),
        _environ={"TERM": "xterm-256color"},
    )


def printed(on: Console) -> str:
    """What has been written to it."""
    if isinstance(on.file, TextIOWrapper):
        on.file.seek(0)
        return on.file.read()
    assert isinstance(on.file, StringIO)
    return on.file.getvalue()


def plain(output: Output) -> Answer:
    """The answer as a face gets it."""
    return output.model_dump(mode="json")


def event(type_: str, *, job: int = 0, instance: str = "", attempt: int = 0, workflow: str = "", **data: Any) -> Answer:
    """A row of the log."""
    row = EventRow(
        seq=1,
        at=NOW - 5,
        type=type_,
        project="hello-world",
        workflow=workflow,
        job=job,
        attempt=attempt or (1 if job else 0),
        instance=instance,
        data=data,
    )
    return plain(row)


def job(id_: int, workflow: str, step: str, item: str = "", state: str = "passed", **more: Any) -> JobRow:
    """A row of `jobs`."""
    tried = state not in ("waiting", "held")
    given: Answer = {
        "role": "features",
        "attempt": int(tried),
        "failures": 0,
        "reworks": 0,
        "instance": "dev-02" if tried else "",
        "blockers": 0 if tried else 1,
        "ready_at": NOW - 40,
        "leased_at": NOW - 30 if tried else None,
        "ended_at": NOW - 20 if state == "passed" else None,
        "reason": "",
    }
    return JobRow.model_validate(
        {"id": id_, "workflow": workflow, "step": step, "item": item, "state": state} | given | more
    )


def job_rows() -> list[JobRow]:
    """A project in the middle of Development."""
    rows = [
        job(1, "genesis", "analyze"),
        job(2, "genesis", "scaffold"),
        job(3, "genesis", "issues"),
        job(4, "genesis", "found"),
    ]
    states = {
        ITEMS[0]: ("passed", "passed", "passed", "passed"),
        ITEMS[1]: ("passed", "passed", "running", "waiting"),
        ITEMS[2]: ("passed", "running", "waiting", "waiting"),
        ITEMS[3]: ("running", "waiting", "waiting", "waiting"),
    }
    id_ = 5
    for item, four in states.items():
        for step, state in zip(("tests", "implement", "review", "merge"), four, strict=True):
            rows.append(job(id_, "development", step, item, state))
            id_ += 1
    return [
        *rows,
        *(job(id_ + i, "development", step, "", "waiting") for i, step in enumerate(("performance", "ci", "deploy"))),
    ]


def jobs() -> Answer:
    return plain(JobsOutput(project="hello-world", jobs=job_rows()))


def project(state: str = "open", **more: Any) -> Answer:
    """The project of these jobs."""
    counts: dict[str, int] = {}
    for row in job_rows():
        counts[row.state] = counts.get(row.state, 0) + 1
    given: Answer = {
        "id": "hello-world",
        "title": "Hello, World",
        "type": "cli",
        "complexity": "small",
        "state": state,
        "source": "document:hello-world.md",
        "agent": "rehearsal",
        "created_at": BEGUN,
        "ended_at": None,
        "repository": REPOSITORY,
        "workflows": {
            "genesis": views.WorkflowView(state="GENESIS_COMPLETE", chains={}, started_at=BEGUN, completed_at=NOW - 60),
            "development": views.WorkflowView(
                state="TESTING",
                chains={"TESTING": 1, "CODING": 1, "REVIEWING": 1},
                started_at=NOW - 60,
                completed_at=None,
            ),
        },
        "outputs": [],
        "jobs": counts,
        "attempts": {"pass": counts["passed"], "rework": 1, "retry": 1},
        "reviews": [],
        "priority": 75,
        "weight": 1,
        "spend": {"input_tokens": 0, "output_tokens": 0, "cost_usd": 0.0, "budget_usd": None},
    }
    return plain(views.ProjectOutput.model_validate(given | more))


def output_rows() -> list[views.OutputRow]:
    return [
        views.OutputRow(
            kind="application", title="Hello, World", path=f"{REPOSITORY}/public", url="http://hello.localhost:8321/"
        ),
        views.OutputRow(kind="documentation", title="Guide", path=f"{REPOSITORY}/docs/guide.md"),
        views.OutputRow(kind="documentation", title="Reference", path=f"{REPOSITORY}/docs/reference.md"),
        views.OutputRow(kind="marketing", title="Landing page", path=f"{REPOSITORY}/marketing/landing.md"),
    ]


def complete_project() -> Answer:
    states = {"genesis": "GENESIS_COMPLETE", "development": "DEV_COMPLETE", "content": "CONTENT_COMPLETE"}
    return project(
        "complete",
        ended_at=NOW,
        jobs={"passed": 30, "cancelled": 1},
        outputs=output_rows(),
        workflows={
            name: views.WorkflowView(state=state, chains={}, started_at=BEGUN, completed_at=NOW)
            for name, state in states.items()
        },
    )


def outputs(*rows: views.OutputRow) -> Answer:
    return plain(views.OutputsOutput(project="hello-world", outputs=list(rows)))


def workflow(queued: int = 0, active: int = 0, today: int = 0, **more: Any) -> WorkflowStatus:
    given: Answer = {
        "queued": queued,
        "active": active,
        "completed_today": today,
        "jobs_ready": 0,
        "jobs_running": 0,
        "jobs_held": 0,
        "oldest_seconds": None,
        "wait_p50_seconds": None,
        "wait_p95_seconds": None,
        "started_per_hour": 0,
    }
    return WorkflowStatus.model_validate(given | more)


def status(
    *,
    notices: int = 0,
    busy: bool = True,
    orchestrator: str = "running",
    reviews: int = 0,
    dead: int = 0,
    stuck: int = 0,
) -> Answer:
    """A home at work, or one that has never seen any."""
    system: Answer = {
        "orchestrator": orchestrator,
        "throughput_per_hour": 0.0,
        "average_pipeline_seconds": None,
        "success_rate": None,
        "projects_open": 0,
        "projects_waiting": 0,
        "projects_paused": 0,
        "projects_complete": 0,
        "projects_failed": 0,
        "reviews_open": reviews,
        "dead_letters": dead,
        "stuck": stuck,
        "notices_open": notices,
        "notices_needing_you": min(notices, 1),
        "instances_busy": 0,
        "instances_total": 13,
        "instances_drained": 0,
    }
    flows = {"genesis": workflow(), "development": workflow(), "content": workflow()}
    if busy:
        waits = {"oldest_seconds": 192.4, "wait_p50_seconds": 0.004, "wait_p95_seconds": 95.2}
        flows["genesis"] = workflow(1, 1, 14, wait_p50_seconds=0.001, wait_p95_seconds=0.012)
        flows["development"] = workflow(0, 3, 12, jobs_ready=7, jobs_running=5, jobs_held=31, **waits)
        system |= {"throughput_per_hour": 3.5, "average_pipeline_seconds": 754.2, "success_rate": 0.9642}
        system |= {
            "projects_open": 4,
            "projects_waiting": 2,
            "projects_paused": 1,
            "projects_complete": 27,
            "projects_failed": 1,
            "instances_busy": 6,
        }
    return plain(StatusOutput(workflows=flows, system=SystemStatus.model_validate(system)))


def projects(*, empty: bool = False) -> Answer:
    done = {"genesis": "GENESIS_COMPLETE", "development": "DEV_COMPLETE", "content": "CONTENT_COMPLETE"}
    rows = [
        views.ProjectRow(
            id="hello-world", title="Hello, World", type="cli", complexity="small", state="open", priority=50,
            agent="rehearsal", created_at=BEGUN, ended_at=None,
            workflows=done | {"development": "DEPLOYING", "content": "CREATING"}, waiting=False,
        ),
        views.ProjectRow(
            id="library-catalogue-api", title="Library Catalogue API", type=None, complexity=None, state="complete",
            priority=80, agent="rehearsal", created_at=BEGUN - 4000, ended_at=BEGUN - 200, workflows=done,
            waiting=False,
        ),
        views.ProjectRow(
            id="ledger", title="Ledger [red]for[/red] all", type="web", complexity=None, state="failed", waiting=False,
            priority=50, agent="claude", created_at=BEGUN - 9e4, ended_at=BEGUN - 8e4, workflows={"genesis": "PLANNED"},
        ),
        views.ProjectRow(
            id="shop", title="Shop", type=None, complexity=None, state="open", priority=20, agent="rehearsal",
            created_at=BEGUN - 100_000, ended_at=None, workflows={}, waiting=True,
        ),
        views.ProjectRow(
            id="blog", title="Blog", type="web", complexity=None, state="open", priority=9, agent="none", waiting=False,
            created_at=BEGUN, ended_at=None, workflows={"genesis": "PLANNED"}, paused="operator: wait for legal",
        ),
    ]  # fmt: skip
    return plain(views.ProjectsOutput(projects=[] if empty else rows))


def instance_rows() -> list[InstanceRow]:
    busy: list[tuple[str, str, int, str, float]] = [
        ("dev-01", "tests", 17, f"tests {ITEMS[3]}", 3.2),
        ("dev-02", "features", 14, f"implement {ITEMS[2]} (attempt 2)", 71.9),
        ("dev-03", "review", 11, f"review {ITEMS[1]}", 12.0),
    ]
    rows = [InstanceRow(name="genesis-01", workflow="genesis", role="analysis", state="idle")]
    for name, role, number, work, seconds in busy:
        rows.append(
            InstanceRow(
                name=name, workflow="development", role=role, state="busy", job=number, project="hello-world",
                work=work, busy_seconds=seconds, silent_seconds=1_320.0 if name == "dev-03" else None,
            )
        )  # fmt: skip
    return [*rows, InstanceRow(name="content-01", workflow="content", role="documentation", state="idle")]


def why(*, tried: bool = True) -> Answer:
    attempt = AttemptRow(
        number=1,
        instance="dev-02",
        routed="specialized: features is its role",
        leased_at=NOW - 300,
        ended_at=NOW - 262.5,
        ending="crashed",
        verdict="retry",
        reason="crashed: killed by SIGKILL",
        summary="",
        commit=None,
    )
    answer = WhyOutput(
        job=14,
        project="hello-world",
        workflow="development",
        step="implement",
        item=ITEMS[2],
        state="in_review",
        since=NOW - 740,
        because="it waits for a reviewer (exhausted): 3 attempts failed; the last: crashed: killed by SIGKILL",
        next="`podium review approve|reject|send-back 3`",
        spend=Spend(input_tokens=1_200, output_tokens=34, cost_usd=0.5) if tried else Spend(),
        attempts=[attempt] if tried else [],
    )
    return plain(answer)


def review(state: str = "open", **more: Any) -> ReviewRow:
    given: Answer = {
        "id": 3, "project": "hello-world", "job": 14, "workflow": "development", "step": "implement", "item": ITEMS[2],
        "kind": "exhausted", "state": state, "reason": "3 attempts failed; the last: crashed: killed by SIGKILL",
        "opened_at": NOW - 740, "decided_by": None, "notes": None,
    }  # fmt: skip
    return ReviewRow.model_validate(given | more)


def reviews(*rows: ReviewRow) -> Answer:
    return plain(ReviewListOutput(reviews=list(rows)))


def decided(verdict: str) -> Answer:
    return plain(DecideOutput(review=3, project="hello-world", verdict=verdict))


def submitted(*, created: bool = True, **more: Any) -> Answer:
    return plain(SubmitOutput(project="hello-world", title="Hello, World", created=created, **more))


def events(*rows: Answer, last: int = 1, horizon: int = 1) -> Answer:
    made = [EventRow.model_validate(row) for row in rows]
    return plain(EventsOutput(events=made, last=last, horizon=horizon, reset=horizon > 1))


def doctor(*, healthy: bool = True) -> Answer:
    checks = [
        Check(name="Python", state="ok", detail="3.11.7"),
        Check(
            name="Sandbox", state="warning", detail="agents are NOT sandboxed", to_do="Give it a machine of its own."
        ),
    ]
    if not healthy:
        checks.append(
            Check(name="git", state="problem", detail="2.30.1 is too old", to_do="Install git 2.38 or newer.")
        )
    agents = {
        "rehearsal": AgentCheck(usable=True, version="0.1.0", reason="built in"),
        "command": AgentCheck(usable=None, version=None, reason="configured: mine"),
        "acp": AgentCheck(usable=False, version=None, reason="none is configured"),
    }
    return plain(DoctorOutput(healthy=healthy, checks=checks, agents=agents))


def result(**more: Any) -> Answer:
    """The documented result of `podium run` (faces/cli/run.py)."""
    given: Answer = {
        "project": {"id": "hello-world", "title": "Hello, World"},
        "workflows": {"genesis": "GENESIS_COMPLETE", "development": "DEV_COMPLETE", "content": "CONTENT_COMPLETE"},
        "repository": REPOSITORY,
        "outputs": [{k: v for k, v in plain(row).items() if v is not None} for row in output_rows()],
        "jobs": {"passed": 30, "failed": 1, "reworked": 2},
        "elapsed_seconds": 72.0,
    }
    return given | more


def plan() -> Answer:
    features = [
        PlanFeature(key=key, title=key[4:], depends_on=list(ITEMS[:number])) for number, key in enumerate(ITEMS[:2])
    ]
    return plain(
        PlanOutput(
            project="hello-world", title="Hello, World", type="cli", complexity="small", summary="A small program.",
            features=features, jobs=14, agent_seconds=200.0, wall_seconds=None, cost_usd=None, review=3,
        )
    )  # fmt: skip


def acted(action: str) -> Answer:
    return plain(ActionOutput(project="hello-world", action=action, jobs=2, attempts_ended=1))
