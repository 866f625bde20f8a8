"""What people on GitHub do with Podium's pull requests and texts, and what Podium takes it for."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from podium.domain.command import Arrive
from tests.faces.github_emulator import HERS, KEY, Kept
from tests.faces.github_front import Front, check, files, fronted, issue, pulls, writes

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


def told(github: httpx2.Client, name: str, number: int) -> tuple[str, str, list[str]]:
    """Of an issue: its state, the one comment, and its labels."""
    about = github.get(f"/repos/{name}/issues/{number}").json()
    (comment,) = github.get(f"/repos/{name}/issues/{number}/comments").json()
    return about["state"], comment["body"], [label["name"] for label in about["labels"]]


def close(github: httpx2.Client, name: str, number: int) -> None:
    assert github.patch(f"/repos/{name}/pulls/{number}", json={"state": "closed"}).status_code == 200


def is_over(made: Kept, project: str) -> bool:
    return made.desktop.desk.store.rows.one("outside_by_key", (f"gh:{project}/done",)) is not None


@pytest.mark.requirement("GIT-3")
def test_a_closed_pull_request_settles_itself_alone_and_is_told_as_what_is_not_there(
    github: httpx2.Client, front: Front, kept: Make
) -> None:
    front.mirror("ada/picky")
    number, made = issue(github, "ada/picky"), kept()
    for n, merge in enumerate(made.develop("choosy", 3, f"{front.url}/ada/picky", f"github:ada/picky#{number}")):
        made.merge(merge, **{f"{n}.txt": "x"})
    made.complete()
    made.look(20.0)
    first, second, third = (pull["number"] for pull in pulls(github, "ada/picky"))
    close(github, "ada/picky", third)
    made.look(20.0)
    assert not is_over(made, "choosy"), "two are open"
    state, comment, labels = told(github, "ada/picky", number)
    assert (state, labels) == ("open", ["podium-working"])
    assert f"Closed, not merged: ada/picky#{third}." in comment
    assert github.put(f"/repos/ada/picky/pulls/{first}/merge", json={}).status_code == 200
    made.look(20.0)
    assert not is_over(made, "choosy"), "one is open"
    close(github, "ada/picky", second)
    made.look(20.0)
    assert is_over(made, "choosy")
    state, comment, labels = told(github, "ada/picky", number)
    assert (state, labels) == ("open", []), "what they refused is not done"
    assert f"Closed, not merged: ada/picky#{second}, ada/picky#{third}." in comment
    assert "All of it is there." not in comment


@pytest.mark.requirement("GIT-3")
def test_an_issue_is_closed_though_the_last_was_merged_before_all_was_complete(
    github: httpx2.Client, front: Front, kept: Make
) -> None:
    front.mirror("ada/early")
    number, made = issue(github, "ada/early"), kept()
    for n, merge in enumerate(made.develop("eager", 2, f"{front.url}/ada/early", f"github:ada/early#{number}")):
        made.merge(merge, **{f"{n}.txt": "x"})
    made.look(20.0)
    first, second = (pull["number"] for pull in pulls(github, "ada/early"))
    close(github, "ada/early", first)
    made.look(20.0)
    assert f"Closed, not merged: ada/early#{first}." in told(github, "ada/early", number)[1]
    assert github.put(f"/repos/ada/early/pulls/{second}/merge", json={}).status_code == 200
    made.look(20.0)
    assert told(github, "ada/early", number)[::2] == ("open", ["podium-working"])
    made.complete()
    made.look(20.0)
    state, comment, labels = told(github, "ada/early", number)
    assert (state, labels) == ("closed", ["podium-done"])
    assert "All of it is there." in comment
    assert "Closed" not in comment, "the second stands on the first, and brought it"
    assert not [pull for pull in pulls(github, "ada/early") if "Closes" in pull["body"]]
    assert front.asked.count(f"PATCH /repos/ada/early/issues/{number}") == 1


@pytest.mark.requirement("GIT-3", "REC-9")
def test_what_people_closed_holds_up_nothing_and_comes_in_only_by_people(
    github: httpx2.Client, front: Front, kept: Make
) -> None:
    front.mirror("ada/stuck")
    made = kept(merge_existing=True)
    merges = made.develop("shoved", 3, f"{front.url}/ada/stuck")
    for n, merge in enumerate(merges[:2]):
        made.merge(merge, **{f"{n}.txt": "x"})
    made.look(20.0)
    first, second = pulls(github, "ada/stuck")
    close(github, "ada/stuck", first["number"])
    check(github, "ada/stuck", second, "success")
    for _ in range(5):
        made.look(1000.0)
    assert [call for call in writes(front) if call.endswith("/merge")] == [], "it would bring what they refused"
    (notice,) = [one.text for one in made.desktop.ask("notices").notices if one.project == "shoved"]
    assert notice.startswith(f"ada/stuck#{first['number']} was closed, not merged. What stands on it would bring it")
    assert github.put(f"/repos/ada/stuck/pulls/{second['number']}/merge", json={}).status_code == 200
    made.merge(merges[2], **{"2.txt": "x"})
    made.complete()
    made.look(20.0)
    check(github, "ada/stuck", pulls(github, "ada/stuck")[2], "success")
    made.look(20.0)
    assert [bool(pull["merged_at"]) for pull in pulls(github, "ada/stuck")] == [False, True, True]
    assert files(github, "ada/stuck") == {"README.md", "0.txt", "1.txt", "2.txt"}
    assert is_over(made, "shoved")


@pytest.mark.requirement("GIT-5")
@pytest.mark.parametrize("owner", ["ada", "guild"])
def test_what_a_stranger_wrote_with_the_mark_is_left_alone(
    github: httpx2.Client, front: Front, kept: Make, tmp_path: Path, owner: str
) -> None:
    (tmp_path / "app.pem").write_text(KEY)
    (tmp_path / "app.pem").chmod(0o600)
    as_app = {"owner": owner, "app_id": 7, "app_key": str(tmp_path / "app.pem")} if owner == "guild" else {}
    repository = f"{owner}/said"
    front.mirror(repository)
    number, made, hers = issue(github, repository), kept(**as_app), {"Authorization": f"Bearer {HERS}"}
    made.desktop.desk.now = time.time()
    (merge,) = made.develop("quoted", 1, f"{front.url}/{repository}", f"github:{repository}#{number}")
    commit = made.merge(merge, **{"one.txt": "one"})
    keys = ("gh:quoted/comment", f"gh:quoted/pull/{merge.id}-{commit[:8]}")
    comments, quotes = f"/repos/{repository}/issues/{number}/comments", [f"<!-- podium:{key} -->" for key in keys]
    assert github.post(comments, json={"body": quotes[0]}, headers=hers).status_code == 201
    base = github.get(f"/repos/{repository}/git/ref/heads/main").json()["object"]["sha"]
    ref = {"ref": "refs/heads/hers", "sha": base}
    assert github.post(f"/repos/{repository}/git/refs", json=ref).status_code == 201
    told = {"message": "Hers", "content": "eA==", "branch": "hers"}
    assert github.put(f"/repos/{repository}/contents/hers.txt", json=told).status_code == 201
    told = {"title": "Hers", "head": "hers", "base": "main", "body": quotes[1]}
    assert github.post(f"/repos/{repository}/pulls", json=told).status_code == 201
    for key in keys:  # the first calls failed, and nobody knows how far they got
        made.desktop.desk.do(Arrive(key, "mark", {"begun": True}, "quoted"))
    made.look(2.0)
    made.complete()
    made.look(20.0)
    bodies = [(one["user"]["login"], one["body"]) for one in github.get(comments).json()]
    me = "podium[bot]" if as_app else "ada"
    assert [login for login, _ in bodies] == ["grace", me]
    assert bodies[0][1] == quotes[0]
    assert bodies[1][1].startswith("**quoted** is complete")
    assert bodies[1][1].endswith(quotes[0])
    stranger, own = pulls(github, repository)
    assert (stranger["body"], own["head"]["ref"]) == (quotes[1], f"podium/{merge.id}-{commit[:8]}")
    made.desktop.desk.do(Arrive(keys[0], "mark", {"begun": True}, "quoted", again=True))
    made.look(20.0)
    assert len(github.get(comments).json()) == 2, "Podium's own is known again"


@pytest.mark.requirement("GIT-3")
def test_work_stands_on_a_merge_that_changed_nothing(github: httpx2.Client, kept: Make) -> None:
    made = kept(checks_seconds=0.0)
    first, second = made.develop("hollow", 2)
    made.merge(first, **{"one.txt": "one"})
    made.merge(second)
    made.complete()
    made.look(20.0)
    where = str(made.home.repository("hollow"))
    (more,) = made.develop("hollow-more", 1, where)
    made.merge(more, **{"two.txt": "two"})
    made.look(20.0)
    assert [bool(pull["merged_at"]) for pull in pulls(github, "ada/hollow")] == [True, True]
    assert files(github, "ada/hollow") == {"one.txt", "two.txt"}
