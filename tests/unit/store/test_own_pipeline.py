"""A user's own pipeline: own workflows with own states, changed without touching code, kept by running projects."""

import pytest

from podium.domain import pipeline_file
from podium.domain.command import Dispatch, Submit
from podium.domain.errors import InvalidPipeline
from podium.domain.instance import Slot
from podium.domain.project import Project
from tests.unit.store.desk import Desk

OWN = """
name = "audited"
start = "audit"

[[rules]]
on = "audit.SIGNED"
enqueue = "release"

[workflows.audit]
states = ["NEW", "LOOKING", "SIGNED"]
roles = ["auditor"]
instances = { audit-01 = "auditor" }

[[workflows.audit.steps]]
id = "look"
state = "LOOKING"
waiting = "NEW"
role = "auditor"

[workflows.release]
states = ["ASKED", "OUT"]
roles = ["clerk"]
instances = { release-01 = "clerk" }

[[workflows.release.steps]]
id = "stamp"
state = "ASKED"
role = "clerk"
after = ["audit.look"]
"""


def submit(desk: Desk, name: str, text: str) -> None:
    pipeline = pipeline_file.parse(text)
    project = Project(name, name, "", None, None, 50, 50, None, "test", 0.0, pipeline.digest, "python")
    desk.do(Submit(project, "", text))


def walked(desk: Desk, project: str) -> list[tuple[str, str]]:
    """(workflow, state) in the order in which a project reached them."""
    rows = desk.store.rows.all("events_after", (0, 1000))
    found = [(row[4], row[8]) for row in rows if row[2] == "workflow.state" and row[3] == project]
    return [(workflow, data.rpartition('"to":"')[2].rstrip('"}')) for workflow, data in found]


@pytest.mark.requirement("PIP-7")
def test_own_workflows_run_through_their_own_states() -> None:
    desk = Desk()
    submit(desk, "p", OWN)
    for slot in (Slot("audit-01", "audit", "auditor"), Slot("release-01", "release", "clerk")):
        (lease,) = desk.do(Dispatch((slot,)))
        desk.finish(lease)
    assert desk.state() == "complete"
    assert walked(desk, "p") == [
        ("audit", "NEW"),
        ("audit", "LOOKING"),
        ("audit", "SIGNED"),
        ("release", "ASKED"),
        ("release", "OUT"),
    ]


@pytest.mark.requirement("PIP-7")
def test_a_running_project_keeps_the_pipeline_it_started_with() -> None:
    desk = Desk()
    submit(desk, "old", OWN)
    submit(desk, "new", OWN.replace('id = "look"', 'id = "inspect"').replace("audit.look", "audit.inspect"))
    leases = desk.do(Dispatch((Slot("audit-01", "audit", "auditor"), Slot("audit-02", "audit", "auditor"))))
    assert {(lease.job.project, lease.step.id) for lease in leases} == {("old", "look"), ("new", "inspect")}


@pytest.mark.requirement("PIP-7")
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('states = ["ASKED", "OUT"]', 'states = ["ASKED"]', "line 21: workflow 'release' needs states"),
        ('states = ["ASKED", "OUT"]', 'states = ["asked", "OUT"]', "line 21: state 'asked' must be upper-case"),
        ('on = "audit.SIGNED"', 'on = "audit.NEW"', "line 6: on = 'audit.NEW': a workflow begins in that state"),
        ('enqueue = "release"', 'enqueue = "audit"', "release may begin before audit does"),
        ('role = "clerk"\n', 'role = "clerk"\nrework = "sign"\n', "must be a step of the same chain"),
        ("[workflows.release]", "[workflows.genesis]", "the states of genesis are fixed"),
    ],
)
def test_a_pipeline_that_cannot_work_is_refused_with_its_line(old: str, new: str, said: str) -> None:
    assert old in OWN
    with pytest.raises(InvalidPipeline) as refused:
        pipeline_file.parse(OWN.replace(old, new, 1), "mine.toml")
    assert said in str(refused.value)
