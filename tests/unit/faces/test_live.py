from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from podium.faces.cli.live import LiveView
from podium.faces.cli.markup import ATTENTION
from tests.unit.faces import fleet_samples, samples
from tests.unit.faces.samples import NOW, Answer, console, event, printed

JOBS = samples.jobs()["jobs"]
INSTANCES = fleet_samples.instances()["instances"]
NEWS = [
    event("job.retried", job=14, instance="dev-02", reason="crashed: killed by SIGKILL", delay=0.0),
    event("recovery.detected", job=14, instance="dev-02"),
    event("job.leased", job=14, instance="dev-02", attempt=2),
    event("job.passed", job=8, instance="podium-01"),
]
ESCALATED = [
    event("job.escalated", job=14, kind="exhausted", reason="3 attempts failed"),
    event("review.opened", job=14, review=3, kind="exhausted", reason="3 attempts failed"),
]
REWORKED = [
    event(
        "job.reworked", job=11, instance="dev-03", to="implement", reason="sent back by the reviewer", feedback="short"
    ),
    event("review.opened", job=11, review=2, kind="quality", reason="sent back by the reviewer"),
]


def board(events: list[Answer] = NEWS, project: Answer | None = None, on: Console | None = None) -> LiveView:
    made = LiveView(on or console())
    made.learn(project or samples.project(), INSTANCES, events, JOBS)
    return made


# --- what is known ---------------------------------------------------------------------------------------------------


def test_events_come_back_in_words_and_silent_ones_do_not() -> None:
    made = LiveView(console())
    told = made.learn(samples.project(), INSTANCES, NEWS, JOBS)
    assert [news.text for news in told] == [
        "dev-02 crashed (killed by SIGKILL); its job runs again (implement 003-say-goodbye)",
        "dev-02 implements 003-say-goodbye (attempt 2)",
        "001-greet-by-name merged",
    ]
    assert [news.colour for news in told] == [ATTENTION, "", ""]


def test_a_review_that_podium_answers_itself_needs_nobody() -> None:
    made = board([])
    told = made.learn(samples.project(), INSTANCES, REWORKED, None)
    assert made.new_reviews == []
    assert [news.text for news in told] == ["dev-03 sends 002-count-the-guests back to implement: short"]


def test_a_review_is_new_until_somebody_decides() -> None:
    made = board(ESCALATED)
    assert made.new_reviews == [3]
    decided = event("review.decided", job=14, review=3, verdict="approve", by="ann", notes="")
    made.learn(samples.project(), INSTANCES, [*ESCALATED, decided], None)
    assert made.new_reviews == []


def test_only_work_on_the_project_is_shown() -> None:
    other = INSTANCES[1] | {"project": "other"}
    made = LiveView(console())
    made.learn(samples.project(), [other, *INSTANCES[2:]], [], JOBS)
    assert [busy.split()[0] for busy in made.busy] == ["dev-02", "dev-03"]


def test_without_jobs_the_instance_says_what_it_does() -> None:
    made = LiveView(console())
    made.learn(samples.project(), INSTANCES, [], None)
    assert made.busy[0] == "dev-01 tests 004-list-the-guests (3 s)"


def test_a_feature_is_built_when_its_last_job_has_passed() -> None:
    made = board()
    assert made.built() == ["001-greet-by-name"]
    made.learn(samples.project(), [], [event("job.passed", job=16)], None)
    assert made.built() == ["001-greet-by-name", "003-say-goodbye"]


def test_rows_that_a_caller_keeps_do_not_take_back_what_events_told() -> None:
    made = board()
    made.learn(samples.project(), [], [event("job.passed", job=16)], JOBS)
    made.learn(samples.project(), [], [], list(JOBS))
    assert "003-say-goodbye" in made.built()


# --- the view --------------------------------------------------------------------------------------------------------


def test_a_terminal_has_a_last_line_that_says_who_is_at_work() -> None:
    on = console(100, terminal=True, colour=True)
    view = LiveView(on)
    view.begin(samples.project())
    view.update(samples.project(), INSTANCES, NEWS, JOBS)
    view.end(samples.result(), "")
    drawn = printed(on)
    assert "11 of 23 jobs done; dev-01 writes tests for 004-list-the-guests (3 s); dev-02" in drawn
    last = drawn.rpartition("\x1b[?25h")[2]
    assert "\x1b[?25h" in drawn, "the cursor is back"
    assert "jobs done" not in last, "the line goes when the run ends"


def test_the_view_may_end_before_it_begins() -> None:
    on = console(terminal=True)
    LiveView(on).end(None, "interrupted")
    assert "interrupted" in printed(on)


def plain_view(**more: Any) -> tuple[LiveView, Console]:
    on = console()
    view = LiveView(on)
    view.begin(samples.project(created_at=NOW - 1, **more))
    return view, on


def test_the_plain_view_has_one_line_for_each_event() -> None:
    view, on = plain_view()
    view.update(samples.project(), INSTANCES, NEWS, JOBS)
    lines = printed(on).splitlines()
    assert lines[0].endswith("  Hello, World (hello-world)")
    assert [line[10:] for line in lines[1:]] == [
        "dev-02 crashed (killed by SIGKILL); its job runs again (implement 003-say-goodbye)",
        "dev-02 implements 003-say-goodbye (attempt 2)",
        "001-greet-by-name merged",
    ]
    assert "\x1b" not in printed(on)


def test_the_plain_view_says_what_to_type_once() -> None:
    view, on = plain_view()
    view.update(samples.project(), INSTANCES, ESCALATED, JOBS)
    view.update(samples.project(), INSTANCES, [], None)
    assert printed(on).count("needs you: podium review approve 3") == 1


def test_the_plain_view_sums_up_what_was_before_it() -> None:
    on = console()
    view = LiveView(on)
    view.begin(samples.project(created_at=NOW - 4000))
    view.update(samples.project(), INSTANCES, [happened | {"at": NOW - 3000} for happened in NEWS], JOBS)
    view.update(samples.project(), INSTANCES, [event("job.passed", job=16) | {"at": NOW + 1}], None)
    lines = [line[10:] for line in printed(on).splitlines()]
    assert lines == [
        "Hello, World (hello-world) goes on",
        "3 earlier events: podium project hello-world",
        "003-say-goodbye merged",
    ]


def test_the_plain_view_says_that_it_is_still_at_it() -> None:
    moments = iter([NOW, NOW, NOW + 30, NOW + 61, NOW + 61, NOW + 70])
    on = console()
    on.get_datetime = lambda: datetime.fromtimestamp(next(moments), UTC)
    view = LiveView(on)
    view.begin(samples.project(created_at=NOW))
    for _ in range(3):
        view.update(samples.project(), INSTANCES, [], JOBS)
    lines = printed(on).splitlines()[1:]
    assert len(lines) == 1
    assert "still at it: 11 of 23 jobs done; dev-01 writes tests for 004-list-the-guests (3 s)" in lines[0]


# --- the end ---------------------------------------------------------------------------------------------------------


def summary(result: Answer | None, message: str = "", project: Answer | None = None) -> str:
    on = console(120)
    board(NEWS, project, on).end(result, message)
    return printed(on)


def test_the_summary_of_a_complete_run() -> None:
    shown = summary(samples.result(), project=samples.complete_project())
    assert "✓ Hello, World is complete" in shown
    assert "Built       1 feature: 001-greet-by-name" in shown
    assert "Application Hello, World  http://hello.localhost:8321/" in shown
    assert "Jobs        30 jobs passed, 2 sent back for rework, 1 dropped" in shown
    assert "Took        1 m 12 s" in shown
    assert f"git clone {samples.REPOSITORY} hello-world" in shown


def test_the_summary_of_a_failed_run() -> None:
    message = "project hello-world has failed; `podium jobs hello-world` shows where."
    shown = summary(samples.result(outputs=[]), message, samples.project("failed", ended_at=NOW))
    assert "✗ Hello, World has failed" in shown
    assert "Project hello-world has failed; `podium jobs hello-world` shows where." in shown


def test_the_summary_of_a_run_that_waits_for_a_person() -> None:
    review = {"id": 3, "kind": "exhausted", "step": "implement", "item": "003-x", "reason": "3 attempts failed\nmore"}
    shown = summary(samples.result(reviews=[review], elapsed_seconds=None), "waiting for a reviewer: …")
    assert "! Hello, World waits for you" in shown
    assert "review 3: implement 003-x" in shown
    for verdict in ("approve 3", "send-back 3 --notes", "reject 3"):
        assert f"podium review {verdict}" in shown
    assert "run the same command again" in shown


@pytest.mark.requirement("QUE-7")
@pytest.mark.parametrize("item", ["003-say-goodbye", ""])
def test_the_summary_of_a_run_that_waits_for_somebody_to_see_to_a_dead_letter(item: str) -> None:
    letter = {"job": 14, "step": "implement", "item": item, "reason": "3 attempts failed; the last: lost"}
    shown = summary(samples.result(dead_letters=[letter], elapsed_seconds=None), "waiting for …")
    assert "! Hello, World waits for you" in shown
    assert f"Needs you   dead letter, job 14: implement {item}".rstrip() in shown
    assert "podium dead-letters replay 14 --reason WHY" in shown
    assert ("podium dead-letters drop 14" in shown) == bool(item)
    assert "waiting for …" not in shown


def test_the_summary_of_an_interrupted_run_counts_from_its_beginning() -> None:
    shown = summary(samples.result(elapsed_seconds=None), "stopped; 3 attempts ended, uncharged.")
    assert "· Hello, World is not finished" in shown
    assert "Stopped; 3 attempts ended, uncharged." in shown
    assert "Took        1 m 12 s" in shown


def test_the_summary_without_a_result_is_the_message() -> None:
    assert summary(None, "the orchestrator is gone").strip() == "the orchestrator is gone"
