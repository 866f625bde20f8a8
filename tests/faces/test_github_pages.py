"""Deployments to a branch on GitHub: Pages is switched on there, and what it tells of them starts nothing."""

import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import httpx2
import pytest

from podium.config import DeployConfig
from podium.domain.attempt import Ending, Report
from podium.domain.command import Arrive
from podium.hosts.inprocess import InProcessHost
from podium.hosts.own_steps import OwnSteps
from podium.hosts.pages import Pages
from podium.operations.arrivals import missed
from tests.faces.github_emulator import Kept, free_port
from tests.faces.github_front import Front, fronted
from tests.unit.hosts.world import brief_of, end_of, make_assignment, make_lease
from tests.unit.workspace.work import git

NUMBERS: Final = count()


class Site:
    """A project whose page is deployed to a repository on GitHub."""

    def __init__(self, github: httpx2.Client, front: Front, folder: Path, name: str) -> None:
        github.post("/user/repos", json={"name": name, "auto_init": True})
        self.served, self.name, self.front = front.mirror(f"ada/{name}"), f"ada/{name}", front
        self.kept = Kept(folder / "home", front.url)
        self.kept.desktop.desk.now = time.time()
        (self.job,) = self.kept.develop(name)
        self.api = self.kept.forge.api
        self.is_mine = True
        """Whether the attempt has its lease yet."""

    def target(self, url: str = "", *, by_git: bool = True) -> DeployConfig:
        """It is pushed to over GitHub's API, or by git over https, which leads to what the front serves."""
        where = f"https://{self.front.url.removeprefix('http://')}/{self.name}.git"
        key = f"url.{self.served}.insteadOf"
        env = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": where} if by_git else {}
        return DeployConfig(projects=("*",), repository=where, env=env, url=url)

    def deploy(self, text: str, target: DeployConfig | None = None) -> Report:
        """What comes of the step `deploy`, for a page of its own."""
        return self.retry(self.kept.merge(self.job, **{"index.html": text}), target)

    def retry(self, commit: str, target: DeployConfig | None = None) -> Report:
        """What comes of the step for a commit, be it the first attempt or not."""
        made, pages = self.kept, Pages(self.kept.desktop.submit, self.api)
        lease = make_lease(queue="podium")
        lease = lease._replace(job=lease.job._replace(project=self.job.project))

        async def go() -> Report:
            beyond = {"pages": target or self.target()}
            host = InProcessHost(OwnSteps(made.home, made.repositories, lambda _: self.is_mine, pages, beyond).act)
            project = {"id": self.job.project, "title": "x", "repository": None}
            assignment = make_assignment(lease, agent="podium:deploy", bases=(commit,), project=project)
            return await end_of(await host.start(lease, brief_of(assignment)))

        return made.runner.run(go())

    def notices(self) -> list[str]:
        return [one.text for one in self.kept.desktop.ask("notices").notices]

    def pushes(self) -> list[str]:
        """Calls that moved the branch."""
        return [call for call in self.front.asked if call.startswith(("POST", "PATCH")) and "/git/refs" in call]

    def writes(self) -> list[str]:
        return [call for call in self.front.asked if call.startswith("POST") and "/pages" in call]


@pytest.fixture
def site(github: httpx2.Client, tmp_path: Path) -> Iterator[Site]:
    with fronted(github, tmp_path / "served") as front:
        made = Site(github, front, tmp_path, f"site-{next(NUMBERS)}")
        yield made
        made.kept.close()


def url_of(report: Report) -> str:
    (application,) = report.artifacts
    return application.data["url"]


@pytest.mark.requirement("GIT-4")
def test_pages_are_switched_on_once_and_say_where_the_page_is(site: Site) -> None:
    for text in ("one", "two"):
        assert url_of(site.deploy(text)) == f"https://ada.github.io/{site.name[4:]}/"
        assert git(site.served, "show", "gh-pages:index.html") == text
    assert site.writes() == [f"POST /repos/{site.name}/pages"]
    assert site.front.pages[site.name]["source"] == {"branch": "gh-pages", "path": "/"}
    assert site.notices() == []


@pytest.mark.requirement("GIT-4", "GIT-5")
def test_without_a_way_for_git_podium_pushes_as_itself(github: httpx2.Client, site: Site) -> None:
    place, target = f"/repos/{site.name}", site.target(by_git=False)
    before = github.get(f"{place}/git/ref/heads/main").json()["object"]["sha"]
    for text in ("one", "two"):
        assert url_of(site.deploy(text, target)) == f"https://ada.github.io/{site.name[4:]}/"
        made = github.get(f"{place}/git/ref/heads/gh-pages").json()["object"]["sha"]
        assert github.get(f"{place}/git/commits/{made}").json()["parents"] == []
        assert site.kept.desktop.desk.store.rows.one("outside_by_key", (f"gh:pages/{made}",))
        (page,) = github.get(f"{place}/git/trees/{made}").json()["tree"]
        assert (page["path"], page["size"]) == ("index.html", 3)
    assert github.get(f"{place}/git/ref/heads/main").json()["object"]["sha"] == before
    assert git(site.served, "branch", "--list", "gh-pages") == "", "git was not asked"
    assert site.writes() == [f"POST /repos/{site.name}/pages"]


@pytest.mark.requirement("GIT-4")
def test_a_large_file_makes_no_text_behind_it_a_call_of_its_own(github: httpx2.Client, site: Site) -> None:
    files: dict[str, str | bytes] = {f"text-{number:02}.txt": f"text {number}" for number in range(30)}
    commit = site.kept.merge(site.job, **{"a.bin": b"\0" * (5 << 20), "index.html": "one", **files})
    url_of(site.retry(commit, site.target(by_git=False)))
    writes = [call.rpartition("/")[2] for call in site.front.asked if call.startswith("POST") and "/git/" in call]
    assert writes == ["blobs", "trees", "commits", "refs"]
    made = github.get(f"/repos/{site.name}/git/ref/heads/gh-pages").json()["object"]["sha"]
    there = {one["path"]: one["size"] for one in github.get(f"/repos/{site.name}/git/trees/{made}").json()["tree"]}
    assert {"a.bin", "index.html", *files} <= set(there)
    assert (there["a.bin"], there["text-29.txt"]) == (5 << 20, 7)


@pytest.mark.requirement("GIT-4", "REC-9")
def test_where_podium_may_not_write_is_said_with_what_to_do(site: Site) -> None:
    target = site.target(by_git=False)
    report = site.deploy("one", target.model_copy(update={"repository": target.repository.replace("ada", "grace")}))
    assert (report.ending, report.is_environment) == (Ending.COULD_NOT_START, True)
    assert "takes no deployment" in report.detail
    assert "Let Podium's token or App write there" in report.detail


@pytest.mark.requirement("GIT-4")
def test_a_site_that_somebody_else_switches_on_at_the_same_time_is_taken_as_it_is(site: Site) -> None:
    site.deploy("one")
    site.front.unseen = 1
    assert url_of(site.deploy("two")) == f"https://ada.github.io/{site.name[4:]}/"
    assert len(site.writes()) == 2
    assert site.notices() == []


@pytest.mark.requirement("GIT-4", "REC-9")
def test_what_github_does_not_serve_is_deployed_and_told_of_once(site: Site) -> None:
    site.front.refuses_pages = "Your current plan does not support GitHub Pages for this repository."
    for text in ("one", "two"):
        report = site.deploy(text, site.target(url="https://team.example/"))
        assert (report.verdict, url_of(report)) == ("passed", "https://team.example/")
        assert git(site.served, "show", "gh-pages:index.html") == text
    (said,) = site.notices()
    assert f"GitHub Pages of {site.name} cannot be switched on: Your current plan does not support" in said


@pytest.mark.requirement("GIT-4", "REC-9")
@pytest.mark.parametrize(("status", "why"), [(403, "Resource not accessible by integration"), (301, "Moved")])
def test_pages_that_may_not_be_read_are_deployed_and_told_of_once(site: Site, status: int, why: str) -> None:
    site.front.pages_answer = status
    target = site.target(url="https://team.example/", by_git=False)
    commit = site.kept.merge(site.job, **{"index.html": "one"})
    for _ in range(2):
        report = site.retry(commit, target)
        assert (report.verdict, url_of(report)) == ("passed", "https://team.example/")
    assert site.pushes() == [f"POST /repos/{site.name}/git/refs"]
    assert url_of(site.deploy("two", target)) == "https://team.example/"
    (said,) = site.notices()
    assert f"GitHub Pages of {site.name} cannot be switched on: {why}" in said


@pytest.mark.requirement("GIT-4", "REC-9")
def test_what_was_pushed_before_github_went_away_is_not_pushed_again(site: Site) -> None:
    site.front.pages_answer = 503
    target, commit = site.target(by_git=False), site.kept.merge(site.job, **{"index.html": "one"})
    assert site.retry(commit, target).is_environment
    site.front.pages_answer = 0
    assert url_of(site.retry(commit, target)) == f"https://ada.github.io/{site.name[4:]}/"
    assert site.pushes() == [f"POST /repos/{site.name}/git/refs"]


@pytest.mark.requirement("GIT-4", "REC-9")
def test_a_repository_that_was_renamed_takes_no_deployment_and_says_so(site: Site) -> None:
    site.front.moved = True
    report = site.deploy("one", site.target(by_git=False))
    assert (report.ending, report.is_environment) == (Ending.COULD_NOT_START, True)
    assert "takes no deployment: Moved Permanently" in report.detail


@pytest.mark.requirement("GIT-4", "INS-4")
@pytest.mark.parametrize("earlier", [(), ("zero",)], ids=["a new branch", "a branch that is there"])
def test_an_attempt_that_lost_its_lease_while_it_uploaded_moves_no_branch(site: Site, earlier: tuple[str]) -> None:
    target = site.target(by_git=False)
    for text in earlier:
        site.deploy(text, target)
    before = site.pushes()

    def lose() -> None:
        site.is_mine = False

    site.front.on_upload = lose
    commit = site.kept.merge(site.job, **{"index.html": "one"})
    assert site.retry(commit, target).ending is Ending.CANCELLED
    assert site.pushes() == before
    site.front.on_upload, site.is_mine = (lambda: None), True
    assert url_of(site.retry(commit, target)) == f"https://ada.github.io/{site.name[4:]}/"
    assert len(site.pushes()) == len(before) + 1


@pytest.mark.requirement("GIT-4")
def test_a_site_that_shows_another_branch_is_left_as_it_is(site: Site) -> None:
    site.deploy("one")
    site.front.pages[site.name]["source"] = {"branch": "main", "path": "/docs"}
    report = site.deploy("two")
    assert (report.verdict, site.front.pages[site.name]["source"]["branch"]) == ("passed", "main")
    assert url_of(report).startswith("file:"), "it is not there"
    (said,) = site.notices()
    assert f"GitHub Pages of {site.name} show something else" in said


@pytest.mark.requirement("GIT-4", "REC-9")
def test_github_that_is_away_is_no_fault_of_the_work(site: Site) -> None:
    site.api.base_url = f"http://127.0.0.1:{free_port()}"
    report = site.deploy("one")
    assert (report.ending, report.is_environment) == (Ending.COULD_NOT_START, True)
    site.api.base_url = site.front.url
    assert url_of(site.deploy("one more")).startswith("https://ada.github.io/")


@pytest.mark.requirement("GIT-5")
def test_what_github_tells_of_a_deployment_of_podiums_own_starts_nothing(site: Site) -> None:
    site.kept.desktop.desk.do(Arrive(f"gh:@{site.name}", "mark", {"begun": True}, site.job.project))
    site.kept.complete()
    site.deploy("one")
    pushed = git(site.served, "rev-parse", "gh-pages")
    for key, commit in (("1", pushed), ("2", "b" * 40)):
        told = {"action": "created", "deployment": {"sha": commit}, "deployment_status": {"state": "success"}}
        told["repository"] = {"full_name": site.name}
        site.kept.runner.run(missed(site.kept.desktop.context(), f"github:{key}", "deployment_status", told))
    outcomes = [row.outcome for row in site.kept.desktop.ask("github deliveries").deliveries]
    assert outcomes == ["content for bbbbbbbbbbbb", "an echo of what Podium deployed"]


@pytest.mark.requirement("GIT-4")
def test_a_branch_elsewhere_is_pushed_and_nothing_is_asked_of_github(site: Site, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(bare)], check=True)
    target = DeployConfig(projects=("*",), repository=str(bare), url="https://team.example/")
    assert url_of(site.deploy("one", target)) == "https://team.example/"
    assert [call for call in site.front.asked if call.endswith("/pages")] == []
