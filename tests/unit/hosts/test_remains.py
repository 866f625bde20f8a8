"""What ended work has left on disk goes when it is over its limit, and nothing that anybody may still need."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from podium.hosts.remains import Remains
from podium.policy.retention import DAY_SECONDS, Removed, Retention
from podium.workspace import git
from podium.workspace.layout import Home
from podium.workspace.repository import Repositories
from tests.unit.store.desk import Desk

pytestmark = pytest.mark.requirement("EVT-5")

NEVER = Retention(
    logs_days=0, logs_mib_max=0, orchestrator_log_mib_max=0, work_days=0, cache_mib_max=0, deployments_keep=0
)


class Place:
    """A home with a store, where time can be set."""

    def __init__(self, path: Path) -> None:
        self.home = Home(path)
        self.desk = Desk()
        self.remains = Remains(self.home, self.read)

    async def read(self, question: Any) -> Any:
        return question(self.desk.store.rows)

    def prune(self, dry_run: bool = False, **limits: Any) -> dict[str, Removed]:
        given = {f: getattr(NEVER, f) for f in Retention.__slots__} | limits
        return {
            removed.kind: removed
            for removed in asyncio.run(
                self.remains.prune(Retention(**given), self.desk.now, lambda: True, dry_run=dry_run)
            )
        }

    def attempt(self, name: str, days: float, size: int = 10, files: tuple[str, ...] = ("exit.json",)) -> Path:
        """The directory of an attempt that ended so long ago."""
        directory = self.home.attempt(name)
        directory.mkdir(parents=True)
        for file in (*files, "messages.ndjson"):
            (directory / file).write_bytes(b"x" * (size if file == "messages.ndjson" else 0))
            at = self.desk.now - days * DAY_SECONDS
            os.utime(directory / file, (at, at))
        return directory


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "home")


def test_logs_go_by_age_but_not_those_of_work_that_goes_on(place: Place) -> None:
    place.desk.submit("p")
    lease = place.desk.run_to("tests")
    old = place.attempt("gone/700.a1", 40)
    done = place.attempt("p/1.a1", 40)
    young = place.attempt("gone/701.a1", 20)
    not_done = place.attempt(f"p/{lease.job.id}.a1", 40)
    running = place.attempt("gone/702.a1", 40, files=("exit.json", "lock"))
    made_now = place.attempt("gone/703.a1", 40, files=())

    dry = place.prune(dry_run=True, logs_days=30)
    assert old.exists()
    assert place.prune(logs_days=30)["logs"] == dry["logs"] == Removed("logs", 2, 20)

    assert not old.exists()
    assert not done.exists()
    assert all(path.exists() for path in (young, not_done, running, made_now))


def test_logs_go_by_size_the_oldest_first(place: Place) -> None:
    paths = [place.attempt(f"gone/{n}.a1", days=10 - n, size=600 << 10) for n in range(4)]
    assert place.prune(logs_mib_max=2)["logs"].count == 1
    assert [path.exists() for path in paths] == [False, True, True, True]
    assert place.prune()["logs"].count == 0


@pytest.mark.requirement("PRF-1")
def test_the_largest_cache_goes_first_and_what_fits_stays(place: Place) -> None:
    mib = 1 << 20
    for tool, size in (("pip", 3 * mib), ("go", mib)):
        folder = place.home.cache / tool / "deep"
        folder.mkdir(parents=True)
        (folder / "download").write_bytes(b"x" * size)
        folder.chmod(0o500)  # as Go leaves it
    assert place.prune(cache_mib_max=4)["caches"] == Removed("caches", 0, 0)
    assert place.prune(cache_mib_max=2)["caches"] == Removed("caches", 1, 3 * mib)
    assert [path.name for path in place.home.cache.iterdir()] == ["go"]


def test_superseded_deployments_go_and_the_current_one_stays(place: Place) -> None:
    folder = place.home.deployments("p")
    for n in range(4):
        (folder / f"{n:012d}").mkdir(parents=True)
        (folder / f"{n:012d}" / "index.html").write_text("hello")
        os.utime(folder / f"{n:012d}", (n, n))
    (folder / "current").symlink_to("000000000000")

    assert place.prune(deployments_keep=2)["deployments"] == Removed("deployments", 2, 10)

    assert sorted(path.name for path in folder.iterdir()) == ["000000000000", "000000000003", "current"]
    assert (folder / "current" / "index.html").read_text() == "hello"


def test_a_long_orchestrator_log_keeps_its_end(place: Place) -> None:
    place.home.path.mkdir()
    log = place.home.path / "orchestrator.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"a" * (1 << 20) + b"b" * (1 << 20))
        assert place.prune(orchestrator_log_mib_max=1)["orchestrator log"].size_bytes == 3 << 19
        writer.write(b"c")
    assert log.read_bytes() == b"c"
    assert log.with_name("orchestrator.log.1").read_bytes() == b"b" * (1 << 19)


def test_unmerged_work_stays_until_its_project_has_ended_long_ago_and_is_then_named(place: Place) -> None:
    async def begin() -> Path:
        path = await Repositories(place.home).create("p")
        tree = await git.get(path, "mktree")
        env = {"GIT_COMMITTER_DATE": f"@{place.desk.now:.0f} +0000"}
        for kind in ("attempts", "salvage"):
            commit = await git.get(path, "commit-tree", tree, stdin=kind.encode(), env=env)
            await git.get(path, "update-ref", f"refs/podium/{kind}/7.a1", commit)
        return path

    async def refs(path: Path) -> set[str]:
        return set((await git.get(path, "for-each-ref", "--format=%(refname)")).split())

    place.desk.submit("p")
    path = asyncio.run(begin())
    kept = {"refs/heads/main", "refs/podium/worktree"}
    work = {"refs/podium/attempts/7.a1", "refs/podium/salvage/7.a1"}

    place.desk.now += 60 * DAY_SECONDS
    assert place.prune(work_days=30)["attempt refs"].count == 0
    while place.desk.state("p") == "open":
        for lease in place.desk.lease():
            place.desk.finish(lease, artifacts=place.desk.made(lease, 0))
    assert place.prune(work_days=30)["attempt refs"].count == 0
    place.desk.now += 31 * DAY_SECONDS
    told = place.prune(dry_run=True, work_days=30)["attempt refs"]
    assert (told.count, told.names) == (2, ("p 7.a1",))
    assert asyncio.run(refs(path)) == kept | work
    assert place.prune(work_days=30)["attempt refs"].count == 2
    assert asyncio.run(refs(path)) == kept
