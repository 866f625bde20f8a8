from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from podium.faces.cli.board import Board
from podium.faces.cli.frame import frame
from podium.faces.cli.live import LiveView, PlainView, show_summary
from podium.faces.cli.style import FINE
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


def board(events: list[Answer] = NEWS, project: Answer | None = None) -> Board:
    made = Board()
    made.begin(project or samples.project())
    made.update(project or samples.project(), INSTANCES, events, JOBS)
    return made


def picture(made: Board, columns: int = 80, lines: int = 23, *, colour: bool = True) -> list[str]:
    return [line.plain.rstrip() for line in frame(made, NOW, (columns, lines), FINE, colour=colour)]


# --- what is known ---------------------------------------------------------------------------------------------------


def test_events_come_back_in_words_and_silent_ones_do_not() -> None:
    made = Board()
    told = made.update(samples.project(), INSTANCES, NEWS, JOBS)
    assert [news.text for news in told] == [
        "dev-02 crashed (killed by SIGKILL); its job runs again (implement 003-say-goodbye)",
        "dev-02 implements 003-say-goodbye (attempt 2)",
        "001-greet-by-name merged",
    ]
    assert [news.tone for news in told] == ["trouble", "", ""]


def test_a_review_that_podium_answers_itself_needs_nobody() -> None:
    made = board(REWORKED)
    assert made.reviews == {}
    assert [news.text for news in made.news] == ["dev-03 sends 002-count-the-guests back to implement: short"]


def test_a_review_is_open_until_somebody_decides() -> None:
    made = board(ESCALATED)
    assert made.reviews == {3: "implement 003-say-goodbye"}
    assert made.new_reviews == [3]
    decided = event("review.decided", job=14, review=3, verdict="approve", by="ann", notes="")
    made.update(samples.project(), INSTANCES, [decided], None)
    assert made.reviews == {}
    assert made.new_reviews == []


def test_only_work_on_the_project_is_shown() -> None:
    other = INSTANCES[1] | {"project": "other"}
    made = Board()
    made.update(samples.project(), [other, *INSTANCES[2:]], [], JOBS)
    assert [busy.instance for busy in made.busy] == ["dev-02", "dev-03"]


def test_without_jobs_the_instance_says_what_it_does() -> None:
    made = Board()
    made.update(samples.project(), INSTANCES, [], None)
    assert made.busy[0].doing == "tests 004-list-the-guests"


def test_progress_never_goes_back_when_a_workflow_begins() -> None:
    genesis = [row for row in JOBS if row["workflow"] == "genesis"]
    made = Board()
    made.update(samples.project(), [], [], genesis)
    before = made.progress(3)
    made.update(samples.project(), [], [], JOBS)
    assert before == pytest.approx(1 / 3)
    assert made.progress(3) > before
    assert board(project=samples.complete_project()).progress(3) == 1.0


def test_a_feature_is_built_when_its_last_job_has_passed() -> None:
    made = board()
    assert made.built() == ["001-greet-by-name"]
    made.update(samples.project(), [], [event("job.passed", job=16)], None)
    assert made.built() == ["001-greet-by-name", "003-say-goodbye"]


def test_rows_that_a_caller_keeps_do_not_take_back_what_events_told() -> None:
    made = board()
    made.update(samples.project(), [], [event("job.passed", job=16)], JOBS)
    made.update(samples.project(), [], [], list(JOBS))
    assert "003-say-goodbye" in made.built()


# --- the picture -----------------------------------------------------------------------------------------------------


def test_the_picture_of_a_run() -> None:
    lines = picture(board())
    assert lines[0].startswith("podium  Hello, World")
    assert lines[0].endswith("hello-world  1 m 12 s")
    assert lines[2] == "Genesis     QUEUED ▸ ANALYZING ▸ PLANNED ▸ SCAFFOLDING ▸ COMPLETE"
    assert lines[3] == "Development QUEUED ▸ TESTING 1 ▸ CODING 1 ▸ REVIEWING 1 ▸ DEPLOYING ▸ COMPLETE"
    assert lines[4] == "Content     QUEUED ▸ ANALYZING ▸ CREATING ▸ OPTIMIZING ▸ PUBLISHING ▸ COMPLETE"
    assert lines[6].endswith("11 of 23+ jobs")
    assert lines[8].split() == ["Now", "dev-01", "tests", "writes", "tests", "for", "004-list-the-guests", "3", "s"]
    assert lines[9].endswith("1 m 11 s")
    assert "Lately      " in lines[12]
    assert lines[14].endswith("001-greet-by-name merged")


@pytest.mark.parametrize(("columns", "lines"), [(80, 23), (80, 10), (40, 12), (200, 60), (20, 5), (1, 1)])
@pytest.mark.parametrize("events", [NEWS, ESCALATED])
def test_the_picture_fits_whatever_the_terminal(columns: int, lines: int, events: list[Answer]) -> None:
    made = board(events, samples.project(jobs={"in_review": 1, "running": 3, "passed": 9}))
    shown = frame(made, NOW, (columns, lines), FINE)
    assert len(shown) <= lines
    assert all(line.cell_len <= columns for line in shown)


def test_wide_characters_count_double() -> None:
    shown = frame(board(project=samples.project(title="挨拶" * 60)), NOW, (80, 23), FINE)
    assert all(line.cell_len <= 80 for line in shown)


def test_what_stands_below_does_not_move_when_an_instance_is_done() -> None:
    made = board()
    before = picture(made)
    made.update(samples.project(), INSTANCES[:2], [], None)
    after = picture(made)
    assert len(after) == len(before)
    assert [line.startswith("Lately") for line in after] == [line.startswith("Lately") for line in before]


def test_more_instances_than_lines_are_counted() -> None:
    many = [INSTANCES[1] | {"name": f"dev-{n:02}"} for n in range(1, 40)]
    made = Board()
    made.update(samples.project(), many, NEWS, JOBS)
    lines = picture(made)
    assert any("more instances" in line for line in lines)
    assert any(line.startswith("Lately") for line in lines)


def test_one_line_for_many_instances_is_their_number() -> None:
    assert "Now         3 instances at work" in picture(board(), 80, 10)


def test_an_open_review_stands_at_the_top_with_what_to_type() -> None:
    lines = picture(board(ESCALATED, samples.project(jobs={"in_review": 1, "passed": 9})))
    assert lines[2] == "Needs you   ! review 3: implement 003-say-goodbye"
    assert "podium review approve 3" in lines[3]


def test_dead_letters_stand_at_the_top_with_what_to_type() -> None:
    lines = picture(board([], samples.project(jobs={"dead": 1, "in_review": 2, "passed": 9})))
    assert lines[2] == "Needs you   ✗ 1 dead letter   podium dead-letters --project hello-world"
    assert lines[3].startswith("Needs you   ! 2 reviews to decide")
    lines = picture(board([], samples.project(jobs={"dead": 2})), 40)
    assert lines[2:5] == ["Needs you   ✗ 2 dead letters", "            podium dead-letters --proje…", ""]


def test_reviews_from_before_are_counted() -> None:
    lines = picture(board([], samples.project(jobs={"in_review": 2, "passed": 9})))
    assert lines[2] == "Needs you   ! 2 reviews to decide   podium review list --project hello-world"


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ({"ready": 2}, "2 jobs ready for the next free instance"),
        ({"delayed": 1}, "1 job to be tried again soon"),
        ({"in_review": 1}, "nobody: it waits for a decision"),
        ({"dead": 1}, "nobody: it waits for somebody to see to its dead letters"),
        ({"passed": 1}, "nobody"),
    ],
)
def test_when_nobody_works_it_says_why(jobs: dict[str, int], words: str) -> None:
    made = Board()
    made.update(samples.project(jobs=jobs), [], [], [])
    assert f"Now         {words}" in picture(made)


def test_without_colour_the_state_is_in_brackets() -> None:
    assert "[TESTING] 1" in "\n".join(picture(board(), 100, colour=False))


# --- the views -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("DSH-2")
def test_the_live_view_draws_in_place_and_leaves_the_summary() -> None:
    on = console(terminal=True, colour=True)
    view = LiveView(on)
    view.begin(samples.project())
    view.update(samples.project(), INSTANCES, NEWS, JOBS)
    drawn = printed(on)
    assert "001-greet-by-name merged" in drawn
    assert drawn.count("\x1b[?25l") == 1
    view.update(samples.project(), INSTANCES, [], None)
    assert printed(on) == drawn, "an unchanged picture is not drawn again"
    view.update(samples.complete_project(), [], [], None)
    view.end(samples.result(), "")
    assert "\x1b[?25h" in printed(on), "the cursor is back"
    last = printed(on).rpartition("\x1b[?25h")[2]
    assert "is complete" in last
    assert "Lately" not in last


def test_the_live_view_may_end_before_it_begins() -> None:
    on = console(terminal=True)
    LiveView(on).end(None, "interrupted")
    assert "interrupted" in printed(on)


def plain_view(**more: Any) -> tuple[PlainView, Console]:
    on = console()
    view = PlainView(on)
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
    view = PlainView(on)
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
    view = PlainView(on)
    view.begin(samples.project(created_at=NOW))
    for _ in range(3):
        view.update(samples.project(), INSTANCES, [], JOBS)
    lines = printed(on).splitlines()[1:]
    assert len(lines) == 1
    assert "still at it: 11 of 23 jobs done; dev-01 writes tests for 004-list-the-guests (3.2 s)" in lines[0]


# --- the end ---------------------------------------------------------------------------------------------------------


def summary(made: Board, result: Answer | None, message: str = "") -> str:
    on = console(120)
    show_summary(on, made, result, message)
    return printed(on)


def test_the_summary_of_a_complete_run() -> None:
    shown = summary(board(project=samples.complete_project()), samples.result())
    assert "✓ Hello, World is complete" in shown
    assert "Built       1 feature: 001-greet-by-name" in shown
    assert "Application Hello, World  http://hello.localhost:8321/" in shown
    assert "Jobs        30 jobs passed, 2 sent back for rework, 1 dropped" in shown
    assert "Took        1 m 12 s" in shown
    assert f"git clone {samples.REPOSITORY} hello-world" in shown


def test_the_summary_of_a_failed_run() -> None:
    message = "project hello-world has failed; `podium jobs hello-world` shows where."
    shown = summary(board(project=samples.project("failed", ended_at=NOW)), samples.result(outputs=[]), message)
    assert "✗ Hello, World has failed" in shown
    assert "Project hello-world has failed; `podium jobs hello-world` shows where." in shown


def test_the_summary_of_a_run_that_waits_for_a_person() -> None:
    review = {"id": 3, "kind": "exhausted", "step": "implement", "item": "003-x", "reason": "3 attempts failed\nmore"}
    shown = summary(board(), samples.result(reviews=[review], elapsed_seconds=None), "waiting for a reviewer: …")
    assert "! Hello, World waits for you" in shown
    assert "review 3: implement 003-x" in shown
    for verdict in ("approve 3", "send-back 3 --notes", "reject 3"):
        assert f"podium review {verdict}" in shown
    assert "run the same command again" in shown


@pytest.mark.requirement("QUE-7")
@pytest.mark.parametrize("item", ["003-say-goodbye", ""])
def test_the_summary_of_a_run_that_waits_for_somebody_to_see_to_a_dead_letter(item: str) -> None:
    letter = {"job": 14, "step": "implement", "item": item, "reason": "3 attempts failed; the last: lost"}
    shown = summary(board(), samples.result(dead_letters=[letter], elapsed_seconds=None), "waiting for …")
    assert "! Hello, World waits for you" in shown
    assert f"Needs you   dead letter, job 14: implement {item}".rstrip() in shown
    assert "podium dead-letters replay 14 --reason WHY" in shown
    assert ("podium dead-letters drop 14" in shown) == bool(item)
    assert "waiting for …" not in shown


def test_the_summary_of_an_interrupted_run_counts_from_its_beginning() -> None:
    shown = summary(board(), samples.result(elapsed_seconds=None), "stopped; 3 attempts ended, uncharged.")
    assert "· Hello, World is not finished" in shown
    assert "Stopped; 3 attempts ended, uncharged." in shown
    assert "Took        1 m 12 s" in shown


def test_the_summary_without_a_result_is_the_message() -> None:
    assert summary(Board(), None, "the orchestrator is gone").strip() == "the orchestrator is gone"
