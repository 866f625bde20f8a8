"""Podium's own steps report as agents do, and change nothing once their attempt is not the latest."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from podium.domain.attempt import Artifact, Assignment, Ending, Report
from podium.domain.errors import Unavailable
from podium.domain.job import Lease
from podium.hosts.inprocess import InProcessHost
from podium.hosts.own_steps import OwnSteps
from podium.hosts.pages import Pages
from tests.unit.hosts.world import PROJECT, World, brief_of, end_of, make_assignment, make_lease, nobody
from tests.unit.workspace.work import commit, files_of, main_of

LEASE = make_lease(queue="podium")
Act = Callable[..., Report]


@pytest.fixture
def root(world: World, loop: asyncio.Runner) -> str:
    return loop.run(world.repositories.main(PROJECT))


@pytest.fixture
def act(world: World, loop: asyncio.Runner) -> Act:
    def run(action: str, *bases: str, lease: Lease = LEASE, is_mine: bool = True, **changes: Any) -> Report:
        async def go() -> Report:
            host = InProcessHost(OwnSteps(world.home, world.repositories, lambda _: is_mine, Pages(nobody)).act)
            assignment = make_assignment(lease, agent=f"podium:{action}", bases=bases, **changes)
            return await end_of(await host.start(lease, brief_of(assignment)))

        return loop.run(go())

    return run


def test_merge(world: World, tmp_path: Path, root: str, act: Act) -> None:
    made = [commit(world.home, tmp_path, root, {name: name}) for name in "ab"]
    first = act("merge", *made)
    assert (first.ending, first.verdict, first.commit) == (Ending.FINISHED, "passed", main_of(world.home))
    assert files_of(world.home, "main") == {"a", "b"}
    again = act("merge", *made, lease=make_lease(attempt=2, queue="podium"))
    assert (again.commit, again.summary) == (first.commit, "Main already held it.")


def test_a_conflict_goes_back_with_the_files_that_clash(world: World, tmp_path: Path, root: str, act: Act) -> None:
    act("merge", commit(world.home, tmp_path, root, {"app.py": "one\n"}))
    report = act("merge", commit(world.home, tmp_path, root, {"app.py": "two\n"}), lease=make_lease(13, queue="podium"))
    assert (report.ending, report.verdict, report.commit) == (Ending.FINISHED, "rework", None)
    assert "- app.py" in report.feedback


def test_integrate(world: World, tmp_path: Path, root: str, act: Act) -> None:
    made = [commit(world.home, tmp_path, root, {name: name}) for name in "ab"]
    report = act("integrate", *made)
    assert report.commit is not None
    assert files_of(world.home, report.commit) == {"a", "b"}
    assert main_of(world.home) == root


def test_deploy(world: World, tmp_path: Path, root: str, act: Act) -> None:
    report = act("deploy", commit(world.home, tmp_path, root, {"public/index.html": "hello"}))
    (application,) = report.artifacts
    assert (application.kind, application.key) == ("application", "current")
    assert application.data["commit"] == report.commit == main_of(world.home)
    assert application.data["entry"] == "public/index.html"
    assert application.path == f"deployments/hello/{main_of(world.home)[:12]}"
    assert application.path is not None
    assert application.data["url"] == (world.home.path / application.path / "public/index.html").as_uri()
    assert (world.home.deployments(PROJECT) / "current/public/index.html").read_text() == "hello"


def test_a_deployment_without_a_page_has_no_url(world: World, tmp_path: Path, root: str, act: Act) -> None:
    (application,) = act("deploy", commit(world.home, tmp_path, root, {"main.py": "1"})).artifacts
    assert (application.data["entry"], application.data["url"]) == (None, None)


def test_publish(world: World, tmp_path: Path, root: str, act: Act) -> None:
    made = commit(world.home, tmp_path, root, {"docs/guide.md": "guide", "content/post.md": "post"})
    artifacts = (
        Artifact("documentation", "guide", "Guide", {}, "docs/guide.md", "documentation"),
        Artifact("documentation", "guide", "Guide, edited", {}, "docs/guide.md", "optimize"),
        Artifact("marketing", "post", "Post", {}, "content/post.md", "marketing"),
        Artifact("brief", "brief", "Brief", {}, "content/post.md", "analyze"),
        Artifact("marketing", "words", "Words", {}, None, "marketing"),
    )
    report = act("publish", made, artifacts=artifacts)
    assert [(piece.kind, piece.key, piece.title, piece.path) for piece in report.artifacts] == [
        ("publication", "documentation/guide", "Guide, edited", "projects/hello/outputs/documentation/docs/guide.md"),
        ("publication", "marketing/post", "Post", "projects/hello/outputs/marketing/content/post.md"),
    ]
    for piece in report.artifacts:
        assert piece.path is not None
        assert (world.home.path / piece.path).is_file()
        assert piece.data["commit"] == report.commit


@pytest.mark.requirement("PIP-4")
def test_a_further_run_publishes_what_it_made_and_leaves_the_rest(
    world: World, tmp_path: Path, root: str, act: Act
) -> None:
    first = commit(world.home, tmp_path, root, {"guide.md": "one", "old.md": "old"})
    guide = Artifact("documentation", "guide", "Guide", {}, "guide.md", "documentation", "content")
    old = Artifact("documentation", "old", "Old", {}, "old.md", "documentation", "content")
    audit = Artifact("documentation", "audit", "Audit", {}, "audit.md", "audit", "security")
    act("publish", first, artifacts=(guide, old), run="content")
    second = commit(world.home, tmp_path, main_of(world.home), {"guide.md": "two", "audit.md": "safe", "old.md": None})
    again = (replace(guide, run="content@2"), old, audit)
    told = {"run": "content@2", "increment": {"version": "v1.1", "reason": ""}}
    report = act("publish", second, lease=make_lease(13, queue="podium"), artifacts=again, **told)
    assert [(piece.key, piece.data["version"], piece.data["commit"]) for piece in report.artifacts] == [
        ("documentation/guide", "v1.1", report.commit),
        ("documentation/audit", "v1.1", report.commit),
    ]
    outputs = world.home.outputs(PROJECT, "documentation")
    assert {p.name: p.read_text() for p in outputs.iterdir()} == {
        "guide.md": "two",
        "old.md": "old",
        "audit.md": "safe",
    }


def test_what_cannot_be_shown_goes_back(world: World, tmp_path: Path, root: str, act: Act) -> None:
    made = commit(world.home, tmp_path, root, {"a": "a"})
    report = act("publish", made, artifacts=(Artifact("documentation", "x", "X", {}, "docs/x.md", ""),))
    assert report.verdict == "rework"
    assert "docs/x.md" in report.feedback


@pytest.mark.requirement("INS-4", "REC-8")
@pytest.mark.parametrize("action", ["merge", "deploy", "publish"])
def test_an_attempt_that_lost_its_lease_changes_nothing(
    world: World, tmp_path: Path, root: str, act: Act, action: str
) -> None:
    made = commit(world.home, tmp_path, root, {"docs/guide.md": "g"})
    piece = Artifact("documentation", "guide", "Guide", {}, "docs/guide.md", "")
    assert act(action, made, is_mine=False, artifacts=(piece,)).ending is Ending.CANCELLED
    act("merge", made)
    report = act(action, made, is_mine=False, artifacts=(piece,))
    assert report.ending is (Ending.FINISHED if action == "merge" else Ending.CANCELLED)
    assert not (world.home.deployments(PROJECT) / "current").exists()
    assert not world.home.outputs(PROJECT, "documentation").exists()


def test_an_unknown_action_could_not_start(root: str, act: Act) -> None:
    assert act("dance").ending is Ending.COULD_NOT_START


def test_trouble_is_reported(world: World, loop: asyncio.Runner) -> None:
    async def brief() -> Assignment:
        raise Unavailable("The database is away.")

    async def run() -> None:
        host = InProcessHost(OwnSteps(world.home, world.repositories, lambda _: True, Pages(nobody)).act)
        report = await end_of(await host.start(LEASE, brief))
        assert (report.ending, report.detail) == (Ending.COULD_NOT_START, "The database is away.")
        assert report.is_environment
        assert await host.adopt(LEASE) is None
        assert await host.sweep(lambda _: False) == 0
        await host.forget(LEASE)

    loop.run(run())
