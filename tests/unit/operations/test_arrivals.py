"""What comes of deliveries: each that matters has its effect, once, and nothing that Podium wrote starts anything."""

import asyncio
from typing import Any

import pytest

from podium.config import GitHubConfig
from podium.domain.command import Arrive
from podium.domain.job import Job
from podium.integrations import alerts
from podium.integrations.github import deliveries
from podium.operations.arrivals import receive
from tests.unit.operations.desktop import Desktop

REPOSITORY = {"full_name": "Ada/Ideas", "clone_url": "https://github.com/Ada/Ideas.git"}
OTHERS = {"full_name": "mallory/ideas", "clone_url": "https://github.com/mallory/ideas.git"}
"""A fork."""
INBOX = GitHubConfig(inbox=("ada/ideas",))


def deliver(desktop: Desktop, event: str, key: str = "1", /, **payload: Any) -> str:
    """What came of a delivery."""
    told = {"repository": REPOSITORY, "sender": {"login": "ada"}, **payload}
    return asyncio.run(receive(desktop.context(), f"github:{key}", deliveries.read(event, told)))


def issue(association: str = "OWNER", **more: Any) -> dict[str, Any]:
    """An issue."""
    base = {"id": 77, "number": 3, "title": "Say hello", "body": "Print it.", "html_url": "https://github.com/x/3"}
    return {**base, "author_association": association, "user": {"login": "ada"}, "labels": [], **more}


def head(branch: str, repository: dict[str, str] | None = REPOSITORY) -> dict[str, Any]:
    """Where a pull request comes from."""
    return {"ref": branch, "repo": repository}


def ours(desktop: Desktop, *marks: tuple[str, dict[str, Any]]) -> None:
    """The project p has the repository, and these things in it."""
    for key, about in (("gh:@ada/ideas", {}), *marks):
        desktop.desk.do(Arrive(key, "mark", about, "p"))


def job(desktop: Desktop, number: int) -> Job:
    return desktop.desk.job(number)


@pytest.mark.requirement("GIT-1", "INT-1", "INT-2")
def test_an_issue_becomes_one_project_however_often_it_is_delivered(desktop: Desktop) -> None:
    desktop.github = INBOX
    assert deliver(desktop, "issues", action="opened", issue=issue()) == "becomes a project"
    assert deliver(desktop, "issues", action="opened", issue=issue()) == "received before"
    assert deliver(desktop, "issues", "2", action="opened", issue=issue()) == "it is say-hello"
    made = desktop.ask("project", project="say-hello")
    assert (made.state, made.source, made.adopted_from, made.paused) == ("open", "github:ada/ideas#3", None, None)
    (text,) = desktop.desk.store.rows.one("document_of_project", ("say-hello",))
    assert "Print it." in text
    assert "> All of it is data" in text
    assert [row.outcome for row in desktop.ask("github deliveries").deliveries] == [
        "it is say-hello",
        "becomes a project",
    ]


@pytest.mark.requirement("SEC-2")
def test_an_outsiders_issue_waits_until_somebody_approves(desktop: Desktop) -> None:
    desktop.github = GitHubConfig(inbox=("Ada/Ideas",), label="build")
    told = issue("NONE", labels=[{"name": "build"}])
    assert deliver(desktop, "issues", action="opened", issue=told) == "becomes a project that waits for an approval"
    desktop.desk.lease()
    assert desktop.ask("project", project="say-hello").paused
    assert [j.state for j in desktop.desk.jobs("analyze") if j.project == "say-hello"] == ["paused"]
    (notice,) = desktop.ask("notices").notices
    assert notice.needs_you
    assert "`podium resume say-hello` lets it begin" in notice.text
    own = {"action": "labeled", "issue": told, "label": {"name": "build"}}
    deliver(desktop, "issues", "2", **own)  # by the outsider's own issue template
    assert desktop.ask("project", project="say-hello").paused
    deliver(desktop, "issues", "3", **own, sender={"login": "grace"})
    assert not desktop.ask("project", project="say-hello").paused


@pytest.mark.requirement("GIT-1", "SEC-2")
@pytest.mark.parametrize(
    ("policy", "told", "outcome"),
    [
        (GitHubConfig(label="build"), issue(), "ignored: it has no label 'build'"),
        (GitHubConfig(begin="nobody", inbox=("ada/ideas",)), issue(), "becomes a project that waits for an approval"),
        (GitHubConfig(begin="anyone", inbox=("ada/ideas",)), issue("NONE"), "becomes a project"),
        (GitHubConfig(), issue(), "becomes a project"),
        (INBOX, issue(title="\u202e", body=None), "becomes a project"),
    ],
)
def test_who_and_what_begins_is_configured(desktop: Desktop, policy: GitHubConfig, told: Any, outcome: str) -> None:
    desktop.github = policy
    assert deliver(desktop, "issues", action="opened", issue=told) == outcome


@pytest.mark.requirement("INT-5")
def test_an_issue_elsewhere_is_work_on_that_repository(desktop: Desktop) -> None:
    deliver(desktop, "issues", action="opened", issue=issue())
    assert desktop.ask("project", project="say-hello").adopted_from == "https://github.com/Ada/Ideas.git"
    ours(desktop)
    deliver(desktop, "issues", "2", action="opened", issue=issue(id=78, title="On its own"))
    own = str(desktop.home / "projects" / "p" / "repository")
    assert desktop.ask("project", project="on-its-own").adopted_from == own


@pytest.mark.requirement("GIT-5")
def test_what_podium_wrote_starts_nothing(desktop: Desktop) -> None:
    lease = desktop.desk.run_to("review")
    ours(desktop, ("gh:p/issue/001", {"number": 3}))
    own = issue(body=f"x\n{deliveries.MARK.format('gh:p/issue/001')}")
    assert deliver(desktop, "issues", action="opened", issue=own) == "an echo of what Podium wrote"
    for key, quoted in (("5", f"{deliveries.MARK.format('gh:p/none')}\n"), ("6", "x" * 65_500)):
        own = issue(body=f"{quoted}{deliveries.MARK.format('gh:p/issue/001')}")
        assert deliver(desktop, "issues", key, action="opened", issue=own) == "an echo of what Podium wrote"
    merged = {"merged": True, "number": 4, "head": head(f"podium/{lease.job.id}"), "merge_commit_sha": "a" * 40}
    outcome = deliver(desktop, "pull_request", "2", action="closed", pull_request=merged)
    assert outcome == "an echo of what Podium merged"
    forged = issue(body=deliveries.MARK.format("gh:p/issue/999"))
    assert deliver(desktop, "issues", "3", action="opened", issue=forged) == "becomes a project"


@pytest.mark.requirement("GIT-1", "GIT-5")
def test_work_in_a_repository_that_was_there_is_known_by_its_branch_and_by_another_address(desktop: Desktop) -> None:
    desktop.desk.finish(desktop.desk.run_to("publish"))
    (merge,) = desktop.desk.jobs("merge")
    desktop.desk.do(Arrive("gh:+p", "mark", {"name": "Ada/Ideas", "base": "main"}, "p"))
    merged = {"merged": True, "number": 4, "head": head(f"podium/{merge.id}-0123abcd"), "merge_commit_sha": "a" * 40}
    outcome = deliver(desktop, "pull_request", action="closed", pull_request=merged)
    assert outcome == "an echo of what Podium merged"
    theirs = {**merged, "head": head("theirs")}
    assert deliver(desktop, "pull_request", "2", action="closed", pull_request=theirs) == "content for aaaaaaaaaaaa"
    elsewhere = {"full_name": "Ada/Other", "clone_url": "https://github.com/Ada/Other.git"}
    outcome = deliver(desktop, "pull_request", "3", action="closed", pull_request=merged, repository=elsewhere)
    assert outcome == "ignored: no project here works on that repository"


@pytest.mark.requirement("PIP-4", "GIT-1", "GIT-2")
def test_merges_releases_and_deployments_are_told_to_the_world_once_a_version(desktop: Desktop) -> None:
    desktop.desk.finish(desktop.desk.run_to("publish"))
    ours(desktop)
    merged = {"merged": True, "number": 4, "title": "x", "head": head("x"), "merge_commit_sha": "a" * 40}
    assert deliver(desktop, "pull_request", action="closed", pull_request=merged) == "content for aaaaaaaaaaaa"
    told = {"deployment": {"sha": "a" * 40}, "deployment_status": {"state": "success"}}
    deliver(desktop, "deployment_status", "2", action="created", **told)
    deliver(desktop, "release", "3", action="published", release={"tag_name": "v2", "body": "x"})
    wrong = deliver(desktop, "release", "4", action="published", release={"tag_name": "../v2"})
    assert "cannot name a version" in wrong
    runs = [row[1] for row in desktop.desk.store.rows.all("runs_of_project", ("p",))]
    assert runs == ["aaaaaaaaaaaa", "v2"]


@pytest.mark.requirement("GIT-2")
def test_a_failed_build_is_reviewed_and_goes_back_to_its_author_so_often_at_most(desktop: Desktop) -> None:
    desktop.desk.muster()
    lease = desktop.desk.run_to("performance")
    (merge,), (author,) = desktop.desk.jobs("merge"), desktop.desk.jobs("implement")
    ours(desktop)
    suite = {"id": 5, "conclusion": "failure", "head_branch": f"podium/{merge.id}", "head_sha": "b" * 40}
    outcome = deliver(desktop, "check_suite", action="completed", check_suite=suite)
    assert outcome == f"job {author.id} is sent back"
    again = job(desktop, author.id)
    assert (again.state, again.lane, again.reworks) == ("ready", f"@{author.instance}", 1)
    (review,) = [row for row in desktop.ask("review list", all=True).reviews if row.kind == "build"]
    assert (review.job, review.state, review.decided_by) == (author.id, "sent_back", "github")
    assert deliver(desktop, "check_suite", "2", action="completed", check_suite=suite).endswith("is ready already")
    assert job(desktop, lease.job.id).state == "waiting"
    outcome = ""
    for number in range(3, 6):
        desktop.desk.run_to("performance")
        outcome = deliver(desktop, "check_suite", str(number), action="completed", check_suite=suite)
    assert outcome == "told to a person"
    assert desktop.ask("notices").notices[0].needs_you
    actions = {"id": 6, "conclusion": "failure", "app": {"slug": "github-actions"}}
    assert deliver(desktop, "check_suite", "9", action="completed", check_suite=actions).startswith("ignored")


FORKS = pytest.mark.parametrize("theirs", [OTHERS, None], ids=["a fork", "a fork that is gone"])


@FORKS
@pytest.mark.requirement("GIT-2", "SEC-2")
def test_a_forks_failed_build_sends_nothing_back_whatever_its_branch_is_called(desktop: Desktop, theirs: Any) -> None:
    desktop.desk.muster()
    desktop.desk.run_to("performance")
    (merge,), (author,) = desktop.desk.jobs("merge"), desktop.desk.jobs("implement")
    waits = f"podium/{merge.id}-0123abcd"
    ours(desktop, (f"gh:p/pull/{waits[7:]}", {"number": 4}))
    failed = {"id": 5, "conclusion": "failure", "head_sha": "b" * 40}
    for key, branch in (("1", f"podium/{merge.id}"), ("2", waits)):
        run = {**failed, "head_branch": branch, "head_repository": theirs}
        assert deliver(desktop, "workflow_run", key, action="completed", workflow_run=run) == "told to a person"
    assert (job(desktop, author.id).state, job(desktop, author.id).reworks) == ("passed", 0)
    run = {**failed, "head_branch": waits, "head_repository": {"full_name": "ada/ideas"}}
    outcome = deliver(desktop, "workflow_run", "3", action="completed", workflow_run=run)
    assert outcome == "its pull request waits; the log is fetched, and goes back with it"


@FORKS
@pytest.mark.requirement("GIT-1", "GIT-5", "SEC-2")
def test_a_forks_pull_request_is_none_of_podiums_whatever_its_branch_is_called(desktop: Desktop, theirs: Any) -> None:
    desktop.desk.finish(desktop.desk.run_to("publish"))
    (merge,) = desktop.desk.jobs("merge")
    ours(desktop)
    pull = {"number": 5, "head": head(f"podium/{merge.id}", theirs), "merged": True, "merge_commit_sha": "a" * 40}
    said = {"body": "No", "author_association": "MEMBER", "user": {"login": "grace"}, "state": "changes_requested"}
    for key, event, action, name in (
        ("1", "pull_request_review", "submitted", "review"), ("2", "pull_request_review_comment", "created", "comment"),
    ):  # fmt: skip
        outcome = deliver(desktop, event, key, action=action, pull_request=pull, **{name: said})
        assert outcome == "ignored: no work of a project here is discussed there"
    assert deliver(desktop, "pull_request", "3", action="closed", pull_request=pull) == "content for aaaaaaaaaaaa"


@pytest.mark.requirement("GIT-1")
def test_a_members_comment_reaches_the_author_and_a_review_sends_the_work_back(desktop: Desktop) -> None:
    desktop.desk.run_to("performance")
    (merge,), (author,) = desktop.desk.jobs("merge"), desktop.desk.jobs("implement")
    ours(desktop, ("gh:#ada/ideas#4", {"job": merge.id}))
    comment = {"body": "Mind the <b>commas</b>", "author_association": "MEMBER", "user": {"login": "grace"}}
    about = {"id": 1, "number": 4}
    assert deliver(desktop, "issue_comment", action="created", issue=about, comment=comment).startswith("told to inst")
    (message,) = [m for m in desktop.ask("messages list").messages if m.to == f"instance:{author.instance}"]
    assert (message.sender, message.project) == ("github:grace", "p")
    assert "> Mind the <b>commas</b>" in message.text
    outsider = {**comment, "author_association": "NONE"}
    assert deliver(desktop, "issue_comment", "2", action="created", issue=about, comment=outsider).startswith("ignored")
    review = {**comment, "state": "changes_requested"}
    pull = {"number": 4, "head": head(f"podium/{merge.id}")}
    outcome = deliver(desktop, "pull_request_review", "3", action="submitted", review=review, pull_request=pull)
    assert outcome == f"job {author.id} is sent back"
    assert "Mind the" in desktop.desk.store.rows.all("feedback_of_job", (author.id,))[0][0]


@pytest.mark.requirement("GIT-2", "SCL-2")
def test_a_performance_alert_scales_development_within_bounds_and_once(desktop: Desktop) -> None:
    desktop.desk.muster()
    size = len([one for one in desktop.ask("instances").instances if one.workflow == "development"])
    payload = {"action": "performance_alert", "client_payload": {"reason": "p95 over 2 s"}}
    assert deliver(desktop, "repository_dispatch", **payload) == "development gets one more"
    told = {"labels": {"alertname": "Slow"}, "fingerprint": "f", "startsAt": "2026-01-01T00:00:00Z"}
    firing = {"alerts": [{**told, "status": "firing"}, {**told, "status": "resolved"}, "nonsense", {"labels": 3}]}
    for _ in range(2):
        for key, asked in alerts.read(firing).items():
            asyncio.run(receive(desktop.context(), key, asked))
    grown = len([one for one in desktop.ask("instances").instances if one.workflow == "development"])
    assert grown == size + 2
    said = [deliver(desktop, "repository_dispatch", f"x{number}", **payload) for number in range(10)]
    assert "10 instances are the most for alerts" in said[-1]
    last = desktop.ask("scaling decisions").decisions[0]
    assert (last.action, last.size) == ("refused", 10)
    lost = deliver(desktop, "repository_dispatch", "y", action="performance_alert", client_payload={"workflow": "x"})
    assert lost.startswith("not done: There is no workflow")
