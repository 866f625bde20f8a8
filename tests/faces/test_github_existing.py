"""Work on repositories that were on GitHub before: pull requests for their people, and nothing else is touched."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest

from podium.operations.arrivals import missed
from podium.workspace.adoption import ADOPTED
from tests.faces.github_emulator import HERS, KEY, TOKEN, Died, Kept
from tests.faces.github_front import Front, check, files, fronted, issue, pulls, writes
from tests.unit.workspace.work import git

Make = Callable[..., Kept]


@pytest.fixture
def front(github: httpx2.Client, tmp_path: Path) -> Iterator[Front]:
    with fronted(github, tmp_path / "served") as made:
        yield made


@pytest.fixture
def kept(front: Front, tmp_path: Path) -> Iterator[Make]:
    made: list[Kept] = []

    def make(**config: Any) -> Kept:
        made.append(Kept(tmp_path / str(len(made)), front.url, **config))
        made[-1].desktop.desk.now = time.time() - 10_000.0  # its time is ahead of others'
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.requirement("GIT-3", "GIT-5", "INT-5")
def test_people_get_pull_requests_and_merge_them_themselves(github: httpx2.Client, front: Front, kept: Make) -> None:
    front.mirror("ada/old")
    before = github.get("/repos/ada/old/git/ref/heads/main").json()["object"]["sha"]
    number, made = issue(github, "ada/old"), kept()
    first, second = made.develop("wish", 2, f"{front.url}/ada/old.git", f"github:ada/old#{number}")
    made.merge(first, **{"one.txt": "one"})
    made.look()
    made.merge(second, **{"two.txt": "two"})
    made.look(20.0)
    found = pulls(github, "ada/old")
    assert [(pull["base"]["ref"], pull["title"]) for pull in found] == [("main", "001"), ("main", "002")]
    assert [files(github, "ada/old", pull["head"]["sha"]) for pull in found] == [
        {"README.md", "one.txt"}, {"README.md", "one.txt", "two.txt"}
    ]  # fmt: skip
    parents = github.get(f"/repos/ada/old/git/commits/{found[0]['head']['sha']}").json()["parents"]
    assert [one["sha"] for one in parents] == [before]
    for pull in found:
        assert f"Part of ada/old#{number}." in pull["body"]
        assert "| review | dev-0" in pull["body"]
        check(github, "ada/old", pull, "success")
    made.look(20.0)
    (comment,) = github.get(f"/repos/ada/old/issues/{number}/comments").json()
    assert "See ada/old#" in comment["body"]
    asked = github.get(f"/repos/ada/old/issues/{number}").json()
    assert (asked["state"], [label["name"] for label in asked["labels"]]) == ("open", ["podium-working"])
    made.complete()
    made.look(20.0)
    bodies = [pull["body"] for pull in pulls(github, "ada/old")]
    assert [f"Closes ada/old#{number}." in body for body in bodies] == [False, True]
    assert [pull["state"] for pull in pulls(github, "ada/old")] == ["open", "open"], "its people merge"
    heads = {one["ref"] for one in github.get("/repos/ada/old/git/matching-refs/heads/").json()}
    assert {ref for ref in heads if not ref.startswith("refs/heads/podium/")} == {"refs/heads/main"}
    assert github.get("/repos/ada/old/git/ref/heads/main").json()["object"]["sha"] == before
    there = [one["title"] for one in github.get("/repos/ada/old/issues?state=all").json() if "pull_request" not in one]
    assert there == ["Wish"], "what it is made of is no issue of theirs"

    assert github.put(f"/repos/ada/old/pulls/{found[1]['number']}/merge", json={}).status_code == 200
    made.look(20.0)
    asked = github.get(f"/repos/ada/old/issues/{number}").json()
    assert [label["name"] for label in asked["labels"]] == ["podium-done"]
    (comment,) = github.get(f"/repos/ada/old/issues/{number}/comments").json()
    assert "**wish** is complete" in comment["body"]
    assert "All of it is there." in comment["body"]
    told = len(front.asked)
    made.look(20.0)
    assert front.asked[told:] == [], "it is over"
    allowed = ("/git/blobs", "/git/trees", "/git/commits", "/git/refs", "/pulls", "/comments", "/labels")
    assert not [call for call in writes(front) if call.startswith("POST") and not call.endswith(allowed)]
    assert not [call for call in writes(front) if call.startswith(("PUT", "PATCH")) and "/git/" in call]
    assert [call for call in writes(front) if "/hooks" in call or "merge" in call or "/releases" in call] == []


@pytest.mark.requirement("GIT-3")
def test_they_are_merged_when_green_where_the_configuration_says_so(
    github: httpx2.Client, front: Front, kept: Make
) -> None:
    served = front.mirror("ada/ripe")
    sha = github.get("/repos/ada/ripe/git/ref/heads/main").json()["object"]["sha"]
    github.post("/repos/ada/ripe/git/refs", json={"ref": "refs/heads/trunk", "sha": sha})
    assert github.patch("/repos/ada/ripe", json={"default_branch": "trunk"}).json()["default_branch"] == "trunk"
    git(served, "update-ref", "refs/heads/trunk", sha)
    git(served, "symbolic-ref", "HEAD", "refs/heads/trunk")
    made = kept(merge_existing=True)
    first, second = made.develop("ripe-work", 2, f"{front.url}/ada/ripe")
    made.merge(first, **{"one.txt": "broken"})
    made.look()
    (red,) = pulls(github, "ada/ripe")
    check(github, "ada/ripe", red, "failure")
    made.look(20.0)
    desk = made.desktop.desk
    (author,) = (job for job in desk.jobs("implement") if (job.project, job.item) == (first.project, first.item))
    assert (author.state, author.reworks) == ("ready", 1)
    assert "expected 1, got 2" in desk.store.rows.all("feedback_of_job", (author.id,))[-1][0]
    made.merge(second, **{"two.txt": "two"})
    made.merge(first, **{"one.txt": "mended"})
    made.look(20.0)
    assert [pull["merged_at"] for pull in pulls(github, "ada/ripe")] == [None] * 3
    check(github, "ada/ripe", pulls(github, "ada/ripe")[2], "success")
    made.look(20.0)
    assert all(pull["merged_at"] for pull in pulls(github, "ada/ripe"))
    assert files(github, "ada/ripe", "trunk") == {"README.md", "one.txt", "two.txt"}
    assert files(github, "ada/ripe") == {"README.md"}, "nothing is sent to another branch than the default one"


@pytest.mark.requirement("GIT-3", "REC-9")
def test_where_podium_may_not_push_it_says_so_once_and_goes_on_here(
    github: httpx2.Client, front: Front, kept: Make
) -> None:
    front.mirror("grace/hers")
    made = kept()
    (merge,) = made.develop("guest", 1, f"{front.url}/grace/hers")
    made.merge(merge, **{"one.txt": "one"})
    for _ in range(6):
        made.look(1000.0)
    said = [notice.text for notice in made.desktop.ask("notices").notices if notice.project == "guest"]
    assert [text.partition(": ")[2] for text in said] == [
        "Podium may not push to grace/hers; the work of guest stays here."
    ]
    assert writes(front) == []
    made.complete()
    assert made.desktop.ask("project", project="guest").state == "complete"
    asked, hers = "/repos/grace/hers/collaborators/ada", {"Authorization": f"Bearer {HERS}"}
    assert github.put(asked, json={"permission": "push"}, headers=hers).status_code in (201, 204)
    made.look(1000.0)
    (pull,) = pulls(github, "grace/hers")
    assert pull["head"]["ref"] == f"podium/{merge.id}-{git(made.home.repository('guest'), 'rev-parse', 'main')[:8]}"
    assert made.desktop.desk.store.rows.one("outside_by_key", ("gh:guest/done",)) is None
    github.patch(f"/repos/grace/hers/pulls/{pull['number']}", json={"state": "closed"}, headers=hers)
    made.look(1000.0)  # they do not want it, which is an answer, too
    assert made.desktop.desk.store.rows.one("outside_by_key", ("gh:guest/done",))


@pytest.mark.requirement("GIT-5", "REC-8")
def test_a_death_right_after_any_write_makes_nothing_twice(github: httpx2.Client, front: Front, kept: Make) -> None:
    front.mirror("ada/worn")
    number, made = issue(github, "ada/worn"), kept(merge_existing=True)
    (merge,) = made.develop("worn-work", 1, f"{front.url}/ada/worn", f"github:ada/worn#{number}")
    made.merge(merge, **{"a.txt": "a", "b.txt": "b"})
    made.complete()
    looks = deaths = 0
    while not made.desktop.desk.store.rows.one("outside_by_key", ("gh:worn-work/done",)):
        made.restart(front.url, writes_max=1 + deaths // 2)
        looks += 1
        assert looks < 80
        try:
            made.look(100.0)
        except Died:
            deaths += 1
        for pull in pulls(github, "ada/worn"):
            check(github, "ada/worn", pull, "success")
    assert deaths > 6
    (pull,) = pulls(github, "ada/worn")
    assert (bool(pull["merged_at"]), pull["body"].count(f"Closes ada/worn#{number}.")) == (True, 1)
    assert len(github.get(f"/repos/ada/worn/issues/{number}/comments").json()) == 1
    assert files(github, "ada/worn") == {"README.md", "a.txt", "b.txt"}


@pytest.mark.requirement("GIT-1", "GIT-5")
def test_what_podium_wrote_there_starts_nothing_and_what_people_merged_is_told(
    github: httpx2.Client, front: Front, kept: Make
) -> None:
    front.mirror("ada/heard")
    made = kept()
    (merge,) = made.develop("echoed", 1, f"{front.url}/ada/heard")
    made.merge(merge, **{"three.txt": "three"})
    for file in ("late.txt", "later.txt"):
        made.look(20.0)
        base = github.get("/repos/ada/heard/git/ref/heads/main").json()["object"]["sha"]
        ref = {"ref": f"refs/heads/{file[:-4]}", "sha": base}
        assert github.post("/repos/ada/heard/git/refs", json=ref).status_code == 201
        told = {"message": "By hand", "content": "eA==", "branch": file[:-4]}
        assert github.put(f"/repos/ada/heard/contents/{file}", json=told).status_code == 201
    opened = [
        github.post("/repos/ada/heard/pulls", json={"title": head, "head": head, "base": "main", "body": "x"}).json()
        for head in ("late", "later")
    ]
    (own,) = (pull for pull in pulls(github, "ada/heard") if pull["head"]["ref"].startswith(f"podium/{merge.id}-"))
    made.complete()
    for pull in (own, opened[0]):
        assert github.put(f"/repos/ada/heard/pulls/{pull['number']}/merge", json={}).status_code == 200
    made.runner.run(made.forge._sweep(("ada/heard", "2999-01-01T00:00:00Z")))
    assert made.desktop.desk.store.rows.all("runs_of_project", ("echoed",)) == [], "what was before is no news"
    made.look(1000.0)  # nobody delivers: the sweep finds it
    runs = [row[1] for row in made.desktop.desk.store.rows.all("runs_of_project", ("echoed",))]
    merged = github.get(f"/repos/ada/heard/pulls/{opened[0]['number']}").json()["merge_commit_sha"]
    assert runs == [merged[:12]]
    assert [row.id for row in made.desktop.ask("projects", limit=100).projects] == ["echoed"], "no issue was taken in"
    closed = github.get(f"/repos/ada/heard/pulls/{own['number']}").json()
    for key, event, about in (
        ("1", "pull_request", {"action": "closed", "pull_request": closed}),
        ("2", "issues", {"action": "labeled", "label": {"name": "podium-working"}, "issue": {"number": 1, "id": 1}}),
    ):  # fmt: skip
        repository = {"full_name": "ada/heard", "clone_url": f"{front.url}/ada/heard.git"}
        made.runner.run(missed(made.desktop.context(), f"github:{key}", event, {**about, "repository": repository}))
    outcomes = {row.outcome for row in made.desktop.ask("github deliveries").deliveries}
    assert {"an echo of what Podium wrote", "ignored: the label 'podium-working' asks for nothing"} <= outcomes
    assert [row[1] for row in made.desktop.desk.store.rows.all("runs_of_project", ("echoed",))] == runs


@pytest.mark.requirement("GIT-3", "INT-5")
def test_an_issue_in_a_repository_of_podiums_making_is_work_in_it(
    github: httpx2.Client, front: Front, kept: Make
) -> None:
    made = kept(checks_seconds=0.0)
    (merge,) = made.develop("grown")
    made.merge(merge, **{"one.txt": "one"})
    made.complete()
    made.look(20.0)
    number = issue(github, "ada/grown")
    where = str(made.home.repository("grown"))
    (more,) = made.develop("grown-more", 1, where, f"github:ada/grown#{number}")
    assert git(made.home.repository("grown-more"), "rev-parse", ADOPTED) == git(Path(where), "rev-parse", "main")
    made.merge(more, **{"two.txt": "two"})
    made.look(20.0)
    found = pulls(github, "ada/grown")
    assert [bool(pull["merged_at"]) for pull in found] == [True, True]
    made_there = github.get(f"/repos/ada/grown/git/commits/{found[1]['head']['sha']}").json()
    assert [one["sha"] for one in made_there["parents"]] == [found[0]["head"]["sha"]]
    assert files(github, "ada/grown") == {"one.txt", "two.txt"}
    assert github.get("/repos/ada/grown-more").status_code == 404
    made.complete()
    made.look(20.0)
    assert github.get(f"/repos/ada/grown/issues/{number}").json()["state"] == "closed"


@pytest.mark.requirement("GIT-3")
def test_an_app_makes_repositories_for_its_organisation(
    github: httpx2.Client, front: Front, kept: Make, tmp_path: Path
) -> None:
    (tmp_path / "app.pem").write_text(KEY)
    (tmp_path / "app.pem").chmod(0o600)
    made = kept(owner="guild", app_id=7, app_key=str(tmp_path / "app.pem"), checks_seconds=0.0)
    made.desktop.desk.now = time.time()
    (merge,) = made.develop("crafted")
    made.merge(merge, **{"one.txt": "one"})
    made.complete()
    made.look(2.0)
    made.look(2.0)
    there = github.get("/repos/guild/crafted").json()
    assert (there["private"], there["owner"]["login"]) == (True, "guild")
    assert front.asked.count("POST /orgs/guild/repos") == 1
    assert "GET /user" not in front.asked, "an App is no user"
    (pull,) = pulls(github, "guild/crafted")
    assert (pull["user"]["login"], bool(pull["merged_at"])) == ("podium[bot]", True)
    assert files(github, "guild/crafted") == {"one.txt"}
    assert [release["tag_name"] for release in github.get("/repos/guild/crafted/releases").json()] == ["v1"]


@pytest.mark.requirement("GIT-3")
def test_an_app_opens_pull_requests_in_its_organisation_and_nowhere_else(
    github: httpx2.Client, front: Front, kept: Make, tmp_path: Path
) -> None:
    front.mirror("guild/apped")
    front.mirror("grace/hers")
    (tmp_path / "app.pem").write_text(KEY)
    (tmp_path / "app.pem").chmod(0o600)
    made = kept(owner="guild", app_id=7, app_key=str(tmp_path / "app.pem"))
    made.desktop.desk.now = time.time()
    (merge,) = made.develop("inside", 1, f"{front.url}/guild/apped")
    made.merge(merge, **{"one.txt": "one"})
    made.desktop.desk.finish(made.last)
    (merge,) = made.develop("outside", 1, f"{front.url}/grace/hers")
    made.merge(merge, **{"one.txt": "one"})
    made.look(2.0)
    (pull,) = pulls(github, "guild/apped")
    assert (pull["user"]["login"], pull["state"], pull["base"]["ref"]) == ("podium[bot]", "open", "main")
    assert files(github, "guild/apped", pull["head"]["sha"]) == {"README.md", "one.txt"}
    for _ in range(3):
        made.look(100.0)
    assert [call for call in writes(front) if "/grace/" in call] == []
    assert "Podium may not push to grace/hers" in made.desktop.ask("notices").notices[0].text


@pytest.mark.requirement("GIT-3", "REC-9")
def test_an_app_that_may_not_administer_makes_none(front: Front) -> None:
    key = {"iat": int(time.time()) - 60, "exp": int(time.time()) + 300, "iss": "7"}
    headers = {"Authorization": f"Bearer {jwt.encode(key, KEY, algorithm='RS256')}"}
    asked = {"permissions": {"contents": "write", "metadata": "read"}}
    with httpx2.Client(base_url=front.url) as client:
        token = client.post("/app/installations/70/access_tokens", json=asked, headers=headers).json()["token"]
        for bearer, status in ((token, 403), ("ghs_of_nobody", 401)):
            headers = {"Authorization": f"Bearer {bearer}"}
            assert client.post("/orgs/guild/repos", json={"name": "none"}, headers=headers).status_code == status


def test_an_address_is_of_this_github_or_is_not(kept: Make, front: Front) -> None:
    api = kept().forge.api
    for address in (f"{front.url}/Ada/old.git", f"{front.url}/Ada/old/", f"git@{front.url[7:]}:Ada/old.git"):
        assert api.repository(address) == "Ada/old", address
    for address in (
        "https://gitlab.com/ada/old",
        f"x{front.url}/ada/old",
        f"{front.url}/ada",
        f"{front.url}/ada/old/x",
    ):
        assert api.repository(address) == "", address
    assert TOKEN not in repr(api.__dict__.get("host"))
