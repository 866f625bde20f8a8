"""Rules act in the transaction of what they are on, each once, and cost nothing where there is none."""

import json
from typing import Any

import pytest

from podium.domain import pipeline_file
from podium.domain.command import Decide, Steer, Submit, Verdict
from podium.domain.project import Project
from podium.store.batch import HOUR_SECONDS
from tests.databases import writer
from tests.simulation.run import default_pipeline
from tests.unit.store.desk import Desk

EXTRA = """
[[rules]]
on = "development.CODING"
notify = "{title} ({project}): {workflow} is {state}"

[[rules]]
on = "development.CODING"
webhook = "ci"

[[rules]]
on = "event:job.escalated"
notify = "job {job} of {project} waits: {reason}"
needs_you = true

[[rules]]
on = "event:review.opened"
notify = "review {review}"
needs_you = true

[[rules]]
on = "event:project.created"
message = { to = "all", text = "{title} begins ({event})" }

[[rules]]
on = "event:project.completed"
webhook = "ci"
"""


class Ruled(Desk):
    """A desk whose pipeline has rules of its own."""

    def __init__(self, extra: str = EXTRA) -> None:
        super().__init__()
        self.text += extra
        self.pipeline = pipeline_file.parse(self.text)

    def events(self, type_: str) -> list[tuple[Any, ...]]:
        """Events of a type: seq, project, workflow, data."""
        return [(e[0], e[2], e[3], json.loads(e[6])) for e in self.store.rows.all("all_events") if e[1] == type_]

    def notices(self, *, everything: bool = True) -> list[tuple[str, str, int]]:
        """Key, text and whether it needs somebody, in the order in which a person reads them."""
        return [(row[1], row[5], row[4]) for row in self.store.rows.all("notices_page", (int(everything), 100))]

    def deliveries(self) -> list[tuple[str, dict[str, Any]]]:
        """Key and event of what is due, the oldest first."""
        rows = self.store.rows.all("deliveries_due", ("ci", self.now, 100))
        return [(key, json.loads(event)) for _, key, _, event, _ in rows]

    def to_the_end(self, limit: int = 60) -> None:
        """Let everything pass."""
        for _ in range(limit):
            for lease in self.lease():
                self.finish(lease, artifacts=self.made(lease))
            if self.state() != "open":
                return
        raise AssertionError("it does not end")


@pytest.mark.requirement("EVT-4")
def test_genesis_complete_does_all_that_it_is_declared_to() -> None:
    desk = Ruled("")
    desk.submit()
    last = desk.run_to("found")
    before = desk.store.rows.one("event_last")[0]
    assert desk.finish(last)

    rows = desk.store.rows
    told = [event for event in rows.all("all_events") if event[0] > before]
    in_order = [(e[1], e[3], json.loads(e[6]).get("to")) for e in told]
    assert ("workflow.state", "development", "DEV_QUEUED") in in_order, "enqueue development"
    assert ("message.sent", "", "workflow:development") in in_order, "notify development instances"
    assert desk.jobs("tests")[0].state == "ready"
    (message,) = rows.all("messages_page", (json.dumps(["workflow:development"]), "", 1, 9))
    assert message[2:5] == (
        "rule on genesis.GENESIS_COMPLETE",
        "p",
        "p is planned and laid out; its issues are in docs/issues.",
    )
    tally = {(subject, state): n for subject, state, n in rows.all("tally_all")}
    assert (tally["workflow.genesis", "completed"], tally["workflow.development", "queued"]) == (1, 1), "update status"
    hourly = {metric: (n, total) for metric, n, total in rows.all("hourly_since", (int(desk.now // HOUR_SECONDS),))}
    count, seconds = hourly["workflow.genesis.completed"]
    assert (count, seconds > 0) == (1, True), "log completion metrics"
    assert "genesis_complete" in {e[1] for e in told}


@pytest.mark.requirement("EVT-4")
def test_deployment_ready_does_all_that_it_is_declared_to() -> None:
    desk = Ruled("")
    desk.submit()
    last = desk.run_to("performance")
    assert desk.jobs("marketing") == []
    desk.finish(last)
    workflow = {row[1]: row[6] for row in desk.store.rows.all("all_workflows")}
    assert workflow["content"] == "CONTENT_QUEUED", "enqueue content"
    (message,) = desk.store.rows.all("messages_page", (json.dumps(["workflow:content"]), "", 1, 9))
    assert message[4] == "p is built and on its way out; tell the world what it does.", "notify content instances"
    names = ("analyze", "documentation", "marketing")
    steps = {name for name in names if any(job.workflow == "content" for job in desk.jobs(name))}
    assert steps == {"analyze", "documentation", "marketing"}, "feature documentation, marketing brief"


@pytest.mark.requirement("EVT-4")
def test_every_action_takes_effect_in_the_same_transaction() -> None:
    desk = Ruled()
    desk.submit()
    assert [data["text"] for *_, data in desk.events("message.sent")] == ["p begins (project.created)"]
    coding = desk.run_to("implement")
    ((key, text, needs),) = desk.notices()
    assert (key, text, needs) == ("p/development.CODING#4", "p (p): development is CODING", 0)
    ((key, event),) = desk.deliveries()
    assert (key, event["type"], event["workflow"]) == ("p/development.CODING#5", "workflow.state", "development")
    assert event["data"] == {"from": "TESTING", "to": "CODING"}
    assert event["seq"] in {seq for seq, *_ in desk.events("workflow.state")}
    desk.finish(coding)


@pytest.mark.requirement("EVT-4")
def test_rework_through_a_state_sends_nothing_twice() -> None:
    desk = Ruled()
    desk.submit()
    review = desk.run_to("review")
    again = Verdict("rework", "sent back", target="implement", feedback="mend it")
    assert desk.finish(review, again)
    walked = [data["to"] for *_, workflow, data in desk.events("workflow.state") if workflow == "development"]
    assert walked.count("CODING") == 2
    desk.to_the_end()
    assert [key for key, *_ in desk.notices()] == ["p/development.CODING#4"], (
        "no notice of a review nobody was asked for"
    )
    keys = [key for key, _ in desk.deliveries()]
    assert keys[0] == "p/development.CODING#5"
    assert [event["type"] for _, event in desk.deliveries()] == ["workflow.state", "project.completed"]
    assert len([e for e in desk.events("message.sent") if e[3]["to"] == "workflow:development"]) == 1


@pytest.mark.requirement("EVT-4")
def test_what_needs_a_person_is_over_when_somebody_has_decided() -> None:
    desk = Ruled()
    desk.submit()
    lease = desk.run_to("implement")
    desk.finish(lease, Verdict("escalate", "three tries failed", review="exhausted"))
    asked = [text for _, text, needs in desk.notices(everything=False) if needs]
    assert sorted(asked) == [f"job {lease.job.id} of p waits: three tries failed", "review 1"]
    desk.do(Decide(1, "send_back", "ann", "again"))
    assert [text for _, text, needs in desk.notices(everything=False) if needs] == []
    assert len(desk.notices()) == 3


def test_the_end_of_a_project_needs_nobody_any_more() -> None:
    desk = Ruled()
    desk.submit()
    desk.finish(desk.run_to("implement"), Verdict("escalate", "stuck", review="blocked"))
    desk.do(Steer("cancel", "p"))
    assert [needs for *_, needs in desk.notices(everything=False)] == [0]


@pytest.mark.requirement("EVT-4")
def test_a_workflow_that_an_event_enqueues_begins_before_the_project_can_end() -> None:
    desk = Ruled()
    desk.text = desk.text.replace('on = "genesis.GENESIS_COMPLETE"\nenqueue', 'on = "event:genesis_complete"\nenqueue')
    desk.pipeline = pipeline_file.parse(desk.text)
    desk.submit()
    tests = desk.run_to("tests")
    assert desk.state() == "open"
    desk.finish(tests)
    desk.to_the_end()
    assert desk.state() == "complete"


def test_a_refused_transaction_leaves_no_effect() -> None:
    class Stopped(Exception):
        """The failpoint's own."""

    places: list[str] = []

    def fail(place: str) -> None:
        if places and place == places[0]:
            raise Stopped

    desk = Ruled()
    desk.store = writer(":memory:", fail)
    desk.submit()
    lease = desk.run_to("tests")
    places.append("before-commit")
    desk.store.run([desk.completion(lease)], desk.now, desk.now)
    assert (desk.notices(), desk.deliveries()) == ([], [])
    places.clear()
    assert desk.finish(lease)
    assert (len(desk.notices()), len(desk.deliveries())) == (1, 1)


def test_each_pipeline_keeps_to_its_own_rules() -> None:
    desk = Ruled()
    desk.submit("p")
    plain, text = default_pipeline()
    project = Project("q", "q", "", None, None, 50, 50, None, "test", 0.0, plain.digest, "python")
    desk.do(Submit(project, "text", text))
    assert [project for _, project, *_ in desk.events("message.sent")] == ["p"]
