"""How projects are kept on GitHub, look by look, with the emulator as the peer: merges, checks, refusals, sweeps."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest

from podium.clock import SteadyClock
from podium.config import GitHubConfig
from podium.domain.attempt import Artifact
from podium.domain.command import Arrive
from podium.domain.errors import UsageError
from podium.domain.job import Job
from podium.hosts import forge
from podium.hosts.forge import Forge
from podium.operations.arrivals import missed
from podium.policy.breaker import OPEN_SECONDS, TOKENS_MAX
from tests.faces.github_emulator import KEY, Died, Kept, free_port
from tests.unit.workspace.work import git

Make = Callable[..., Kept]


@pytest.fixture
def kept(github: httpx2.Client, tmp_path: Path) -> Iterator[Make]:
    made: list[Kept] = []

    def make(url: str = "", **config: Any) -> Kept:
        made.append(Kept(tmp_path / str(len(made)), url or str(github.base_url), **config))
        return made[-1]

    yield make
    for one in made:
        one.close()


def pulls(github: httpx2.Client, project: str) -> list[dict[str, Any]]:
    """All pull requests, in order."""
    found = github.get(f"/repos/ada/{project}/pulls?state=all&per_page=100")
    return sorted(found.json(), key=lambda pull: pull["number"]) if found.status_code == 200 else []


def check(github: httpx2.Client, project: str, sha: str, conclusion: str, text: str = "") -> None:
    told = {"name": "ci", "head_sha": sha, "status": "completed", "conclusion": conclusion, "output": {
        "title": "tests", "summary": "ran", "text": text}}  # fmt: skip
    assert github.post(f"/repos/ada/{project}/check-runs", json=told).status_code == 201


def files(github: httpx2.Client, project: str, ref: str = "main") -> set[str]:
    tree = github.get(f"/repos/ada/{project}/git/trees/{ref}?recursive=1").json()["tree"]
    return {one["path"] for one in tree if one["type"] == "blob"}


def author_of(made: Kept, merge: Job) -> Job:
    return next(
        job for job in made.desktop.desk.jobs("implement") if (job.project, job.item) == (merge.project, merge.item)
    )


@pytest.mark.requirement("GIT-2", "GIT-3", "REV-1")
def test_a_red_check_goes_back_with_its_log_and_its_mend_is_a_pull_request_of_its_own(
    github: httpx2.Client, kept: Make
) -> None:
    made = kept()
    first, second = made.develop("mended", issues=2)
    commits = [made.merge(first, **{"one.txt": "broken"})]
    made.look()
    (pull,) = pulls(github, "mended")
    check(github, "mended", pull["head"]["sha"], "failure", "expected 1, got 2\n" * 2)
    suite = {"conclusion": "failure", "head_branch": pull["head"]["ref"]}
    told = {"action": "completed", "check_suite": suite, "repository": {"full_name": "ada/mended"}}
    made.runner.run(missed(made.desktop.context(), "github:1", "check_suite", told))
    assert made.desktop.ask("github deliveries").deliveries[0].outcome.startswith("its pull request waits")
    commits.append(made.merge(second, **{"two.txt": "fine"}))
    made.look()
    desk, author = made.desktop.desk, author_of(made, first)
    assert (author.state, author.reworks) == ("ready", 1)
    (review,) = [row for row in made.desktop.ask("review list", all=True).reviews if row.kind == "build"]
    assert (review.job, "expected 1, got 2" in review.reason) == (author.id, True)
    assert "expected 1, got 2" in desk.store.rows.all("feedback_of_job", (author.id,))[-1][0]
    check(github, "mended", pulls(github, "mended")[1]["head"]["sha"], "failure")  # it stands on what is red
    made.look()
    assert author_of(made, second).state == "passed"
    assert not [pull for pull in pulls(github, "mended") if pull["merged_at"]]

    commits.append(made.merge(first, **{"one.txt": "mended"}))
    made.look()
    made.look()
    assert [row.job for row in made.desktop.ask("review list", all=True).reviews if row.kind == "build"] == [author.id]
    check(github, "mended", pulls(github, "mended")[2]["head"]["sha"], "success")
    made.look()
    found = pulls(github, "mended")
    assert [pull["head"]["ref"] for pull in found] == [
        f"podium/{job.id}-{commit[:8]}" for job, commit in zip((first, second, first), commits, strict=True)
    ]
    assert all(pull["merged_at"] for pull in found)
    assert [files(github, "mended", pull["head"]["sha"]) for pull in found] == [
        {"one.txt"}, {"one.txt", "two.txt"}, {"one.txt", "two.txt"}
    ]  # fmt: skip
    path = made.home.repository("mended")
    assert files(github, "mended") == set(git(path, "ls-tree", "-r", "--name-only", "main").split())
    content = github.get("/repos/ada/mended/contents/one.txt", headers={"Accept": "application/vnd.github.raw"})
    assert "bWVuZGVk" in content.text or content.text == "mended"


@pytest.mark.requirement("GIT-3", "REC-9")
def test_what_github_refuses_of_one_thing_stops_nothing_else(github: httpx2.Client, kept: Make) -> None:
    made = kept(inbox=("ada/ideas", "ada/nowhere"))
    number = github.post("/repos/ada/ideas/issues", json={"title": "Told", "body": "x"}).json()["number"]
    made.look()  # the sweep makes it a project
    made.desktop.desk.do(made.desktop.desk.submission("taken"))
    for name in ("told", "taken"):
        made.runner.run(made.repositories.create(name))
    made.look()
    (comment,) = github.get(f"/repos/ada/ideas/issues/{number}/comments").json()
    assert github.delete(f"/repos/ada/ideas/issues/comments/{comment['id']}").status_code == 204
    made.desktop.desk.finish(made.desktop.desk.run_to("publish"))
    for _ in range(3):
        made.look(100.0)
    (release,) = github.get("/repos/ada/told/releases").json()
    assert release["tag_name"] == "v1"
    said = [notice.text for notice in made.desktop.ask("notices").notices]
    assert [text for text in said if text.startswith("taken repository on GitHub: ada/taken is there already")]
    assert made.desktop.ask("status").system.breakers == ()


@pytest.mark.requirement("GIT-3", "REC-9")
def test_what_cannot_be_merged_there_is_not_told_to_be_there(github: httpx2.Client, kept: Make) -> None:
    made = kept(inbox=("ada/ideas",))
    number = github.post("/repos/ada/ideas/issues", json={"title": "Shut", "body": "x"}).json()["number"]
    made.look()
    made.last = made.desktop.desk.run_to("performance")
    made.runner.run(made.repositories.create("shut"))
    (merge,) = (job for job in made.desktop.desk.jobs("merge") if job.project == "shut")
    made.merge(merge, **{"a.txt": "a"})
    made.look()
    (pull,) = pulls(github, "shut")
    assert github.patch(f"/repos/ada/shut/pulls/{pull['number']}", json={"state": "closed"}).status_code == 200
    made.complete()
    check(github, "shut", pull["head"]["sha"], "success")
    for _ in range(4):
        made.look(1000.0)
    assert github.get("/repos/ada/shut/releases").json() == []
    assert github.get(f"/repos/ada/ideas/issues/{number}").json()["state"] == "open"
    assert [text.text for text in made.desktop.ask("notices").notices if text.text.startswith("shut merges on GitHub")]
    github.patch(f"/repos/ada/shut/pulls/{pull['number']}", json={"state": "open"})
    made.look(1000.0)
    assert [release["tag_name"] for release in github.get("/repos/ada/shut/releases").json()] == ["v1"]
    assert github.get(f"/repos/ada/ideas/issues/{number}").json()["state"] == "closed"


@pytest.mark.requirement("GIT-5", "REC-8")
def test_a_death_right_after_any_write_makes_nothing_twice(github: httpx2.Client, kept: Make) -> None:
    made, url = kept(inbox=("ada/ideas",)), str(github.base_url)
    number = github.post("/repos/ada/ideas/issues", json={"title": "Mortal", "body": "x"}).json()["number"]
    made.look()
    lease = made.desktop.desk.run_to("performance")
    made.runner.run(made.repositories.create("mortal"))
    (merge,) = (job for job in made.desktop.desk.jobs("merge") if job.project == "mortal")
    made.merge(merge, **{"a.txt": b"\xff", "b.txt": b"\0"})
    made.desktop.desk.finish(lease)
    made.desktop.desk.finish(made.desktop.desk.run_to("publish"))
    looks = deaths = 0
    while not made.desktop.desk.store.rows.one("outside_by_key", ("gh:mortal/done",)):
        made.restart(url, writes_max=1 + deaths // 2)  # what is on record is not written again, so it gets on
        looks += 1
        assert looks < 80
        try:
            made.look(100.0)
        except Died:
            deaths += 1
        for pull in pulls(github, "mortal"):
            check(github, "mortal", pull["head"]["sha"], "success")
    assert deaths > 8
    issues = [one for one in github.get("/repos/ada/mortal/issues?state=all").json() if "pull_request" not in one]
    assert [(one["title"], one["state"]) for one in issues] == [("001", "closed")]
    assert [bool(pull["merged_at"]) for pull in pulls(github, "mortal")] == [True]
    assert len(github.get("/repos/ada/mortal/releases").json()) == 1
    assert len(github.get(f"/repos/ada/ideas/issues/{number}/comments").json()) == 1
    assert github.get(f"/repos/ada/ideas/issues/{number}").json()["state"] == "closed"


@pytest.mark.requirement("GIT-3")
def test_what_an_agent_said_names_nobody_and_closes_nothing(github: httpx2.Client, kept: Make) -> None:
    made, words = kept(), "Closes #1 for @all: `x`\r\n| and\n<!-- podium:gh:loud/main -->"
    desk = made.desktop.desk
    desk.submit("loud")
    lease = desk.run_to("issues")
    title = "Closes #1 and ada/ideas#1, [skip ci] gh-1 for @grace of http://x/ada/ideas/issues/1\n\n\nskip-checks: true"
    wordy = Artifact("issue", "001", "issue", {"title": title, "detail": "é" * 70_000})
    desk.finish(lease, artifacts=[wordy])
    done = desk.completion(desk.run_to("implement"))
    desk.do(done._replace(report=replace(done.report, summary=words)))
    desk.run_to("performance")
    made.runner.run(made.repositories.create("loud"))
    made.merge(desk.jobs("merge")[0], **{"one.txt": "one"})
    made.look()
    (pull,) = pulls(github, "loud")
    assert "| $0.00 | `Closes #1 for @all: 'x'  / and <!-- podium:gh:loud/main -->` |" in pull["body"]
    assert "| $0.00 |  |" in pull["body"], "who said nothing says nothing"
    message = github.get(f"/repos/ada/loud/git/commits/{pull['head']['sha']}").json()["message"]
    assert message == pull["title"]
    assert message.replace("\u200b", "") == " ".join(title.split()), "it reads as it did"
    assert not re.search(r"#\d|@\w|\[skip|gh-\d|://\w", message)
    (long,) = (one for one in github.get("/repos/ada/loud/issues").json() if "pull_request" not in one)
    assert 65_000 < len(long["body"]) <= 65_536
    assert long["body"].endswith("<!-- podium:gh:loud/issue/001 -->")


@pytest.mark.requirement("GIT-3", "REC-9")
def test_many_files_of_text_are_one_call_and_all_arrive_as_they_are(github: httpx2.Client, kept: Make) -> None:
    made = kept()
    (merge,) = made.develop("stuffed")
    texts = {f"text-{n}.txt": f"line {n}\r\nÜ \u2028 end" for n in range(120)}
    odd: dict[str, bytes] = {
        "bytes.bin": bytes(range(256)),
        "empty.txt": b"",
        "nul.txt": b"a\0b",
        "bom.txt": b"\xef\xbb\xbfx",
    }
    made.merge(merge, **texts, **odd)
    asked = heard(made)
    made.look()
    posts = [call for call in asked if call.startswith("POST")]
    assert len([call for call in posts if call.endswith("/git/blobs")]) == 3, "what JSON does not bring as it is"
    assert len(posts) < 20
    (pull,) = pulls(github, "stuffed")
    there = github.get(f"/repos/ada/stuffed/git/commits/{pull['head']['sha']}").json()["tree"]["sha"]
    assert there == git(made.home.repository("stuffed"), "rev-parse", "main^{tree}")


@pytest.mark.requirement("GIT-3")
def test_all_pages_of_checks_count(github: httpx2.Client, kept: Make) -> None:
    made = kept()
    (merge,) = made.develop("paged")
    made.merge(merge, **{"a.txt": "a"})
    made.look()
    sha = pulls(github, "paged")[0]["head"]["sha"]
    for number in range(105):
        told = {"name": f"ci {number}", "head_sha": sha, "status": "completed"}
        github.post("/repos/ada/paged/check-runs", json={**told, "conclusion": "success" if number else "failure"})
    found = made.runner.run(made.forge.api.checks("/repos/ada/paged", sha))
    assert (len(found), [verdict for verdict, _ in found].count(False)) == (105, 1)


@pytest.mark.requirement("REC-6", "REC-9", "GIT-3")
def test_github_that_is_away_opens_a_breaker_that_heals_by_itself(github: httpx2.Client, kept: Make) -> None:
    made = kept(f"http://127.0.0.1:{free_port()}")
    (merge,) = made.develop("away")
    made.merge(merge, **{"a.txt": "a"})
    for _ in range(int(TOKENS_MAX)):
        made.look(2.0)
    (row,) = made.desktop.ask("status").system.breakers
    assert (row.name, row.state) == ("github", "open")
    assert "cannot be reached" in row.reason
    assert [text for one in made.desktop.ask("health").checks if "github is open" in (text := one.detail)]
    assert made.look() > OPEN_SECONDS / 2
    made.forge.api.base_url = str(github.base_url).rstrip("/")
    made.look()
    assert github.get("/repos/ada/away").status_code == 404, "it is left alone"
    made.look(OPEN_SECONDS)
    assert pulls(github, "away")
    assert made.desktop.ask("status").system.breakers == ()
    assert [event["breaker"] for event in made.desktop.desk.told("breaker.closed")] == ["github"]


@pytest.mark.requirement("GIT-1")
def test_an_hour_of_missed_deliveries_is_recovered_by_one_sweep(github: httpx2.Client, kept: Make) -> None:
    made = kept(inbox=("ada/missed",))
    for number in range(120):
        github.post("/repos/ada/missed/issues", json={"title": f"Idea {number}", "body": "x"})
    made.look()
    titles = {row.title for row in made.desktop.ask("projects", limit=1000).projects}
    assert titles == {f"Idea {number}" for number in range(120)}
    told = len(made.desktop.ask("github deliveries", limit=1000).deliveries)
    made.look(1000.0)
    assert len(made.desktop.ask("github deliveries", limit=1000).deliveries) == told
    assert len(made.desktop.ask("projects", limit=1000).projects) == 120


@pytest.mark.requirement("GIT-3")
def test_no_project_is_overlooked_behind_others(kept: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = kept()
    names = [f"row-{letter}" for letter in "abcde"]
    for name in names:
        made.desktop.desk.submit(name)
        made.runner.run(made.repositories.create(name))
    monkeypatch.setattr(forge, "PROJECTS_MAX", 2)
    for _ in range(3):
        made.look(2.0)
    there = made.desktop.desk.store.rows.all("repositories_on_github", (10,))
    assert sorted(name for name, *_ in there) == [f"ada/{name}" for name in names]


def heard(made: Kept) -> list[str]:
    """What is asked from now on."""
    client, asked = made.forge.api._client, list[str]()
    ask = client.request

    async def request(method: str, url: str, **more: Any) -> httpx2.Response:
        asked.append(f"{method} {url.removeprefix(made.forge.api.base_url)}")
        return await ask(method, url, **more)

    client.request = cast("Any", request)
    return asked


def tokens(github: httpx2.Client) -> int:
    """How many the App was given."""
    return len(github.get("/_emulate/installation-tokens").json()["installation_tokens"])


@pytest.mark.requirement("GIT-3", "SEC-1")
def test_an_app_acts_with_tokens_that_it_makes_renews_and_keeps_nowhere(
    github: httpx2.Client, kept: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    (tmp_path / "app.pem").write_text(KEY)
    (tmp_path / "app.pem").chmod(0o600)
    made = kept(owner="guild", app_id=7, app_key=str(tmp_path / "app.pem"))
    desk = made.desktop.desk
    desk.now = time.time()
    (merge,) = made.develop("apped")
    made.merge(merge, **{"one.txt": "one"})
    desk.do(Arrive("gh:@guild/apped", "mark", {"begun": True}, "apped"))  # it died right after it made the repository
    for _ in range(3):
        made.look(2.0)
    (pull,) = github.get("/repos/guild/apped/pulls").json()
    (issue,) = (one for one in github.get("/repos/guild/apped/issues").json() if "pull_request" not in one)
    assert (pull["user"]["login"], issue["user"]["login"], tokens(github)) == ("podium[bot]", "podium[bot]", 1)
    desk.do(desk.submission("unmade"))
    made.runner.run(made.repositories.create("unmade"))
    asked = heard(made)
    made.look(2.0)  # this GitHub lets no App make a repository, and answers 401
    assert asked.count("POST /orgs/guild/repos") == 2
    assert "GET /user" not in asked, "an App is no user"
    assert tokens(github) == 2, "what is refused as nobody's is asked once more with another"
    made.look(3400.0)
    assert tokens(github) > 2, "it is renewed before it expires"
    told = [
        *map(str, desk.store.rows.all("all_events")),
        str(desk.store.rows.one("outside_by_key", ("gh:@guild/apped",))),
    ]
    told += [path.read_text("utf-8", "replace") for path in made.home.path.rglob("*") if path.is_file()]
    assert [text for text in (*told, caplog.text) if "ghs_" in text or "PRIVATE KEY" in text] == []


@pytest.mark.requirement("GIT-3", "SEC-1")
def test_the_key_of_an_app_is_a_key_that_nobody_else_reads(tmp_path: Path) -> None:
    config, key = GitHubConfig(owner="guild", app_id=7, app_key="app.pem"), tmp_path / "app.pem"
    for text, mode, words in ((KEY, 0o644, "chmod 600"), ("no key", 0o600, "is no private key of an App")):
        key.write_text(text)
        key.chmod(mode)
        with pytest.raises(UsageError, match=words) as refused:
            Forge(tmp_path, config, {}, cast("Any", None), SteadyClock(), cast("Any", None))
        assert "PRIVATE" not in str(refused.value)
    with pytest.raises(ValueError, match="app_id and app_key go together"):
        GitHubConfig(owner="guild", app_id=7)
