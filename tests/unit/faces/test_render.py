from typing import Any

import pytest

from podium.domain import lifecycle
from podium.faces.cli.render import PAGES as FOLDER, SAME, show
from podium.operations.attempts import NoteOutput, WhoamiOutput
from podium.operations.catalogue import operation_named
from podium.operations.operation import REGISTRY
from podium.operations.tokens import TokenRevokeOutput
from tests.unit.faces import (
    fleet_samples,
    queue_samples,
    room_samples,
    samples,
    talk,
    token_samples,
    trouble_samples,
    vitals_samples,
    work_samples,
)
from tests.unit.faces.samples import Answer, console, printed

PAGES: list[tuple[str, Answer]] = [
    ("status", samples.status(reviews=2, dead=1, stuck=3)),
    ("status", samples.status(notices=3)),
    ("status", samples.status(busy=False)),
    ("status", samples.status(orchestrator="stopped")),
    ("backlog", queue_samples.backlog()),
    ("backlog", queue_samples.backlog(empty=True)),
    ("projects", samples.projects()),
    ("projects", samples.projects(empty=True)),
    ("project", samples.project()),
    ("project", samples.complete_project()),
    ("project", queue_samples.waiting_project()),
    ("project", queue_samples.released_project()),
    ("queues", queue_samples.queues()),
    ("release", queue_samples.released()),
    ("release", queue_samples.released(created=False)),
    ("outputs", samples.outputs(*samples.output_rows())),
    ("outputs", samples.outputs()),
    ("jobs", samples.jobs()),
    ("why", samples.why()),
    ("why", samples.why(tried=False)),
    ("instances", fleet_samples.instances()),
    ("instances", fleet_samples.closed_instances()),
    ("scale-up", fleet_samples.resized()),
    ("scale-down", fleet_samples.resized()),
    ("rebalance", fleet_samples.moved()),
    *(("scaling decisions", fleet_samples.decisions(*told)) for told in ((), ("up", "refused", "down"))),
    *vitals_samples.nodes(),
    *fleet_samples.simulated(),
    ("targets", vitals_samples.targets()),
    *(("bottleneck", fleet_samples.bottleneck(calm=calm)) for calm in (False, True)),
    ("rebalance", fleet_samples.moved(preview=True)),
    ("rebalance", fleet_samples.moved(balanced=True)),
    *(("restart-instance", fleet_samples.restarted(idle=idle)) for idle in (False, True)),
    *(("swap", fleet_samples.swapped(same=same)) for same in (False, True)),
    ("drain", fleet_samples.drained()),
    ("drain", fleet_samples.drained(again=True)),
    ("undrain", fleet_samples.drained()),
    ("strategy", fleet_samples.routed()),
    ("assign-genesis", fleet_samples.assigned()),
    ("assign-development", fleet_samples.assigned(submitted=True)),
    ("assign-content", fleet_samples.assigned(None)),
    (
        "review list",
        samples.reviews(samples.review(), samples.review("sent_back", id=2, decided_by="podium", notes="more")),
    ),
    ("review list", samples.reviews()),
    ("review approve", samples.decided("approve")),
    ("review reject", samples.decided("reject")),
    ("review send-back", samples.decided("send-back")),
    ("submit", samples.submitted()),
    ("submit", samples.submitted(created=False)),
    ("submit", samples.submitted(begins_at=samples.NOW + 5400)),
    ("project", samples.project(begins_at=samples.NOW + 5400)),
    ("plan", samples.plan()),
    *((action, samples.acted(action)) for action, name in SAME.items() if name == "acted"),
    ("events", samples.events(samples.event("job.leased", job=14, instance="dev-02", reason="its role"), last=9)),
    ("events", samples.events(last=0)),
    ("assignment", work_samples.assignment()),
    ("assignment", work_samples.assignment(item=None, increment={"version": "v2", "reason": "news"})),
    ("inbox", work_samples.inbox()),
    ("inbox", work_samples.inbox(empty=True)),
    *(("diff", one) for one in work_samples.diffs()),
    ("note", samples.plain(NoteOutput(attempt="p/12.a1", event=7))),
    ("whoami", samples.plain(WhoamiOutput(name="dev-02", scope="attempt", attempt="p/12.a1"))),
    ("whoami", samples.plain(WhoamiOutput(name="operator", scope="admin", attempt=""))),
    ("token create", token_samples.token()),
    ("token list", token_samples.tokens()),
    ("token list", token_samples.tokens(empty=True)),
    ("token revoke", samples.plain(TokenRevokeOutput(id="1f0c9a2b"))),
    ("dead-letters", trouble_samples.letters()),
    ("dead-letters", trouble_samples.letters(empty=True)),
    ("dead-letters replay-all", trouble_samples.replayed(3, 0)),
    ("dead-letters replay-all", trouble_samples.replayed(0, 0)),
    ("dead-letters replay-all", trouble_samples.replayed(0, 3)),
    ("health", vitals_samples.health()),
    ("health", vitals_samples.health(well=False)),
    ("metrics", vitals_samples.metrics()),
    ("metrics", vitals_samples.metrics(empty=True)),
    ("stuck", trouble_samples.stuck()),
    ("stuck", trouble_samples.stuck(empty=True)),
    ("messages send", talk.sent()),
    ("messages send", talk.sent(job=14)),
    ("messages list", talk.messages()),
    ("messages list", talk.messages(talk.message(), talk.message(id=60, project="p", read_by=list("abcde")))),
    ("messages ack", talk.acknowledged()),
    ("messages ack", talk.acknowledged(new=False)),
    ("notices", talk.notices()),
    ("notices", talk.notices(talk.notice(), talk.notice(needs_you=False, job=0, settled_at=1.0))),
    ("notices dismiss", talk.dismissed()),
    ("deliveries", talk.deliveries()),
    (
        "deliveries",
        talk.deliveries(talk.delivery(), talk.delivery(state="dead", id=4), disabled=True),
    ),
    *((f"deliveries {how}", talk.replayed()) for how in ("replay", "approve")),
    ("github deliveries", talk.arrivals()),
    ("github deliveries", talk.arrivals(empty=True)),
    ("events", samples.events(samples.event("project.pruned"), last=9, horizon=5)),
    ("prune", room_samples.pruned()),
    ("prune", room_samples.pruned(dry_run=True, names=("hello-world 12.a1",))),
    ("prune", room_samples.pruned(more=True)),
    ("prune", room_samples.pruned(empty=True)),
    ("disk", room_samples.disk()),
    *(("settings", room_samples.settings(rules=rules)) for rules in (True, False)),
    ("project", samples.project("cancelled", pruned_at=samples.NOW)),
    ("doctor", samples.doctor()),
    ("doctor", samples.doctor(healthy=False)),
]
OF_DB = {"db backup", "db check", "db migrate", "db move"}
HAS_ITS_OWN_COMMAND, NO_OPERATION = {"logs"}, {"run", "backup", "restore", "up", "down", *OF_DB}


def page(name: str, answer: Answer, columns: int = 80, **more: Any) -> str:
    on = console(columns, **more)
    show(on, name, answer)
    return printed(on)


def test_every_operation_of_the_command_line_has_a_page() -> None:
    carried = {name for name, operation in REGISTRY.items() if "cli" in operation.faces}
    assert operation_named("status").name == "status"
    assert {name for name, _ in PAGES} == carried - HAS_ITS_OWN_COMMAND
    files = {file.stem.replace("_", " ") for file in FOLDER.iterdir() if not file.stem.startswith("_")}
    assert files == {SAME.get(name, name) for name, _ in PAGES} | NO_OPERATION, "a page for each, and none besides"


@pytest.mark.parametrize("columns", [1, 20, 40, 80, 200])
@pytest.mark.parametrize(("name", "answer"), PAGES)
def test_no_line_is_wider_than_the_terminal(name: str, answer: Answer, columns: int) -> None:
    shown = page(name, answer, columns, terminal=True)
    assert shown.strip()
    assert all(len(line) <= columns for line in shown.splitlines())


@pytest.mark.parametrize(("name", "answer"), PAGES)
def test_a_piped_page_is_plain(name: str, answer: Answer) -> None:
    shown = page(name, answer, 20)
    assert "\x1b" not in shown
    assert not set(shown) & set("│┃┆|┌└├╭╰") - set("|" if name in ("why", "events") else "")
    assert all(line == line.rstrip() for line in shown.splitlines())


@pytest.mark.parametrize(("name", "answer"), PAGES)
def test_without_colour_there_is_no_colour(name: str, answer: Answer) -> None:
    assert "\x1b[3" not in page(name, answer, terminal=True)


def test_colour_says_what_to_notice() -> None:
    shown = page("status", samples.status(reviews=2), terminal=True, colour=True)
    assert "\x1b[33m! 2 reviews to decide" in shown


@pytest.mark.parametrize(("name", "answer"), PAGES)
def test_ascii_terminals_get_ascii_signs(name: str, answer: Answer) -> None:
    assert not set("✓✗▸·━") & set(page(name, answer, terminal=True, ascii_only=True))


@pytest.mark.requirement("DSH-2")
def test_status_says_first_what_needs_a_person() -> None:
    lines = page("status", samples.status(reviews=2)).splitlines()
    assert "2 reviews to decide" in lines[0]
    assert "podium review list" in lines[0]
    assert [line.split()[0] for line in lines[3:6]] == ["Genesis", "Development", "Content"]
    assert lines[3].split() == ["Genesis", "1", "1", "14"]
    assert "3.5 projects/h" in lines[-1]


def test_status_knows_what_it_does_not_know() -> None:
    shown = page("status", samples.status(busy=False))
    assert "average pipeline –" in shown
    assert "success –" in shown
    assert "podium run FILE.md" in shown


def test_status_says_when_nobody_works_on_open_projects() -> None:
    shown = page("status", samples.status(orchestrator="stopped"))
    assert shown.startswith("Needs you")
    assert "podium up" in shown.splitlines()[0]
    assert "Needs you   ✓ nothing" in page("status", samples.status())


def test_status_tells_of_notices() -> None:
    lines = page("status", samples.status(notices=3)).splitlines()
    assert "! 1 notice" in lines[0]
    assert "podium notices" in lines[0]
    assert any("3 notices open" in line for line in lines)
    assert "notice" not in page("status", samples.status())


def test_a_notice_says_where_to_look_and_how_to_be_rid_of_it() -> None:
    dead = talk.notice(id=9, key="webhook/ci/20760", project="", job=0)
    shown = page("notices", talk.notices(talk.notice(), dead))
    assert "needs you" in shown
    assert "podium why 14" in shown
    assert "podium deliveries --state dead" in shown
    assert "podium notices dismiss 9 --older" in shown


def test_a_message_says_who_has_read_it() -> None:
    read = talk.message(id=60, read_by=["dev-01", "dev-02", "dev-03", "dev-04"])
    shown = page("messages list", talk.messages(talk.message(), read, talk.message(id=59, closed=True)))
    assert "from operator" in shown
    assert "unread" in shown
    assert "read by dev-01, dev-02, dev-03 and 1 more" in shown
    assert "taken back" in shown


def test_deliveries_say_when_they_are_tried_again_and_how_to_replay_them() -> None:
    rows = (talk.delivery(), talk.delivery(state="dead", id=4, detail="given up after 10 tries: HTTP 500"))
    shown = page("deliveries", talk.deliveries(*rows, disabled=True))
    assert "Webhook ci is disabled: its receiver is gone (410)" in shown
    assert "HTTP 500; again in 20 s" in shown
    assert "podium deliveries replay 4" in shown


def test_backlog_shows_the_longest_wait_first() -> None:
    rows = page("backlog", queue_samples.backlog()).splitlines()
    assert [row.split()[1] for row in rows[4:7]] == ["features", "review", "only"]
    assert "3 m 12 s" in rows[4]
    assert any(row.endswith("later; the next in 1 h 30 m") for row in rows)


def test_projects_are_one_line_each_in_a_pipe() -> None:
    rows = page("projects", samples.projects()).splitlines()
    assert rows[1].split() == [
        "hello-world",
        "open",
        "1",
        "m",
        "12",
        "s",
        "development",
        "DEPLOYING,",
        "content",
        "CREATING",
    ]
    assert rows[2].split() == ["library-catalogue-api", "complete", "1", "h", "3", "m"]


def test_a_project_shows_every_state_of_the_lifecycle() -> None:
    shown = page("project", samples.project())
    for states in lifecycle.WORKFLOWS.values():
        assert all(state in shown for state in states)
    assert "[TESTING] 1" in shown
    assert "[GENESIS_COMPLETE]" in shown


def test_a_narrow_project_shortens_all_tracks_alike() -> None:
    shown = page("project", samples.project(), terminal=True)
    assert "GENESIS_COMPLETE" not in shown
    assert "QUEUED▸[TESTING] 1▸CODING 1" in shown


def test_a_project_that_needs_a_decision_says_so_before_its_state() -> None:
    shown = page("project", samples.project(jobs={"in_review": 1, "passed": 3}))
    assert shown.index("podium review list --project hello-world") < shown.index("State")


def test_outputs_are_links_where_they_can_be() -> None:
    shown = page("outputs", samples.outputs(*samples.output_rows()), 120, terminal=True, colour=True)
    assert "http://hello.localhost:8321/" in shown
    assert "file:///srv/podium/projects/hello-world/repository/docs/guide.md" in shown
    assert "podium project hello-world" in page("outputs", samples.outputs())


def test_jobs_say_how_long_and_why() -> None:
    rows = [
        samples.job(1, "genesis", "analyze", leased_at=samples.NOW - 30, ended_at=samples.NOW - 20),
        samples.job(2, "genesis", "scaffold", state="running", leased_at=samples.NOW - 192),
        samples.job(3, "genesis", "issues", state="ready", ready_at=samples.NOW - 12, leased_at=0.0, attempt=0),
        samples.job(4, "genesis", "found", state="delayed", ready_at=samples.NOW + 5, reason="crashed: SIGKILL"),
        samples.job(5, "development", "tests", "001-x", reworks=2),
    ]
    answer = samples.jobs() | {"jobs": [samples.plain(row) for row in rows]}
    lines = page("jobs", answer).splitlines()[3:8]
    assert "  10 s" in lines[0]
    assert "3 m 12 s" in lines[1]
    assert "–  waits 12 s" in lines[2]
    assert lines[3].endswith("again in 5.0 s; crashed: SIGKILL")
    assert lines[4].endswith("sent back 2 times")


def test_jobs_show_first_that_one_needs_a_person() -> None:
    answer = samples.jobs() | {"jobs": [samples.plain(samples.job(1, "genesis", "analyze", state="in_review"))]}
    assert page("jobs", answer).startswith("Needs you   ! 1 review to decide")


def test_a_full_page_of_jobs_says_how_to_go_on() -> None:
    rows = [samples.plain(samples.job(n, "development", "tests", f"{n:03}")) for n in range(1, 501)]
    assert "podium jobs hello-world --after 500" in page("jobs", samples.jobs() | {"jobs": rows})
    assert "--after" not in page("jobs", samples.jobs())


def test_why_tells_state_reason_and_next_step() -> None:
    shown = page("why", samples.why())
    assert shown.index("Because") < shown.index("Next") < shown.index("Attempt 1")
    assert "podium logs hello-world/14.a1" in shown
    assert "specialized: features is its role" in shown


def test_idle_instances_of_a_stopped_home_say_how_to_start() -> None:
    rows = [
        row | {"state": "stopped", "job": None, "project": None, "work": None, "busy_seconds": None}
        for row in fleet_samples.instances()["instances"]
    ]
    shown = page("instances", {"instances": rows})
    assert "podium up" in shown
    assert "0 of 5 instances busy" in shown


def test_open_reviews_come_with_the_commands_to_type() -> None:
    shown = page("review list", samples.reviews(samples.review()))
    for decision in ("approve 3", "send-back 3 --notes", "reject 3"):
        assert f"podium review {decision}" in shown
    assert "opened 12 m 20 s ago" in shown


def test_a_long_reason_is_cut_and_says_where_the_rest_is() -> None:
    shown = page("review list", samples.reviews(samples.review(reason="\n".join(f"line {n}" for n in range(40)))))
    assert "line 11" in shown
    assert "line 12" not in shown
    assert "28 more lines: podium why 14" in shown


def test_decided_reviews_offer_nothing_to_decide() -> None:
    shown = page("review list", samples.reviews(samples.review("approved", decided_by="ann", notes="fine")))
    assert "podium review" not in shown
    assert "approved by ann: fine" in shown


def test_the_same_input_again_is_told() -> None:
    assert "was submitted before" in page("submit", samples.submitted(created=False))
    assert "Submitted Hello, World as project hello-world" in page("submit", samples.submitted())


@pytest.mark.requirement("QUE-7")
def test_what_begins_later_says_when() -> None:
    later = samples.NOW + 5400
    assert "in 1 h 30 m" in page("submit", samples.submitted(begins_at=later))
    assert "in 1 h 30 m" in page("project", samples.project(begins_at=later))
    row = samples.job(1, "genesis", "analyze", state="delayed", ready_at=later, attempt=0)
    assert "begins in 1 h 30 m" in page("jobs", samples.jobs() | {"jobs": [samples.plain(row)]})


def test_events_are_one_line_each_in_a_pipe() -> None:
    row = samples.event("job.leased", job=14, instance="dev-02", workflow="development", reason="its role")
    lines = page("events", samples.events(row, row, last=9)).splitlines()
    assert lines[1].split()[-4:] == ["works", "on", "job", "14"]
    assert lines[1] == lines[2]
    assert "podium events --after 1" in lines[-1]


def test_doctor_says_what_to_mend() -> None:
    shown = page("doctor", samples.doctor(healthy=False))
    assert "▸ Install git 2.38 or newer." in shown
    assert "1 problem to mend first; 1 warning to know about." in shown
    assert "Podium can work here" in page("doctor", samples.doctor())


EVIL = "[bold]x[/bold] :warning:\x1b[2J\x1b]0;owned\x07[link=http://evil]"


@pytest.mark.parametrize("terminal", [True, False])
def test_foreign_text_is_shown_as_it_is_and_steers_nothing(terminal: bool) -> None:
    answers = {
        "projects": {"projects": [samples.projects()["projects"][0] | {"id": EVIL, "title": EVIL}]},
        "project": samples.project(title=EVIL, source=EVIL, repository="/srv/" + EVIL),
        "review list": samples.reviews(samples.review(reason=EVIL, project=EVIL)),
        "why": samples.why() | {"because": EVIL},
        "events": samples.events(samples.event("project.failed", reason=EVIL)),
        "submit": samples.submitted() | {"title": EVIL},
    }
    for name, answer in answers.items():
        shown = page(name, answer, 200, terminal=terminal)
        assert "[bold]x[/bold] :warning:" in shown, name
        assert "\x1b" not in shown.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", ""), name
