"""Answers about queues, and about projects that wait in one or are released anew; see `samples`."""

from podium.operations.projects import WorkflowView
from podium.operations.queues import QueueRow, QueuesOutput
from podium.operations.releases import ReleaseOutput
from podium.operations.status import BacklogOutput, BacklogQueue, PausedProject
from podium.operations.waiting import InputRow
from tests.unit.faces.samples import NOW, Answer, complete_project, plain, project


def backlog(*, empty: bool = False) -> Answer:
    if empty:
        return plain(
            BacklogOutput(
                ready=[], held=0, delayed=0, next_due_seconds=None, in_review=0, dead=0, projects_waiting=0, input=[],
                paused=[], jobs_paused=0,
            )
        )  # fmt: skip
    rows = [
        BacklogQueue(queue="development", lane="review", jobs=2, oldest_seconds=12.0),
        BacklogQueue(queue="development", lane="features", jobs=4, oldest_seconds=192.4),
        BacklogQueue(queue="content", lane="@content-02", jobs=1, oldest_seconds=0.2),
    ]
    waiting = [place(1, "shop"), place(None, "blog")]
    answer = BacklogOutput(
        ready=rows, held=31, delayed=1, next_due_seconds=5400.0, in_review=2, dead=1, projects_waiting=3, input=waiting,
        paused=[PausedProject(project="blog", paused_seconds=7_300.0, because="operator: wait for legal")],
        jobs_paused=2,
    )  # fmt: skip
    return plain(answer)


def place(number: int | None = 3, project: str = "hello-world") -> InputRow:
    """A project in the input queue."""
    return InputRow(
        project=project,
        queue="genesis",
        place=number,
        waited_seconds=740.0,
        reason="20 jobs are ready in genesis, of 20 that may be (queue_soft); 2 projects came before; priority 75",
        next=f"it begins when genesis has room; `podium priority-boost {project}` brings it forward.",
    )


def waiting_project() -> Answer:
    return project(jobs={}, attempts={}, workflows={}, waiting=place(), priority=75)


def released_project() -> Answer:
    """A complete project that tells of a new version."""
    told = complete_project()
    view = WorkflowView(
        state="CREATING",
        chains={"CREATING": 3},
        started_at=NOW - 5,
        completed_at=None,
        version="v1.1",
        reason="dark mode",
    )
    return told | {"state": "open", "ended_at": None, "workflows": told["workflows"] | {"content@2": plain(view)}}


def released(*, created: bool = True) -> Answer:
    return plain(ReleaseOutput(project="hello-world", version="v1.1", run="content@2", created=created))


def queues() -> Answer:
    figures: Answer = {"running": 0, "held": 0, "oldest_seconds": None, "wait_p50_seconds": None}
    figures |= {"wait_p95_seconds": None, "in_per_hour": 0.0, "out_per_hour": 0.0}
    busy = figures | {"running": 5, "oldest_seconds": 192.4, "wait_p50_seconds": 0.004, "in_per_hour": 31.5}
    kinds: list[tuple[str, str, int, Answer]] = [
        ("input", "projects", 2, figures | {"oldest_seconds": 740.0}),
        ("genesis", "jobs", 20, busy),
        ("development", "jobs", 7, busy),
        ("content", "jobs", 0, figures),
        ("review", "reviews", 1, figures),
        ("output", "jobs", 0, figures | {"drained": True}),
    ]
    rows = [QueueRow.model_validate({"queue": q, "holds": h, "depth": n, **more}) for q, h, n, more in kinds]
    return plain(QueuesOutput(queues=rows))
